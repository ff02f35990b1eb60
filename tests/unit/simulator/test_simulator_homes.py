"""Life in any home: rooms as a graph, where things are done, which labels are used."""

import itertools

import numpy as np
import polars as pl
import pytest

from discover.core.errors import DataError
from discover.core.home import Activity, FloorPlan, Home, Sensor
from discover.homes import import_log, list_homes, load_home
from discover.simulator import SimulatorConfig, simulate_log, write_simulated
from discover.simulator.behaviours import BEHAVIOUR_INDEX, BEHAVIOURS
from discover.simulator.labels import raw_labels
from discover.simulator.rooms import build_room_graph, words_of
from discover.simulator.tables import build_tables

WEEK = SimulatorConfig(days=7, seed=3)


def home(*sensors: Sensor, plan: FloorPlan | None = None, **facts: object) -> Home:
    return Home(name="tiny", sensors=sensors, floor_plan=plan, **facts)  # type: ignore[arg-type]


def motion(sensor_id: str, room: str = "unknown_room", **facts: object) -> Sensor:
    return Sensor(id=sensor_id, type="motion", room=room, **facts)  # type: ignore[arg-type]


def labels_of(given: Home, resident: int = 0, residents: int = 1) -> dict[str, str | None]:
    row = raw_labels(given, residents)[resident]
    return {b.name: row[i] for i, b in enumerate(BEHAVIOURS)}


SHIPPED = [h.name for h in list_homes()]

# Their labels part what the simulator does in one way ("lawnwork", "home education") or name no deed.
SHARE_OF_LABELS_LIVED = {"mit_1": 0.5, "mit_2": 0.5, "openshs": 0.5}


def test_all_shipped_homes_are_tried() -> None:
    assert {"aruba", "bosch_b2", "cairo", "demo", "kyoto", "milan", "tulum"} <= set(SHIPPED)


@pytest.mark.parametrize("name", SHIPPED)
def test_life_in_a_shipped_home_reads_back_as_it_was(name: str, tmp_path) -> None:
    given = load_home(name)
    config = SimulatorConfig(days=3, seed=3)
    path = tmp_path / "log.txt.gz"
    write_simulated(path, given, config)
    expected, read = simulate_log(given, config), import_log(path, home=given)
    assert read.rejected.is_empty()
    assert {s.id for s in read.log.home.sensors} == {s.id for s in given.sensors}
    for column in ("time", "value"):
        assert read.log.events[column].equals(expected.events[column])
    for column in ("sensor", "state"):
        assert read.log.events[column].cast(pl.String).equals(expected.events[column].cast(pl.String))
    columns = ["activity", "raw_label", "first_event", "n_events", "begin", "end", "closed_by"]
    assert read.log.annotations.select(columns).equals(expected.annotations.select(columns))


@pytest.mark.parametrize("name", SHIPPED)
def test_life_in_a_shipped_home_uses_its_sensors_and_labels(name: str) -> None:
    given = load_home(name)
    log = simulate_log(given, SimulatorConfig(days=28, seed=1))
    people = max(given.residents, 1)
    # A home of contacts and mats alone, without motion sensors, says much less.
    least = 500 if any(s.type == "motion" for s in given.sensors) else 50
    assert least * people < len(log.events) / 28 < 9000 * people
    spelt = {r for a in given.activities for r in (*a.raw, a.label)}
    if spelt:
        assert set(log.annotations["raw_label"]) <= spelt
        used = set(log.annotations["activity"])
        share = SHARE_OF_LABELS_LIVED.get(name, 0.7)
        assert len(used) > share * len(given.activities), sorted({a.label for a in given.activities} - used)
    moving = [s.id for s in given.sensors if s.type == "motion"]
    silent = set(moving) - set(log.events["sensor"].cast(pl.String).unique())
    assert not silent


def test_milan_keeps_its_own_label_style() -> None:
    labels = labels_of(load_home("milan"))
    assert labels["cook_dinner"] == "Kitchen_Activity"
    assert labels["eat_lunch"] == "Dining_Rm_Activity"
    assert labels["medicine_morning"] == "Morning_Meds"
    assert labels["medicine_eve"] == "Eve_Meds"
    assert labels["hygiene"] == "Master_Bathroom"
    assert labels["hygiene_guest"] == "Guest_Bathroom"
    assert labels["work"] == "Desk_Activity"
    assert labels["tv"] == "Watch_TV"
    assert labels["bed_to_toilet"] == "Bed_to_Toilet"
    assert labels["enter"] is None
    assert labels["potter"] is None


