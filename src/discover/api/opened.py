"""A log or a trained model that was opened: what can be asked of it, and the tables behind the answers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from discover.api.shown import Shown
from discover.core.config import closest, config_from_mapping
from discover.core.errors import ConfigError
from discover.core.home import Home
from discover.core.progress import SILENT, Progress
from discover.core.window_set import WindowSet
from discover.retrieval import Index, IndexConfig, SearchFilters, SearchOptions
from discover.serving.index_folders import indexed_windows, samplings_of

# What a search does without is imported where it is used: imports are most of its time.
if TYPE_CHECKING:
    from discover.api.ask_result import AskResult
    from discover.api.changes_result import ChangesResult
    from discover.api.clusters_result import ClustersResult
    from discover.api.corrections import HomeCorrections
    from discover.api.description import Description
    from discover.api.pictures import HomePicture
    from discover.api.raw_log import PreparedLog
    from discover.api.recognition_result import RecognitionResult
    from discover.api.search_result import NearestResult, SearchResult
    from discover.api.summary_result import SummaryResult
    from discover.changes import ChangeSource
    from discover.query import QueryParser
    from discover.recognition import RecognitionMethod
    from discover.serving.corrections import Correction
    from discover.serving.search import Answer, Searcher

__all__ = ["OpenedHome"]


@dataclass(frozen=True, eq=False)
class OpenedHome(Shown):
    """What `discover.open` gives. Everything is loaded when it is first asked for.

    Attributes:
        path: The log or the folder of the trained model.
        prepared: Where a raw log's windows lie; None for a trained model.
        index: Folder of the index that is searched.
        index_config: Exact or approximate search; None as the index was made.
        caption_style: Which captions, where windows have several styles.
        parser: Reads questions; None: the rules.
        progress: Where long work reports.
    """

    path: Path
    prepared: "PreparedLog | None"
    index: Path
    index_config: IndexConfig | None = None
    caption_style: str | None = None
    progress: Progress = SILENT
    parser: "QueryParser | None" = None

    def search(self, text: str, options: SearchOptions | None = None, **changes: Any) -> "SearchResult":
        """The moments that match a sentence, best first.

        Args:
            text: What to look for.
            options: How to answer; None: as the run of the index set it.
            changes: Fields of `SearchOptions` and `SearchFilters` that differ: `top_k=3`, `hours="22-5"`,
                `rooms="kitchen"`, `weekdays="weekend"`, `after="2024-02"`.

        Raises:
            ConfigError: The sentence is empty, or a setting does not exist or does not fit.
        """
        return self._shown(self.searcher.search(text, self.options(options, **changes)))

    def ask(self, question: str, **how: Any) -> "AskResult":
        """The answer to a question: a number with an interval, a time of day, a comparison, or moments.

        `how`: `now` (what "yesterday" counts from; None: the end of the log), `home`, `top_k` moments.
        """
        from discover.api.asking import ask_home

        return ask_home(self, question, **how)

    def similar(self, window_id: str, options: SearchOptions | None = None, **changes: Any) -> "SearchResult":
        """The moments that are like a window, without itself; see `search`.

        Raises:
            JoinError: There is no such window.
        """
        return self._shown(self.searcher.similar(window_id, self.options(options, **changes)))

    def captions_of(
        self, window_id: str, options: SearchOptions | None = None, **changes: Any
    ) -> "NearestResult":
        """The captions nearest to a window, among those of all windows that pass the filters.

        Raises:
            JoinError: There is no such window.
        """
        from discover.api.search_result import NearestResult

        found = self.searcher.captions_of(window_id, self.options(options, **changes))
        return NearestResult(window_id, found)

    def labels_of(self, start: str, options: SearchOptions | None = None, **changes: Any) -> "NearestResult":
        """The activities whose prompts are nearest to a window (its id) or to a sentence; no label is read.

        Raises:
            ConfigError: The home has no activities.
            JoinError: `start` is one word and no window.
        """
        from discover.api.search_result import NearestResult

        chosen = self.options(options, **changes)
        return NearestResult(start, self.searcher.labels_of(start, top_k=chosen.top_k, by=chosen.by))

    def options(self, options: SearchOptions | None = None, **changes: Any) -> SearchOptions:
        """Options of a search: those given, else the index's own, with some fields changed and checked."""
        base = dict(self.searcher.defaults if options is None else options)
        filters = {k: v for k, v in changes.items() if k in SearchFilters.model_fields}
        others = {k: v for k, v in changes.items() if k not in filters}
        known = (SearchOptions.model_fields.keys() | SearchFilters.model_fields.keys()) - {"filters"}
        for name in others:
            if name not in SearchOptions.model_fields:
                raise ConfigError(f"A search has no setting '{name}'. {closest(name, known)}")
        if filters:
            given = {**dict(base["filters"]), **_listed(filters)}
            base["filters"] = config_from_mapping(given, SearchFilters, source="search filters")
        return config_from_mapping({**base, **others}, SearchOptions, source="search options")

    def recognise(
        self,
        log: Path | str | None = None,
        *,
        home: Path | str | None = None,
        days: Sequence[Any] = (),
        splits: Sequence[str] = (),
        prompts: Path | str | None = None,
        method: "RecognitionMethod | None" = None,
        config: Mapping[str, Any] | None = None,
    ) -> "RecognitionResult":
        """What was done when: activities of these windows, or of another log. No label but corrections.

        Args:
            log: Another raw log for the trained model to read; None: the windows here.
            home: Home of that log: one of the model's, shipped or a YAML. Without a log, which home of the
                windows here. None where there is one.
            days: Only these days, as dates or "2009-07-21".
            splits: Only train, val or test days of a trained model.
            prompts: YAML with activities of one's own and their sentences.
            method: prompts or self_trained; None: self_trained where captions can help to teach it.
            config: Settings of `RecognitionConfig` that differ from the defaults.

        Raises:
            ConfigError: Options that contradict each other.
            DataError: No window is left.
        """
        from discover.api.recognition_result import RecognitionResult
        from discover.recognition import RecognitionConfig
        from discover.serving.recognise import RecogniseRequest, recognise

        request = RecogniseRequest(
            model=self.path,
            log=None if log is None else Path(log),
            home=None if home is None else str(home),
            index=self.index,
            splits=tuple(splits),
            days=tuple(_day(day) for day in days),
            prompts=None if prompts is None else Path(prompts),
            method=method,
            captions=self.caption_style,
            config=config_from_mapping(config or {}, RecognitionConfig, source="options"),
            corrections=None if self.prepared is None else self.prepared.corrections,
        )
        if self.prepared is not None:
            from discover.serving.recognise_captions import recognise_captions

            found = recognise_captions(request, self.searcher.index, self.home, self.searcher.encoder)
            return RecognitionResult(found, self.path.name)
        name = f"windows of {self.path.name}" if request.log is None else request.log.name
        if splits:
            name += f", {' and '.join(splits)} days"
        return RecognitionResult(
            recognise(request, self.progress), name, log is not None and home is not None
        )

    def correct(self, text: str, begin: Any = None, end: Any = None, **about: Any) -> "Correction":
        """Say what was truly done, or what a sensor is; recognition follows from now on.

        Arguments and errors are those of `HomeCorrections.add`.
        """
        return self.corrections.add(text, begin, end, **about)

    @property
    def corrections(self) -> "HomeCorrections":
        """All corrections, oldest first; `.undo(id)` takes one back."""
        from discover.api.corrections import HomeCorrections

        return HomeCorrections.of(self)

    def summary(self) -> "SummaryResult":
        """What was found: activities by day and hour, three answered questions, unusual days; then the rest.

        Raises:
            ConfigError: There are several homes.
        """
        from discover.api.summary_result import summary_of

        return summary_of(self)

    def timeline(self, *, home: str | None = None) -> "HomePicture":
        """What was done when, day by day, in a notebook: to zoom with the extra `notebook`, else as SVG.

        `home` says whose days, where there are several homes.
        """
        from discover.api.pictures import picture_of

        return picture_of(self, "timeline", home)

    def map(self, *, home: str | None = None) -> "HomePicture":
        """All windows as points, like ones near to each other; see `timeline`."""
        from discover.api.pictures import picture_of

        return picture_of(self, "map", home)

    def clusters(
        self, name: str | None = None, *, home: str | None = None, **settings: Any
    ) -> "ClustersResult":
        """Recurring behaviour with titles and sentences, found now or before; nothing is computed twice.

        Args:
            name: Name of a clustering; None: the only one there is, else the default settings make one, for a
                raw log k-means.
            home: Whose behaviour, where there are several homes.
            settings: Fields of `ClusteringConfig`; with any of them that clustering is found.

        Raises:
            ConfigError: No clustering of that name, or a setting does not fit.
        """
        from discover.api.clusters_result import clusters_of

        return clusters_of(self, name, home, settings)

    def changes(
        self,
        baseline: str | None = None,
        period: str | None = None,
        *,
        by: "ChangeSource | None" = None,
        rolling: int | None = None,
        window: int | None = None,
        clusters: str | None = None,
        home: str | None = None,
        show_all: bool = False,
        **settings: Any,
    ) -> "ChangesResult":
        """What became more, less, earlier or later between two periods, or week by week.

        Args:
            baseline, period: A month "2009-07", a day, or a range "2009-07-01..2009-07-20".
            by: cluster, room, object, company or activity; None: cluster with a model, room without.
            rolling: Instead of two periods: compare every window with this many days before it.
            window: Days of such a window.
            clusters: Name of the clustering, where there are several.
            home: Whose time, where there are several homes.
            show_all: Also show what did not change.
            settings: Fields of `ChangeConfig`.

        Raises:
            ConfigError: Periods or settings that do not fit.
            DataError: A period has too few usable days.
        """
        from discover.api.changes_result import ChangesResult, check_periods
        from discover.changes import ChangeConfig, RollingConfig
        from discover.serving.changes import ChangeRequest, changes_of_model, rolling_changes_of_model

        chosen = by or ("room" if self.prepared is not None else "cluster")
        if chosen == "activity" and self.prepared is not None:
            raise ConfigError(
                f"Changes by activity are made with a trained model, and {self.path} is a raw log. Train one "
                "with `discover run` (docs/tutorial.md) and open its folder; by room, object, company or "
                "cluster works without one."
            )
        config = config_from_mapping(settings, ChangeConfig, source="options")
        request = ChangeRequest(
            model=self.folder, by=chosen, clusters=clusters, index=self.index, home=home, config=config
        )
        spans = check_periods(baseline, period, rolling, window)
        if isinstance(spans, RollingConfig):
            compared, own = rolling_changes_of_model(request, spans)
            return ChangesResult(compared, own.name, chosen, show_all)
        two, own = changes_of_model(request, *spans)
        return ChangesResult(two, own.name, chosen, show_all)

    def embed(self, texts: str | Sequence[str]) -> NDArray[np.float32]:
        """(N, P) unit vectors of sentences, to compare with `vectors`.

        Raises:
            ConfigError: A sentence is empty.
        """
        return self.searcher.query_vectors([texts] if isinstance(texts, str) else texts)

    @property
    def vectors(self) -> NDArray[np.floating]:
        """(W, P) unit vectors of the windows, in the order of `windows`."""
        return self._index.vectors

    @property
    def windows(self) -> pl.DataFrame:
        """`retrieval.WINDOW_FACTS`: one row per window with times, rooms and objects."""
        return self._index.windows

    @property
    def events(self) -> pl.DataFrame:
        """`core.tables.EVENTS` of the only home; `window_set.logs` holds those of several."""
        return self.window_set.events

    @cached_property
    def captions(self) -> pl.DataFrame:
        """`core.tables.CAPTIONS`: the sentences of each window."""
        from discover.serving.caption_files import find_caption_style, read_style_captions

        style = find_caption_style(self.samplings, self.searcher.encoder.config.type, self.caption_style)
        return read_style_captions(self.samplings, style)

    @property
    def folder(self) -> Path:
        """Where clusterings lie: the model's folder, or that of a raw log's windows."""
        return self.path if self.prepared is None else self.prepared.sampling

    @property
    def home(self) -> Home:
        """Sensors, rooms and activities of the only home; `window_set.homes` holds several."""
        return self.window_set.home

    def describe(self) -> "Description":
        """What there is, what is guessed, and where it is kept."""
        from discover.api.description import Description

        return Description(self.path, self.window_set, self.samplings, self.prepared is None)

    def parts(self) -> Any:
        """As `describe`."""
        return self.describe().parts()

    @cached_property
    def window_set(self) -> WindowSet:
        """Windows with their events and homes."""
        return self.searcher.window_set if "searcher" in self.__dict__ else indexed_windows(self.index)

    @cached_property
    def samplings(self) -> tuple[Path, ...]:
        """Folders of the windows, captions and text vectors, one per home."""
        return samplings_of(self.index)

    @cached_property
    def searcher(self) -> "Searcher":
        """What answers questions: text encoder, index, and a model or the captions' own space."""
        from discover.serving.search import Searcher

        if self.prepared is None:
            found = Searcher.open(
                self.path, index=self.index, config=self.index_config, caption_style=self.caption_style
            )
        else:
            from discover.api.raw_log import searcher_of

            found = searcher_of(self)
        return found if self.parser is None else replace(found, parser=self.parser)

    @cached_property
    def _index(self) -> Index:
        return self.searcher.index if "searcher" in self.__dict__ else Index.load(self.index)

    def _shown(self, answer: "Answer") -> "SearchResult":
        from discover.api.search_result import SearchResult

        return SearchResult(answer, self.searcher.window_set, len(self.searcher.index), lambda: self.captions)


def _listed(values: Mapping[str, Any]) -> dict[str, Any]:
    """One value where a filter takes several is a list of one."""
    several = {name for name, info in SearchFilters.model_fields.items() if info.default == ()}
    return {k: (v,) if k in several and isinstance(v, str | int) else v for k, v in values.items()}


def _day(day: Any) -> date:
    if isinstance(day, date):
        return day
    try:
        return date.fromisoformat(str(day))
    except ValueError:
        raise ConfigError(f"A day is '{day}'; write it as YEAR-MONTH-DAY, such as 2009-07-21.") from None
