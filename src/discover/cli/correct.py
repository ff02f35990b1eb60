"""`discover correct`."""

from pathlib import Path
from typing import Annotated

import typer

from discover.cli.options import IndexOption, JsonOption, LayoutOption, LogWorkspaceOption

__all__ = ["correct"]


def correct(
    path: Annotated[Path, typer.Argument(help="A raw log, or the folder of a trained model.")],
    text: Annotated[
        str | None,
        typer.Argument(
            help="What it was: an activity, known or new ('breakfast'); what a sensor is ('M012 is the "
            "dishwasher', 'M012 is in the bathroom'); or who it was ('that was Dad, not Mum')."
        ),
    ] = None,
    begin: Annotated[
        str | None, typer.Option("--from", metavar="TIME", help="Begin of the stretch: 2011-03-04 08:10.")
    ] = None,
    end: Annotated[
        str | None, typer.Option("--to", metavar="TIME", help="Its end; 08:40 is one of the same day.")
    ] = None,
    window: Annotated[
        list[str] | None, typer.Option(metavar="ID", help="A window instead of a stretch. Repeatable.")
    ] = None,
    sensor: Annotated[
        str | None,
        typer.Option(
            metavar="ID",
            help="The sensor that is meant (raw logs only); without it, 'this is the dishwasher' means the "
            "only one that was active in the stretch.",
        ),
    ] = None,
    who: Annotated[
        bool, typer.Option("--who", help="The text is a person's name; 'that was Dad' needs no --who.")
    ] = False,
    note: Annotated[str, typer.Option(help="Anything worth remembering.")] = "",
    home: Annotated[str | None, typer.Option(help="Which home, where a model is of several.")] = None,
    listed: Annotated[bool, typer.Option("--list", help="Show all corrections.")] = False,
    undo: Annotated[str | None, typer.Option(metavar="ID", help="Take a correction back.")] = None,
    index: IndexOption = None,
    layout: LayoutOption = None,
    workspace: LogWorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Tell what was truly done, who it was, or what a sensor is. `discover recognise` follows it from now on.

    A correction is a line in a file that is kept with the imported log or the model. The windows it covers
    are answered as told, and up to 20 of them are examples for all others. What a sensor is changes the YAML
    of --layout where you gave your own. Who it was is kept for the told windows alone: sensors do not tell
    people apart (docs/guides/corrections.md), so it is never guessed for others.
    """
    from discover.api import open_home
    from discover.api.corrections import sensor_words
    from discover.cli.console import BarProgress, console, print_json, print_result
    from discover.core.errors import ConfigError
    from discover.core.progress import SILENT

    if sum((text is not None, listed, undo is not None)) != 1:
        raise ConfigError("Give one of these: what it was, --list, or --undo with the id of a correction.")
    opened = open_home(
        path, home=layout, workspace=workspace, index=index, progress=SILENT if as_json else BarProgress()
    )
    corrections = opened.corrections
    if text is not None:
        made = corrections.add(
            text, begin, end, windows=window or (), sensor=sensor, home=home, note=note,
            kind="person" if who else None,
        )  # fmt: skip
        said = f"Stored as {made.id}: {made.text}. Take it back with --undo {made.id}."
        if made.sensor is not None:
            was = opened.window_set.homes[made.home].sensor(made.sensor.id)
            said = f"Sensor {was.id} is {sensor_words(made.sensor)} (it was {sensor_words(was)}). {said}"
            if not made.made:
                said = f"{said.partition(' Stored')[0]} Written to {layout}."
    elif undo is not None:
        said = f"Taken back: {corrections.undo(undo).text}."
    else:
        said = ""
    corrections = opened.corrections
    if as_json:
        print_json({"file": str(corrections.file.path), "corrections": corrections.as_json()})
        return
    if said:
        console.print(said, highlight=False, soft_wrap=True)
    else:
        print_result(corrections)
