"""Search windows by meaning: an index, filters, hits merged into moments, and their timelines."""

from typing import TYPE_CHECKING

from discover.core.lazy import lazy_names

if TYPE_CHECKING:
    from discover.retrieval.activation_builder import build_activations
    from discover.retrieval.activations import Activations
    from discover.retrieval.approximate import AnnReport, faiss_installed
    from discover.retrieval.captions import CaptionHit, CaptionPool, caption_index
    from discover.retrieval.clusters import Clustering, clustering_name, find_clustering
    from discover.retrieval.config import (
        AUTO_ANN_WINDOWS,
        Backend,
        IndexConfig,
        QueryWordsUse,
        RetrievalConfig,
        SearchDefaults,
        SearchFilters,
        SearchOptions,
        SearchSide,
    )
    from discover.retrieval.filters import filter_mask
    from discover.retrieval.hits import Episode, Hit, Moment, merge_moments
    from discover.retrieval.index import Index
    from discover.retrieval.ranking import MERGE_GAP_S, Asked, maximal_marginal_relevance, rank_answers
    from discover.retrieval.storage import INDEX_FILES
    from discover.retrieval.timeline import describe_hit, format_hit
    from discover.retrieval.window_facts import WINDOW_FACTS, build_window_facts

__all__ = [
    "AUTO_ANN_WINDOWS",
    "INDEX_FILES",
    "MERGE_GAP_S",
    "WINDOW_FACTS",
    "Activations",
    "AnnReport",
    "Asked",
    "Backend",
    "CaptionHit",
    "CaptionPool",
    "Clustering",
    "Episode",
    "Hit",
    "Index",
    "IndexConfig",
    "Moment",
    "QueryWordsUse",
    "RetrievalConfig",
    "SearchDefaults",
    "SearchFilters",
    "SearchOptions",
    "SearchSide",
    "build_activations",
    "build_window_facts",
    "caption_index",
    "clustering_name",
    "describe_hit",
    "faiss_installed",
    "filter_mask",
    "find_clustering",
    "format_hit",
    "maximal_marginal_relevance",
    "merge_moments",
    "rank_answers",
]

__getattr__ = lazy_names(__name__)
