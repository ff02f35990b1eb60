"""Entry points `discover` and `train.py`: an error becomes one paragraph and an exit code."""

import os
import sys
from collections.abc import Callable, Sequence

from discover.core.errors import DiscoverError

__all__ = ["main", "train_main"]


def main(arguments: Sequence[str] | None = None) -> None:
    """Run `discover` with `arguments` (default: the command line) and exit."""
    # Threads that spin while they wait cost most of the machine when anything else runs on it
    # (docs/experiments.md). Read when torch loads its OpenMP.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    # oneDNN keeps a kernel per matrix shape, and packed batches have a new shape every step: its default of
    # 1,024 kernels makes training grow (docs/experiments.md). A step itself reuses far fewer.
    os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "64")
    from discover.cli.app import app

    sys.exit(_guarded(lambda: app(args=list(sys.argv[1:] if arguments is None else arguments))))


def train_main(arguments: Sequence[str] | None = None) -> None:
    """Run `train.py`: the same as `discover train`."""
    main(["train", *(sys.argv[1:] if arguments is None else arguments)])


def _guarded(call: Callable[[], object]) -> int:
    from rich.console import Console

    try:
        call()
    except DiscoverError as error:
        # soft_wrap: one paragraph, broken by the terminal only, so that it can be searched and copied.
        Console(stderr=True).print(f"Error: {error}", style="bold red", soft_wrap=True, markup=False)
        return error.exit_code
    except KeyboardInterrupt:
        Console(stderr=True).print("Stopped. Run the same command again to go on from here.", markup=False)
        return 130
    except BrokenPipeError:
        sys.stderr.close()
        return 0
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else int(stop.code is not None)
    return 0
