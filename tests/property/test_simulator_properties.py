"""Properties of simulated logs that hold in any home and for any settings."""

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from discover.core.home import FloorPlan, Home, Sensor
from discover.core.tables import ANNOTATIONS, EVENTS, validate_table
from discover.simulator import PlannedChange, SimulatorConfig, simulate_log
from discover.simulator.annotate import Annotation, place_markers
from discover.simulator.rooms import build_room_graph
from discover.simulator.sensing import SensorStates, state_pairs

ROOMS = ("kitchen", "bedroom", "bathroom", "living_room", "hallway", "office", "attic", "unknown_room")


@st.composite
def homes(draw: st.DrawFn) -> Home:
    kinds = draw(
        st.lists(st.sampled_from(["motion", "door", "item", "temperature"]), min_size=1, max_size=12)
    )
    kinds[0] = draw(st.sampled_from(["motion", "door"]))
    plan = draw(st.booleans())
    sensors = tuple(
        Sensor(
            id=f"S{i}",
            type=kind,
            room=draw(st.sampled_from(ROOMS)),
            object=draw(st.sampled_from([None, "bed", "fridge", "front door", "stove"])),
            **(
                {"x": draw(st.floats(0, 100)), "y": draw(st.floats(0, 50))}
                if plan and draw(st.booleans())
                else {}
            ),
        )
        for i, kind in enumerate(kinds)
    )
    return Home(name="any", sensors=sensors, floor_plan=FloorPlan(width=100, height=50) if plan else None)


@st.composite
def configs(draw: st.DrawFn) -> SimulatorConfig:
    days = draw(st.integers(1, 4))
    kind = draw(st.sampled_from(["sleep_later", "fewer_meals", "new_visitor"]))
    return SimulatorConfig(
        days=days,
        seed=draw(st.integers(0, 2**32 - 1)),
        residents=draw(st.sampled_from([None, 1, 2, 4])),
        pet=draw(st.booleans()),
        miss_rate=draw(st.sampled_from([0.0, 0.05, 0.9])),
        noise_per_hour=draw(st.sampled_from([0.0, 30.0])),
        unlabelled_share=draw(st.sampled_from([0.0, 0.5])),
        changes=draw(st.sampled_from([(), (PlannedChange(kind=kind, from_day=days - 1),)])),
    )


@settings(deadline=None, max_examples=25)
@given(homes(), configs())
def test_any_log_is_well_formed(home: Home, config: SimulatorConfig) -> None:
    log = simulate_log(home, config)
    events = validate_table(log.events, EVENTS, "events")
    annotations = validate_table(log.annotations, ANNOTATIONS, "annotations")
    assert events["time"].is_sorted()
    if len(events):
        assert (events["time"].min().date() - config.start).days >= 0
        assert (events["time"].max().date() - config.start).days < config.days
    assert annotations["begin"].is_sorted()
    first = annotations["first_event"].to_numpy()
    last = first + annotations["n_events"].to_numpy() - 1
    assert (annotations["n_events"] >= 2).all()
    assert len(np.unique(np.concatenate([first, last]))) == 2 * len(annotations)
    assert events["time"].gather(last).equals(annotations["end"].rename("time"))
    open_until: dict[str, int] = {}
    for label, begin, end in zip(annotations["raw_label"], first, last, strict=True):
        assert begin > open_until.get(label, -1), "one label is open twice"
        open_until[label] = end
    if config.miss_rate == 0:
        on = events.filter(pl.col("value").is_null()).with_columns(
            on=pl.col("state").cast(pl.String).is_in(["ON", "OPEN", "ABSENT"])
        )
        turns = on.with_columns(before=pl.col("on").shift(1, fill_value=False).over("sensor"))
        assert (turns["on"] != turns["before"]).all()


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.tuples(st.integers(0, 2), st.integers(0, 500), st.integers(1, 80)), max_size=40),
    st.integers(0, 500),
)
def test_switching_equals_a_slow_second_version(rows: list[tuple[int, int, int]], cut: int) -> None:
    """Half seconds: the second version fills a time line, also when given in two calls."""
    home = Home(name="any", sensors=tuple(Sensor(id=f"M{i}", type="motion", room="attic") for i in range(3)))
    states = SensorStates(state_pairs(build_room_graph(home)))
    found: set[tuple[int, int, int]] = set()
    for part in ([r for r in rows if r[1] < cut], [r for r in rows if r[1] >= cut]):
        sensor = np.array([r[0] for r in part], dtype=np.int64)
        begin = np.array([r[1] for r in part], dtype=np.int64) * 500_000
        length = np.array([r[2] for r in part], dtype=np.int64) * 500_000
        sent = states.messages(sensor, begin, begin + length, np.zeros_like(sensor))
        found |= set(zip(sent.sensor.tolist(), sent.time_us.tolist(), sent.state.tolist(), strict=True))
    on: dict[int, set[int]] = {}
    for sensor, begin, length in rows:
        on.setdefault(sensor, set()).update(range(begin, begin + length))
    total = sum(len(halves) for halves in on.values()) * 500_000
    ons = {(s, t) for s, t, state in found if state == 0}
    offs = {(s, t) for s, t, state in found if state == 1}
    assert len(ons) == len(offs)
    measured = sum(t for _, t in offs) - sum(t for _, t in ons)
    # An activation that begins in a later call while its sensor is on starts 0.4 s after that ends.
    assert total - 40 * 400_000 <= measured <= total
    if not [r for r in rows if r[1] >= cut]:
        assert measured == total
        edges = {(s, h * 500_000) for s, halves in on.items() for h in halves if h - 1 not in halves}
        assert edges == ons


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(st.integers(0, 90), st.integers(1, 60), st.integers(0, 1)), max_size=12), st.data())
def test_markers_lie_inside_and_never_share_a_line(
    spans: list[tuple[int, int, int]], data: st.DataObject
) -> None:
    times = np.array(sorted(data.draw(st.lists(st.integers(0, 100), max_size=40))), dtype=np.int64)
    who = np.array(
        data.draw(st.lists(st.integers(-1, 1), min_size=len(times), max_size=len(times))), dtype=np.int64
    )
    annotations = [Annotation(f"A{i}", w, b, b + n) for i, (b, n, w) in enumerate(spans)]
    placed = place_markers(annotations, times, who, np.zeros(len(times), dtype=bool))
    rows = [row for begin, end, _ in placed for row in (begin, end)]
    assert len(rows) == len(set(rows))
    for begin, end, a in placed:
        assert begin < end
        assert a.begin_us <= times[begin] <= times[end] <= a.end_us
        assert who[begin] == who[end] == a.who
    for begin, end, a in placed:
        for inner_begin, inner_end, b in placed:
            spans_differ = (a.begin_us, a.end_us) != (b.begin_us, b.end_us)
            if a.who == b.who and spans_differ and a.begin_us <= b.begin_us and b.end_us <= a.end_us:
                assert begin < inner_begin < inner_end < end
