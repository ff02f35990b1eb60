"""The command line: parse arguments, wire rooms together, print. Heavy imports happen inside commands."""

from discover.cli.entry import main, train_main

__all__ = ["main", "train_main"]
