"""Errors that libraries raise become sentences; bugs stay bugs."""

import errno
import os
import zipfile
from pathlib import Path

import polars as pl
import pytest
from safetensors import SafetensorError

from discover.core.artifacts import atomic_path
from discover.core.errors import ArtifactError, ConfigError
from discover.core.failures import failure_sentence


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/x/a"), ["/x/a", "No space", "Free some space"]),
        (OSError(errno.EROFS, os.strerror(errno.EROFS), "/x/a"), ["/x/a", "another disk"]),
        (PermissionError(errno.EACCES, "Permission denied", "a"), ["a", "Permission denied", "permissions"]),
        (OSError("No space left on device (os error 28)"), ["No space left", "Free some space"]),
        (pl.exceptions.ComputeError("parquet: File out of specification"), ["File out of specification"]),
        (SafetensorError("IoError(Os { code: 28, kind: StorageFull })"), ["StorageFull", "Free some space"]),
        (zipfile.BadZipFile("File is not a zip file"), ["not a zip file"]),
        (MemoryError(), ["not enough memory"]),
        (RecursionError("maximum recursion depth exceeded"), ["blocks within blocks"]),
        (UnicodeEncodeError("utf-8", "\udcfc", 0, 1, "surrogates not allowed"), ["UTF-8"]),
        (ConfigError("ours"), ["ours"]),
    ],
)
def test_sentences(error: Exception, words: list[str]) -> None:
    said = failure_sentence(error)
    assert said is not None
    assert "None" not in said
    assert "\n" not in said
    for word in words:
        assert word in said


@pytest.mark.parametrize("error", [TypeError("x"), KeyError("x"), AssertionError(), RuntimeError("shape")])
def test_bugs_have_no_sentence(error: Exception) -> None:
    assert failure_sentence(error) is None


@pytest.mark.parametrize(
    "error",
    [OSError("No space left on device"), SafetensorError("StorageFull"), pl.exceptions.ComputeError("x")],
)
def test_a_failed_write_names_its_file_and_reason(error: Exception, tmp_path: Path) -> None:
    with (
        pytest.raises(ArtifactError, match=r"Could not write .*a\.bin: ") as caught,
        atomic_path(tmp_path / "a.bin"),
    ):
        raise error
    assert "None" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []
