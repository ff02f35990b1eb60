"""What was found in a home, then its data, sensors, settings and training: shown, and written as a page."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from discover.api.shown import Part, Shown, Table
from discover.core.artifacts import read_json, write_text
from discover.core.shown import one_paragraph
from discover.homes import guess_notes, home_file_text, sensor_table
from discover.pipeline.refused_lines import RefusedLines
from discover.reports import Found, ReportInputs, StageNote, found_in, write_report
from discover.reports.found_sections import UNSURE
from discover.reports.tables import Cell
from discover.reports.tables import Table as PageTable
from discover.retrieval import format_hit
from discover.serving.answers import Answer
from discover.serving.corrections import CORRECTIONS_FILE
from discover.serving.first_answers import answered_questions
from discover.serving.recognise import RecognisedLog
from discover.serving.recognise_captions import recognise_beside_model

if TYPE_CHECKING:
    from discover.api.opened import OpenedHome

__all__ = ["HOME_FILE", "SummaryResult", "summary_of"]

HOME_FILE = "home.yaml"
"""What was guessed of a home's sensors, written beside the page to be corrected."""

_LETTERS = "ABCDEFGHIJKLMN"
_CALENDAR_DAYS = 14
_MOMENTS = 2
_DAYS = 3


def summary_of(opened: "OpenedHome") -> "SummaryResult":
    """What was found in a home that was opened.

    Raises:
        ConfigError: There are several homes.
    """
    recognised: RecognisedLog | None
    if opened.prepared is not None:
        recognised = opened.recognise().found
    else:
        searcher = opened.searcher
        recognised = recognise_beside_model(
            searcher.index.windows,
            searcher.window_set,
            searcher.caption_side.vectors,
            searcher.encoder,
            opened.path / CORRECTIONS_FILE,
        )
    found = None
    if recognised is not None:
        events = opened.window_set.of_home(recognised.home.name).events
        found = found_in(recognised.timeline, events["time"], recognised.told)
    return SummaryResult(opened, found, answered_questions(opened.searcher))


@dataclass(frozen=True)
class SummaryResult(Shown):
    """What was found in a home.

    Attributes:
        opened: The home.
        found: What was done when; None where no window was cut.
        answers: Questions with their moments.
        home_file: Where the guesses about the sensors are to be corrected; None before `write`, and where the
            home was described by its owner.
    """

    opened: "OpenedHome"
    found: Found | None
    answers: Sequence[Answer]
    home_file: Path | None = None

    @property
    def guessed(self) -> bool:
        """Whether the home's sensors are known from their ids and names only."""
        return self.opened.prepared is not None and not self.opened.prepared.described

    def write(self, folder: Path | str) -> list[Path]:
        """Write report.html with its figures, and home.yaml where the sensors were guessed; their paths.

        A home.yaml that is there already is kept: it may have been corrected.

        Raises:
            ArtifactError: The folder cannot be written.
        """
        folder, opened = Path(folder), self.opened
        home_file = folder / HOME_FILE if self.guessed else None
        if home_file is not None and not home_file.exists():
            write_text(home_file, home_file_text(opened.home))
        sampling = opened.samplings[0]
        header, rows = sensor_table(opened.window_set.logs[opened.home.name])
        page = write_report(
            folder,
            ReportInputs(
                title=opened.path.name,
                home=opened.home,
                found=self.found,
                searches=[(answer.question, answer) for answer in self.answers],
                import_report=read_json(sampling.parent / "import.json"),
                window_set=opened.window_set,
                window_statistics=read_json(sampling / "statistics.json"),
                sensors=PageTable("", header, [[Cell(str(value)) for value in row] for row in rows]),
                sensors_text=self._sensors(home_file),
                stages=[StageNote("windows", settings=read_json(sampling / "statistics.json")["config"])],
                training_text=self._training(),
            ),
        )
        return [page] if home_file is None else [page, home_file]

    def parts(self) -> Iterator[Part]:
        """Activities, calendar, typical day, answers and unusual days; then data, sensors and settings."""
        yield from () if self.found is None else self._found(self.found)
        for answer in self.answers:
            yield f'\n"{answer.question}"'
            for hit in answer[:_MOMENTS]:
                yield "  " + format_hit(hit, self.opened.window_set, max_lines=6).replace("\n", "\n  ")
        if self.found is not None:
            yield from self._unusual(self.found)
        refused = RefusedLines.of_folder(self.opened.samplings[0].parent)
        yield (
            f"\nData: {refused.lines:,} lines, {refused.describe() or 'none refused'}; "
            f"{len(self.opened.events):,} events, {len(self.opened.windows):,} windows."
        )
        yield f"Sensors: {self._sensors(self.home_file)}"
        yield f"Settings: windows of {self.opened.samplings[0].name}, kept in {self.opened.samplings[0]}."
        yield f"Training: {self._training()}"

    def _found(self, found: Found) -> Iterator[Part]:
        yield found.note
        letters = ["?" if name == UNSURE else _LETTERS[i] for i, name in enumerate(found.activities)]
        rows = [(letter, *row) for letter, row in zip(letters, found.table_rows(), strict=True)]
        yield Table(("", *found.COLUMNS), rows)
        days = found.by_hour()[-_CALENDAR_DAYS:]
        lines = [
            f"{day:%a %d %b}  {''.join('.' if i is None else letters[i] for i in hours)}"
            for day, hours in days
        ]
        cut = f", the last {len(days)} days" if len(days) < found.grid.n_days else ""
        yield f"Calendar{cut}; one letter an hour from 0 to 24 h, ? is unsure, a dot is quiet:\n" + "\n".join(
            lines
        )
        for weekend, name in ((False, "Monday to Friday"), (True, "Weekend")):
            typical = found.typical(weekend=weekend)
            if typical:
                yield f"A typical day, {name}: {'; '.join(map(str, typical))}."

    def _unusual(self, found: Found) -> Iterator[Part]:
        if not found.unusual:
            yield f"\nUnusual days: too few to say ({found.grid.n_days} in all)."
            return
        stay = [day for day in found.unusual if day.stays]
        yield "\nUnusual days:" if stay else "\nUnusual days: none that may not be chance; the first of them:"
        for day in (stay or found.unusual[:1])[:_DAYS]:
            yield f"  {day.day:%a %d %b %Y}: {day.words}"

    def _sensors(self, home_file: Path | None) -> str:
        home = self.opened.home
        told = f"{len(home.sensors)} of {home.name}."
        if not self.guessed:
            return told
        notes = " ".join(["Rooms, objects and types are guessed from ids and names.", *guess_notes(home)])
        where = (
            "`discover homes import LOG --name NAME` writes a home file to correct."
            if home_file is None
            else f"Correct them in {home_file} and give it with --layout {home_file}."
        )
        return one_paragraph(f"{told} {notes} {where}")

    def _training(self) -> str:
        if self.opened.prepared is None:
            return "These are the answers of a model trained on this home; its own report shows the curves."
        return (
            "Nothing was trained; the shipped network was taught by simulated homes only. A model of this "
            "home may find windows by their descriptions better: `discover run` (docs/tutorial.md)."
        )
