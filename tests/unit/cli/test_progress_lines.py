"""Long work says in a log file how far it is; short work stays silent there."""

import pytest

from discover.cli.console import BarProgress


def test_long_work_prints_lines_in_a_file(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    seconds = iter([0.0, 4.0, 11.0, 15.0, 25.0])
    monkeypatch.setattr("discover.cli.console.time.monotonic", lambda: next(seconds))
    progress = BarProgress()
    progress.start("recognition", total=5)
    progress.advance(note="supervised references")
    progress.advance(note="prompts: described")
    progress.advance()
    progress.advance(note="coarse labels")
    progress.finish("done")
    assert capsys.readouterr().out.splitlines() == [
        "  recognition: 2 of 5 after 11 s, prompts: described",
        "  recognition: 4 of 5 after 25 s, coarse labels",
        "  done",
    ]
