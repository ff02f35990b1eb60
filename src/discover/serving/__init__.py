"""A trained model answers: search, recognise, clusters applied, changes. The CLI and Python share it."""

from discover.serving.search import Searcher

__all__ = ["Searcher"]
