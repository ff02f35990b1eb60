"""Filters: each condition alone, at its borders, and the names they refuse."""

from datetime import datetime
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from discover.core.embeddings import EmbeddingTable
from discover.core.errors import ConfigError
from discover.core.window_set import WindowSet
from discover.retrieval import Index, SearchFilters, build_window_facts, filter_mask

# Windows start: 0 Mon 07:00:00 (40 s), 1 Mon 07:01:00 (50 s), 2 Mon 23:30:00 (6 s), 3 Sat 12:00:00 (21 s).
CASES: list[tuple[dict[str, Any], list[int]]] = [
    ({}, [0, 1, 2, 3]),
    ({"hours": (7, 8)}, [0, 1]),
    ({"hours": (22, 5)}, [2]),
    ({"hours": (7, 7 + 1 / 60)}, [0]),
    ({"hours": (12, 24)}, [2, 3]),
    ({"weekdays": ("saturday", "sunday")}, [3]),
    ({"weekdays": ("monday",)}, [0, 1, 2]),
    ({"rooms": ("kitchen",)}, [0, 1]),
    ({"rooms": ("bedroom", "bathroom")}, [0, 2]),
    ({"min_duration_s": 40}, [0, 1]),
    ({"max_duration_s": 21}, [2, 3]),
    ({"splits": ("val", "test")}, [2, 3]),
    ({"after": datetime(2021, 3, 1, 7, 1)}, [1, 2, 3]),
    ({"before": datetime(2021, 3, 1, 7, 1)}, [0]),
    ({"rooms": ("kitchen",), "min_duration_s": 45}, [1]),
    ({"homes": ("small_home",), "weekdays": ("tuesday",)}, []),
]


@pytest.mark.parametrize(("settings", "kept"), CASES, ids=lambda c: str(c))
def test_each_condition(settings: dict[str, Any], kept: list[int], story: WindowSet) -> None:
    mask = filter_mask(build_window_facts(story), SearchFilters(**settings))
    assert np.flatnonzero(mask).tolist() == kept


def test_search_returns_only_windows_that_pass(story: WindowSet, one_hot: EmbeddingTable) -> None:
    index = Index.build(one_hot, story, model_sha256="m")
    hits = index.search(np.array([1, 0.9, 0.1, 0.2, 0, 0]), 10, filters=SearchFilters(hours=(22, 5)))
    assert [h.window_id for h in hits] == [story.windows["window_id"][2]]


def test_a_misspelt_room_is_no_empty_result(story: WindowSet) -> None:
    facts = build_window_facts(story)
    with pytest.raises(ConfigError, match=r"room 'kichen'. Did you mean 'kitchen'"):
        filter_mask(facts, SearchFilters(rooms=("kichen",)))
    with pytest.raises(ConfigError, match="home 'milan'"):
        filter_mask(facts, SearchFilters(homes=("milan",)))


@pytest.mark.parametrize(
    "settings",
    [
        {"hours": (5, 5)},
        {"hours": (24, 3)},
        {"after": datetime(2021, 1, 2), "before": datetime(2021, 1, 1)},
        {"min_duration_s": -1},
        {"min_duration_s": 10, "max_duration_s": 5},
        {"weekdays": ("someday",)},
        {"room": ("kitchen",)},
        {"after": "2021-01-01T00:00:00+02:00"},
    ],
)
def test_impossible_conditions_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        SearchFilters(**settings)
