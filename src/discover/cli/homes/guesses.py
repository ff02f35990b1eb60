"""What was guessed of a log, as `discover homes verify` and `import` print it."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from discover.homes import ImportedLog

__all__ = ["print_guesses"]


def print_guesses(imported: "ImportedLog") -> None:
    """Sensors, labels, and one line each for what is missing."""
    from discover.cli.console import console, print_table
    from discover.homes import (
        guess_notes,
        label_table,
        labels_without_sentence,
        sensor_table,
        training_needs,
    )

    print_table("Sensors, as described or guessed", *sensor_table(imported.log))
    if len(imported.log.annotations):
        print_table("Labels", *label_table(imported.log))
    for note in guess_notes(imported.log.home):
        console.print(note, markup=False)
    unknown = labels_without_sentence(imported.log.home)
    if unknown:
        console.print(
            f"No sentence known for {', '.join(unknown)}: the label's own words are used; write one in the "
            "home file.",
            markup=False,
        )
    needs = training_needs(imported.log.events)
    if needs:
        console.print(needs, markup=False)
