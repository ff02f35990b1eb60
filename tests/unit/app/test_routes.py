"""Each route's values against counts made from the log itself."""

import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest
from app_served import Served, wait_for
from column_reader import read_columns

from discover.app.home_view import HomeView
from discover.app.timeline import sun
from discover.core.home import UNKNOWN_ROOM
from discover.core.window_set import WindowSet
from discover.homes import load_home

DAY = 86_400_000.0


def ms(time: datetime) -> float:
    return time.replace(tzinfo=UTC).timestamp() * 1000


def columns(served: Served, path: str, **params: Any) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    answer = served.client.get(f"{served.home}/{path}", params=params)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/octet-stream"
    return read_columns(answer.content)


def test_the_facts_are_those_of_the_log(served: Served) -> None:
    facts, events = served.facts, served.events
    assert facts.events == len(events)
    assert facts.span.begin == pytest.approx(ms(events["time"].min()))  # type: ignore[arg-type]
    assert facts.span.end == pytest.approx(ms(events["time"].max()) + 1)  # type: ignore[arg-type]
    counted = dict(events.group_by("sensor").len().iter_rows())
    assert {s.sensor: s.events for s in facts.sensors if s.events} == counted
    home = load_home("demo")
    assert {s.sensor: s.room for s in facts.sensors} == {s.id: s.room for s in home.sensors}
    assert facts.plan == "known"
    of_room: dict[str, int] = {}
    for s in home.sensors:
        of_room[s.room] = of_room.get(s.room, 0) + counted.get(s.id, 0)
    assert {r.room: r.events for r in facts.rooms} == of_room
    assert all(0 <= v <= 1 for s in facts.sensors for v in (s.x, s.y))
    assert set(facts.activities) == {*(a.label for a in home.activities), "unknown"}
    listed = served.client.get("/api/app").json()["homes"]
    assert listed[0]["name"] == "demo"
    assert listed[0]["state"] == "ready"


def test_density_counts_every_event_of_the_range(served: Served) -> None:
    begin = ms(datetime(2024, 1, 1, 6))
    end = begin + DAY / 4
    found, meta = columns(served, "density", begin=begin, end=end, bins=36, by="room")
    rooms = {s.id: s.room for s in load_home("demo").sensors}
    table = (
        served.events.filter(
            pl.col("time").is_between(datetime(2024, 1, 1, 6), datetime(2024, 1, 1, 12), "left")
        )
        .with_columns(
            room=pl.col("sensor").replace_strict(rooms, return_dtype=pl.String),
            bin=(pl.col("time") - datetime(2024, 1, 1, 6)).dt.total_microseconds() // 600_000_000,
        )
        .group_by("room", "bin")
        .agg(pl.len(), pl.col("value").min().alias("low"), pl.col("value").max().alias("high"))
    )
    expected = {(r, b): (n, low, high) for r, b, n, low, high in table.iter_rows()}
    got = {
        (meta["groups"][g], b): (n, None if np.isnan(low) else low, None if np.isnan(high) else high)
        for g, b, n, low, high in zip(*(found[c].tolist() for c in found), strict=True)
    }
    assert got == expected
    assert meta["total"] == sum(n for n, _, _ in expected.values())


def test_events_are_exact_or_counted(served: Served) -> None:
    begin, end = ms(datetime(2024, 1, 1, 8)), ms(datetime(2024, 1, 1, 9))
    found, meta = columns(served, "events", begin=begin, end=end, rooms="kitchen")
    facts = served.facts
    kitchen = [s.sensor for s in facts.sensors if s.room == "kitchen"]
    own = served.events.with_row_index("row").filter(
        pl.col("time").is_between(datetime(2024, 1, 1, 8), datetime(2024, 1, 1, 9), "left"),
        pl.col("sensor").is_in(kitchen),
    )
    assert meta == {"total": len(own), "exact": True}
    assert [facts.sensors[c].sensor for c in found["sensor"].tolist()] == own["sensor"].to_list()
    assert found["row"].tolist() == own["row"].to_list()
    assert found["time"] == pytest.approx([ms(t) for t in own["time"]])
    states = [facts.states[c] for c in found["state"].tolist()]
    assert states == ["VALUE" if v is not None else s for s, v in own.select("state", "value").iter_rows()]
    none, meta = columns(served, "events", limit=10)
    assert meta == {"total": len(served.events), "exact": False}
    assert len(none["time"]) == 0


