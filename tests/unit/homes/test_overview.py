"""What verify and import say about sensors, labels and what training needs; the sentences of labels."""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from discover.cli.homes import homes_app
from discover.core.config import load_yaml
from discover.core.errors import DataError
from discover.core.home import Home
from discover.homes import (
    ALLOWED_TYPES,
    ImportedLog,
    file_table,
    guess_notes,
    home_file_text,
    import_log,
    label_table,
    labels_without_sentence,
    sensor_table,
    training_needs,
)
from discover.homes.activity_labels import activity_for, sentence_known

Import = Callable[..., ImportedLog]

LOG = (
    "2011-03-01 07:00:00\tbinary_sensor.kitchen_motion\tON\tCook begin\n"
    "2011-03-01 07:10:00\tbinary_sensor.kitchen_motion\tOFF\tCook end\n"
    "2011-03-01 08:00:00\tZ9\tON\tPaint_Nails begin\n"
    "2011-03-01 08:30:00\tbinary_sensor.kitchen_motion\tON\tPaint_Nails end\n"
)

FIELD = [
    "R1_Sleep",
    "r1.Sleep",
    "Sleeping",
    "Bed_to_Toilet",
    "PrepareBreakfast",
    "Preparing Breakfast",
    "Having Breakfast",
    "use toilet",
    "Toileting",
    "Use_the_toilet",
    "take shower",
    "Having Shower",
    "Showering",
    "brush teeth",
    "go to bed",
    "leave house",
    "Going Out",
    "get drink",
    "Preparing a beverage",
    "Going out to work",
    "Talking on telephone",
    "Putting away groceries",
    "Doing laundry",
    "Lawnwork",
    "Taking out the trash",
    "Watching TV",
    "Listening to music",
    "Working at computer",
    "Taking medication",
    "Morning_Meds",
    "Eve_Medicine",
    "Work_On_Computer",
    "Entertain_Guests",
    "Step_Out",
    "Respirate",
    "Groom",
    "Wash_Lunch_Dishes",
    "Housekeeping",
    "Meal_Preparation",
    "Spare_Time/TV",
    "BATHROOM ACTIVITY",
    "MAKE SIMPLE FOOD",
    "OUT HOME",
    "PET CARE",
    "TAKE MEDS",
    "DISHWASHING",
    "Using Internet",
    "Changing Clothes",
    "Having Guest",
    "Napping",
    "Washing_the_dishes",
    "Using_the_sink",
    "Computing",
    "Enter_the_SmartLab",
    "Play_a_videogame",
    "Put_waste_in_the_bin",
    "Relax_on_the_sofa",
    "Put_washing_into_the_washing_machine",
    "dental_care",
    "personal",
    "leisure",
    "Sleeping_Not_in_Bed",
    "Phone_Call",
]


def test_what_was_guessed_of_every_sensor(import_text: Import) -> None:
    columns, rows = sensor_table(import_text(LOG).log)
    assert columns[:4] == ("sensor", "type", "room", "what it watches")
    assert rows == [
        ("binary_sensor.kitchen_motion", "motion", "kitchen", "", "ON 2, OFF 1", 3, ""),
        ("Z9", "unknown", "", "", "ON 1", 1, ""),
    ]


def test_what_is_missing_is_said_with_the_allowed_types(import_text: Import) -> None:
    notes = guess_notes(import_text(LOG).log.home)
    assert notes[0].startswith("1 of 2 sensors without room")
    assert "1 of 2 sensors of unknown type" in notes[1]
    assert all(kind in notes[1] for kind in ALLOWED_TYPES)
    assert guess_notes(import_text("2011-03-01 07:00:00 Z8 ON\n").log.home)[0].startswith("1 of 1 sensors")


def test_labels_with_their_counts_and_sentences(import_text: Import) -> None:
    imported = import_text(LOG)
    _, rows = label_table(imported.log)
    assert [(row[0], row[1], row[2], row[4]) for row in rows] == [
        ("cook", "cook", 1, 2),
        ("paint_nails", "other", 1, 2),
    ]
    assert rows[0][5] == "someone cooks a meal in the kitchen"
    assert labels_without_sentence(imported.log.home) == ("paint_nails",)


@pytest.mark.parametrize("label", FIELD)
def test_labels_of_the_field_have_sentences(label: str) -> None:
    assert sentence_known(label)
    activity = activity_for(label)
    assert len(activity.described) == 2
    assert activity.label == activity.label.lower()


@pytest.mark.parametrize(
    ("spellings", "coarse"),
    [
        (("Prepare Breakfast", "PrepareBreakfast", "preparing_breakfast", "Make the breakfast"), "cook"),
        (("Use toilet", "Toileting", "using_the_toilet", "R2_Toilet"), "personal_hygiene"),
        (("Take_Medicine", "Taking medication", "TAKE MEDS"), "take_medicine"),
        (("Leaving", "leave house", "Leave_Home", "Going Out"), "leave_home"),
    ],
)
def test_spellings_of_one_activity_share_their_sentences(spellings: tuple[str, ...], coarse: str) -> None:
    found = {activity_for(s).described for s in spellings}
    assert len(found) == 1
    assert {activity_for(s).coarse for s in spellings} == {coarse}


