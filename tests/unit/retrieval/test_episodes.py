"""Episodes of an event stream, against twins that go through the events one by one."""

import datetime as dt

import numpy as np
import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from discover.core.home import Home
from discover.core.tables import EVENTS
from discover.retrieval.episodes import STAY_GAP_S, EventStream, Spans, join_spans

DAY = dt.datetime(2024, 5, 6)
HOME = Home.model_validate(
    {
        "name": "tiny",
        "sensors": [
            {"id": "K", "type": "motion", "room": "kitchen"},
            {"id": "L", "type": "motion", "room": "living_room"},
            {"id": "B", "type": "motion", "room": "bedroom", "object": "bed"},
            {"id": "F", "type": "door", "room": "kitchen", "object": "fridge"},
            {"id": "D", "type": "door", "room": "entrance", "object": "front door"},
        ],
    }
)


def stream(rows: list[tuple[float, str, str]]) -> EventStream:
    """From (seconds after the first midnight, sensor, state)."""
    rows = sorted(rows, key=lambda row: row[0])
    sensors, states = pl.Enum([s.id for s in HOME.sensors]), pl.Enum(["ON", "OFF", "OPEN", "CLOSE"])
    table = pl.DataFrame(
        {
            "time": [DAY + dt.timedelta(seconds=s) for s, _, _ in rows],
            "sensor": [name for _, name, _ in rows],
            "state": [state for _, _, state in rows],
        },
        schema={"time": pl.Datetime("us"), "sensor": sensors, "state": states},
    ).with_columns(value=pl.lit(None, pl.Float32))
    return EventStream.read(table.select([c for c in EVENTS if c in table.columns]), HOME)


def seconds(spans: Spans) -> list[tuple[float, float]]:
    base = (DAY - dt.datetime(1970, 1, 1)).total_seconds()
    return [(b - base, e - base) for b, e in zip(spans.begin_s.tolist(), spans.end_s.tolist(), strict=True)]


moves = st.tuples(st.integers(0, 4_000), st.sampled_from("KLB"))
times = st.lists(moves, min_size=1, max_size=40, unique_by=lambda move: move[0])


@given(times)
def test_stays_are_those_of_a_walk_through_the_events(found: list[tuple[int, str]]) -> None:
    rows = sorted(found)
    stays: list[list[float]] = []
    open_stay, elsewhere = False, False
    for at, name in rows:
        if name == "K":
            if open_stay and (at - stays[-1][1] <= STAY_GAP_S or not elsewhere):
                stays[-1][1] = at
            else:
                stays.append([at, at])
            open_stay, elsewhere = True, False
        else:
            elsewhere = True
    last = rows[-1][0]
    after = sorted(at for at, _ in rows)
    expected = [
        (float(b), float(next((t for t in after if t > e), last) if e < last else e)) for b, e in stays
    ]
    # A stay that goes on later in the same room ends with its last movement: both lie in the kitchen.
    names = dict(rows)
    expected = [(b, stays[i][1] if names.get(int(e)) == "K" else e) for i, (b, e) in enumerate(expected)]
    got = stream([(float(at), name, "ON") for at, name in rows]).stays(frozenset({"K", "F"}))
    assert seconds(got) == expected


@given(st.lists(st.tuples(st.floats(0, 100), st.floats(0, 30)), max_size=12), st.floats(0.5, 20))
def test_joined_spans_cover_the_same_time_and_lie_apart(pairs: list[tuple[float, float]], gap: float) -> None:
    begin = np.array([b for b, _ in pairs])
    spans = Spans.of(begin, begin + np.array([n for _, n in pairs]))
    joined = join_spans(spans, gap)
    assert joined.count.sum() == len(spans)
    assert (joined.begin_s[1:] - joined.end_s[:-1] >= gap).all()
    for b, e in zip(spans.begin_s, spans.end_s, strict=True):
        assert ((joined.begin_s <= b) & (e <= joined.end_s)).sum() == 1


def test_a_use_lasts_until_its_own_end() -> None:
    rows = [
        (10.0, "F", "OPEN"),
        (15.0, "K", "ON"),
        (40.0, "F", "CLOSE"),
        (900.0, "F", "OPEN"),
        (903.0, "F", "CLOSE"),
    ]
    log = stream(rows)
    assert seconds(log.uses(frozenset({"F"}))) == [(10.0, 40.0), (900.0, 903.0)]
    assert seconds(log.uses(frozenset({"F"}), joins_s=1_000)) == [(10.0, 903.0)]


def test_an_outing_lies_between_two_movements_of_the_door_with_an_empty_home() -> None:
    busy = [(float(t), "K", "ON") for t in range(0, 3_600, 60)]
    back = [(float(t), "L", "ON") for t in range(9_030, 12_000, 60)]
    door = [(3_600.0, "D", "OPEN"), (3_605.0, "D", "CLOSE"), (9_000.0, "D", "OPEN"), (9_004.0, "D", "CLOSE")]
    assert seconds(stream(busy + door + back).outings) == [(3_605.0, 9_000.0)]
    # Somebody who takes in a parcel and stays at home is not out.
    awake = [(float(t), "K", "ON") for t in range(0, 12_000, 60)]
    assert len(stream(awake + door).outings) == 0


def test_a_night_is_one_rest_with_its_times_up() -> None:
    hour = 3_600.0
    evening = [(20 * hour + t, "L", "ON") for t in range(0, 7_000, 60)]
    asleep = [(22 * hour + t, "B", "ON") for t in range(60, 9 * 3_600, 1_700)]
    up = [(26 * hour + t, "K", "ON") for t in range(0, 300, 30)]
    morning = [(31 * hour + t, "K", "ON") for t in range(0, 7_200, 60)]
    nights, times_up = stream(evening + asleep + up + morning).nights
    (night,), (rise,) = seconds(nights), seconds(times_up)
    assert night == (20 * hour + 6_960, 31 * hour)
    assert rise == (26 * hour, 26 * hour + 270)
