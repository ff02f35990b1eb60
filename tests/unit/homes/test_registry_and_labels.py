"""Shipped homes, sensor guessing, translate tables and harmonised labels."""

from pathlib import Path

import pytest

from discover.core.config import dump_yaml
from discover.core.errors import ConfigError, DataError
from discover.core.home import Home
from discover.homes import coarse_labels, list_homes, load_home, unknown_home
from discover.homes._labels_in_lines import split_resident
from discover.homes.activity_labels import activity_for, with_labels
from discover.homes.places import guess_sensor, place_words, read_translate

SHIPPED = ["aruba", "bosch_b2", "cairo", "kyoto", "kyoto_adlnormal", "milan", "tm000", "tulum"]


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_home_is_complete(name: str) -> None:
    home = load_home(name)
    assert home.name == name
    assert home.source
    assert home.time_zone == "America/Los_Angeles"
    assert [s.id for s in home.sensors] == sorted(s.id for s in home.sensors)
    for activity in home.activities:
        assert activity.coarse in coarse_labels()
        assert 2 <= len(activity.described) <= 3
        assert activity.name == activity.label.replace("_", " ")
        ids = {s.id.lower() for s in home.sensors}
        words = {w.strip(".,").lower() for sentence in activity.described for w in sentence.split()}
        assert not ids & words
        for raw in activity.raw:
            assert home.label_of(raw) == activity.label


@pytest.mark.parametrize(
    ("name", "sensors", "residents", "pets"),
    [
        ("milan", 33, 1, True),
        ("aruba", 40, 1, False),
        ("cairo", 32, 2, True),
        ("kyoto", 104, 2, False),
        ("tulum", 20, 2, False),
    ],
)
def test_published_facts(name: str, sensors: int, residents: int, pets: bool) -> None:
    home = load_home(name)
    assert (len(home.sensors), home.residents, home.pets) == (sensors, residents, pets)


def test_placeholder_positions_are_unknown() -> None:
    assert all(s.x is None for s in load_home("cairo").sensors if s.type == "temperature")


def test_kyoto_rooms_come_from_wsu() -> None:
    kyoto = load_home("kyoto")
    assert (kyoto.sensor("M18").room, kyoto.sensor("M18").object) == ("kitchen", "sink")
    assert (kyoto.sensor("D08").room, kyoto.sensor("D08").object) == ("kitchen", "fridge")


def test_list_homes_and_unknown_name() -> None:
    assert {*SHIPPED} <= {h.name for h in list_homes()}
    with pytest.raises(ConfigError, match="'milan'"):
        load_home("millan")


@pytest.mark.parametrize(
    ("name", "offer"), [("My Home", "my_home"), ("../x", "x"), ("Küche 2", "k_che_2"), ("_", "my_home")]
)
def test_a_name_that_cannot_be_a_folder_is_refused_with_one_that_can(name: str, offer: str) -> None:
    with pytest.raises(ConfigError, match=f"Take '{offer}'"):
        unknown_home(name)
    assert unknown_home(offer).name == offer


def test_home_from_a_yaml_file(tmp_path: Path) -> None:
    home = Home.model_validate({"name": "mine", "sensors": [{"id": "a", "room": "kitchen"}]})
    path = tmp_path / "mine.yaml"
    path.write_text(dump_yaml(home))
    assert load_home(path) == home
    assert load_home(str(path)) == home


@pytest.mark.parametrize(
    ("sensor_id", "kind", "active"),
    [
        ("M001", "motion", True),
        ("MA013", "motion", True),
        ("D01", "door", True),
        ("T002", "temperature", True),
        ("L005", "light", True),
        ("LS005", "light", True),
        ("I08", "item", True),
        ("AD1-A", "water", True),
        ("AD1-C", "burner", True),
        ("P001", "power", True),
        ("asterisk", "phone", True),
        ("BATP001", "battery", False),
        ("BATV102", "battery", False),
        ("Sensor4.BatteryLevel", "battery", False),
        ("E002", "control", False),
        ("ENTERHOME", "control", False),
        ("whatever", "unknown", True),
    ],
)
def test_type_from_id(sensor_id: str, kind: str, active: bool) -> None:
    sensor = guess_sensor(sensor_id)
    assert (sensor.type, sensor.is_activity) == (kind, active)


