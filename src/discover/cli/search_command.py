"""The options of `discover search`. Imports only typer; what answers is imported when it is called."""

import gc
from pathlib import Path
from typing import Annotated, Literal

import typer

__all__ = ["search"]

_ASK, _FILTER, _ANSWERS = "What to ask", "Which windows", "How to answer"


def search(
    model: Annotated[Path, typer.Argument(help="Folder of a trained model, e.g. trained_models/demo/demo.")],
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
    home: Annotated[
        list[str] | None, typer.Option(help="Only this home. Repeatable.", rich_help_panel=_FILTER)
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(metavar="DATE", help="Begins at 2009-07-14, 2009-07 or later.", rich_help_panel=_FILTER),
    ] = None,
    until: Annotated[
        str | None, typer.Option(metavar="DATE", help="Begins before this date.", rich_help_panel=_FILTER)
    ] = None,
    hours: Annotated[
        str | None,
        typer.Option(
            metavar="FROM-TO", help="Begins in these hours: 6:30-8; 22-5 wraps.", rich_help_panel=_FILTER
        ),
    ] = None,
    weekday: Annotated[
        list[str] | None,
        typer.Option(
            metavar="DAY", help="monday ... sunday, weekend, weekdays. Repeatable.", rich_help_panel=_FILTER
        ),
    ] = None,
    room: Annotated[
        list[str] | None,
        typer.Option(help="Someone was in this room. Repeatable: any of them.", rich_help_panel=_FILTER),
    ] = None,
    min_duration: Annotated[
        float,
        typer.Option(min=0, metavar="SECONDS", help="Lasts this long or more.", rich_help_panel=_FILTER),
    ] = 0.0,
    split: Annotated[
        str | None, typer.Option(help="Only train, val or test days.", rich_help_panel=_FILTER)
    ] = None,
    cluster: Annotated[
        list[int] | None,
        typer.Option(help="Only this cluster (see `discover cluster`). Repeatable.", rich_help_panel=_FILTER),
    ] = None,
    clustering: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="Which clustering, where there are several.", rich_help_panel=_FILTER
        ),
    ] = None,
    top_k: Annotated[
        int | None,
        typer.Option("--top-k", "-k", min=1, help="How many answers to show.", rich_help_panel=_ANSWERS),
    ] = None,
    merge: Annotated[
        bool | None,
        typer.Option(
            "--merge/--no-merge",
            help="Join neighbouring and overlapping windows into one moment.",
            rich_help_panel=_ANSWERS,
        ),
    ] = None,
    mmr: Annotated[
        float | None,
        typer.Option(
            min=0,
            max=1,
            metavar="LAMBDA",
            help="Answers that differ from each other: 1 is relevance alone, 0.5 a good start.",
            rich_help_panel=_ANSWERS,
        ),
    ] = None,
    by: Annotated[
        Literal["sensors", "captions"],
        typer.Option(
            help="Compare with window vectors, or with captions only (a baseline).", rich_help_panel=_ANSWERS
        ),
    ] = "sensors",
    captions: Annotated[
        str | None,
        typer.Option(
            metavar="STYLE", help="Caption style to use, where there are several.", rich_help_panel=_ANSWERS
        ),
    ] = None,
    query_words: Annotated[
        Literal["prefer", "filter", "off"] | None,
        typer.Option(
            help="What places, absence, duration, movement and times read from the sentence do: put windows "
            "first that meet them, allow nothing else, or leave the sentence to the model.",
            rich_help_panel=_ANSWERS,
        ),
    ] = None,
    index: Annotated[
        Path | None,
        typer.Option(
            help="Index folder. Default: the model's only one of free-running windows.",
            rich_help_panel=_ANSWERS,
        ),
    ] = None,
    backend: Annotated[
        Literal["auto", "exact", "faiss"] | None,
        typer.Option(
            help="Score every window, or use FAISS. Default: as the index was made.", rich_help_panel=_ANSWERS
        ),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print JSON instead of text.", rich_help_panel=_ANSWERS)
    ] = False,
) -> None:
    """Find the moments of a log that match a sentence, or that are like a window.

    Explicit words are read by rule, against the rooms and objects of the home: "in the kitchen but not at the
    stove", "from the bedroom to the bathroom", "a long stay", "for more than ten minutes", "through four or
    more rooms", "at night", "on weekends". Windows that meet them come first, and the answer says how they
    were read; the meaning of the rest decides among them. Filters are exact. Where --top-k, --merge, --mmr
    or --query-words is left out, the run's `retrieval.search` decides (5 answers, merged, prefer).
    """
    # Collecting garbage while modules load finds none, and takes a tenth of the start.
    gc.disable()
    from discover.cli.search import check_one_question, open_searcher, run_search
    from discover.cli.search_filters import build_filters

    gc.enable()
    check_one_question(text, like, captions_of, label_of, batch, interactive)
    filters = build_filters(
        homes=home or (),
        since=since,
        until=until,
        hours=hours,
        weekdays=weekday or (),
        rooms=room or (),
        min_duration_s=min_duration,
        splits=(split,) if split else (),
        clusters=cluster or (),
    )
    searcher = open_searcher(model, index=index, backend=backend, captions=captions)
    said = {"top_k": top_k, "merge": merge, "mmr": mmr, "query_words": query_words}
    options = searcher.defaults.model_copy(
        update={
            **{name: value for name, value in said.items() if value is not None},
            "filters": filters,
            "by": by,
            "clustering": clustering,
        }
    )
    run_search(
        searcher,
        options,
        text=text,
        like=like,
        captions_of=captions_of,
        label_of=label_of,
        batch=batch,
        interactive=interactive,
        as_json=as_json,
    )
