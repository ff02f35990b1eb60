"""HTML pages: one template, and the typed sections that a page consists of."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from discover.core.shown import terminal_text
from discover.reports.style import Drawing
from discover.reports.tables import Table

__all__ = [
    "ClusterCard",
    "ClusterFamily",
    "ClusteringSummary",
    "ExampleSearch",
    "Section",
    "StageNote",
    "page_environment",
    "render_page",
    "render_section",
]


@dataclass(frozen=True)
class StageNote:
    """One stage of a run.

    Attributes:
        name: For example "sample".
        summary: What came out, in a few words: "3,408 windows".
        settings: Settings to show; nested blocks get dotted names.
        seconds: Duration; None leaves it out, so that equal work gives an equal page.
    """

    name: str
    summary: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    seconds: float | None = None

    @property
    def duration(self) -> str:
        """Duration as text: "12.0 s" or "1.7 min"."""
        if self.seconds is None:
            return ""
        return f"{self.seconds:,.1f} s" if self.seconds < 90 else f"{self.seconds / 60:,.1f} min"

    @property
    def flat_settings(self) -> list[tuple[str, str]]:
        """(dotted name, value) of every setting."""
        return list(_flat(self.settings))


def _flat(settings: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for key, value in settings.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", "–" if value is None else str(value)


@dataclass(frozen=True)
class ExampleSearch:
    """A query, a figure of its hits, and the best hits as `describe_hit` returns them."""

    query: str
    figure: Drawing | None
    hits: Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class ClusterCard:
    """One cluster.

    Attributes:
        id, title, share: As in the index of clusters; `share` is text.
        sentence: What happens in its windows.
        when: Its hours.
        examples: Moments with the keys `when` and `text`.
        colour: CSS colour of its chip.
        facts: (name, value) for a table.
        figure: Where, when and how long.
        found: The sentence of the windows in which the cluster was found, where it differs.
    """

    id: int
    title: str
    share: str
    sentence: str = ""
    when: str = ""
    examples: Sequence[Mapping[str, str]] = ()
    colour: str = ""
    facts: Sequence[tuple[str, str]] = ()
    figure: Drawing | None = None
    found: str = ""


@dataclass(frozen=True)
class ClusterFamily:
    """A group of similar clusters in the index of clusters."""

    title: str
    share: str
    clusters: Sequence[ClusterCard]


@dataclass(frozen=True)
class ClusteringSummary:
    """A clustering as a report shows it: `clusters` in a table, `more` of them folded away."""

    name: str
    text: str
    page: str
    clusters: Sequence[ClusterCard]
    more: Sequence[ClusterCard]


@dataclass(frozen=True)
class Section:
    """One section of a page; parts left empty are not shown.

    Attributes:
        id: Anchor.
        title: Heading and entry of the navigation.
        text: A paragraph below the heading.
        terms: (term, meaning) pairs.
        note: A remark below the figures, such as what could not be drawn.
        folded: Tables that a click shows.
    """

    id: str
    title: str
    text: str = ""
    terms: Sequence[tuple[str, str]] = ()
    stages: Sequence[StageNote] = ()
    families: Sequence[ClusterFamily] = ()
    clusterings: Sequence[ClusteringSummary] = ()
    clusters: Sequence[ClusterCard] = ()
    figures: Sequence[Drawing] = ()
    note: str = ""
    tables: Sequence[Table] = ()
    folded: Sequence[Table] = ()
    searches: Sequence[ExampleSearch] = ()


def render_page(
    title: str,
    subtitle: str,
    sections: Sequence[Section],
    *,
    facts: Sequence[tuple[str, str]] = (),
    versions: Mapping[str, str] | None = None,
) -> str:
    """A whole page that needs no other file.

    Args:
        title, subtitle: Heading, and the line below it.
        sections: In order.
        facts: (name, value) of a few numbers at the top.
        versions: Names and versions of what made the page.
    """
    template = page_environment().get_template("page.html.j2")
    return template.render(
        title=title, subtitle=subtitle, sections=sections, facts=facts, versions=versions or {}
    )


def render_section(section: Section) -> str:
    """One section as it is in a page."""
    template = page_environment().get_template("section.html.j2")
    return str(template.module.section(section))  # type: ignore[attr-defined]


def page_environment() -> Environment:
    """Templates whose text is escaped and harmless; a missing value is an error."""
    return Environment(
        loader=PackageLoader("discover.reports"), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True, finalize=_harmless,
    )  # fmt: skip


def _harmless(value: Any) -> Any:
    """Text from files loses its control and direction characters; the template escapes the rest."""
    return terminal_text(value) if type(value) is str else value