def test_days_add_up(served: Served) -> None:
    days = served.client.get(f"{served.home}/days").json()["days"]
    by_day = served.events.group_by(pl.col("time").dt.date().cast(pl.String)).len()
    assert {d["day"]: d["events"] for d in days} == dict(by_day.iter_rows())
    assert sum(d["windows"] for d in days) == len(served.view.windows)


def test_a_sentence_is_understood_and_its_chips_can_be_taken_away(served: Served) -> None:
    asked = {"query": "someone opens the fridge in the morning, not at the sink", "k": 60}
    found = served.client.post(f"{served.home}/search", json=asked).json()
    chips = {c["kind"]: c for c in found["chips"]}
    assert set(chips) == {"place", "absence", "time"}
    assert all(c["active"] for c in found["chips"])
    best = found["hits"][0]
    assert best["rank"] == 1
    assert "fridge" in best["objects"]
    assert {w["chip"] for w in best["why"]} == {c["id"] for c in found["chips"]}
    for hit in found["hits"]:
        assert hit["met"] == pytest.approx(np.mean([w["met"] for w in hit["why"]]), abs=1e-3)
    assert len({hit["met"] for hit in found["hits"]}) > 1
    assert best["window"] == served.view.windows["window_id"][best["row"]]
    start = served.view.windows["start"][best["row"]]
    assert 5 <= start.hour < 12
    again = served.client.post(
        f"{served.home}/search", json={**asked, "without": [chips["time"]["id"]]}
    ).json()
    assert [c["kind"] for c in again["chips"] if not c["active"]] == ["time"]
    assert {w["chip"] for w in again["hits"][0]["why"]} == {chips["place"]["id"], chips["absence"]["id"]}
    less = {**asked, "without": [chips["place"]["id"], chips["absence"]["id"]]}
    timed = served.client.post(f"{served.home}/search", json=less).json()
    assert [[w["chip"] for w in hit["why"]] for hit in timed["hits"]] == [[chips["time"]["id"]]] * len(
        timed["hits"]
    )
    assert timed["hits"][0]["met"] == 1.0, "nothing but the time is asked for"
    same = served.view.opened.search(asked["query"], top_k=60)
    assert [h["window"] for h in found["hits"]] == [h.window_id for h in same]


def test_a_question_is_answered_with_a_number(served: Served) -> None:
    asked = {"question": "how often was the fridge opened?", "k": 3}
    answer = served.client.post(f"{served.home}/ask", json=asked)
    assert answer.status_code == 200, answer.text
    found = answer.json()
    same = served.view.opened.ask(asked["question"], top_k=3)
    assert found["asks"] == "how often"
    assert found["said"] == same.reply.said
    assert found["value"] == pytest.approx(same.value)
    assert [m["begin"] for m in found["moments"]] == [ms(m.begin) for m in same.reply.moments]
    assert len(found["days"]) == len(found["values"])
    who = served.client.post(f"{served.home}/ask", json={"question": "who opened the fridge?"}).json()
    assert who["said"] == ""
    assert "tells people apart" in who["refusal"]


