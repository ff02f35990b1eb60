"""Lines of a log that are no events: how many, why, and from which share on a run stops."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from discover.core.artifacts import read_json
from discover.core.errors import DataError
from discover.core.reading import taken_apart
from discover.core.shown import one_paragraph
from discover.homes import ImportedLog, ImportReport

__all__ = ["LOUD_SHARE", "STOP_SHARE", "RefusedLines"]

LOUD_SHARE, STOP_SHARE = 0.01, 0.20
"""Above the first a run warns, above the second it stops unless told to go on."""

_SHOWN = 3
_EXAMPLES = 2
_LONGEST = 60


@dataclass(frozen=True)
class RefusedLines:
    """The refused lines of one imported log.

    Attributes:
        log: Name of the log.
        lines: Its lines that are not blank.
        count: How many of them were refused.
        reasons: Reason -> lines, the most frequent first.
        examples: (line number, text) of a few lines refused for the most frequent reason.
    """

    log: str
    lines: int
    count: int
    reasons: Mapping[str, int]
    examples: tuple[tuple[int, str], ...] = ()

    @classmethod
    def of_import(cls, imported: ImportedLog) -> "RefusedLines":
        """Those of a log that was just read."""
        return cls.of_report(imported.report)

    @classmethod
    def of_folder(cls, folder: Path) -> "RefusedLines":
        """Those of a log that was imported into `folder` (its import.json).

        Raises:
            ArtifactError: There is no such account, or it is damaged.
        """
        path = folder / "import.json"
        with taken_apart(path):
            return cls.of_report(ImportReport.model_validate(read_json(path)))

    @classmethod
    def of_report(cls, report: ImportReport) -> "RefusedLines":
        """Those of an account."""
        reasons = {p.problem: p.count for p in report.reasons}
        most = report.reasons[0] if report.reasons else None
        examples = tuple(zip(most.first_lines, most.examples, strict=False)) if most else ()
        return cls(report.source, report.total_lines, report.rejected_lines, reasons, examples)

    @property
    def share(self) -> float:
        """Refused lines per line that is not blank."""
        return self.count / self.lines if self.lines else 0.0

    @property
    def loud(self) -> bool:
        """Whether so many are refused that something may be wrong with the log."""
        return self.share > LOUD_SHARE

    def describe(self) -> str:
        """Such as "9 of 90 lines refused (10 %): unknown value (9: line 3 'M001 fizz')"; "" for none."""
        if not self.count:
            return ""
        shown = ", ".join(f"line {line:,} '{_short(text)}'" for line, text in self.examples[:_EXAMPLES])
        seen = (f": {shown}" if shown else "", *[""] * (_SHOWN - 1))
        reasons = zip(self.reasons.items(), seen, strict=False)
        told = "; ".join(f"{reason} ({n:,}{examples})" for (reason, n), examples in reasons)
        more = f"; {len(self.reasons) - _SHOWN} more reasons" if len(self.reasons) > _SHOWN else ""
        share = f"{100 * self.share:.0f} %" if self.share >= LOUD_SHARE else f"{100 * self.share:.2g} %"
        return f"{self.count:,} of {self.lines:,} lines refused ({share}): {told}{more}"

    def refuse_many(self, *, accepted: bool) -> None:
        """Stop where more than `STOP_SHARE` of the lines are refused; one line alone is a heading.

        Raises:
            DataError: They are, and nobody said that this is right.
        """
        if not accepted and self.count > 1 and self.share > STOP_SHARE:
            raise DataError(
                f"{self.log}: {self.describe()}. With more than {STOP_SHARE:.0%} refused the log is most "
                "likely not read as it is meant. Look with `discover homes verify`, and correct the log; or "
                "go on without these lines with --accept-refused (in YAML: home.accept_refused: true)."
            )


def _short(text: str) -> str:
    text = one_paragraph(text)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
