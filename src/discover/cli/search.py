"""`discover search`: one question, a file of questions, or a prompt."""

import codecs
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from discover.cli.console import console, print_json, print_table
from discover.core.errors import ConfigError, DataError
from discover.query import check_question
from discover.retrieval import CaptionHit, Hit, IndexConfig, Moment, SearchOptions, format_hit
from discover.serving.search import Answer, LabelHit, Searcher

__all__ = [
    "check_one_question",
    "open_searcher",
    "print_captions",
    "print_labels",
    "print_moments",
    "run_search",
]


def open_searcher(
    model: Path, *, index: Path | None = None, backend: str | None = None, captions: str | None = None
) -> Searcher:
    """Load what all questions share; `backend` None takes the index as it was made."""
    config = None if backend is None else IndexConfig.model_validate({"backend": backend})
    return Searcher.open(model, index=index, config=config, caption_style=captions)


def check_one_question(*questions: object) -> None:
    """Refuse a command line that asks nothing or several things, before anything is loaded.

    Raises:
        ConfigError: Not exactly one question is set, or it is empty or no valid text.
    """
    for question in questions:
        if isinstance(question, str):
            check_question(question)
    given = sum(question is not None and question is not False for question in questions)
    if given != 1:
        raise ConfigError(
            "Ask one thing at a time: a sentence, or one of --like, --captions-of, --label-of, --batch and "
            f"--interactive; found {given} of them."
        )


def run_search(
    searcher: Searcher,
    options: SearchOptions,
    *,
    text: str | None = None,
    like: str | None = None,
    captions_of: str | None = None,
    label_of: str | None = None,
    batch: Path | None = None,
    interactive: bool = False,
    as_json: bool = False,
) -> None:
    """Answer one kind of question (`check_one_question`), as text or JSON."""
    if interactive:
        # The prompt prints through this module, so it is imported where it is used.
        from discover.cli.search_prompt import run_prompt

        run_prompt(searcher, options)
    elif batch is not None:
        _answer_batch(searcher, options, _sentences(batch), as_json=as_json)
    elif captions_of is not None:
        captions = searcher.captions_of(captions_of, options)
        if as_json:
            print_json({"captions_of": captions_of, "answers": [_plain(hit) for hit in captions]})
        else:
            print_captions(captions_of, captions)
    elif label_of is not None:
        labels = searcher.labels_of(label_of, top_k=options.top_k, by=options.by)
        if as_json:
            print_json({"label_of": label_of, "answers": [_plain(hit) for hit in labels]})
        else:
            print_labels(label_of, labels)
    else:
        answer = searcher.search(text, options) if text is not None else searcher.similar(str(like), options)
        if as_json:
            print_json(searcher.as_json(answer))
        else:
            print_moments(searcher, answer)


def print_moments(searcher: Searcher, answer: Answer) -> None:
    """The answers to one question, with what was read from its words and how it was searched."""
    size, home = len(searcher.index), searcher.window_set.home.name
    asked = answer.question
    console.print(f'"{asked}" in {size:,} windows of {home} ({answer.how}):', markup=False, soft_wrap=True)
    if answer.query:
        effect = "these first" if answer.ranked_by_words else "nothing else"
        understood = "; ".join(answer.query.describe())
        line = f"Understood: {understood} ({effect}; --query-words off ignores it)."
        console.print(line, markup=False, soft_wrap=True)
        if answer.query.text != asked:
            console.print(f'Compared by meaning: "{answer.query.text}".', markup=False, soft_wrap=True)
    if answer.note:
        console.print(answer.note, markup=False, soft_wrap=True)
    for rank, (hit, share) in enumerate(zip(answer, answer.shares, strict=True), start=1):
        note = "" if share > 0.995 else f"(meets {share:.0%} of it)"
        told = format_hit(hit, searcher.window_set, note=note)
        console.print(f"\n{rank}. {told}", markup=False, highlight=False)
    if not len(answer) and not answer.note:
        console.print("No window passes the filters.", markup=False)


def print_captions(window_id: str, found: Sequence[CaptionHit]) -> None:
    """The captions nearest to a window."""
    rows = [(hit.score, "own" if hit.own else "", hit.n_windows, hit.caption) for hit in found]
    print_table(f"Captions nearest to {window_id}", ["cosine", "", "windows", "caption"], rows)


def print_labels(start: str, found: Sequence[LabelHit]) -> None:
    """The activities nearest to a window or a caption."""
    rows = [(hit.score, hit.label, hit.prompt) for hit in found]
    print_table(f"Activities nearest to {start}", ["mean cosine", "activity", "nearest prompt"], rows)


def _answer_batch(searcher: Searcher, options: SearchOptions, texts: Sequence[str], *, as_json: bool) -> None:
    answers = searcher.search_many(texts, options)
    if as_json:
        for answer in answers:
            print_json(searcher.as_json(answer), indent=None)
        return
    columns = ["question", "rank", "score", "start", "seconds", "rooms", "window"]
    print_table("", columns, _rows(texts, answers))
    for text, answer in zip(texts, answers, strict=True):
        if answer.note:
            console.print(f'"{text}": {answer.note}', markup=False, soft_wrap=True)


def _rows(texts: Sequence[str], answers: Sequence[Sequence[Hit | Moment]]) -> Iterator[Sequence[object]]:
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


def _plain(hit: CaptionHit | LabelHit) -> dict[str, Any]:
    return {**asdict(hit), "score": round(hit.score, 4)}
