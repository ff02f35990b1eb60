"""`discover search --interactive`: questions one after the other, with commands that change the settings."""

import shlex
from collections.abc import Iterator
from typing import Any

from discover.api import OpenedHome
from discover.api.search_result import named_homes
from discover.cli.console import console, print_result
from discover.cli.model_options import FieldOption, options_of
from discover.cli.search_models import search_models
from discover.core.config import closest, config_from_mapping
from discover.core.errors import ConfigError, DiscoverError
from discover.retrieval import SearchFilters, SearchOptions

__all__ = ["run_prompt"]

_HELP = """Write a sentence, or a command:
  :hours 22-5          :weekday weekend     :room kitchen        :home NAME
  :since 2009-07-01    :until 2009-08       :min-duration 30     :split test
  :cluster 3           (a filter without a value is taken off; :clear takes all off)
  :top-k 10            :merge on|off        :mmr 0.7|off         :query-words prefer|filter|off
  :by sensors|captions :like WINDOW_ID      :captions WINDOW_ID  :labels WINDOW_ID or a sentence
  :show  what is set   :help                :quit (or Ctrl-D)"""

_ASKING = ("like", "captions", "labels")
_OTHERS = ("help", "show", "clear", "quit")


def run_prompt(home: OpenedHome, options: SearchOptions) -> None:
    """Ask until the input ends, `:quit` or Ctrl-C; a mistake is explained and the next question asked."""
    homes = named_homes(home.searcher.index.homes)
    console.print(f"{len(home.searcher.index):,} windows of {homes}. :help lists the commands.")
    while True:
        try:
            line = console.input("search> ", markup=False).strip()
            if line in (":quit", ":q", ":exit"):
                return
            if line:
                options = _take(home, options, line)
        except (EOFError, KeyboardInterrupt):
            console.print()
            return
        except DiscoverError as error:
            console.print(f"Error: {error}", style="red", soft_wrap=True)


def _take(home: OpenedHome, options: SearchOptions, line: str) -> SearchOptions:
    if not line.startswith(":"):
        print_result(home.search(line, options))
        return options
    command, _, rest = line[1:].partition(" ")
    rest = rest.strip()
    if command in _ASKING:
        _ask(home, options, command, rest)
        return options
    if command == "help":
        console.print(_HELP, highlight=False)
        return options
    if command == "show":
        values = {**dict(options), "filters": options.filters.model_dump(exclude_defaults=True)}
        console.print(", ".join(f"{name}: {value}" for name, value in values.items()))
        return options
    if command == "clear":
        return options.model_copy(update={"filters": SearchFilters()})
    return _changed(options, command, rest)


def _ask(home: OpenedHome, options: SearchOptions, command: str, rest: str) -> None:
    if not rest:
        raise ConfigError(f":{command} needs a window id, as it stands in brackets after an answer.")
    if command == "labels":
        print_result(home.labels_of(rest, options))
    elif command == "like":
        print_result(home.similar(rest, options))
    else:
        print_result(home.captions_of(rest, options))


def _changed(options: SearchOptions, command: str, rest: str) -> SearchOptions:
    """Options with one setting changed, by the name of its flag; without a value, as it is by default."""
    commands = dict(_commands())
    commands["top"] = commands["top-k"]
    if command not in commands:
        raise ConfigError(
            f"There is no command :{command}. {closest(command, [*commands, *_ASKING, *_OTHERS])}"
        )
    owner, option = commands[command]
    try:
        words = shlex.split(rest)
    except ValueError as error:
        raise ConfigError(f":{command} {rest}: {error}.") from error
    values: dict[str, Any] = dict(options.filters if owner == "filters" else options)
    values.pop(option.path)
    if words and not (rest == "off" and option.type is float):
        values[option.path] = words if option.repeated else " ".join(words)
    if owner == "filters":
        values = {
            **dict(options),
            "filters": config_from_mapping(values, SearchFilters, source=f":{command}"),
        }
    return config_from_mapping(values, SearchOptions, source=f":{command} {rest}")


def _commands() -> Iterator[tuple[str, tuple[str, FieldOption]]]:
    """Name of a command -> the model it changes ("filters" or "answers") and the setting."""
    for owner, model in search_models().items():
        if owner != "backend":
            for option in options_of(model):
                for flag in option.flags:
                    yield flag.split("/")[0].lstrip("-"), (owner, option)
