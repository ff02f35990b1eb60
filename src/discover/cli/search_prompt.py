"""`discover search --interactive`: questions one after the other, with commands that change the filters."""

import shlex
from collections.abc import Callable
from typing import Any

from discover.cli.console import console
from discover.cli.search import print_captions, print_labels, print_moments
from discover.cli.search_filters import build_filters, parse_hours, parse_time, parse_weekdays
from discover.core.config import closest, config_from_mapping
from discover.core.errors import ConfigError, DiscoverError
from discover.retrieval import SearchFilters, SearchOptions
from discover.serving.search import Searcher

__all__ = ["run_prompt"]

_HELP = """Write a sentence, or a command:
  :hours 22-5          :weekday weekend     :room kitchen        :home NAME
  :since 2009-07-01    :until 2009-08       :min-duration 30     :split test
  :cluster 3           (a filter without a value is taken off; :clear takes all off)
  :top 10              :merge on|off        :mmr 0.7|off         :query-words prefer|filter|off
  :by sensors|captions :like WINDOW_ID      :captions WINDOW_ID  :labels WINDOW_ID or a sentence
  :show  what is set   :help                :quit (or Ctrl-D)"""

_FILTERS: dict[str, tuple[str, Callable[[list[str]], Any]]] = {
    "hours": ("hours", lambda words: parse_hours(" ".join(words))),
    "weekday": ("weekdays", lambda words: parse_weekdays(words)),
    "room": ("rooms", lambda words: build_filters(rooms=words).rooms),
    "home": ("homes", tuple),
    "since": ("after", lambda words: parse_time(" ".join(words), option=":since")),
    "until": ("before", lambda words: parse_time(" ".join(words), option=":until")),
    "min-duration": ("min_duration_s", lambda words: _number(words)),
    "split": ("splits", tuple),
    "cluster": ("clusters", lambda words: tuple(int(_number([word])) for word in words)),
}


def run_prompt(searcher: Searcher, options: SearchOptions) -> None:
    """Ask until the input ends, `:quit` or Ctrl-C; a mistake is explained and the next question asked."""
    console.print(
        f"{len(searcher.index):,} windows of {searcher.window_set.home.name}. :help lists the commands.",
        markup=False,
    )
    while True:
        try:
            line = console.input("search> ", markup=False).strip()
            if line in (":quit", ":q", ":exit"):
                return
            if line:
                options = _take(searcher, options, line)
        except (EOFError, KeyboardInterrupt):
            console.print()
            return
        except DiscoverError as error:
            console.print(f"Error: {error}", style="red", markup=False, soft_wrap=True)


def _take(searcher: Searcher, options: SearchOptions, line: str) -> SearchOptions:
    if not line.startswith(":"):
        print_moments(searcher, searcher.search(line, options))
        return options
    command, _, rest = line[1:].partition(" ")
    if command in _FILTERS:
        return _with(options, filters=_filtered(options.filters, command, rest))
    if command in ("like", "captions", "labels"):
        _ask(searcher, options, command, rest.strip())
        return options
    if command == "help":
        console.print(_HELP, markup=False, highlight=False)
        return options
    if command == "show":
        _show(options)
        return options
    if command == "clear":
        return _with(options, filters=SearchFilters())
    return _changed(options, command, rest.strip())


def _filtered(filters: SearchFilters, command: str, rest: str) -> SearchFilters:
    name, read = _FILTERS[command]
    values = filters.model_dump(exclude_defaults=True)
    values.pop(name, None)
    if rest.strip():
        try:
            values[name] = read(shlex.split(rest))
        except ValueError as error:
            raise ConfigError(f":{command} {rest}: {error}.") from error
    return config_from_mapping(values, SearchFilters, source=f":{command} {rest.strip()}")


def _ask(searcher: Searcher, options: SearchOptions, command: str, rest: str) -> None:
    if not rest:
        raise ConfigError(f":{command} needs a window id, as it stands in brackets after an answer.")
    if command == "labels":
        print_labels(rest, searcher.labels_of(rest, top_k=options.top_k, by=options.by))
        return
    if command == "like":
        print_moments(searcher, searcher.similar(rest, options))
    else:
        print_captions(rest, searcher.captions_of(rest, options))


def _changed(options: SearchOptions, command: str, value: str) -> SearchOptions:
    if command == "top":
        return _with(options, top_k=max(1, int(_number([value]))))
    if command == "mmr":
        return _with(options, mmr=None if value in ("", "off") else _number([value]))
    if command == "merge" and value in ("on", "off"):
        return _with(options, merge=value == "on")
    if command == "by":
        return _with(options, by=value)
    if command == "query-words":
        return _with(options, query_words=value)
    known = [*_FILTERS, "top", "mmr", "merge", "by", "query-words", "like", "captions", "labels", "show",
             "clear", "help", "quit"]  # fmt: skip
    if command in known:
        raise ConfigError(f":{command} cannot be '{value}'. :help shows what it takes.")
    raise ConfigError(f"There is no command :{command}. {closest(command, known)}")


def _with(options: SearchOptions, **changes: Any) -> SearchOptions:
    """Options with some of them changed and checked."""
    return config_from_mapping({**dict(options), **changes}, SearchOptions, source="search options")


def _show(options: SearchOptions) -> None:
    values = {**dict(options), "filters": options.filters.model_dump(exclude_defaults=True)}
    console.print(", ".join(f"{name}: {value}" for name, value in values.items()), markup=False)


def _number(words: list[str]) -> float:
    try:
        return float(" ".join(words))
    except ValueError as error:
        raise ConfigError(f"'{' '.join(words)}' is not a number.") from error