def test_a_label_nobody_knows_keeps_its_own_words() -> None:
    activity = activity_for("R1_PaintNails")
    assert (activity.label, activity.described, activity.coarse) == ("paint_nails", ("paint nails",), "other")
    assert not sentence_known("R1_PaintNails")


def events_on(days: int, hours: float = 1.0) -> pl.DataFrame:
    start = datetime(2024, 1, 1, 8)
    times = [start + timedelta(days=d, hours=h) for d in range(days) for h in (0.0, hours)]
    return pl.DataFrame({"time": pl.Series(times, dtype=pl.Datetime("us"))})


def test_training_needs_three_days() -> None:
    assert "covers 2.0 hours on 1 calendar day." in training_needs(events_on(1, 2.0))
    assert "at least 3 days" in training_needs(events_on(2))
    assert training_needs(events_on(3)) == ""
    assert "no event" in training_needs(events_on(1).clear())


def test_the_home_file_is_ready_to_use(import_text: Import, tmp_path: Path) -> None:
    home = import_text(LOG, name="log.txt").log.home
    path = tmp_path / "mine.yaml"
    path.write_text(home_file_text(home))
    assert load_yaml(path, Home) == home
    assert "# type: one of motion, door" in path.read_text()


def test_import_with_a_name_writes_the_home_file_and_never_replaces_it(tmp_path: Path) -> None:
    (tmp_path / "log.txt").write_text(LOG)
    command = ["import", str(tmp_path / "log.txt"), "--name", "mine", "-w", str(tmp_path)]
    first = CliRunner().invoke(homes_app, command)
    assert first.exit_code == 0, first.output
    path = tmp_path / "mine.yaml"
    home = load_yaml(path, Home)
    assert home.sensor("binary_sensor.kitchen_motion").room == "kitchen"
    path.write_text(path.read_text().replace("id: Z9, type: unknown", "id: Z9, type: light"))
    second = CliRunner().invoke(homes_app, command)
    assert "Kept" in second.output
    assert load_yaml(path, Home).sensor("Z9").type == "light"
    assert "paint_nails" in second.output
    assert "Training needs at least" in " ".join(second.output.split())


def test_verify_shows_the_file(tmp_path: Path) -> None:
    (tmp_path / "log.txt").write_text(LOG)
    result = CliRunner().invoke(homes_app, ["verify", str(tmp_path / "log.txt")])
    shown = " ".join(result.output.split())
    assert result.exit_code == 0, result.output
    assert "separator TAB" in shown
    assert "oldest first" in shown
    assert "1 of 2 sensors without room" in shown


RESIDENTS = (
    '2024-01-01,07:00:00,BedroomABed,ON,r1.Sleep="begin"\n2024-01-01,07:10:00,BedroomABed,OFF,r1.Sleep="end"\n'
    '2024-01-01,07:11:00,KitchenAStove,ON,R2_Cook="begin"\n2024-01-01,07:20:00,KitchenAStove,OFF,R2_Cook="end"\n'
    '2024-01-01,08:00:00,FrontDoor,OPEN,r1.Leave_Home="begin"\n'
    '2024-01-01,08:00:12,FrontDoor,CLOSE,r1.Leave_Home="end"\n'
    '2024-01-01,16:00:00,FrontDoor,OPEN,r1.Enter_Home="begin"\n'
    '2024-01-01,16:00:12,FrontDoor,CLOSE,r1.Enter_Home="end"\n'
)


def test_residents_come_from_labels_and_leaving_is_a_crossing(tmp_path: Path) -> None:
    path = tmp_path / "hh.csv"
    path.write_text(RESIDENTS)
    table = import_log(path, name="x").log.annotations
    assert table.select("activity", "resident").rows() == [
        ("sleep", "R1"),
        ("cook", "R2"),
        ("leave_home", "R1"),
        ("enter_home", "R1"),
    ]
    leaving = table.row(2, named=True)
    assert (leaving["end"] - leaving["begin"]).total_seconds() == 12
    assert leaving["n_events"] == 2


@pytest.mark.parametrize("label", ["", "\tCooking begin"])
def test_a_zone_that_nobody_gave_is_not_written(
    label: str, import_text: Callable[..., ImportedLog], tmp_path: Path
) -> None:
    log = tmp_path / "zoned.txt"
    log.write_text(f"2023-07-01 08:00:00\tM001\tON{label}\n")
    imported = import_text(log.read_text())
    home_file = tmp_path / "flat.yaml"
    home_file.write_text(home_file_text(imported.log.home))
    assert dict(file_table(log, imported)[1])["time zone"] == "(not given)"
    assert "time_zone" not in load_yaml(home_file, Home).model_fields_set
    with pytest.raises(DataError, match="--time-zone"):
        import_text("2023-07-01T06:00:00Z\tM001\tON\n", home=load_yaml(home_file, Home))
    known = import_text(log.read_text(), time_zone="UTC")
    home_file.write_text(home_file_text(known.log.home))
    assert "time_zone" in load_yaml(home_file, Home).model_fields_set
    assert dict(file_table(log, known)[1])["time zone"] == "UTC"
