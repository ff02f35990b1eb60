"""What an entity is read as; the file that corrects it; names that are replaced."""

from pathlib import Path
from typing import Any

import pytest
from recorder_database import PLAIN_HOME, Row, add_rows, recorder_database, stamp, storage_folder

from discover.core.errors import ConfigError, DataError
from discover.core.window_set import load_event_log
from discover.homes.home_assistant import ImportOptions, entity_table, import_home_assistant, sync_home
from discover.homes.home_assistant.entities import EntityRule, guess_rule
from discover.homes.home_assistant.entity_file import read_entity_file, rules_text
from discover.homes.home_assistant.registry_files import Registered, read_registry
from discover.homes.home_assistant.states import Entity

NOON = stamp("2024-03-01 12:00:00")


def rule(entity: str, state: str = "on", known: Registered | None = None, **attributes: Any) -> EntityRule:
    return guess_rule(Entity(entity, "1", 9, state, attributes), known)


@pytest.mark.parametrize(
    ("entity", "attributes", "expected"),
    [
        ("binary_sensor.hall_pir", {"device_class": "motion"}, ("states", "motion", "hallway", None)),
        (
            "binary_sensor.kitchen_mmwave",
            {"device_class": "occupancy"},
            ("states", "motion", "kitchen", None),
        ),
        ("binary_sensor.bed", {"device_class": "occupancy"}, ("states", "pressure", "bedroom", "bed")),
        ("binary_sensor.fridge", {"device_class": "door"}, ("open_close", "door", "kitchen", "fridge")),
        (
            "binary_sensor.office_window",
            {"device_class": "window"},
            ("open_close", "door", "office", "window"),
        ),
        ("binary_sensor.x1_contact", {}, ("open_close", "door", "unknown_room", None)),
        (
            "binary_sensor.front_door_lock",
            {"device_class": "lock"},
            ("lock", "door", "entrance", "front door"),
        ),
        (
            "binary_sensor.sink_leak",
            {"device_class": "moisture"},
            ("states", "water", "unknown_room", "sink"),
        ),
        ("light.kitchen_ceiling", {}, ("states", "light", "kitchen", None)),
        ("media_player.tv", {"device_class": "tv"}, ("states", "power", "living_room", "television")),
        ("cover.bedroom", {"device_class": "curtain"}, ("states", "door", "bedroom", "curtain")),
        ("switch.kettle", {}, ("states", "power", "kitchen", "kettle")),
        ("event.doorbell", {"device_class": "doorbell"}, ("press", "item", "unknown_room", "doorbell")),
        ("sensor.hall_button_action", {}, ("press", "item", "hallway", None)),
    ],
)
def test_an_entity_is_read_by_domain_class_and_name(
    entity: str, attributes: dict[str, str], expected: tuple[str, str, str, str | None]
) -> None:
    found = rule(entity, **attributes)
    assert (found.read, found.type, found.room, found.object) == expected
    assert found.in_windows


def test_plugs_have_thresholds_in_their_unit() -> None:
    plug = rule("sensor.kettle_power", "3", device_class="power", unit_of_measurement="W")
    big = rule("sensor.oven_power", "0.003", device_class="power", unit_of_measurement="kW")
    assert (plug.read, plug.above, plug.below, plug.object) == ("threshold", 10.0, 5.0, "kettle")
    assert (big.above, big.below) == (0.01, 0.005)


def test_what_is_kept_out_of_windows_or_skipped() -> None:
    for kept in ("climate.bath", "person.anna", "input_boolean.guests"):
        assert rule(kept).read == "states"
        assert not rule(kept).in_windows
    thermometer = rule("sensor.bath", "21", device_class="temperature", unit_of_measurement="°C")
    assert (thermometer.read, thermometer.in_windows) == ("number", False)
    skipped = {
        "sensor.hall_battery": {"device_class": "battery", "unit_of_measurement": "%"},
        "binary_sensor.smoke": {"device_class": "smoke"},
        "sensor.energy": {"device_class": "energy", "unit_of_measurement": "kWh"},
        "light.all": {"entity_id": ["light.a", "light.b"]},
        "update.core": {},
        "sun.sun": {},
    }
    for entity, attributes in skipped.items():
        assert rule(entity, **attributes).read == "skip", entity
        assert rule(entity, **attributes).why
    assert rule("switch.led", known=Registered(category="config")).read == "skip"
    assert rule("light.old", known=Registered(hidden=True)).read == "skip"


