"""DISCOVER-v2: smart-home sensor logs, searchable in plain language and without activity labels."""

__version__ = "0.1.0"

__all__ = ["__version__"]
