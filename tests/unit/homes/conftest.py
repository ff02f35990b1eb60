"""Made-up logs for the tests of the homes room."""

from collections.abc import Callable
from pathlib import Path

import pytest

from discover.homes import ImportedLog, import_log


@pytest.fixture
def import_text(tmp_path: Path) -> Callable[..., ImportedLog]:
    """Write text or bytes as a log and import it."""

    def run(text: str | bytes, name: str = "log.txt", **options: object) -> ImportedLog:
        path = tmp_path / name
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return import_log(path, **options)  # type: ignore[arg-type]

    return run
