"""Search windows by meaning: an exact index, filters, hits merged into moments, and their timelines."""

from discover.retrieval.config import SearchFilters
from discover.retrieval.filters import filter_mask
from discover.retrieval.hits import Hit, Moment, merge_moments
from discover.retrieval.index import INDEX_FILES, Index
from discover.retrieval.timeline import describe_hit, format_hit, timeline
from discover.retrieval.window_facts import WINDOW_FACTS, build_window_facts, presence_mask

__all__ = [
    "INDEX_FILES",
    "WINDOW_FACTS",
    "Hit",
    "Index",
    "Moment",
    "SearchFilters",
    "build_window_facts",
    "describe_hit",
    "filter_mask",
    "format_hit",
    "merge_moments",
    "presence_mask",
    "timeline",
]
