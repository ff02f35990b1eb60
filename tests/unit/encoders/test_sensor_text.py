"""Sensors in words."""

import pytest

from discover.core.home import Sensor
from discover.encoders.sensor_text import describe_sensor


@pytest.mark.parametrize(
    ("sensor", "text"),
    [
        (Sensor(id="M1", type="motion", room="living_room"), "motion sensor in the living room"),
        (
            Sensor(id="D1", type="door", room="kitchen", object="fridge"),
            "door sensor by the fridge in the kitchen",
        ),
        (Sensor(id="X"), "sensor"),
    ],
)
def test_description(sensor: Sensor, text: str) -> None:
    assert describe_sensor(sensor) == text
    assert sensor.id not in text.split()
