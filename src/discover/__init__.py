"""DISCOVER-v2: smart-home sensor logs, searchable in plain language and without activity labels.

>>> import discover
>>> home = discover.open("my_log.txt")
>>> home.search("someone opens the fridge at night")
"""

from typing import TYPE_CHECKING

from discover.core.lazy import lazy_names

if TYPE_CHECKING:
    from discover.api.opening import open_home as open

__version__ = "0.1.0"

__all__ = ["__version__", "open"]

__getattr__ = lazy_names(__name__)
