"""`discover.open`: what a path is, and opening it."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from discover.core.errors import ConfigError, DataError
from discover.core.progress import SILENT, Progress
from discover.core.shown import one_paragraph

if TYPE_CHECKING:
    from discover.api.opened import OpenedHome
    from discover.query import QueryParser
    from discover.retrieval import IndexConfig
    from discover.stages import StageOutcome

__all__ = ["is_model", "open_home"]

_MODEL_FILES = ("best_model.pt", "model.safetensors", "config.yaml")


def open_home(
    path: Path | str,
    *,
    home: Path | str | None = None,
    workspace: Path | str | None = None,
    index: Path | str | None = None,
    config: "IndexConfig | None" = None,
    captions: str | None = None,
    llm: str | None = None,
    llm_model: str = "default",
    parser: "QueryParser | None" = None,
    progress: Progress = SILENT,
) -> "OpenedHome":
    """Open a raw log, or the folder of a trained model, to ask it questions.

    A raw log is read, cut into windows and described in words the first time: seconds for a week of events,
    minutes for a year. What was made is kept and used again while log and home stay the same.

    Args:
        path: A log (file, folder or archive), or a folder that holds best_model.pt.
        home: For a log: shipped home or home YAML that describes its sensors. None: guessed from the log.
        workspace: For a log: folder for what is made of it. None: a folder of its own below
            `$XDG_CACHE_HOME/discover`, else `~/.cache/discover`.
        index: For a model: index folder. None: its only one of free-running windows.
        config: Exact or approximate search. None: as the index was made.
        captions: Style of captions to use, where the windows of a model have several.
        llm: Endpoint of a language model that reads questions and sentences: the base of an
            OpenAI-compatible server, or Anthropic's address. None: the rules.
        llm_model: Name of its model.
        parser: What reads questions instead: any function `(question, lexicon, now) -> ParsedQuery`.
        progress: Where long work reports.

    Raises:
        DataError: Nothing is there, or the log cannot be read.
        ArtifactError: A model without an index.
        ConfigError: Options that do not go with what the path is.
    """
    from discover.api.opened import OpenedHome

    if llm is not None:
        from discover.serving.llm_parser import LlmParser

        if parser is not None:
            raise ConfigError(
                "Both `llm` and `parser` are given, and one of them reads a question. Leave one out."
            )
        parser = LlmParser(llm, llm_model)
    path = Path(path)
    if not path.exists():
        raise DataError(
            f"There is nothing at {path}. Give a log (text, CSV, folder or archive) or the folder of a "
            "trained model, such as trained_models/demo/demo; `discover homes simulate` makes a log to try."
        )
    if is_model(path):
        from discover.serving.index_folders import only_index

        if home is not None or workspace is not None:
            given = "home" if home is not None else "workspace"
            raise ConfigError(
                f"{path} is a trained model, which has its own home and windows, so `{given}` changes "
                "nothing. Leave it out, or give a raw log."
            )
        chosen = Path(index) if index is not None else only_index(path)
        return OpenedHome(path, None, chosen, config, captions, progress, parser)
    if index is not None:
        raise ConfigError(
            f"`index` names an index of a trained model, and {path} is a raw log. Leave it out."
        )
    from discover.api.raw_log import LOG_CAPTIONS, prepare_log

    folder = None if workspace is None else Path(workspace)
    told = _Told(path)
    try:
        prepared = prepare_log(path, home=home, workspace=folder, progress=progress, on_outcome=told.tell)
    except DataError as error:
        if not path.is_dir():
            raise
        raise DataError(
            f"No trained model in {path} (best_model.pt is missing), and it cannot be read as a log: {error}"
        ) from error
    # Captions of another style may lie there from an earlier version.
    style = captions or LOG_CAPTIONS.style
    opened = OpenedHome(path, prepared, prepared.index, config, style, progress, parser)
    if told.said:
        told.guesses(opened)
    return opened


def is_model(path: Path) -> bool:
    """Whether a path is the folder of a trained model, whole or not; anything else is taken as a log."""
    return path.is_dir() and (
        any((path / name).is_file() for name in _MODEL_FILES) or any(path.glob("index_*/source.json"))
    )


class _Told:
    """Says on standard error that a log is prepared, where that is kept, and what is not known of it."""

    def __init__(self, log: Path) -> None:
        self._log, self.said = log, False

    def tell(self, outcome: "StageOutcome") -> None:
        """Once, after the first stage that had to run."""
        if outcome.ran and not self.said:
            self.said = True
            _say(f"Preparing {self._log} (once; kept below {outcome.stage.folder}).")

    def guesses(self, opened: "OpenedHome") -> None:
        """What is missing in the description of the sensors."""
        from discover.homes import guess_notes

        notes = guess_notes(opened.home)
        for note in notes:
            _say(note)
        if notes:
            _say(
                "A home file describes them: `discover homes import LOG --name NAME` writes one to correct; "
                'give it with --layout NAME.yaml, in Python home="NAME.yaml".'
            )


def _say(text: str) -> None:
    if sys.stderr is not None:
        sys.stderr.write(one_paragraph(text) + "\n")
