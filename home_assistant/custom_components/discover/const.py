"""Names that several files of the integration share."""

from datetime import timedelta
from typing import Final

DOMAIN: Final = "discover"
CONF_HOME: Final = "home"
DEFAULT_ADDRESS: Final = "http://local-discover:8099"
UPDATE_EVERY: Final = timedelta(minutes=2)
