"""`discover search`: one question, a file of questions, or a prompt."""

import gc
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from discover.cli.model_options import Settings, with_models
from discover.cli.options import JsonOption, LayoutOption, LlmModelOption, LlmOption, LogWorkspaceOption
from discover.cli.permission_options import with_permissions
from discover.cli.search_models import ANSWERS, search_models

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from discover.api import OpenedHome
    from discover.retrieval import SearchOptions

__all__ = ["check_one_question", "search"]

_ASK = "What to ask"


@with_permissions
@with_models(search_models)
def search(
    path: Annotated[
        Path,
        typer.Argument(
            help="Folder of a trained model, e.g. trained_models/demo/demo; or a raw log, which needs none."
        ),
    ],
    filters: Settings,
    answers: Settings,
    backend: Settings,
    text: Annotated[
        str | None,
        typer.Argument(help="What to look for: 'someone opens the fridge at night'."),
    ] = None,
    like: Annotated[
        str | None,
        typer.Option(
            metavar="WINDOW", help="Find windows like this one (id in brackets).", rich_help_panel=_ASK
        ),
    ] = None,
    captions_of: Annotated[
        str | None,
        typer.Option(metavar="WINDOW", help="Show the captions nearest to a window.", rich_help_panel=_ASK),
    ] = None,
    label_of: Annotated[
        str | None,
        typer.Option(
            metavar="WINDOW|CAPTION",
            help="Show the activities whose prompts are nearest to a window, or to a caption in quotes.",
            rich_help_panel=_ASK,
        ),
    ] = None,
    batch: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Ask every line of a file; with --json one line of JSON each.",
            rich_help_panel=_ASK,
        ),
    ] = None,
    interactive: Annotated[
        bool,
        typer.Option("--interactive", "-i", help="Ask one question after the other.", rich_help_panel=_ASK),
    ] = False,
    captions: Annotated[
        str | None,
        typer.Option(
            metavar="STYLE", help="Caption style to use, where there are several.", rich_help_panel=ANSWERS
        ),
    ] = None,
    index: Annotated[
        Path | None,
        typer.Option(
            help="Index folder. Default: the model's only one of free-running windows.",
            rich_help_panel=ANSWERS,
        ),
    ] = None,
    layout: LayoutOption = None,
    workspace: LogWorkspaceOption = None,
    llm: LlmOption = None,
    llm_model: LlmModelOption = "default",
    as_json: JsonOption = False,
) -> None:
    """Find the moments of a log that match a sentence, or that are like a window.

    Explicit words are read by rule, against the rooms and objects of the home: "in the kitchen but not at the
    stove", "from the bedroom to the bathroom", "a long stay", "for more than ten minutes", "through four or
    more rooms", "at night", "on weekends". Windows that meet them come first, and the answer says how they
    were read; the meaning of the rest decides among them. Filters are exact. Where --top-k, --merge, --mmr or
    --query-words is left out, the run's `retrieval.search` decides (5 answers, merged, prefer).

    A raw log is read, described in words and indexed the first time (nothing is trained); its captions and
    the shipped network find the moments.
    """
    check_one_question(text, like, captions_of, label_of, batch, interactive)
    # Collecting garbage while modules load finds none, and takes a tenth of the start.
    gc.disable()
    from discover.api import open_home
    from discover.cli.console import BarProgress, console, print_json, print_result
    from discover.core.config import config_from_mapping
    from discover.core.progress import SILENT
    from discover.retrieval.config import IndexConfig

    gc.enable()
    home = open_home(
        path, home=layout, workspace=workspace, index=index, captions=captions,
        config=config_from_mapping(backend, IndexConfig, source="options") if backend else None,
        llm=llm, llm_model=llm_model, progress=SILENT if as_json else BarProgress(),
    )  # fmt: skip
    options = home.options(**filters, **answers)
    if interactive:
        from discover.cli.search_prompt import run_prompt

        run_prompt(home, options)
    elif batch is not None:
        _answer_batch(home, options, _sentences(batch), as_json=as_json)
    elif captions_of is not None:
        captions_found = home.captions_of(captions_of, options)
        if as_json:
            print_json({"captions_of": captions_of, "answers": captions_found.as_json()})
        else:
            print_result(captions_found)
    elif label_of is not None:
        labels = home.labels_of(label_of, options)
        if as_json:
            print_json({"label_of": label_of, "answers": labels.as_json()})
        else:
            print_result(labels)
    else:
        answer = home.search(text, options) if text is not None else home.similar(str(like), options)
        if as_json:
            print_json(answer.answer.as_json(home.window_set))
        else:
            print_result(answer)
            if text is not None and _asks_for_a_number(text):
                console.print("This asks for a number: `discover ask` answers it from the whole log.")


def check_one_question(*questions: object) -> None:
    """Refuse a command line that asks nothing or several things, before anything is loaded.

    Raises:
        ConfigError: Not exactly one question is set, or it is empty or no valid text.
    """
    from discover.core.errors import ConfigError
    from discover.query.questions import check_question

    for question in questions:
        if isinstance(question, str):
            check_question(question)
    given = sum(question is not None and question is not False for question in questions)
    if given != 1:
        raise ConfigError(
            "Ask one thing at a time: a sentence, or one of --like, --captions-of, --label-of, --batch and "
            f"--interactive; found {given} of them."
        )


def _asks_for_a_number(text: str) -> bool:
    from discover.query.asking import find_kind

    return find_kind(text.lower())[0] not in ("find", "whether", "who")


def _answer_batch(
    home: "OpenedHome", options: "SearchOptions", texts: "Sequence[str]", *, as_json: bool
) -> None:
    from discover.cli.console import console, print_json, print_table

    answers = home.searcher.search_many(texts, options)
    if as_json:
        for answer in answers:
            print_json(answer.as_json(home.window_set), indent=None)
        return
    columns = ["question", "rank", "score", "start", "seconds", "rooms", "window"]
    print_table("", columns, _rows(texts, answers))
    for text, answer in zip(texts, answers, strict=True):
        if answer.note:
            console.print(f'"{text}": {answer.note}', soft_wrap=True)


def _rows(texts: "Sequence[str]", answers: "Sequence[Any]") -> "Iterator[Sequence[object]]":
    for text, found in zip(texts, answers, strict=True):
        if not len(found):
            yield text, "", "", "no window", "", "", ""
        for rank, hit in enumerate(found, start=1):
            shown = text if rank == 1 else ""
            rooms = ", ".join(dict.fromkeys(hit.rooms))
            start = f"{hit.start:%Y-%m-%d %H:%M:%S}"
            yield shown, rank, hit.score, start, round(hit.duration_s), rooms, hit.window_id


def _sentences(path: Path) -> list[str]:
    """The questions of a file, one a line, without what a text editor puts before the first.

    Raises:
        DataError: It cannot be read as UTF-8 or UTF-16, or has no question.
    """
    import codecs

    from discover.core.errors import DataError

    try:
        data = path.read_bytes()
        wide = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
        lines = data.decode("utf-16" if wide else "utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(
            f"Cannot read {path} as text ({error}). Give a file in UTF-8 with one sentence per line."
        ) from error
    texts = [line.strip() for line in lines if line.strip()]
    if not texts:
        raise DataError(f"{path} has no sentence. Write one per line.")
    return texts
