"""A sensor in words, so that a model can read sensors it never saw by what they are and where."""

from discover.core.home import UNKNOWN_ROOM, Home, Sensor

__all__ = ["describe_sensor", "describe_sensors"]


def describe_sensor(sensor: Sensor) -> str:
    """For example "motion sensor by the stove in the kitchen". The id is not in it."""
    words = "sensor" if sensor.type == "unknown" else f"{sensor.type} sensor"
    if sensor.object:
        words += f" by the {sensor.object}"
    if sensor.room != UNKNOWN_ROOM:
        words += f" in the {sensor.room.replace('_', ' ')}"
    return words


def describe_sensors(home: Home) -> list[str]:
    """One description per sensor, in the home's order."""
    return [describe_sensor(sensor) for sensor in home.sensors]
