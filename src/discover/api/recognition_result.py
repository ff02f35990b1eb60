"""What was done when, as it is shown."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from discover.api.shown import Part, Shown, Table
from discover.recognition import UNKNOWN, RecognitionMethod
from discover.serving.recognise import RecognisedLog, day_span, write_timeline

__all__ = ["RecognitionResult"]

_HOW: dict[RecognitionMethod, str] = {
    "prompts": "Prompts answered (method prompts); means",
    "self_trained": "A student of the prompts answered (method self_trained); it",
}
_REFUSED = "A student was taught and refused, and its teacher answered (the prompts' scores); they"
_OF_ANOTHER_HOME = "If the log is of another home, say which with --home."
_OF_THE_HOME_GIVEN = (
    "What they show is read from their types and rooms alone; check that --home describes this log."
)


@dataclass(frozen=True)
class RecognitionResult(Shown):
    """Activities of windows and of stretches of time, found without any label but corrections.

    Attributes:
        found: Both tables, and how the answers came about.
        source: What was read, in words: the log, or windows of the model.
        home_given: Whether the asker said which home the log is of.
    """

    found: RecognisedLog
    source: str
    home_given: bool = False

    @property
    def timeline(self) -> pl.DataFrame:
        """`recognition.TIMELINE`: the answer of each window."""
        return self.found.timeline

    @property
    def segments(self) -> pl.DataFrame:
        """`recognition.SEGMENTS`: neighbouring windows of one activity joined."""
        return self.found.segments

    @property
    def totals(self) -> pl.DataFrame:
        """One row per activity, the most frequent first: hours, segments, windows, confidence, share."""
        hours = (pl.col("end") - pl.col("start")).sum() / pl.duration(hours=1)
        weighted = (pl.col("confidence") * pl.col("n_windows")).sum()
        return (
            self.segments.group_by("activity")
            .agg(
                hours.alias("hours"),
                pl.len().alias("segments"),
                pl.col("n_windows").sum().alias("windows"),
                weighted.truediv(pl.col("n_windows").sum()).cast(pl.Float64).alias("confidence"),
            )
            .with_columns((pl.col("windows") / pl.col("windows").sum()).alias("share"))
            .sort(
                pl.col("activity") == UNKNOWN, pl.col("windows"), "activity", descending=[False, True, False]
            )
        )

    def write(self, folder: Path | str) -> list[Path]:
        """Write both tables (Parquet and CSV) and a day-by-day picture (PNG and SVG); their paths."""
        title = f"{self.found.home.name}: {self.source}"
        return write_timeline(Path(folder), self.found, title=title)

    def as_json(self) -> dict[str, Any]:
        """Plain data."""
        found = self.found
        times = pl.col("start", "end").dt.strftime("%Y-%m-%dT%H:%M:%S")
        return {
            "home": found.home.name,
            "windows": len(self.timeline),
            "method": found.method,
            "note": found.note,
            "student_refused": found.student_refused,
            "reference": found.reference,
            "unseen_sensor_share": round(found.unseen_share, 4),
            "corrections": found.corrections,
            "prompts_sha256": found.prompts.sha256,
            "activities": [{**row, "hours": round(row["hours"], 3)} for row in self.totals.to_dicts()],
            "segments": self.segments.with_columns(times).to_dicts(),
        }

    def parts(self) -> Iterator[Part]:
        """What was read, how it was recognised, and the total of each activity."""
        found = self.found
        yield (
            f"{len(self.timeline):,} windows of {found.home.name} ({self.source}) of "
            f"{day_span(self.timeline)}; {len(self.segments):,} segments."
        )
        how = _REFUSED if found.student_refused else _HOW[found.method]
        told = f"{found.corrections} No other label" if found.corrections else "No label"
        yield f"{told} was read. {how} and the unknown rule come from {found.reference}."
        if found.student_refused:
            reason = found.student_refused
            yield f"Note: the student is refused because {reason}. --method prompts teaches none."
        if found.note:
            yield f"Note: {found.note}"
        if found.unseen_share > 0.05:
            yield (
                f"Note: {100 * found.unseen_share:.0f} % of the events are of sensors this model never saw. "
                f"{_OF_THE_HOME_GIVEN if self.home_given else _OF_ANOTHER_HOME}"
            )
        rows = [
            (r["activity"].replace("_", " "), f"{100 * r['share']:.1f} %", f"{r['hours']:.1f}", r["segments"],
             f"{r['confidence']:.2f}")
            for r in self.totals.to_dicts()
        ]  # fmt: skip
        yield Table(("activity", "of windows", "hours", "segments", "confidence"), rows)
