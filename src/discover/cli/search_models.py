"""The settings of a search that are options of `discover search`, and commands of its prompt."""

from discover.cli.model_options import ModelOptions

__all__ = ["ANSWERS", "search_models"]

ANSWERS = "How to answer"


def search_models() -> dict[str, ModelOptions]:
    """The settings of a search that are options."""
    from discover.retrieval.config import IndexConfig, SearchFilters, SearchOptions

    also = {"after": ("--since",), "before": ("--until",), "min_duration_s": ("--min-duration",)}
    return {
        "filters": ModelOptions(SearchFilters, "Which windows", also=also),
        "answers": ModelOptions(SearchOptions, ANSWERS, skip=("filters",), also={"top_k": ("-k",)}),
        "backend": ModelOptions(IndexConfig, ANSWERS),
    }
