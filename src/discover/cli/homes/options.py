"""Options that several `discover homes` commands share."""

from pathlib import Path
from typing import Annotated

import typer

__all__ = [
    "ColumnsOption",
    "DataOption",
    "HomeOption",
    "LogArgument",
    "ReaderOption",
    "TranslateOption",
    "UnpackedOption",
    "ZoneOption",
    "allow_unpacked",
    "columns_of",
]

ColumnsOption = Annotated[
    str | None,
    typer.Option(
        metavar="time=A,sensor=B,state=C",
        help="Columns of a CSV with a heading that its names do not tell; A+B joins two columns.",
    ),
]
TranslateOption = Annotated[
    Path | None, typer.Option(help="WSU .translate table: gives rooms to the sensors of an unknown home.")
]
LogArgument = Annotated[
    Path,
    typer.Argument(
        help="The raw log: a text file, plain or packed; or a folder or archive of session files, of events "
        "and activities, or of interval tables."
    ),
]
ReaderOption = Annotated[
    str | None,
    typer.Option(
        help="Name of an installed reader of your own (docs/guides/extending.md). Default: the format is "
        "recognised."
    ),
]
UnpackedOption = Annotated[
    float | None,
    typer.Option(
        help="Largest size in GB that a packed log may unpack to. Default 2, and at most 200 times "
        "its own size."
    ),
]
ZoneOption = Annotated[
    str | None,
    typer.Option(
        help="Time zone of the home, such as Europe/Berlin: times with an offset or Z become its "
        "wall-clock times."
    ),
]
HomeOption = Annotated[
    str | None,
    typer.Option("--home", help="Shipped home or home YAML that the log belongs to. Default: unknown home."),
]
DataOption = Annotated[Path, typer.Option("--workspace", "-w", help="Folder that holds data/.")]


def columns_of(text: str | None) -> dict[str, str] | None:
    """The columns that --columns names."""
    from discover.homes import named_columns

    return None if text is None else named_columns(text)


def allow_unpacked(gigabytes: float | None) -> None:
    """Raise the limit of unpacking for this process."""
    if gigabytes is not None:
        import os

        from discover.homes import UNPACK_LIMIT_VARIABLE

        os.environ[UNPACK_LIMIT_VARIABLE] = str(gigabytes)