def test_aruba_and_bosch_b2_keep_theirs() -> None:
    aruba = labels_of(load_home("aruba"))
    assert (aruba["sleep"], aruba["tv"], aruba["read"]) == ("Sleeping", "Relax", "Relax")
    assert (aruba["cook_breakfast"], aruba["housekeeping"]) == ("Meal_Preparation", "Housekeeping")
    assert aruba["medicine_eve"] is None
    b2 = labels_of(load_home("bosch_b2"))
    assert (b2["sleep"], b2["nap"]) == ("Sleeping_in_Bed", "Sleeping_Not_in_Bed")
    assert b2["medicine_eve"] == "Taking_Medication"


def test_residents_use_their_own_spelling() -> None:
    given = home(
        motion("M1", "bedroom"),
        activities=(
            Activity(label="sleep", raw=("R1_Sleep", "R2_Sleep"), coarse="sleep"),
            Activity(label="work", raw=("R1 work in office",), coarse="work"),
            Activity(label="watch_tv", raw=("Watch_TV", "R2_Watch_TV"), coarse="relax"),
            Activity(label="breakfast", raw=("Breakfast",), coarse="eat"),
        ),
    )
    first, second = labels_of(given, 0, 2), labels_of(given, 1, 2)
    assert (first["sleep"], second["sleep"]) == ("R1_Sleep", "R2_Sleep")
    assert (first["work"], second["work"]) == ("R1 work in office", None)
    assert (first["eat_breakfast"], second["eat_breakfast"]) == ("Breakfast", "Breakfast")
    assert (first["tv"], second["tv"]) == ("Watch_TV", "R2_Watch_TV")
    assert first["bathing"] is None


def test_a_coarse_label_serves_where_no_word_matches() -> None:
    given = home(
        motion("M1", "kitchen"), activities=(Activity(label="kochen", raw=("Kochen",), coarse="cook"),)
    )
    labels = labels_of(given)
    assert labels["cook_lunch"] == "Kochen"
    assert {v for k, v in labels.items() if not k.startswith("cook")} == {None}


def test_a_home_without_activities_gets_plain_labels() -> None:
    labels = labels_of(home(motion("M1", "kitchen")))
    assert labels["cook_lunch"] == "Meal_Preparation"
    assert labels["potter"] is None


def test_rooms_adjoin_when_no_room_lies_between() -> None:
    given = home(
        motion("M1", "kitchen", x=0, y=0),
        motion("M2", "hallway", x=10, y=0),
        motion("M3", "bedroom", x=20, y=0),
        motion("M4", "bathroom", x=20, y=8),
        plan=FloorPlan(width=20, height=10),
    )
    graph = build_room_graph(given)
    neighbours = {
        (graph.rooms[a], graph.rooms[b]) for a, b in zip(*np.nonzero(graph.adjacent), strict=True) if a < b
    }
    assert neighbours == {("kitchen", "hallway"), ("hallway", "bedroom"), ("bedroom", "bathroom")}
    kitchen, bathroom = 0, 3
    row = kitchen * 4 + bathroom
    way = graph.hops[graph.way_first[row] : graph.way_first[row] + graph.way_count[row]]
    assert way.tolist() == [1, 2, 3]
    seconds = graph.hop_s[graph.way_first[row] : graph.way_first[row] + 3]
    assert (np.diff(seconds) > 0).all()
    assert graph.distance[0, 3] == pytest.approx(
        graph.distance[0, 1] + graph.distance[1, 2] + graph.distance[2, 3]
    )


def test_every_place_can_be_reached_in_every_shipped_home() -> None:
    for name in SHIPPED:
        graph = build_room_graph(load_home(name))
        n = len(graph.place_room)
        assert graph.distance.max() < 1e6, name
        assert np.allclose(graph.distance, graph.distance.T)
        count = graph.way_count.reshape(n, n)
        assert (count[~np.eye(n, dtype=bool)] >= 1).all(), name
        goals = graph.hops[graph.way_first + graph.way_count - 1].reshape(n, n)
        off_diagonal = ~np.eye(n, dtype=bool)
        assert (goals == np.arange(n)[None, :])[off_diagonal].all(), name


def test_walking_passes_the_rooms_between() -> None:
    """After the bed, the first sign in the kitchen comes with the hallway before it."""
    given = load_home("demo")
    config = SimulatorConfig(days=20, miss_rate=0, noise_per_hour=0, visitors_per_week=0)
    events = simulate_log(given, config).events.filter(pl.col("state") == "ON")
    room = {s.id: s.room for s in given.sensors if s.type == "motion"}
    rooms = [room.get(s, "") for s in events["sensor"].cast(pl.String)]
    rooms = [r for r in rooms if r]
    jumps = sum(a == "master_bedroom" and b == "kitchen" for a, b in itertools.pairwise(rooms))
    through = sum(a == "master_bedroom" and b == "hallway" for a, b in itertools.pairwise(rooms))
    assert through > 100
    assert jumps < 0.05 * through


