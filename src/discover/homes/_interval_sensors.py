"""Sensors of interval tables: their ids, and what their names say about type, room and object."""

import re

import polars as pl

from discover.core.home import UNKNOWN_ROOM, Home, Sensor, SensorType
from discover.homes._foreign_names import in_english
from discover.homes.places import guess_sensor, known_rooms, place_words

__all__ = ["complete_interval_sensors", "sensor_ids"]

_TYPE_WORDS: tuple[tuple[str, SensorType], ...] = (
    (r"pir|motion", "motion"),
    (r"press\w*|mat", "pressure"),
    (r"electric|power", "power"),
    (r"float|tap|water|faucet", "water"),
    (r"flush", "unknown"),
    (r"magnetic|reed|door|frontdoor|maindoor|cupboard\w*|cabinet|drawer|lid|window|dresser", "door"),
    (r"light\w*|lamp", "light"),
    (r"fridge|freezer|microwave|oven|dishwasher|washing ?machine|stove", "door"),
)
"""Words of a name or a type column -> type. A switch on an appliance's door tells that it is opened; a
flush is used, neither opened nor switched on, so it keeps the type whose captions say "uses"."""


def sensor_ids(rows: pl.DataFrame) -> pl.Series:
    """Id of each row: the id column, or `Place_Location_Type` (`Kitchen_Fridge_Magnetic`).

    All three words, because one home has a `Door` in three places.
    """
    fields = pl.col("fields")
    joined = pl.concat_str([fields.list.get(i, null_on_oob=True) for i in (2, 0, 1)], separator="_")
    expression = (
        pl.when(fields.list.len() == 3)
        .then(joined)
        .otherwise(fields.list.first())
        .str.replace_all(r"\s+", "_")
    )
    return rows.select(sensor=expression)["sensor"]


def complete_interval_sensors(
    home: Home,
    rows: pl.DataFrame,
    ids: pl.Series,
    names: dict[str, str],
    columns: dict[str, list[str]] | None = None,
) -> tuple[Home, tuple[str, ...]]:
    """The home with every sensor of the table, in order of id, and the ids that were unknown.

    Args:
        home: What is known.
        rows: Rows of the sensor table.
        ids: Their sensor ids.
        names: Id -> name, from the table's heading or a list of names.
        columns: Id -> location, type and place, where a list of sensors gives them.
    """
    known = {s.id for s in home.sensors}
    first = rows.with_columns(sensor=ids).unique("sensor", keep="first").sort("sensor")
    added = [
        _describe(sensor, fields if len(fields) == 3 else (columns or {}).get(sensor), names.get(sensor, ""))
        for sensor, fields in first.select("sensor", "fields").iter_rows()
        if sensor not in known
    ]
    sensors = sorted([*home.sensors, *added], key=lambda s: s.id)
    return home.model_copy(update={"sensors": tuple(sensors)}), tuple(s.id for s in added)


def _describe(sensor_id: str, columns: list[str] | None, name: str) -> Sensor:
    if columns is not None:
        location, kind, place = columns
        room, thing = place_words(place, location)
        return Sensor(id=sensor_id, type=_type_of(f"{kind} {location}"), room=room, object=thing)
    if not name and re.match(r"[A-Za-z]{0,3}\d", sensor_id):  # a number or a code
        return guess_sensor(sensor_id)
    name = in_english(name or sensor_id)
    words = re.sub(r"\b(pir|press|kwik|float)\b", " ", _plain(name)).strip()
    room, thing = place_words(words) if words else (UNKNOWN_ROOM, None)
    if thing is None and room not in known_rooms():
        # A word nobody listed names a thing here, not a room.
        guess = guess_sensor(words)
        room, thing = guess.room, (words or None) if guess.room == UNKNOWN_ROOM else guess.object
    return Sensor(id=sensor_id, type=_type_of(name), room=room, object=thing)


def _type_of(text: str) -> SensorType:
    words = _plain(text)
    for pattern, kind in _TYPE_WORDS:
        if re.search(rf"\b(?:{pattern})\b", words):
            return kind
    return "unknown"


def _plain(text: str) -> str:
    """`ToiletFlush`, `stove_lid` -> `toilet flush`, `stove lid`."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])|[_\-]+", " ", text)
    return " ".join(spaced.lower().split())
