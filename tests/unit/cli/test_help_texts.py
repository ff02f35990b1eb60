"""Help texts in whole sentences: no paragraph or option ends, and no line breaks, in the middle of one."""

import inspect
import itertools
import re
from collections.abc import Iterator
from typing import Any

import pytest
import typer.main
from typer.testing import CliRunner

from discover.cli.app import app
from discover.cli.model_options import full_command

ROOT: Any = typer.main.get_command(app)
_LONGEST = 110


def commands() -> Iterator[tuple[str, Any]]:
    """Every command by its words, with all of its options."""
    for name, command in ROOT.commands.items():
        if name == "homes":
            yield from ((f"homes {n}", full_command(c)) for n, c in command.commands.items())
        yield name, full_command(command)


EVERY = dict(commands())


def test_no_command_is_left_out() -> None:
    assert len(EVERY) == 27
    assert {"search", "run", "homes", "homes simulate"} <= set(EVERY)


@pytest.mark.parametrize("name", EVERY)
def test_paragraphs_are_whole_sentences(name: str) -> None:
    for paragraph in inspect.cleandoc(EVERY[name].help).split("\n\n"):
        assert paragraph.rstrip("`)").endswith((".", ":", "?")), paragraph
        lines = paragraph.split("\n")
        for line, after in itertools.pairwise(lines):
            # A line that had room for the next word was cut by accident.
            assert len(line) + 1 + len(after.split()[0]) > _LONGEST - 8, f"{name}: {line!r} breaks too early"


@pytest.mark.parametrize("name", EVERY)
def test_options_are_whole_sentences(name: str) -> None:
    for parameter in EVERY[name].params:
        text = getattr(parameter, "help", None) or ""
        if parameter.name in ("help", "install_completion", "show_completion"):
            continue
        assert text, f"{name} {parameter.name}"
        assert re.search(r"[.?!][`')]*$", text), f"{name} {parameter.opts}: {text}"
        assert "\n" not in text


@pytest.mark.parametrize("name", ["search", "homes simulate", "evaluate"])
def test_the_help_is_printed(name: str) -> None:
    done = CliRunner().invoke(app, [*name.split(), "--help"], env={"COLUMNS": "160"})
    assert done.exit_code == 0
    words = " ".join(re.sub(r"[│╭╮╰╯─]", " ", done.output).split())
    first = inspect.cleandoc(EVERY[name].help).split("\n\n")[0]
    assert " ".join(first.replace("`", "").split()) in words.replace("`", "")
    for parameter in EVERY[name].params:
        assert parameter.opts[0] in words or parameter.param_type_name == "argument"
