"""`discover search`: one question, a file of questions, or a prompt."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from discover.cli.console import console, print_json, print_table
from discover.core.errors import ConfigError, DataError
from discover.pipeline.answers import LabelHit, Searcher, SearchSide, TimeWordsUse
from discover.retrieval import (
    CaptionHit,
    Hit,
    IndexConfig,
    Moment,
    SearchFilters,
    TimeWords,
    find_time_words,
    format_hit,
)

__all__ = [
    "SearchSettings",
    "as_options",
    "check_one_question",
    "open_searcher",
    "print_captions",
    "print_labels",
    "print_moments",
    "run_search",
]


@dataclass(frozen=True)
class SearchSettings:
    """How to answer, apart from the question; see `Searcher.search`."""

    top_k: int = 5
    filters: SearchFilters = field(default_factory=SearchFilters)
    merge: bool = True
    mmr: float | None = None
    by: SearchSide = "sensors"
    time_words: TimeWordsUse = "prefer"
    clustering: str | None = None


def open_searcher(
    model: Path, *, index: Path | None = None, backend: str | None = None, captions: str | None = None
) -> Searcher:
    """Load what all questions share; `backend` None takes the index as it was made."""
    config = None if backend is None else IndexConfig.model_validate({"backend": backend})
    return Searcher.open(model, index=index, config=config, caption_style=captions)


def check_one_question(*questions: object) -> None:
    """Refuse a command line that asks nothing or several things, before anything is loaded.

    Raises:
        ConfigError: Not exactly one question is set.
    """
    given = sum(question is not None and question is not False for question in questions)
    if given != 1:
        raise ConfigError(
            "Ask one thing at a time: a sentence, or one of --like, --captions-of, --label-of, --batch and "
            f"--interactive; found {given} of them."
        )


def run_search(
    searcher: Searcher,
    settings: SearchSettings,
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

        run_prompt(searcher, settings)
    elif batch is not None:
        _answer_batch(searcher, settings, _sentences(batch), as_json=as_json)
    elif captions_of is not None:
        captions = searcher.captions_of(
            captions_of,
            top_k=settings.top_k,
            filters=settings.filters,
            by=settings.by,
            clustering=settings.clustering,
        )
        if as_json:
            print_json({"captions_of": captions_of, "answers": [_plain(hit) for hit in captions]})
        else:
            print_captions(captions_of, captions)
    elif label_of is not None:
        labels = searcher.labels_of(label_of, top_k=settings.top_k, by=settings.by)
        if as_json:
            print_json({"label_of": label_of, "answers": [_plain(hit) for hit in labels]})
        else:
            print_labels(label_of, labels)
    else:
        _answer(searcher, settings, text, like, as_json=as_json)


def _answer(
    searcher: Searcher, settings: SearchSettings, text: str | None, like: str | None, *, as_json: bool
) -> None:
    options = as_options(settings)
    if text is not None:
        found = searcher.search(text, **options)
    else:
        options.pop("time_words")
        found = searcher.similar(str(like), **options)
    question = text if text is not None else f"like {like}"
    use: TimeWordsUse = settings.time_words if text is not None else "off"
    if as_json:
        print_json(searcher.as_json(question, found, by=settings.by, time_words=use))
        return
    print_moments(searcher, settings, question, found, with_time_words=text is not None)


def as_options(settings: SearchSettings) -> dict[str, Any]:
    """Settings as keyword arguments of `Searcher.search`."""
    return {name: getattr(settings, name) for name in SearchSettings.__dataclass_fields__}


def print_moments(
    searcher: Searcher,
    settings: SearchSettings,
    question: str,
    found: Sequence[Hit | Moment],
    *,
    with_time_words: bool = True,
) -> None:
    """The answers to one question, with what was understood of its time words and how it was searched."""
    size, home = len(searcher.index), searcher.window_set.home.name
    note = "captions only" if settings.by == "captions" else searcher.index.search_note
    console.print(f'"{question}" in {size:,} windows of {home} ({note}):', markup=False, soft_wrap=True)
    use_words = with_time_words and settings.time_words != "off"
    words = find_time_words(question) if use_words else TimeWords()
    if words:
        effect = "this time first" if settings.time_words == "prefer" else "this time only"
        understood = "; ".join(words.describe())
        console.print(f"Time words: {understood} ({effect}; --time-words off ignores them).", markup=False)
    for rank, hit in enumerate(found, start=1):
        outside = bool(words) and settings.time_words == "prefer" and hit.preference == 0
        told = format_hit(hit, searcher.window_set, note="(not in the named time)" if outside else "")
        console.print(f"\n{rank}. {told}", markup=False, highlight=False)
    if not found:
        console.print("No window passes the filters.", markup=False)


def print_captions(window_id: str, found: Sequence[CaptionHit]) -> None:
    """The captions nearest to a window."""
    rows = [(hit.score, "own" if hit.own else "", hit.n_windows, hit.caption) for hit in found]
    print_table(f"Captions nearest to {window_id}", ["cosine", "", "windows", "caption"], rows)


def print_labels(start: str, found: Sequence[LabelHit]) -> None:
    """The activities nearest to a window or a caption."""
    rows = [(hit.score, hit.label, hit.prompt) for hit in found]
    print_table(f"Activities nearest to {start}", ["mean cosine", "activity", "nearest prompt"], rows)


def _answer_batch(
    searcher: Searcher, settings: SearchSettings, texts: Sequence[str], *, as_json: bool
) -> None:
    answers = searcher.search_many(texts, **as_options(settings))
    if as_json:
        for text, found in zip(texts, answers, strict=True):
            record = searcher.as_json(text, found, by=settings.by, time_words=settings.time_words)
            print_json(record, indent=None)
        return
    columns = ["question", "rank", "score", "start", "seconds", "rooms", "window"]
    print_table("", columns, _rows(texts, answers))


def _rows(texts: Sequence[str], answers: Sequence[Sequence[Hit | Moment]]) -> Iterator[Sequence[object]]:
    for text, found in zip(texts, answers, strict=True):
        for rank, hit in enumerate(found, start=1):
            shown = text if rank == 1 else ""
            rooms = ", ".join(dict.fromkeys(hit.rooms))
            start = f"{hit.start:%Y-%m-%d %H:%M:%S}"
            yield shown, rank, hit.score, start, round(hit.duration_s), rooms, hit.window_id


def _sentences(path: Path) -> list[str]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(
            f"Cannot read {path} as text ({error}). Give a file with one sentence per line."
        ) from error
    texts = [line.strip() for line in lines if line.strip()]
    if not texts:
        raise DataError(f"{path} has no sentence. Write one per line.")
    return texts


def _plain(hit: CaptionHit | LabelHit) -> dict[str, Any]:
    return {**asdict(hit), "score": round(hit.score, 4)}
