"""Entry points `discover` and `train.py`: an error becomes one paragraph and an exit code."""

import contextlib
import io
import os
import sys
import warnings
from collections.abc import Callable, Sequence

from discover.core.errors import DiscoverError
from discover.core.failures import failure_sentence
from discover.core.shown import one_paragraph

__all__ = ["main", "train_main"]


def main(arguments: Sequence[str] | None = None) -> None:
    """Run `discover` with `arguments` (default: the command line) and exit."""
    # Threads that spin while they wait cost most of the machine when anything else runs on it
    # (docs/experiments.md). Read when torch loads its OpenMP.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    # oneDNN keeps a kernel per matrix shape, and packed batches have a new shape every step: its default of
    # 1,024 kernels makes training grow (docs/experiments.md). A step itself reuses far fewer.
    os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "64")
    _replace_what_cannot_be_shown()
    from discover.cli.app import app

    given = list(sys.argv[1:] if arguments is None else arguments)
    usual = warnings.formatwarning
    warnings.formatwarning = _one_line
    try:
        code = _guarded(lambda: app(args=given))
    finally:
        warnings.formatwarning = usual
    sys.exit(code)


def train_main(arguments: Sequence[str] | None = None) -> None:
    """Run `train.py`: the same as `discover train`."""
    main(["train", *(sys.argv[1:] if arguments is None else arguments)])


def _replace_what_cannot_be_shown() -> None:
    """On a terminal that is not UTF-8, print `?` for a character that it does not have."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            with contextlib.suppress(OSError, ValueError):
                stream.reconfigure(errors="replace")


def _one_line(
    message: Warning | str, category: type[Warning], filename: str, lineno: int, line: str | None = None
) -> str:
    """A warning in one line; its text may quote a file."""
    del category, filename, lineno, line
    return f"Note: {one_paragraph(message)}\n"


def _guarded(call: Callable[[], object]) -> int:
    try:
        call()
    except BrokenPipeError:
        sys.stderr.close()
        return 0
    except KeyboardInterrupt:
        _say("Stopped. Run the same command again to go on from here.")
        return 130
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else int(stop.code is not None)
    except Exception as error:
        said = failure_sentence(error)
        if said is None:
            raise
        _say(f"Error: {said}", style="bold red")
        return error.exit_code if isinstance(error, DiscoverError) else DiscoverError.exit_code
    return 0


def _say(text: str, style: str = "") -> None:
    from rich.console import Console

    # soft_wrap: one paragraph, broken by the terminal only, so that it can be searched and copied.
    Console(stderr=True).print(one_paragraph(text), style=style, soft_wrap=True, markup=False)
