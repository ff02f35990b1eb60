"""Errors a user can act on.

Every message has three parts: what is wrong, what was found, what to do next. The command line
prints them as one paragraph and exits with `exit_code`.
"""

__all__ = [
    "AlteredError",
    "ArtifactError",
    "CheckpointError",
    "ConfigError",
    "DataError",
    "DiscoverError",
    "JoinError",
    "ShapeError",
    "TrainingError",
]


class DiscoverError(Exception):
    """Base of every error that is the input's fault rather than ours."""

    exit_code = 2


class ConfigError(DiscoverError):
    """A setting is unknown, out of range, or contradicts another."""


class DataError(DiscoverError):
    """A log, table or file does not hold what it should."""


class ArtifactError(DiscoverError):
    """An artefact of an earlier stage is missing, damaged or was made from something else."""


class AlteredError(ArtifactError):
    """A file is not the one that was written: it is gone, or its bytes are others."""


class JoinError(DiscoverError):
    """Rows that belong together (window and caption, caption and vector) have no partner."""


class CheckpointError(DiscoverError):
    """A checkpoint is damaged or does not fit the data or config it is used with."""


class ShapeError(DiscoverError, ValueError):
    """Arrays or tensors whose shapes must agree do not."""


class TrainingError(DiscoverError):
    """Training cannot go on, for example because the loss is not a number."""

    exit_code = 3
