"""Home Assistant's history becomes an imported home, and is kept up to date.

import_home_assistant   database, export or server -> the folder of a home
sync_home               adds what is new to it
entity_table            what each entity was read as
"""

from discover.homes.home_assistant.entity_file import entity_table
from discover.homes.home_assistant.importing import (
    HomeAssistantImport,
    ImportOptions,
    import_home_assistant,
    sync_home,
)

__all__ = ["HomeAssistantImport", "ImportOptions", "entity_table", "import_home_assistant", "sync_home"]