def test_filters_and_likeness(served: Served) -> None:
    second = ms(datetime(2024, 1, 2))
    body = {
        "query": "someone moves",
        "k": 50,
        "filters": {"after": second, "hours": [22, 5], "rooms": ["master_bedroom"]},
    }
    hits = served.client.post(f"{served.home}/search", json=body).json()["hits"]
    assert hits
    for hit in hits:
        assert hit["begin"] >= second
        assert "master_bedroom" in hit["rooms"]
    like = served.client.get(f"{served.home}/similar", params={"row": hits[0]["row"], "k": 3}).json()
    assert like["chips"] == []
    assert hits[0]["row"] not in [h["row"] for h in like["hits"]]
    for wrong, status in (({"query": " "}, 400), ({"query": "x", "k": 0}, 422), ({"queri": "x"}, 422)):
        answer = served.client.post(f"{served.home}/search", json=wrong)
        assert answer.status_code == status
        assert answer.json()["error"]


def test_a_moment_holds_its_events_and_the_path_through_rooms(served: Served) -> None:
    row = 40
    window = served.view.windows.row(row, named=True)
    found = served.client.get(f"{served.home}/moment", params={"row": row}).json()
    own = served.events.filter(pl.col("time").is_between(window["start"], window["end"]))
    sensors = [s.sensor for s in served.facts.sensors]
    assert [sensors[e["sensor"]] for e in found["events"]] == own["sensor"].to_list()
    assert found["total"] == len(own)
    assert row in found["rows"]
    path = [stay["room"] for stay in found["path"] if stay["room"] != UNKNOWN_ROOM]
    assert path == window["rooms"]
    assert found["captions"][0] in served.view.captions[found["row"]]
    assert served.client.get(f"{served.home}/moment", params={"row": 10**9}).status_code == 400
    assert served.client.get(f"{served.home}/moment?begin=5&end=5").status_code == 400
    assert served.client.get(f"{served.home}/moment?begin=nan&end=5").status_code == 400


def test_recognition_runs_once_in_the_background(served: Served) -> None:
    first = served.client.get(f"{served.home}/activities")
    assert first.status_code in (200, 202)
    if first.status_code == 202:
        assert first.json()["job"]["what"] == "recognise"
    wait_for(served, "recognise")
    found, meta = columns(served, "activities")
    result = served.view.opened.recognise()
    assert [meta["activities"][c] for c in found["activity"].tolist()] == result.segments[
        "activity"
    ].to_list()
    assert found["windows"].sum() == len(served.view.windows)
    some, _ = columns(served, "activities", activity="sleeping")
    assert len(some["begin"]) == (result.segments["activity"] == "sleeping").sum()
    hours = served.client.get(f"{served.home}/days").json()["days"]
    total = sum(h for d in hours for h in d["hours"].values())
    lengths = (result.segments["end"] - result.segments["start"]).dt.total_microseconds().sum() / 3.6e9
    assert total == pytest.approx(lengths, abs=0.01)
    body = served.client.get(f"{served.home}/export", params={"what": "activities", "format": "csv"}).text
    assert len(body.splitlines()) == len(result.segments) + 1


def test_the_map_has_a_place_for_every_window(served: Served) -> None:
    served.client.get(f"{served.home}/map")
    wait_for(served, "map")
    found, meta = columns(served, "map")
    windows = served.view.windows
    assert len(found["x"]) == len(windows)
    assert min(found["x"].min(), found["y"].min()) >= 0
    assert max(found["x"].max(), found["y"].max()) <= 1
    rooms = [meta["rooms"][c] if c != 65_535 else None for c in found["room"].tolist()]
    assert rooms == windows["rooms"].list.first().to_list()
    assert found["begin"] == pytest.approx([ms(t) for t in windows["start"]])
    # Windows of one room lie nearer to each other than to the others.
    places = np.stack([found["x"], found["y"]], axis=1)
    room = found["room"]
    apart = np.linalg.norm(places[:, None] - places[None], axis=2)
    same = room[:, None] == room[None]
    assert apart[same].mean() < 0.8 * apart[~same].mean()