def test_activities_happen_where_they_belong() -> None:
    given = load_home("demo")
    graph = build_room_graph(given)
    tables = build_tables(graph, 1)
    share = np.diff(tables.place_cumulative[0], axis=1, prepend=0)
    room = np.array([graph.rooms[r] for r in graph.place_room])

    def in_room(behaviour: str, name: str) -> float:
        return float(share[BEHAVIOUR_INDEX[behaviour]][room == name].sum())

    assert in_room("sleep", "master_bedroom") == pytest.approx(1)
    assert in_room("cook_dinner", "kitchen") > 0.8
    assert in_room("work", "office") > 0.8
    assert in_room("hygiene", "bathroom") > 0.8
    assert in_room("tv", "living_room") > 0.9
    assert in_room("leave", "entrance") > 0.4
    stove = [p for p, s in enumerate(graph.place_sensor) if graph.sensors[s].object == "stove"]
    assert share[BEHAVIOUR_INDEX["cook_dinner"]][stove].sum() > 0.25


def test_a_home_without_coordinates_works() -> None:
    rooms = ("KitchenA", "KitchenStove", "BedroomA", "BathroomA", "LivingRoomA")
    given = home(*(motion(r) for r in rooms), Sensor(id="FrontDoor", type="door"))
    graph = build_room_graph(given)
    assert set(graph.kinds) == {"kitchen", "bedroom", "bathroom", "living", "entrance"}
    log = simulate_log(given, WEEK)
    assert set(log.events["sensor"].cast(pl.String)) == {s.id for s in given.sensors}
    assert {"sleep", "eating", "watch_tv", "leave_home"} <= set(log.annotations["activity"])


@pytest.mark.parametrize("located", [True, False])
def test_a_home_of_unknown_rooms_works(located: bool) -> None:
    rng = np.random.default_rng(0)
    sensors = [
        motion(
            f"M{i:03d}", **({"x": float(rng.uniform(0, 9)), "y": float(rng.uniform(0, 9))} if located else {})
        )
        for i in range(14)
    ]
    given = home(*sensors, plan=FloorPlan(width=9, height=9) if located else None)
    graph = build_room_graph(given)
    assert {"kitchen", "bedroom", "bathroom", "living"} <= set(graph.kinds)
    log = simulate_log(given, WEEK)
    assert log.events["sensor"].n_unique() == 14
    assert len(log.annotations) > 100


def test_unknown_types_are_guessed_from_ids() -> None:
    sensors = [Sensor(id=i, room="kitchen") for i in ("M001", "D001", "T001", "LS001")]
    log = simulate_log(home(*sensors), WEEK)
    states = dict(
        log.events.group_by(pl.col("sensor").cast(pl.String))
        .agg(pl.col("state").cast(pl.String).unique())
        .iter_rows()
    )
    assert set(states["M001"]) == {"ON", "OFF"}
    assert set(states["T001"]) == {"VALUE"}


def test_one_sensor_is_enough_and_device_health_stays_silent() -> None:
    given = home(
        motion("M001", "studio"),
        Sensor(id="B001", type="battery", is_activity=False),
        Sensor(id="M002", type="motion", is_activity=False),
    )
    log = simulate_log(given, WEEK)
    assert set(log.events["sensor"].cast(pl.String)) == {"M001"}
    assert log.events["sensor"].dtype == pl.Enum(["M001", "B001", "M002"])


@pytest.mark.parametrize(
    "given",
    [home(), home(Sensor(id="T001", type="temperature")), home(Sensor(id="BATP1", type="battery"))],
    ids=["none", "temperature", "battery"],
)
def test_a_home_without_sensors_that_people_trigger_is_refused(given: Home, tmp_path) -> None:
    with pytest.raises(DataError, match=r"no motion, door or item sensor.*sensors:"):
        simulate_log(given, WEEK)
    with pytest.raises(DataError):
        write_simulated(tmp_path / "log.txt", given, WEEK)
    assert list(tmp_path.iterdir()) == []


def test_words() -> None:
    assert words_of("FrontDoor") == words_of("front_door") == words_of("Front-Door") == "front door"
    assert words_of(None) == ""


def test_a_home_where_nothing_happens_gives_an_empty_log(tmp_path) -> None:
    given = home(Sensor(id="S0", type="door", room="kitchen"))
    config = SimulatorConfig(days=1, seed=3, noise_per_hour=0.0)
    log = simulate_log(given, config)
    summary = write_simulated(tmp_path / "log.txt", given, config)
    assert (len(log.events), len(log.annotations)) == (0, 0)
    assert (summary.events, (tmp_path / "log.txt").read_text()) == (0, "")
