"""DISCOVER-v2: smart-home sensor logs, searchable in plain language and without activity labels.

>>> import discover
>>> home = discover.open("my_log.txt")
>>> home.search("someone opens the fridge at night")
"""

from typing import TYPE_CHECKING

from discover.core.lazy import lazy_names
from discover.core.version import __version__

if TYPE_CHECKING:
    from discover.api.opening import open_home as open

__all__ = ["__version__", "open"]

__getattr__ = lazy_names(__name__)