def test_area_and_names_come_from_the_registries(tmp_path: Path) -> None:
    named = {
        "entity_id": "binary_sensor.x2",
        "name": "Fridge door",
        "device_class": "door",
        "area_id": "aKids' Room",
    }
    storage = storage_folder(
        tmp_path, areas={"light.lamp_1": "Living Room", "light.lamp_2": "Kids' Room"}, entities=[named]
    )
    registry = read_registry(storage)
    assert registry.time_zone == "Europe/Berlin"
    found = {
        e: rule(e, known=registry.entities[e]) for e in ("light.lamp_1", "light.lamp_2", "binary_sensor.x2")
    }
    assert [(r.room, r.object) for r in found.values()] == [
        ("living_room", None), ("kids_room", None), ("kids_room", "fridge"),
    ]  # fmt: skip
    (storage / "core.entity_registry").write_text("{")
    with pytest.raises(DataError, match=r"core\.entity_registry is damaged"):
        read_registry(storage)


@pytest.mark.parametrize(
    ("area", "room"),
    [
        ("Wohnzimmer", "living_room"), ("Küche OG", "kitchen"), ("Büro", "office"),
        ("Gäste-WC", "guest_bathroom"),
        ("Salle de bain", "salle_de_bain"), ("Living Room", "living_room"), ("Kids' Room", "kids_room"),
    ],
)  # fmt: skip
def test_areas_in_other_languages(area: str, room: str) -> None:
    assert rule("light.x", known=Registered(area=area)).room == room
    assert rule("switch.camera_and_scale").room == "unknown_room"
    assert rule("light.flur_decke").room == "hallway"
    assert rule("light.x", friendly_name="Deckenlampe Schlafzimmer").room == "bedroom"


def test_the_file_says_what_the_rules_say(tmp_path: Path) -> None:
    rules = [rule(e, **dict(PLAIN_HOME[e])) for e in PLAIN_HOME]
    path = tmp_path / "entities.yaml"
    path.write_text(rules_text(rules))
    assert read_entity_file(path) == {r.entity: r for r in rules}
    odd = EntityRule(entity="light.a: {b}", read="states", object="no", name="- &x *y !!python/object 🛋")
    path.write_text(rules_text([odd]))
    assert read_entity_file(path) == {odd.entity: odd}
    for wrong, said in (
        ("entities: [{entity: a.b, read: words}]", "read"),
        ("entities: [{entity: a.b, read: threshold}]", "above"),
        ("entities: [{entity: a.b, read: skip}, {entity: a.b, read: skip}]", "listed twice"),
        ("entities: [{entity: a.b, read: skip, romo: x}]", "romo"),
    ):
        path.write_text(wrong)
        with pytest.raises(ConfigError, match=said):
            read_entity_file(path)


def rows() -> list[Row]:
    return [
        Row("sensor.kettle_power", "20", NOON),
        Row("sensor.kettle_power", "900", NOON + 5),
        Row("sensor.kettle_power", "20", NOON + 9),
        Row("sensor.fridge_door_battery", "98", NOON + 10),
        Row("light.living_room", "on", NOON + 11),
        Row("person.anna", "Work", NOON + 12),
    ]


