"""What a report is made from: results of earlier stages, as plain data."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from discover.core.home import Home
from discover.core.window_set import WindowSet
from discover.reports.cluster_section import ClusteringNote
from discover.reports.embedding_figures import MapInputs
from discover.retrieval import Hit, Moment

__all__ = ["ReportInputs", "StageNote"]


@dataclass(frozen=True)
class StageNote:
    """One stage of the run.

    Attributes:
        name: For example "sample".
        summary: What came out, in a few words: "3,408 windows".
        settings: Settings worth showing; nested blocks are shown with dotted names.
        seconds: How long it took; None leaves it out, so that equal work gives an equal page.
    """

    name: str
    summary: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    seconds: float | None = None


@dataclass(frozen=True)
class ReportInputs:
    """Everything a report shows; each part left empty leaves out its section.

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
    versions: Mapping[str, str] = field(default_factory=dict)