@pytest.mark.parametrize(
    ("sensor_id", "room", "thing"),
    [
        ("BedroomABed", "bedroom", "bed"),
        ("BedroomBDoor", "second_bedroom", "door"),
        ("KitchenASink", "kitchen", "sink"),
        ("KitchenARefrigerator", "kitchen", "fridge"),
        ("DiningRoomAArea", "dining_room", None),
        ("MainEntryway", "entrance", "main entrance"),
        ("LivingRoomAChair", "living_room", "chair"),
        ("M001", "unknown_room", None),
    ],
)
def test_place_from_id(sensor_id: str, room: str, thing: str | None) -> None:
    sensor = guess_sensor(sensor_id, states=["ON", "OFF"])
    assert (sensor.room, sensor.object) == (room, thing)


@pytest.mark.parametrize(
    ("places", "room", "thing"),
    [
        (("Bedroom", "Bed"), "bedroom", "bed"),
        (("OutsideDoor", "FrontDoor"), "entrance", "front door"),
        (("Kitchen", "KitchenTemp"), "kitchen", None),
        (("Ignore", "Ignore"), "unknown_room", None),
        (("LoungeChair", "Couch"), "living_room", "couch"),
        (("Kitchen", "MedCabinet"), "kitchen", "medicine cabinet"),
        (("WorkArea", "Desk"), "office", "desk"),
        (("BalconyDoor",), "unknown_room", "balcony door"),
        (("BathroomPIR",), "bathroom", None),
        (("Balcony",), "balcony", None),
    ],
)
def test_place_words(places: tuple[str, str], room: str, thing: str | None) -> None:
    assert place_words(*places) == (room, thing)


def test_translate_table_gives_rooms(tmp_path: Path) -> None:
    from discover.homes import import_log

    table = tmp_path / "home.translate"
    table.write_text("M001 Bedroom Bed\nD002 OutsideDoor FrontDoor\nSleeping Sleep Sleep\n")
    assert read_translate(table)["M001"] == ("Bedroom", "Bed")
    log = tmp_path / "log"
    log.write_text("2011-03-01 07:00:00\tM001\tON\n2011-03-01 07:00:01\tD002\tOPEN\n")
    home = import_log(log, translate=table, name="mine").log.home
    assert (home.sensor("M001").room, home.sensor("M001").object) == ("bedroom", "bed")
    assert (home.sensor("D002").room, home.sensor("D002").object) == ("entrance", "front door")
    table.write_text("nothing of use\n, ,\n")
    table.write_text("one two\n")
    with pytest.raises(DataError, match="no translate table"):
        read_translate(table)


@pytest.mark.parametrize(
    ("label", "resident", "rest"),
    [
        ("R1_Sleep", "R1", "Sleep"),
        ("R2 take medicine", "R2", "take medicine"),
        ("Read", None, "Read"),
        ("R12", None, "R12"),
    ],
)
def test_split_resident(label: str, resident: str | None, rest: str) -> None:
    assert split_resident(label) == (resident, rest)


def test_labels_are_harmonised_across_spellings() -> None:
    home = Home(name="x", activities=(activity_for("Bed_to_Toilet"),))
    completed, scored = with_labels(home, ["R1_Bed_to_toilet", "bed to toilet", "Cook", "Feed the cat"])
    assert scored == {
        "R1_Bed_to_toilet": "bed_to_toilet",
        "bed to toilet": "bed_to_toilet",
        "Cook": "cook",
        "Feed the cat": "feed_the_cat",
    }
    assert completed.label_of("R1_Bed_to_toilet") == "bed_to_toilet"
    assert completed.coarse_of("cook") == "cook"
    assert completed.coarse_of("feed_the_cat") == "other"
    assert completed.activities[-1].described[0] == "someone takes care of a pet"


def test_a_home_may_list_a_residents_label_as_its_own_activity() -> None:
    sleep = {"label": "sleep", "raw": ["Sleep"]}
    home = Home.model_validate(
        {"name": "x", "activities": [sleep, {"label": "night_shift", "raw": ["R1_Sleep"]}]}
    )
    _, scored = with_labels(home, ["R1 sleep", "R2_Sleep"])
    assert scored == {"R1 sleep": "night_shift", "R2_Sleep": "sleep"}
