"""`discover homes verify`."""

from discover.cli.homes.guesses import print_guesses
from discover.cli.homes.options import (
    ColumnsOption,
    HomeOption,
    LogArgument,
    ReaderOption,
    TranslateOption,
    UnpackedOption,
    ZoneOption,
    allow_unpacked,
    columns_of,
)

__all__ = ["verify"]


def verify(
    log: LogArgument,
    home: HomeOption = None,
    translate: TranslateOption = None,
    time_zone: ZoneOption = None,
    reader: ReaderOption = None,
    columns: ColumnsOption = None,
    max_unpacked: UnpackedOption = None,
) -> None:
    """Read a log and show what is in it, what was guessed and what is wrong with it. Writes nothing."""
    from discover.cli.console import console, print_table
    from discover.homes import file_table, import_log, load_home, report_table

    allow_unpacked(max_unpacked)
    known = load_home(home) if home else None
    imported = import_log(
        log, home=known, translate=translate, time_zone=time_zone, reader=reader, columns=columns_of(columns)
    )
    events, annotations = imported.log.events, imported.log.annotations
    console.print(
        f"{log.name}: {len(events):,} events of {len(imported.log.home.sensors)} sensors, "
        f"{len(annotations):,} annotations",
        markup=False,
    )
    print_table("", *file_table(log, imported))
    print_table("What was read, repaired or refused", *report_table(imported.report))
    print_guesses(imported)
