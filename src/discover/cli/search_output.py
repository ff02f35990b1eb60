"""What `discover search` and its prompt share: settings, and how captions and labels are printed."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from discover.cli.model_options import ModelOptions

if TYPE_CHECKING:
    from discover.retrieval import CaptionHit
    from discover.serving.search import LabelHit

__all__ = ["ANSWERS", "ASK", "print_captions", "print_labels", "search_models"]

ASK, FILTER, ANSWERS = "What to ask", "Which windows", "How to answer"


def search_models() -> dict[str, ModelOptions]:
    """The settings of a search that are options."""
    from discover.retrieval.config import IndexConfig, SearchFilters, SearchOptions

    also = {"after": ("--since",), "before": ("--until",), "min_duration_s": ("--min-duration",)}
    return {
        "filters": ModelOptions(SearchFilters, FILTER, also=also),
        "answers": ModelOptions(SearchOptions, ANSWERS, skip=("filters",), also={"top_k": ("-k",)}),
        "backend": ModelOptions(IndexConfig, ANSWERS),
    }


def print_captions(window_id: str, found: "Sequence[CaptionHit]") -> None:
    """The captions nearest to a window."""
    from discover.cli.console import print_table

    rows = [(hit.score, "own" if hit.own else "", hit.n_windows, hit.caption) for hit in found]
    print_table(f"Captions nearest to {window_id}", ["cosine", "", "windows", "caption"], rows)


def print_labels(start: str, found: "Sequence[LabelHit]") -> None:
    """The activities nearest to a window or a caption."""
    from discover.cli.console import print_table

    rows = [(hit.score, hit.label, hit.prompt) for hit in found]
    print_table(f"Activities nearest to {start}", ["mean cosine", "activity", "nearest prompt"], rows)
