"""A sync that is stopped at any write leaves a readable home; the next one loses and doubles nothing."""

import shutil
from pathlib import Path

import pytest
from recorder_database import Row, add_rows, recorder_database, stamp

from discover.core.window_set import load_event_log
from discover.homes.home_assistant import ImportOptions, import_home_assistant, sync_home
from discover.homes.home_assistant.recorder import Recorder

UTC = ImportOptions(time_zone="UTC")
MOTION, DOOR, LAMP = "binary_sensor.kitchen_motion", "binary_sensor.fridge_door", "light.living_room"
OLD = [
    Row(e, s, stamp(f"2024-03-{day:02} 07:00:00"))
    for day in (28, 30, 31)
    for e in (MOTION, DOOR)
    for s in ("on",)
]
NEW = [
    Row(MOTION, "off", stamp("2024-03-31 07:00:05")),
    Row(LAMP, "on", stamp("2024-03-31 23:59:59")),
    Row(DOOR, "off", stamp("2024-03-30 08:00:00")),
    Row(MOTION, "on", stamp("2024-04-01 00:00:01")),
    Row(MOTION, "zzz", stamp("2024-04-01 00:00:02")),
    Row(LAMP, "off", stamp("2024-04-01 00:00:02"), parent=True),
]


class KilledError(BaseException):
    """Stands for SIGKILL: nothing in the package catches it."""


def killed_at(monkeypatch: pytest.MonkeyPatch, number: int, *, after: bool) -> list[str]:
    """Stop at the rename of this number, before it or right after it; return the names of all renames."""
    done: list[str] = []
    rename = Path.replace

    def counted(self: Path, target: Path) -> Path:
        done.append(Path(target).name)
        if len(done) == number and not after:
            raise KilledError
        moved = rename(self, target)
        if len(done) == number:
            raise KilledError
        return moved

    monkeypatch.setattr(Path, "replace", counted)
    return done


def told(folder: Path) -> list[tuple[object, ...]]:
    return list(load_event_log(folder).events.select("time", "sensor", "state").iter_rows())


def test_a_sync_killed_at_every_write_loses_and_doubles_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder = recorder_database(tmp_path / "ha.db", OLD)
    import_home_assistant(str(tmp_path / "ha.db"), tmp_path / "home", UTC)
    add_rows(recorder, NEW)
    import_home_assistant(str(tmp_path / "ha.db"), tmp_path / "whole", UTC)
    before, wanted = told(tmp_path / "home"), told(tmp_path / "whole")
    account = (tmp_path / "whole/import.json").read_text().replace('"whole"', '"home"')
    number, kills = 0, 0
    while True:
        number += 1
        finished = False
        for after in (False, True):
            home = tmp_path / f"killed{number}{after}" / "home"
            shutil.copytree(tmp_path / "home", home)
            with monkeypatch.context() as patch:
                done = killed_at(patch, number, after=after)
                try:
                    sync_home(home)
                    finished = True
                except KilledError:
                    kills += 1
            assert told(home) in (before, wanted), done
            sync_home(home)
            assert told(home) == wanted, done
            assert (home / "import.json").read_text() == account, done
            assert len(list((home / "events").iterdir())) == 2
        if finished:
            break
    assert {"home.yaml", "events.json", "source.json", "import.json"} <= set(done)
    assert kills >= 16


def test_a_sync_killed_while_it_reads_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder = recorder_database(tmp_path / "ha.db", OLD)
    import_home_assistant(str(tmp_path / "ha.db"), tmp_path / "home", UTC)
    add_rows(recorder, NEW)
    before = {p: p.read_bytes() for p in (tmp_path / "home").rglob("*") if p.is_file()}
    table = Recorder._table

    def killed(self: Recorder, *arguments: object) -> object:
        table(self, *arguments)  # type: ignore[arg-type]
        raise KilledError

    with monkeypatch.context() as patch:
        patch.setattr(Recorder, "_table", killed)
        with pytest.raises(KilledError):
            sync_home(tmp_path / "home")
    assert {p: p.read_bytes() for p in (tmp_path / "home").rglob("*") if p.is_file()} == before
    assert sync_home(tmp_path / "home").new_rows == len(NEW)


def test_a_first_import_that_is_killed_can_be_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder_database(tmp_path / "ha.db", [*OLD, *NEW])
    import_home_assistant(str(tmp_path / "ha.db"), tmp_path / "whole", UTC)
    for number in range(1, 9):
        folder = tmp_path / f"home{number}"
        with monkeypatch.context() as patch:
            killed_at(patch, number, after=True)
            with pytest.raises(KilledError):
                import_home_assistant(str(tmp_path / "ha.db"), folder, UTC)
        if (folder / "source.json").is_file():
            sync_home(folder)
        else:
            import_home_assistant(str(tmp_path / "ha.db"), folder, UTC)
        assert told(folder) == told(tmp_path / "whole")
