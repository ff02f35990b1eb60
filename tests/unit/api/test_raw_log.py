"""A raw log opened without training: found, recognised, and made only once."""

import json
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from llm_stub import Stub
from typer.testing import CliRunner

import discover
from discover.api import OpenedHome
from discover.cli.app import app
from discover.core.embeddings import unit_rows
from discover.core.errors import ConfigError, DataError
from discover.homes import home_file_text, load_home
from discover.pretraining.any_home import AnyHome
from discover.recognition import PromptSet, place_prompts
from discover.serving.llm_parser import LlmParser
from discover.simulator import SimulatorConfig, write_simulated


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("raw") / "my_log.txt"
    write_simulated(path, load_home("demo"), SimulatorConfig(days=1, seed=4))
    return path


@pytest.fixture(scope="module")
def home(log: Path) -> OpenedHome:
    return discover.open(log, home="demo", workspace=log.parent / "made")


def test_a_sentence_finds_what_it_says(home: OpenedHome) -> None:
    found = home.search("someone opens the fridge", top_k=3)
    assert len(found) == 3
    assert found.answer.how == "captions and shipped network, exact search"
    assert all("fridge opened" in " ".join(timeline) for timeline in found.table["timeline"].to_list())
    assert found.table["rank"].to_list() == [1, 2, 3]
    assert "Understood: the fridge = fridge opened" in str(found)
    assert "fridge opened" in found._repr_html_()
    off = home.search("cooking at the stove", top_k=5, query_words="off", merge=False)
    assert sum("kitchen" in hit.rooms for hit in off) >= 4
    told = home.search("cooking at the stove", top_k=5, query_words="off", merge=False, by="captions")
    assert told.answer.how == "captions only, exact search"
    assert told.table["score"].to_list() != off.table["score"].to_list()


def test_a_language_model_reads_sentences_and_questions(home: OpenedHome, stub: Stub) -> None:
    stub.content = json.dumps(
        {"wanted": [{"kind": "object", "name": "fridge"}], "unwanted": [{"kind": "room", "name": "bathroom"}]}
    )
    read = replace(home, parser=LlmParser(stub.url))
    found = read.search("dveře lednice, ne v koupelně", top_k=3)
    assert all("fridge" in " ".join(lines) for lines in found.table["timeline"].to_list())
    assert "fridge = at or in the fridge; bathroom = nothing at or in the bathroom" in str(found)
    assert "A language model read the question." in found.answer.note
    answer = read.ask("dveře lednice, ne v koupelně")
    assert [t.name for t in answer.reply.query.wanted] == ["fridge"]
    assert len(stub.requests) == 1


def test_another_language_is_read_by_words_or_refused(home: OpenedHome) -> None:
    found = home.search("wann war der Kühlschrank offen", top_k=3)
    assert all("fridge" in " ".join(lines) for lines in found.table["timeline"].to_list())
    assert found.answer.note == ("Read from German by a list of words, as: when is someone at the fridge")
    other = home.search("nicht im Bad und in der Küche")
    assert "It is not plain what 'nicht' negates." in other.answer.note
    assert "--llm" in other.answer.note
    refused = home.ask("niet in de keuken vannacht")
    assert "--llm" in refused.reply.refusal
    assert "Dutch" in str(refused)


def test_filters_hold(home: OpenedHome) -> None:
    night = home.search("someone moves", top_k=20, hours="22-5", merge=False)
    assert len(night)
    assert all(hit.start.hour >= 22 or hit.start.hour < 5 for hit in night)
    like = home.similar(night[0].window_id, top_k=2)
    assert night[0].window_id not in [hit.window_id for hit in like]


def test_recognition_without_a_model(home: OpenedHome, tmp_path: Path) -> None:
    found = home.recognise(config={"unknown_share": 0.0})
    assert len(found.timeline) == len(home.windows)
    assert found.found.method == "prompts"
    assert "nothing was trained" in str(found)
    kitchen = found.timeline.join(home.windows, on="window_id").filter(activity="meal_preparation")
    assert (kitchen["rooms"].list.contains("kitchen")).mean() > 0.8
    assert {path.suffix for path in found.write(tmp_path)} == {".parquet", ".csv", ".png", ".svg"}
    assert found.totals["windows"].sum() == len(home.windows)
    with pytest.raises(ConfigError, match="method self_trained cannot be used"):
        home.recognise(method="self_trained")


