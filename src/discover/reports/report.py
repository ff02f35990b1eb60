"""The report: one HTML page that needs no other file, and its figures as PNG and SVG beside it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from discover.core.artifacts import atomic_path, write_text
from discover.core.home import Home
from discover.core.window_set import WindowSet
from discover.reports.activity_figures import compared_rows, draw_activities, draw_day_parts
from discover.reports.cluster_section import ClusteringNote, clusters_section
from discover.reports.embedding_figures import MapInputs, draw_embedding_maps
from discover.reports.found_sections import Found, found_sections, unusual_section
from discover.reports.markdown_evaluation import method_title
from discover.reports.pages import ExampleSearch, Section, StageNote, render_page
from discover.reports.recognition_figures import draw_confusion, draw_scores, shown_row
from discover.reports.retrieval_figures import (
    draw_label_precision,
    draw_recall_curves,
    draw_retrieved_labels,
)
from discover.reports.search_figures import draw_search
from discover.reports.style import Drawing
from discover.reports.tables import (
    Table,
    mapping_tables,
    per_class_table,
    recognition_tables,
    retrieval_tables,
)
from discover.reports.training_figures import draw_training_curves
from discover.reports.window_figures import draw_window_statistics
from discover.retrieval import Hit, Moment, describe_hit

__all__ = ["ReportInputs", "write_report"]


@dataclass(frozen=True)
class ReportInputs:
    """The contents of a report; an empty part has no section.

    Attributes:
        title: Heading, for example the experiment's name.
        home: The home, for its floor plan.
        stages: What was done, in order.
        import_report: Counts of the import (`import.json`): data health.
        window_set: Windows and events; for the window figure and to draw searches.
        window_statistics: Counts of the sampler, shown as tables.
        maps: Window vectors with labels, rooms and parts of the day, for the maps.
        training_metrics: Lines of `metrics.jsonl`: numbers by name, with `step`.
        recognition: Results of `evaluate_recognition`, one per protocol.
        retrieval: Result of `evaluate_retrieval`.
        searches: (query, hits) pairs; hits are found in `window_set`.
        clusterings: Clusterings of the model, in order; None leaves the section out, an empty list says how
            to find clusters.
        found: What was done when; the page begins with it.
        sensors: What is known or guessed of every sensor.
        sensors_text: Where to correct it.
        training_text: What to do where nothing was trained.
        versions: Names and versions of what made the report.
    """

    title: str
    home: Home
    stages: Sequence[StageNote] = ()
    import_report: Mapping[str, Any] | None = None
    window_set: WindowSet | None = None
    window_statistics: Mapping[str, Any] | None = None
    maps: MapInputs | None = None
    training_metrics: Sequence[Mapping[str, Any]] = ()
    recognition: Sequence[Mapping[str, Any]] = ()
    retrieval: Mapping[str, Any] | None = None
    searches: Sequence[tuple[str, Sequence[Hit | Moment]]] = ()
    clusterings: Sequence[ClusteringNote] | None = None
    found: Found | None = None
    sensors: Table | None = None
    sensors_text: str = ""
    training_text: str = ""
    versions: Mapping[str, str] = field(default_factory=dict)


def write_report(folder: Path, inputs: ReportInputs) -> Path:
    """Write `report.html` and `figures/*.png` and `*.svg` into a folder; same inputs, same bytes.

    Returns:
        Path of `report.html`.

    Raises:
        ArtifactError: The folder cannot be written.
        DataError: A hit is not of the window set given.
    """
    sections = [section for section in _sections(inputs) if section is not None]
    home = inputs.home
    subtitle = f"Home {home.name}: {home.title}" if home.title else f"Home {home.name}"
    page = render_page(inputs.title, subtitle, sections, facts=_facts(inputs), versions=inputs.versions)
    for drawing in _drawings(sections):
        for ending, content in (("png", drawing.png), ("svg", drawing.svg)):
            with atomic_path(folder / "figures" / f"{drawing.name}.{ending}") as temporary:
                temporary.write_bytes(content)
    path = folder / "report.html"
    write_text(path, page)
    return path


def _facts(inputs: ReportInputs) -> list[tuple[str, str]]:
    """The few numbers at the top of the page."""
    home = inputs.home
    facts = [("sensors", f"{len(home.sensors):,}"), ("rooms", f"{len({s.room for s in home.sensors}):,}")]
    if inputs.window_set is not None:
        events, windows = inputs.window_set.events, inputs.window_set.windows
        days = events["time"].dt.date().n_unique()
        facts = [
            ("events", f"{len(events):,}"),
            ("days", f"{days:,}"),
            *facts,
            ("windows", f"{len(windows):,}"),
        ]
    return facts


def _sections(inputs: ReportInputs) -> list[Section | None]:
    """What was found first; then how good it is; then data, settings and training."""
    found = inputs.found
    return [
        *([] if found is None else found_sections(found)),
        _searches(inputs),
        None if found is None else unusual_section(found.unusual, found.grid.n_days),
        None if inputs.clusterings is None else clusters_section(inputs.clusterings),
        *(_recognition(result) for result in inputs.recognition),
        _retrieval(inputs),
        _vectors(inputs),
        _import(inputs),
        _sensors(inputs),
        _windows(inputs),
        Section("done", "Settings: what was done", stages=inputs.stages) if inputs.stages else None,
        _training(inputs),
    ]


def _import(inputs: ReportInputs) -> Section | None:
    if not inputs.import_report:
        return None
    text = (
        "Every line of the log is accounted for: read, repaired by a stated rule, or listed as an exception."
    )
    report = {key: value for key, value in inputs.import_report.items() if key != "format"}
    return Section("health", "Data health", text, tables=mapping_tables(report, "Import"))


def _windows(inputs: ReportInputs) -> Section | None:
    figures = []
    if inputs.window_set is not None and len(inputs.window_set.windows):
        figures.append(draw_window_statistics(inputs.window_set.windows))
    # "What was done" shows the settings of the sampler.
    statistics = {k: v for k, v in (inputs.window_statistics or {}).items() if k not in ("format", "config")}
    tables = mapping_tables(statistics, "Sampling")
    return Section("windows", "Windows", figures=figures, folded=tables) if figures or tables else None


def _sensors(inputs: ReportInputs) -> Section | None:
    if inputs.sensors is None:
        return None
    return Section("sensors", "Sensors", inputs.sensors_text, tables=[inputs.sensors])


def _training(inputs: ReportInputs) -> Section | None:
    drawing = draw_training_curves(inputs.training_metrics)
    figures = [] if drawing is None else [drawing]
    text = inputs.training_text
    return Section("training", "Training", text, figures=figures) if figures or text else None


def _vectors(inputs: ReportInputs) -> Section | None:
    if inputs.maps is None:
        return None
    figures = draw_embedding_maps(inputs.maps)
    note = "" if figures else "Too few windows for a map."
    return Section("vectors", "Map of the windows", figures=figures, note=note)


def _drawn(drawings: Mapping[str, Drawing | None]) -> tuple[list[Drawing], str]:
    """The figures, and a sentence about those whose numbers the evaluation lacks."""
    missing = [what for what, drawing in drawings.items() if drawing is None]
    note = f"Not drawn, since the evaluation has no such numbers: {', '.join(missing)}." if missing else ""
    return [d for d in drawings.values() if d is not None], note


def _recognition(result: Mapping[str, Any]) -> Section:
    protocol = str(result["protocol"])
    name, title = f"recognition-{protocol}", f"Recognition, {protocol.replace('_', '-')} windows"
    if result.get("skipped"):
        return Section(name, title, f"Not scored: {result['skipped']}.")
    test = result["pools"]["test"]
    text = (
        f"{test['windows']:,} test windows on {test['days']} days, {test['annotated']:,} of them annotated. "
        f"Small numbers: {result['intervals']}. Bold: the best row that used no label."
    )
    if any("full" in row for row in result["rows"]):
        text += f" Where no activity is a class, {result['rejection']}."
    window_rows = [row for row in result["rows"] if row["unit"] == "window"]
    figures = [draw_scores(window_rows, "annotated", f"scores_{protocol}")]
    tables = recognition_tables(result)
    row = shown_row(window_rows)
    if row is not None:
        figures.append(draw_confusion(row, "annotated", f"confusion_{protocol}"))
        text += f" Confusion matrix: {method_title(row)}, annotated windows."
        tables.append(per_class_table(row, "annotated"))
    compared = compared_rows(window_rows, "annotated")
    more, note = _drawn(
        {
            "F1 of each activity": draw_activities(compared, "annotated", f"activities_{protocol}"),
            "scores by part of the day": draw_day_parts(compared, "annotated", f"day_parts_{protocol}"),
        }
    )
    return Section(name, title, text, figures=figures + more, note=note, tables=tables)


def _retrieval(inputs: ReportInputs) -> Section | None:
    result = inputs.retrieval
    if not result:
        return None
    if result.get("skipped"):
        return Section("retrieval", "Retrieval", f"Not scored: {result['skipped']}.")
    figures, note = _drawn(
        {
            "recall curves": draw_recall_curves(result),
            "label precision against K": draw_label_precision(result),
            "activities found instead": draw_retrieved_labels(result),
        }
    )
    return Section("retrieval", "Retrieval", figures=figures, note=note, tables=retrieval_tables(result))


def _searches(inputs: ReportInputs) -> Section | None:
    window_set = inputs.window_set
    if window_set is None or not inputs.searches:
        return None
    searches = [
        ExampleSearch(
            query,
            draw_search(query, hits, window_set, f"search_{number}"),
            [
                {
                    **describe_hit(hit, window_set, max_lines=10),
                    "when": f"{hit.start:%a %d %b %Y %H:%M:%S}",
                    "rooms": " → ".join(room.replace("_", " ") for room in hit.rooms[:8])
                    + (" → …" if len(hit.rooms) > 8 else ""),
                }
                for hit in hits[:5]
            ],
        )
        for number, (query, hits) in enumerate(inputs.searches, start=1)
    ]
    return Section("searches", "Answered questions", searches=searches)


def _drawings(sections: list[Section]) -> Iterator[Drawing]:
    for section in sections:
        yield from section.figures
        yield from (search.figure for search in section.searches if search.figure is not None)