def test_clusters_of_a_raw_log_are_found_in_the_background(served: Served) -> None:
    served.client.get(f"{served.home}/map")
    wait_for(served, "map")
    clusters = served.client.get(f"{served.home}/clusters")
    if clusters.status_code == 202:
        wait_for(served, "clusters")
        clusters = served.client.get(f"{served.home}/clusters")
    found = clusters.json()["clusters"]
    assert sum(one["windows"] for one in found) <= len(served.view.windows)
    cluster = columns(served, "map")[0]["cluster"]
    assert set(cluster.tolist()) == {one["id"] for one in found}
    assert all(cluster[row] == one["id"] for one in found for row in one["examples"])
    assert "cluster" in served.facts.rows_by


def test_patterns_answer_or_say_why_not(served: Served) -> None:
    rare = served.client.get(f"{served.home}/unusual-days").json()
    assert rare["available"] is False
    assert "four others" in rare["reason"]
    changes = served.client.get(f"{served.home}/changes")
    assert changes.status_code == 400
    assert "days" in changes.json()["error"]
    day = served.client.get(f"{served.home}/typical-day").json()
    assert day["bins"] == 96
    share = np.array([row["share"] for row in day["rows"]])
    assert share.sum(axis=0).max() <= 1 + 1e-3
    kitchen = next(row for row in day["rows"] if row["thing"] == "kitchen")["share"]
    assert sum(kitchen[26:46]) > sum(kitchen[:20])


def test_progress_is_sent_as_events(served: Served) -> None:
    from discover.app.server import _progress

    class Gone:
        asked = 0

        async def is_disconnected(self) -> bool:
            self.asked += 1
            return self.asked > 1

    async def first() -> list[str]:
        return [line async for line in _progress(served.shelf, Gone())]  # type: ignore[arg-type]

    import asyncio

    lines = asyncio.run(first())
    assert lines[0].startswith('event: job\ndata: {"id":"two_days/open"')
    assert '"state":"ready"' in lines[0]
    assert all(line.endswith("\n\n") for line in lines)


def test_silent_days_are_listed(served: Served) -> None:
    from discover.app import patterns

    moved = served.view.events.time.copy()
    later = moved.copy()
    later[-1] += 2 * DAY
    object.__setattr__(served.view.events, "time", later)
    try:
        found = patterns.days(served.view, None).days
    finally:
        object.__setattr__(served.view.events, "time", moved)
    assert [d.events for d in found[-3:]] == [found[-3].events, 0, 1]
    assert date_of(found[-1].begin) - date_of(found[0].begin) == timedelta(days=3)


def date_of(t: float) -> datetime:
    return datetime.fromtimestamp(t / 1000, UTC)


def test_the_page_is_there_before_torch_is_loaded() -> None:
    code = (
        "import sys; from discover.app.server import create_app; import discover.app.running\n"
        "print(sorted({'torch', 'sklearn', 'scipy', 'matplotlib'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_sun_is_shown_where_the_home_says_its_place(served: Served) -> None:
    found, _ = columns(served, "sun")
    assert len(found["begin"]) == 0
    view = HomeView("demo", served.view.opened, "demo", "")
    placed = served.view.home.model_copy(
        update={"latitude": 52.5, "longitude": 13.4, "time_zone": "Europe/Berlin"}
    )
    view.__dict__["searcher"] = replace(
        served.view.searcher,
        window_set=WindowSet.of(placed, served.view.window_set.events, served.view.window_set.windows),
    )
    own, _ = read_columns(sun(view))
    first = own["begin"][own["begin"] >= ms(datetime(2024, 1, 1))][0]
    assert abs(first - ms(datetime(2024, 1, 1, 8, 17))) < 120_000
    assert (own["end"] > own["begin"]).all()


def test_a_sentence_is_parsed_once(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    searcher, asked = served.view.searcher, []

    def parser(text: str, *rest: Any) -> Any:
        asked.append(text)
        return searcher.parser(text, *rest)

    monkeypatch.setitem(served.view.__dict__, "searcher", replace(searcher, parser=parser))
    body = {"query": "someone is at the fridge in the morning", "without": ["t0"]}
    answer = served.client.post(f"{served.home}/search", json=body).json()
    assert asked == [body["query"]]
    assert [chip["active"] for chip in answer["chips"]] == [True, False]