def test_tables_and_vectors(home: OpenedHome) -> None:
    assert home.events["time"].is_sorted()
    assert set(home.captions["window_id"]) == set(home.windows["window_id"])
    assert home.vectors.shape == (len(home.windows), 768)
    (query,) = home.embed("someone opens the fridge")
    assert np.linalg.norm(query) == pytest.approx(1, abs=1e-3)
    best = int((home.vectors.astype(np.float32) @ query).argmax())
    top = home.search("someone opens the fridge", top_k=1, merge=False, query_words="off")[0]
    assert home.windows["window_id"][best] == top.window_id
    assert home.home.name == "demo"
    facts = str(home.describe())
    assert "captions and shipped network, untrained" in facts
    assert "2024-01-01 to 2024-01-01" in facts


def test_what_needs_a_model_says_so(home: OpenedHome) -> None:
    with pytest.raises(ConfigError, match=r"made with a trained model.*by room, object, company or cluster"):
        home.changes("2024-01-01", "2024-01-01", by="activity")
    with pytest.raises(ConfigError, match="need a trained model, and this is a raw log"):
        home.clusters(on="encoder")


def test_what_recurs_is_found_once(home: OpenedHome) -> None:
    found = home.clusters()
    assert found.made
    assert not home.clusters().made
    rows = found.assignments.join(home.windows, on="window_id")
    assert len(rows) == len(home.windows)
    assert found.table["windows"].sum() <= len(home.windows)
    by_title = dict(found.table.select("title", "id").iter_rows())
    kitchen = [k for title, k in by_title.items() if title.startswith("Meal preparation, kitchen")]
    assert kitchen, "titled by activity where that is sure"
    named = rows.filter(pl.col("cluster").is_in(kitchen))
    assert named["rooms"].list.contains("kitchen").mean() > 0.9
    one = home.search("someone moves", top_k=5, clusters=kitchen[0], merge=False)
    assert {hit.window_id for hit in one} <= set(named["window_id"])
    other = home.clusters("few", k=3, merge_from=0)
    assert sorted(other.assignments["cluster"].unique()) == [0, 1, 2]


def test_captions_of_an_earlier_version_do_not_matter(home: OpenedHome, log: Path) -> None:
    older = {p.with_name(p.name.replace("short", "baseline")): p for p in home.samplings[0].glob("*short*")}
    assert older
    for path, today in older.items():
        path.write_bytes(today.read_bytes())
    again = discover.open(log, home="demo", workspace=log.parent / "made")
    assert again.captions.equals(home.captions)
    for path in older:
        path.unlink()


