"""`discover search`."""

import json
from pathlib import Path

from discover.cli.console import console
from discover.core.config import config_from_mapping
from discover.pipeline.answers import Searcher
from discover.retrieval import SearchFilters, format_hit

__all__ = ["search_text"]


def search_text(
    model: Path, text: str, *, top_k: int, index: Path | None, split: str | None, merge: bool, as_json: bool
) -> None:
    """Print the moments that match a sentence."""
    values = {"splits": [split]} if split else {}
    filters = config_from_mapping(values, SearchFilters, source="--split")
    searcher = Searcher.open(model, index=index)
    found = searcher.search(text, top_k=top_k, filters=filters, merge=merge)
    if as_json:
        print(json.dumps(searcher.as_json(text, found), indent=1, ensure_ascii=False))  # noqa: T201
        return
    console.print(
        f'"{text}" in {len(searcher.index):,} windows of {searcher.window_set.home.name}:', markup=False
    )
    for rank, hit in enumerate(found, start=1):
        console.print(f"\n{rank}. {format_hit(hit, searcher.window_set)}", markup=False, highlight=False)
    if not found:
        console.print("No window passes the filters.", markup=False)
