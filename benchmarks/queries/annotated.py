"""What happens in an annotated home, from its labels, for sentences that name activities (labels.yaml)."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import yaml

from discover.core.window_set import EventLog
from discover.query import ParsedQuery, Thing
from discover.retrieval.episodes import EventStream, Spans, join_spans
from discover.serving.home_lexicon import home_lexicon
from discover.serving.occurrences import Found, Occurrences, hour_of

__all__ = ["Annotated", "annotated_occurrences"]

_MAPPINGS: Mapping[str, Mapping[str, Any]] = yaml.safe_load(
    (Path(__file__).parent / "everyday" / "labels.yaml").read_text(encoding="utf-8")
)


def annotated_occurrences(log: EventLog) -> "Annotated":
    """What the annotations of a home say."""
    stream = EventStream.read(log.events, log.home)
    return Annotated(stream, home_lexicon(log.home), annotations=log.annotations)


@dataclass(frozen=True)
class Annotated(Occurrences):
    """Spans of activities from annotations."""

    annotations: pl.DataFrame | None = None

    def knows(self, thing: Thing) -> bool:
        """Whether the labels of the home say when a thing happens."""
        return thing.kind == "activity" and thing.name in _MAPPINGS[self.stream.home.name]

    def _of(self, thing: Thing, query: ParsedQuery) -> Found:
        entry = _MAPPINGS[self.stream.home.name][thing.name]
        if "between" in entry:
            left, back = (self._labelled([label]) for label in entry["between"])
            at = np.searchsorted(back.begin_s, left.end_s)
            end = np.append(back.begin_s, np.inf)[at]
            following = np.append(left.begin_s[1:], np.inf)
            keep = end < following
            return Found(Spans.of(left.end_s[keep], end[keep]), "annotations", "sensor")
        spans = join_spans(self._labelled(entry["labels"]), 60.0)
        if "hours" in entry:
            begin, end = entry["hours"]
            spans = spans.where((hour_of(spans.begin_s) >= begin) & (hour_of(spans.begin_s) < end))
        if "begin" in entry or "end" in entry:
            at_s = spans.begin_s if "begin" in entry else spans.end_s
            spans = Spans.of(at_s, at_s)
        return Found(spans, "annotations", "sensor")

    def _labelled(self, labels: list[str]) -> Spans:
        if self.annotations is None:
            raise ValueError("no annotations")
        own = self.annotations.filter(pl.col("activity").is_in(labels)).drop_nulls(["begin", "end"])
        begin, end = (own[c].dt.timestamp("us").to_numpy() / 1e6 for c in ("begin", "end"))
        return Spans.of(begin, end)
