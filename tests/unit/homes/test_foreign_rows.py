"""Named columns of a CSV, InfluxDB as openHAB fills it, and MQTT messages of zigbee2mqtt."""

from pathlib import Path

import pytest

from discover.core.errors import ConfigError
from discover.homes import import_log, named_columns

Told = list[tuple[str, str, str, float | None]]


def told(path: Path, **options: object) -> Told:
    events = import_log(path, **options).log.events  # type: ignore[arg-type]
    return [(f"{t:%H:%M:%S}", s, state, v) for t, s, state, v in
            events.select("time", "sensor", "state", "value").iter_rows()]  # fmt: skip


def test_named_columns_of_a_table(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text(
        "No;When;Area;Device;Reading\n"
        "1;2024-03-01T07:00:00Z;Kitchen;Motion;on\n"
        "2;2024-03-01T07:00:30Z;Kitchen;Motion;off\n"
        '3;2024-03-01T07:01:00Z;Hall;"Front; door";open\n'
        "4;yesterday;Hall;Door;open\n"
        "5;2024-03-01T07:02:00Z;Kitchen\n"
    )
    columns = named_columns("time=When,sensor=Area+Device,state=Reading")
    imported = import_log(path, columns=columns, time_zone="Europe/Berlin")
    assert [f"{t:%H:%M:%S}" for t in imported.log.events["time"]] == ["08:00:00", "08:00:30", "08:01:00"]
    assert imported.log.events["state"].to_list() == ["ON", "OFF", "OPEN"]
    assert imported.log.home.sensor("Kitchen_Motion").room == "kitchen"
    assert imported.rejected["line"].to_list() == [5, 6]
    assert imported.report.lines == 6
    for wrong in ("time=When,sensor=Device", "time=When,sensor=Device,state=", "a=b,c=d,e=f"):
        with pytest.raises(ConfigError, match="do not name a time, a sensor and a state"):
            named_columns(wrong)
    with pytest.raises(ConfigError, match=r"has no column 'Room'\. Its columns are No, When"):
        import_log(path, columns=named_columns("time=When,sensor=Room,state=Reading"))
    with pytest.raises(ConfigError, match="one CSV file"):
        import_log(tmp_path, columns=columns)


ANNOTATED = """#group,false,false,false,false,true,true,true
#datatype,string,long,dateTime:RFC3339,double,string,string,string
#default,_result,,,,,,
,result,table,_time,_value,_field,_measurement,item
,,0,2024-03-01T06:00:00Z,1,value,Kitchen_Motion,Kitchen_Motion
,,0,2024-03-01T06:00:20Z,0,value,Kitchen_Motion,Kitchen_Motion

#group,false,false,false,false,true,true,true
#datatype,string,long,dateTime:RFC3339,string,string,string,string
#default,_result,,,,,,
,result,table,_time,_value,_field,_measurement,item
,,1,2024-03-01T06:05:00Z,OPEN,value,FrontDoor,FrontDoor
"""
PROGRAM = """name,time,value
Kitchen_Motion,1709272800000000000,1
Kitchen_Motion,1709272820000000000,0
FrontDoor,1709273100000000000,OPEN
"""
PROTOCOL = """Kitchen_Motion,item=Kitchen_Motion value=1i 1709272800000000000
Kitchen_Motion,item=Kitchen_Motion value=0i 1709272820000000000
FrontDoor value="OPEN" 1709273100000000000
"""


@pytest.mark.parametrize("text", [ANNOTATED, PROGRAM, PROTOCOL], ids=["annotated", "program", "protocol"])
def test_influx_as_openhab_fills_it(text: str, tmp_path: Path) -> None:
    (tmp_path / "openhab.csv").write_text(text)
    assert told(tmp_path / "openhab.csv", time_zone="Europe/Berlin") == [
        ("07:00:00", "Kitchen_Motion", "ON", None),
        ("07:00:20", "Kitchen_Motion", "OFF", None),
        ("07:05:00", "FrontDoor", "OPEN", None),
    ]


MESSAGES = """{"tst":"2024-03-01T06:00:00.000000+0000","topic":"zigbee2mqtt/kitchen_motion","payload":{"occupancy":true,"battery":97}}
{"tst":"2024-03-01T06:00:30.000000+0000","topic":"zigbee2mqtt/kitchen_motion","payload":"{\\"occupancy\\":false,\\"battery\\":97}"}
{"tst":"2024-03-01T06:01:00.000000+0000","topic":"zigbee2mqtt/fridge","payload":{"contact":false,"sensitivity":"high"}}
{"tst":"2024-03-01T06:01:05.000000+0000","topic":"zigbee2mqtt/bridge/state","payload":{"state":"online"}}
{"tst":"2024-03-01T06:01:09.000000+0000","topic":"zigbee2mqtt/lamp/set","payload":{"state":"ON"}}
{"tst":"2024-03-01T06:01:10.000000+0000","topic":"zigbee2mqtt/lamp","payload":{"state":"ON","brightness":254}}
{"tst":"2024-03-01T06:01:20.000000+0000","topic":"zigbee2mqtt/fridge","payload":{"contact":true}}
{"tst":"2024-03-01T06:01:30.000000+0000","topic":"zigbee2mqtt/button","payload":{"action":"single"}}
{damaged
"""  # noqa: E501


def test_messages_of_zigbee2mqtt(tmp_path: Path) -> None:
    path = tmp_path / "mqtt.jsonl"
    path.write_text(MESSAGES)
    imported = import_log(path, time_zone="Europe/Berlin")
    events = [
        e for e in told(path, time_zone="Europe/Berlin") if not e[1].endswith(("battery", "brightness"))
    ]
    assert events == [
        ("07:00:00", "kitchen_motion_occupancy", "ON", None),
        ("07:00:30", "kitchen_motion_occupancy", "OFF", None),
        ("07:01:00", "fridge_contact", "OPEN", None),
        ("07:01:10", "lamp", "ON", None),
        ("07:01:20", "fridge_contact", "CLOSE", None),
        ("07:01:30", "button_action", "ON", None),
    ]
    assert imported.rejected["text"].to_list() == ["{damaged"]
    home = imported.log.home
    assert (home.sensor("fridge_contact").type, home.sensor("fridge_contact").room) == ("door", "kitchen")
    assert not home.sensor("kitchen_motion_battery").is_activity


def test_messages_as_mosquitto_prints_them(tmp_path: Path) -> None:
    path = tmp_path / "mqtt.log"
    path.write_text(
        '2024-03-01T06:00:00+0000 zigbee2mqtt/hall {"occupancy": true}\n'
        '2024-03-01T06:00:10+0000 zigbee2mqtt/hall {"occupancy": false}\n'
        "2024-03-01T06:00:12+0000 homeassistant/light/sofa/state on\n"
    )
    assert told(path, time_zone="UTC") == [
        ("06:00:00", "hall_occupancy", "ON", None),
        ("06:00:10", "hall_occupancy", "OFF", None),
        ("06:00:12", "light_sofa", "ON", None),
    ]