def test_nothing_is_made_twice(home: OpenedHome, log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = {p: p.stat().st_mtime_ns for p in (log.parent / "made").rglob("*") if p.suffix != ".lock"}
    again = discover.open(log, home="demo", workspace=log.parent / "made")
    assert capsys.readouterr().err == "", "only what is made is told"
    assert {p: p.stat().st_mtime_ns for p in before} == before
    assert again.search("tea", top_k=1).table.equals(home.search("tea", top_k=1).table)
    assert sorted(p.name for p in log.parent.iterdir()) == ["made", "my_log.txt"]


def test_corrections_are_kept_and_followed(log: Path) -> None:
    home = discover.open(log, home="demo", workspace=log.parent / "made")
    before = home.recognise(config={"unknown_share": 0.0})
    window = home.windows["window_id"][20]
    begin, end = (home.windows[column][20].isoformat() for column in ("start", "end"))
    made = home.correct("That was <b>tea</b> time, not sleeping.", begin, end)
    after = home.recognise(config={"unknown_share": 0.0})
    told = after.timeline.filter(window_id=window)
    assert told["activity"].to_list() == ["<b>tea</b>_time"]
    assert told["confidence"].to_list() == [1.0]
    assert "Corrections give 1 window an activity; 1 of them teach the others. No other label" in str(after)
    assert "&lt;b&gt;tea&lt;/b&gt; time" in home.corrections._repr_html_()
    assert home.corrections.table["text"].to_list() == ["<b>tea</b> time"]
    assert home.corrections.undo(made.id).id == made.id
    assert home.recognise(config={"unknown_share": 0.0}).timeline.equals(before.timeline)
    assert not home.corrections.file.path.exists()


@pytest.mark.parametrize(
    ("text", "about", "said"),
    [
        ("this is the dishwasher", {}, "does not say what it is about"),
        ("M012 is broken", {}, "does not say what a sensor watches"),
        ("M06 is the kettle", {}, "no sensor 'M06'. Did you mean"),
        ("M006 is the fridge", {}, "M006 is fridge in kitchen already"),
        (
            "this is the kettle",
            {"begin": "2024-01-01 00:00", "end": "23:59"},
            r"active there: .*D002 \(fridge in kitchen\).* and \d+ more. Name it, such as 'D001 is",
        ),
        (
            "this is the kettle",
            {"begin": "2024-01-01 08:00", "end": "08:30", "kind": "activity"},
            "says what a sensor is, and here a correction of kind activity",
        ),
        ("breakfast", {"begin": "yesterday", "end": "08:30"}, "'yesterday' is no time"),
        ("breakfast", {"begin": "2024-02-01 08:00", "end": "08:30"}, "no window between 2024-02-01 08:00:00"),
        ("kettle", {"sensor": "M06"}, "no sensor 'M06'. Did you mean"),
        (
            "breakfast",
            {"begin": "2024-01-01 08:00", "end": "08:30", "home": "kyoto"},
            "holds no home 'kyoto'",
        ),
    ],
)
def test_unclear_corrections_are_refused(
    home: OpenedHome, text: str, about: dict[str, str], said: str
) -> None:
    with pytest.raises((ConfigError, DataError), match=said):
        home.correct(text, **about)
    assert len(home.corrections) == 0


def test_corrections_from_the_shell(log: Path) -> None:
    runner, made = CliRunner(), ["--workspace", str(log.parent / "made"), "--layout", "demo"]
    first = discover.open(log, home="demo", workspace=log.parent / "made").windows["start"][0]
    asked = [
        "correct",
        str(log),
        "breakfast",
        "--from",
        first.isoformat(),
        "--to",
        f"{first:%H:%M:59}",
        *made,
    ]
    stored = runner.invoke(app, asked)
    assert stored.exit_code == 0, stored.output
    number = stored.output.split("--undo ")[-1].strip(" .\n")
    listed = runner.invoke(app, ["correct", str(log), "--list", "--json", *made])
    assert [c["id"] for c in json.loads(listed.stdout)["corrections"]] == [number]
    undone = runner.invoke(app, ["correct", str(log), "--undo", number, *made])
    assert undone.stdout.endswith("Taken back: breakfast.\n")


def test_a_sensor_is_renamed_when_the_log_is_opened_again(log: Path) -> None:
    home = discover.open(log, home="demo", workspace=log.parent / "made")
    made = home.correct("m006 is the bread bin, not the fridge")
    again = discover.open(log, home="demo", workspace=log.parent / "made")
    assert again.home.sensor("M006").object == "bread bin"
    assert again.home.sensor("M006").room == home.home.sensor("M006").room
    assert any("bread bin" in caption for caption in again.captions["caption"])
    again.corrections.undo(made.id)
    assert len(again.corrections) == 0


def test_this_means_the_only_sensor_of_the_moment(home: OpenedHome) -> None:
    told = [set(home.events.filter(pl.col("time").is_between(b, e))["sensor"]) for b, e in spans(home)]
    alone = next(row for row, sensors in enumerate(told) if len(sensors) == 1)
    sensor = told[alone].pop()
    begin, end = spans(home)[alone]
    made = home.correct("that sensor is in the winter garden", begin, end)
    assert (made.sensor and made.sensor.id, made.begin) == (sensor, None)
    assert made.sensor is not None
    assert made.sensor.room == "winter_garden"
    assert made.sensor.object == home.home.sensor(sensor).object
    home.corrections.undo(made.id)
    made = home.correct("This is the kettle, not the food cupboard.", "2024-01-01 00:00", "23:59")
    assert made.sensor is not None
    assert home.home.sensor(made.sensor.id).object == "food cupboard"
    home.corrections.undo(made.id)


def spans(home: OpenedHome) -> list[tuple[datetime, datetime]]:
    """Begin and end of each window."""
    return home.windows.select("start", "end").rows()


def test_an_own_home_file_is_the_place_of_what_a_sensor_is(home: OpenedHome, tmp_path: Path) -> None:
    own = tmp_path / "mine.yaml"
    before = home_file_text(home.home)
    own.write_text(before)
    assert home.prepared is not None
    mine = replace(home, prepared=replace(home.prepared, home_file=own))
    made = mine.correct("M006 is the dishwasher in the laundry room")
    assert (made.made, len(mine.corrections)) == ("", 0)
    found = load_home(own)
    assert (found.sensor("M006").object, found.sensor("M006").room) == ("dishwasher", "laundry_room")
    assert [s for s in found.sensors if s.id != "M006"] == [s for s in home.home.sensors if s.id != "M006"]
    changed = [(a, b) for a, b in zip(before.split("\n"), own.read_text().split("\n"), strict=True) if a != b]
    assert len(changed) == 1, "one line, and no comment is lost"
    mine.correct("M006 is the fridge in the kitchen")
    assert own.read_text() == before
    own.write_text("name: mine\nsensors: []\n")
    with pytest.raises(ConfigError, match=r"no entry with id: M006.*by hand: id: M006, room: laundry_room"):
        mine.correct("M006 is in the laundry room")


def test_who_it_was_is_kept_for_the_told_windows(log: Path, home: OpenedHome) -> None:
    ids = home.windows["window_id"].to_list()
    assert "who" not in home.recognise().timeline.columns
    dad = home.correct("that was Dad, not Mum", windows=ids[3:5])
    anna = home.correct("that was Anna, not Peter", windows=ids[8:9])
    kim = home.correct("Kim", windows=ids[9:10], kind="person")
    again = home.correct("it was kim", windows=ids[11:12])
    assert [c.kind for c in (dad, anna, kim, again)] == ["person"] * 4
    found = home.recognise()
    who = dict(found.timeline.select("window_id", "who").rows())
    assert {k: v for k, v in who.items() if v} == {
        ids[3]: "Dad",
        ids[4]: "Dad",
        ids[8]: "Anna",
        ids[9]: "Kim",
        ids[11]: "Kim",
    }
    assert "in 5 windows (Anna, Dad, Kim); of the others it is not known who" in str(found)
    with pytest.raises(ConfigError, match=r"both 'Mum' .* and 'Dad' .*a window has one person"):
        home.correct("that was Mum", windows=ids[3:4])
    for made in (dad, anna, kim, again):
        home.corrections.undo(made.id)


def test_the_summary_shows_what_was_found_first(home: OpenedHome, tmp_path: Path) -> None:
    found = home.summary()
    page, *others = found.write(tmp_path)
    assert others == [], "the sensors are described, so there is no guess to correct"
    text, written = str(found), page.read_text(encoding="utf-8")
    assert text.index("meal preparation") < text.index("Data:") < text.index("Nothing was trained")
    assert len(found.answers) == 3
    assert all(answer.shares[0] > 0.99 and not answer.note for answer in found.answers)
    assert [f"“{a.question}”" in written for a in found.answers] == [True] * 3
    assert (
        written.index("What was found") < written.index("Data health") < written.index("Nothing was trained")
    )


def test_the_network_reads_a_log_once(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it says of the windows is kept, until the weights are others."""
    home = discover.open(log, home="demo", workspace=log.parent / "made")
    half = dict(zip(home.windows["window_id"], home.vectors[:, 384:], strict=True))
    network = AnyHome.load()
    read = unit_rows(network.embed(home.window_set))
    for row, window in enumerate(home.window_set.windows["window_id"]):
        assert np.abs(half[window] / np.linalg.norm(half[window]) - read[row]).max() < 2e-3
    monkeypatch.setattr(AnyHome, "embed", lambda *_: pytest.fail("the vectors are kept"))
    discover.open(log, home="demo", workspace=log.parent / "made")
    changed = replace(network, sha256="0" * 64)
    monkeypatch.setattr(AnyHome, "load", lambda: changed)
    with pytest.raises(pytest.fail.Exception, match="the vectors are kept"):
        discover.open(log, home="demo", workspace=log.parent / "made")


def test_activities_are_told_apart_by_their_names(home: OpenedHome, tmp_path: Path) -> None:
    """Of two activities with the same sentence only the names, which the network reads, say which it is."""
    own = tmp_path / "own.yaml"
    own.write_text("sleeping_in_bed: someone is at home\nmaking_dinner: someone is at home\n")
    found = home.recognise(prompts=own, config={"unknown_share": 0.0}).timeline
    assert set(found["activity"]) == {"sleeping_in_bed", "making_dinner"}
    hours, in_bed = found["start"].dt.hour(), found["activity"] == "sleeping_in_bed"
    night, evening = (in_bed.filter(hours.is_between(*span)).mean() for span in ((0, 5), (17, 20)))
    assert night > evening + 0.3, (night, evening)
    prompts = PromptSet("described", ("sleeping", "cooking"), (("someone is at home",),) * 2)
    encode = home.searcher.encoder.encode
    placed = place_prompts(prompts, encode(prompts.sentences), encode, home.searcher.model.project_text)
    assert np.array_equal(placed[0, :384], placed[1, :384]), "captions read no name"
    assert np.abs(placed[0, 384:] - placed[1, 384:]).max() > 0.01, "questions are answered alike"


def test_guesses_about_sensors_are_written_to_be_corrected(log: Path, tmp_path: Path) -> None:
    found = discover.open(log, workspace=tmp_path / "made").summary()
    page, home_file = found.write(tmp_path / "page")
    assert "M001" in home_file.read_text(encoding="utf-8")
    assert str(home_file) in page.read_text(encoding="utf-8")
    assert [a.question for a in found.answers] == ["movement at night", "movement in the early morning"]
    home_file.write_text("corrected: by hand\n")
    found.write(tmp_path / "page")
    assert home_file.read_text() == "corrected: by hand\n"


def test_a_question_is_answered_with_its_moments(home: OpenedHome, tmp_path: Path) -> None:
    answer = home.ask("how often was the fridge opened?", top_k=100)
    fridge = {s.id for s in home.home.sensors if s.object == "fridge" and s.type == "door"}
    opened = home.events.filter(pl.col("sensor").cast(pl.String).is_in(fridge), pl.col("state") == "OPEN")
    assert answer.value == len(answer.reply.moments) > 0
    assert {m.begin for m in answer.reply.moments} <= set(opened["time"])
    assert answer.interval is None
    assert "No interval: 1 day, and 8 are needed" in str(answer)
    plain = json.loads(json.dumps(answer.as_json(), allow_nan=False))
    assert plain["value"] == answer.value
    assert plain["understood"]["asks"] == "how often"
    figure = answer.write_figure(tmp_path / "fridge.svg").read_text(encoding="utf-8")
    assert "<svg" in figure
    assert "<svg" in answer._repr_html_()


def test_what_the_rules_do_not_know_is_searched_and_what_no_sensor_tells_is_refused(home: OpenedHome) -> None:
    near = home.ask("someone is rummaging and clattering", top_k=2)
    assert near.reply.query.unread == ("rummaging", "clattering")
    assert len(near.reply.moments) == 2
    assert "nearest in meaning" in near.reply.said
    assert "tells people apart" in home.ask("who opened the fridge?").reply.refusal
    assert home.ask("in the garage for ten minutes").reply.query.wanted == ()
    assert "near the piano" in home.ask("someone plays the piano at night").reply.refusal
    with pytest.raises(ConfigError, match="2024-05-15T20:00"):
        home.ask("in the kitchen", now="yesterday")


def test_a_search_finds_moments_of_any_length(home: OpenedHome) -> None:
    found = home.search("in the living room for more than ten minutes", top_k=3)
    assert [hit.unit for hit in found] == ["episode"] * 3
    assert all(hit.duration_s >= 600 and hit.n_events for hit in found)
    assert "stays at or in the living room" in found.reasons[0]
    assert "lasting 10 min or more" in str(found)
    first = found[0]
    inside = home.events.slice(first.first_event, first.n_events)["time"]
    assert first.start <= inside.min() <= inside.max() <= first.end  # type: ignore[operator]
    assert home.search("nobody in the kitchen all day", top_k=2).answer.note.startswith("No moment of any")
    short = home.search("in the living room for more than ten minutes", top_k=9, max_duration_s=900)
    assert all(hit.duration_s <= 900 for hit in short)
