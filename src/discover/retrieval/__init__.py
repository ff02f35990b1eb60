"""Search windows by meaning: an index, filters, hits merged into moments, time words, and their timelines."""

from discover.retrieval.approximate import AnnReport, faiss_installed
from discover.retrieval.captions import CaptionHit, CaptionPool, caption_index
from discover.retrieval.clusters import Clustering, clustering_name, find_clustering
from discover.retrieval.config import (
    AUTO_ANN_WINDOWS,
    Backend,
    IndexConfig,
    RetrievalConfig,
    SearchDefaults,
    SearchFilters,
    SearchOptions,
    SearchSide,
)
from discover.retrieval.filters import filter_mask
from discover.retrieval.hits import Hit, Moment, merge_moments
from discover.retrieval.home_words import Known, Place, PlaceKind
from discover.retrieval.index import Index
from discover.retrieval.mmr import maximal_marginal_relevance
from discover.retrieval.query_match import WORD_WEIGHT, QueryWordsUse, WordMatch, match_words
from discover.retrieval.query_words import QueryWords, find_query_words
from discover.retrieval.questions import check_question
from discover.retrieval.ranking import MERGE_GAP_S, rank_answers
from discover.retrieval.sign_builder import build_window_signs
from discover.retrieval.storage import INDEX_FILES
from discover.retrieval.time_words import TimeWords, find_time_words
from discover.retrieval.timeline import describe_hit, format_hit, timeline
from discover.retrieval.window_facts import WINDOW_FACTS, build_window_facts
from discover.retrieval.window_signs import WindowSigns

__all__ = [
    "AUTO_ANN_WINDOWS",
    "INDEX_FILES",
    "MERGE_GAP_S",
    "WINDOW_FACTS",
    "WORD_WEIGHT",
    "AnnReport",
    "Backend",
    "CaptionHit",
    "CaptionPool",
    "Clustering",
    "Hit",
    "Index",
    "IndexConfig",
    "Known",
    "Moment",
    "Place",
    "PlaceKind",
    "QueryWords",
    "QueryWordsUse",
    "RetrievalConfig",
    "SearchDefaults",
    "SearchFilters",
    "SearchOptions",
    "SearchSide",
    "TimeWords",
    "WindowSigns",
    "WordMatch",
    "build_window_facts",
    "build_window_signs",
    "caption_index",
    "check_question",
    "clustering_name",
    "describe_hit",
    "faiss_installed",
    "filter_mask",
    "find_clustering",
    "find_query_words",
    "find_time_words",
    "format_hit",
    "match_words",
    "maximal_marginal_relevance",
    "merge_moments",
    "rank_answers",
    "timeline",
]
