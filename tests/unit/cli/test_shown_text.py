"""Hostile ids, labels and questions on the terminal, and terminals that are not UTF-8."""

import io
import os
import subprocess
import sys
from pathlib import Path
from typing import NoReturn

import pytest
from rich.console import Console

from discover.cli import console as console_module
from discover.cli import entry
from discover.cli.console import print_json, print_table
from discover.core.errors import DataError

HOSTILE = "a\\[/red] [bold]x[/bold] \x1b[2J\u202e$x^{$\x9b"
SHOWN = "a\\[/red] [bold]x[/bold] \\x1b[2J\\u202e$x^{$\\x9b"


@pytest.fixture
def printed(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    out = io.StringIO()
    monkeypatch.setattr(console_module.console, "_file", out)
    monkeypatch.setattr(console_module.console, "_width", 200)
    return out


def test_text_is_printed_as_it_is_and_without_power(printed: io.StringIO) -> None:
    console_module.console.print(HOSTILE, highlight=False, soft_wrap=True)
    assert printed.getvalue() == SHOWN + "\n"


def test_tables_show_names_as_they_are(printed: io.StringIO) -> None:
    print_table(HOSTILE, [HOSTILE, "n"], [(HOSTILE, 1)])
    lines = printed.getvalue().splitlines()
    assert sum(SHOWN in line for line in lines) == 3
    assert "\x1b" not in printed.getvalue()


def test_json_keeps_the_value_and_steers_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    import json

    print_json({"label": HOSTILE})
    out = capsys.readouterr().out
    assert json.loads(out) == {"label": HOSTILE}
    assert not {"\x1b", "\x9b", "\u202e"} & set(out)


def test_an_error_is_one_harmless_line(capsys: pytest.CaptureFixture[str]) -> None:
    def fail() -> NoReturn:
        raise DataError(f"the label {HOSTILE}\nis wrong")

    assert entry._guarded(fail) == 2
    assert capsys.readouterr().err == f"Error: the label {SHOWN} is wrong\n"


def test_foreign_errors_become_sentences_and_bugs_stay(capsys: pytest.CaptureFixture[str]) -> None:
    def full() -> NoReturn:
        raise OSError(28, "No space left on device", "x.parquet")

    def bug() -> NoReturn:
        raise KeyError("bug")

    assert entry._guarded(full) == 2
    said = capsys.readouterr().err
    assert said.startswith("Error: x.parquet cannot be read or written (No space left on device).")
    assert len(said.splitlines()) == 1
    with pytest.raises(KeyError):
        entry._guarded(bug)


@pytest.mark.parametrize("encoding", ["latin-1", "ascii"])
def test_terminals_that_are_not_utf8(encoding: str, tmp_path: Path) -> None:
    home = tmp_path / "h.yaml"
    home.write_text("name: mine\ntitle: Küche – 厨房 × → ✓\n", encoding="utf-8")
    environment = {**os.environ, "PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"}
    command = [sys.executable, "-m", "discover", "homes", "show", str(home)]
    done = subprocess.run(command, env=environment, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    text = done.stdout.decode(encoding, "replace")
    assert "title: K" in text
    assert "?" in text or encoding == "ascii"  # click takes ASCII for a mistake and writes UTF-8
    missing = [*command[:-1], str(tmp_path / "厨房.yaml")]
    done = subprocess.run(missing, env=environment, capture_output=True, check=False)
    assert done.returncode == 2
    assert done.stderr.decode(encoding).startswith("Error: ")


def test_console_markup_is_off_by_default() -> None:
    assert isinstance(console_module.console, Console)
    with pytest.raises(TypeError):
        console_module.console.print("x", no_such_option=True)
