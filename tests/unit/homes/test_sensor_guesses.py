"""What the id of a sensor says about its type, its room and what it watches."""

import pytest

from discover.homes.places import guess_sensor

GUESSES = [
    # id, states, type, room, object
    ("binary_sensor.kitchen_motion", "ON", "motion", "kitchen", None),
    ("binary_sensor.hall_motion", "ON", "motion", "hallway", None),
    ("binary_sensor.bathroom_occupancy", "ON", "motion", "bathroom", None),
    ("binary_sensor.front_door", "OPEN", "door", "entrance", "front door"),
    ("binary_sensor.front_door_contact", "ON", "door", "entrance", "front door"),
    ("binary_sensor.fridge_door", "ON", "door", "kitchen", "fridge"),
    ("binary_sensor.bedroom_window", "ON", "door", "bedroom", "window"),
    ("sensor.kitchen_temperature", "VALUE", "temperature", "kitchen", None),
    ("sensor.washing_machine_power", "VALUE", "power", "laundry_room", "washing machine"),
    ("sensor.living_room_illuminance", "VALUE", "light", "living_room", None),
    ("sensor.phone_battery_level", "VALUE", "battery", "unknown_room", None),
    ("light.living_room", "ON", "light", "living_room", None),
    ("switch.coffee_machine", "ON", "power", "kitchen", "coffee machine"),
    ("lock.front_door", "LOCKED", "door", "entrance", "front door"),
    ("media_player.tv", "ON", "power", "living_room", "television"),
    ("device_tracker.anna", "ON", "control", "unknown_room", None),
    ("KitchenLight", "ON", "light", "kitchen", None),
    ("BedroomALight", "ON", "light", "bedroom", None),
    ("bathroomLight", "ON", "light", "bathroom", None),
    ("bedTableLamp", "ON", "light", "bedroom", "bed"),
    ("livingRoomTemperature", "VALUE", "temperature", "living_room", None),
    ("MotionSensorKitchen1", "ON", "motion", "kitchen", None),
    ("PIR_Office", "ON", "motion", "office", None),
    ("bed_pressure_mat", "ON", "pressure", "bedroom", "bed"),
    ("bathroom_tap", "ON", "water", "bathroom", "tap"),
    ("kitchen-sink-faucet", "ON", "water", "kitchen", "sink faucet"),
    ("master_bedroom_door", "ON", "door", "master_bedroom", "door"),
    ("kitchen.cupboard.2", "ON", "door", "kitchen", "cupboard"),
    ("sofa", "ON", "motion", "living_room", "couch"),
    # a word for the kind of sensor is no thing
    ("hall_pir", "ON", "motion", "hallway", None),
    ("kitchen_sink_presence", "ON", "motion", "kitchen", "sink"),
    ("kettle_switch", "ON", "power", "kitchen", "kettle"),
    # other languages, compounds as well
    ("Küche_Kühlschrank_Kontakt", "ON", "door", "kitchen", "fridge"),
    ("WohnzimmerBewegung", "ON", "motion", "living_room", None),
    ("binary_sensor.kuechentuer_kontakt", "ON", "door", "kitchen", "door"),
    ("Küche_Vorratsschrank_Kontakt", "ON", "door", "kitchen", "cupboard"),
    ("slaapkamer_beweging", "ON", "motion", "bedroom", None),
    ("porte_cuisine", "OPEN", "door", "kitchen", "door"),
    ("dormitorio_puerta", "OPEN", "door", "bedroom", "door"),
    # ids without a word stay as they were
    ("M012", "ON", "motion", "unknown_room", None),
    ("D03", "OPEN", "door", "unknown_room", None),
    ("xyz_17", "ON", "unknown", "unknown_room", None),
    ("BedroomABed", "ON", "motion", "bedroom", "bed"),
    ("MainEntryway", "ON", "motion", "entrance", "main entrance"),
]


@pytest.mark.parametrize(("sensor_id", "state", "kind", "room", "thing"), GUESSES)
def test_guess(sensor_id: str, state: str, kind: str, room: str, thing: str | None) -> None:
    found = guess_sensor(sensor_id, states=[state])
    assert (found.type, found.room, found.object) == (kind, room, thing)
    assert found.is_activity == (kind not in ("battery", "control"))
