"""The reference pages say what the program says, and every command and setting is explained."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_reference_pages_are_current() -> None:
    done = subprocess.run(
        [sys.executable, "docs/build_reference.py", "--check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_every_setting_has_a_sentence() -> None:
    text = (ROOT / "docs/reference/settings.md").read_text()
    rows = [line for line in text.splitlines() if line.startswith("| `")]
    bare = [
        line.split("|")[1]
        for line in rows
        if not line.rstrip("| ").split("|")[-1].strip() or line.endswith("|  |")
    ]
    assert len(rows) > 60
    assert not bare, f"settings without a sentence: {bare}"


def test_every_command_and_option_has_help() -> None:
    text = (ROOT / "docs/reference/commands.md").read_text()
    assert text.count("\n## `discover ") >= 14
    for section in text.split("\n## ")[1:]:
        title, _, body = section.partition("\n")
        assert body.strip(), f"{title} has no help"
        assert not body.strip().startswith("|"), f"{title} has no help"
        for line in body.splitlines():
            if line.startswith("| `"):
                assert line.split("|")[2].strip(), f"{title}: {line.split('|')[1]} has no help"