def test_a_corrected_file_is_followed(tmp_path: Path) -> None:
    recorder = recorder_database(tmp_path / "ha.db", rows())
    first = import_home_assistant(str(tmp_path / "ha.db"), tmp_path / "first", ImportOptions(time_zone="UTC"))
    text = first.entities.read_text()
    assert "above: 10.0" in text
    mine = tmp_path / "my.yaml"
    mine.write_text(text.replace("above: 10.0", "above: 100").replace("below: 5.0", "below: 50").replace(
        "room: living_room", "room: winter_garden"))  # fmt: skip
    options = ImportOptions(time_zone="UTC", entities=mine)
    done = import_home_assistant(str(tmp_path / "ha.db"), tmp_path / "home", options)
    log = load_event_log(tmp_path / "home")
    kettle = log.events.filter(log.events["sensor"].cast(str) == "sensor.kettle_power")
    assert kettle["state"].to_list() == ["OFF", "ON", "OFF"]
    assert log.home.sensor("light.living_room").room == "winter_garden"
    columns, table = entity_table(done.rules, done.rows)
    assert (columns[0], len(table)) == ("entity", 4)
    assert table[-1] == ("(1 entities)", "skip", "", "", "", 1, "a measurement that no sentence speaks of")
    assert entity_table(done.rules, done.rows, most=1)[1][1][:6] == ("(2 more)", "", "", "", "", 2)
    # Corrections in the home's own file hold from the next sync on; a new entity is added to it.
    done.entities.write_text(done.entities.read_text().replace("winter_garden", "kitchen"))
    add_rows(recorder, [Row("binary_sensor.kitchen_motion", "on", NOON + 20)])
    sync_home(tmp_path / "home")
    assert load_event_log(tmp_path / "home").home.sensor("light.living_room").room == "kitchen"
    assert "binary_sensor.kitchen_motion" in done.entities.read_text()
    mine.write_text("entities: [{entity: light.elsewhere, read: states}]")
    with pytest.raises(ConfigError, match=r"lists none of .*light\.elsewhere"):
        import_home_assistant(str(tmp_path / "ha.db"), tmp_path / "third", options)


def test_a_button_pressed_twice_is_two_events(tmp_path: Path) -> None:
    entity = "event.hall_button"
    pressed = [
        Row(entity, "2024-03-01T12:00:00.500+00:00", NOON + 1),
        Row(entity, "2024-03-01T12:00:00.500+00:00", NOON + 2, changed=NOON + 1),
        Row(entity, "2024-03-01T12:00:07.250+00:00", NOON + 7.3),
        Row(entity, "unknown", NOON + 8),
    ]
    recorder_database(tmp_path / "ha.db", pressed, {entity: {"device_class": "button"}})
    import_home_assistant(str(tmp_path / "ha.db"), tmp_path / "home", ImportOptions(time_zone="UTC"))
    events = load_event_log(tmp_path / "home").events
    assert [f"{t:%S.%f}" for t in events["time"]] == ["00.500000", "07.250000"]
    assert events["state"].to_list() == ["ON", "ON"]


def test_pseudonyms_leave_no_name_in_the_home(tmp_path: Path) -> None:
    names = {"light.living_room": "Anna's den"}
    storage_folder(tmp_path, areas=names)
    recorder = recorder_database(
        tmp_path / "ha.db", [*rows(), Row("binary_sensor.kitchen_motion", "annas", NOON + 13)]
    )
    options = ImportOptions(pseudonyms=True, name="home")
    import_home_assistant(str(tmp_path / "ha.db"), tmp_path / "out/home", options)
    add_rows(recorder, [Row("light.living_room", "off", NOON + 30)])
    sync_home(tmp_path / "out/home")
    log = load_event_log(tmp_path / "out/home")
    lamp = log.events.filter(log.events["state"].is_in(["ON", "OFF"])).row(-1, named=True)["sensor"]
    assert lamp.startswith("sensor_")
    assert log.home.sensor(lamp).room.startswith("room_")
    assert {s.object for s in log.home.sensors} <= {None, "kettle"}
    inside = [p.read_bytes().lower() for p in (tmp_path / "out/home").rglob("*") if p.is_file()]
    assert not any(
        word in content for content in inside for word in (b"anna", b"living_room", b"kettle_power")
    )
    assert "person.anna" in (tmp_path / "out/home.entities.yaml").read_text()
    assert (tmp_path / "out/home.entities.key").stat().st_mode & 0o077 == 0
