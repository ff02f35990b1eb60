"""`discover search` on a finished chain: directions, filters, time words, batch and prompt."""

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from chain_runs import ROOT, discover_here

from discover.core.artifacts import file_sha256, read_json, write_json
from discover.core.errors import ArtifactError
from discover.retrieval import Hit, Index, SearchDefaults, SearchFilters, SearchOptions
from discover.serving import Searcher
from discover.serving.index_folders import note_source

MODEL = "trained_models/demo/demo"


@pytest.fixture(scope="module")
def searcher(finished: Path) -> Searcher:
    return Searcher.open(finished / MODEL)


def ask(finished: Path, *arguments: str) -> Any:
    done = discover_here("search", str(finished / MODEL), *arguments, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_at_night_returns_the_night(finished: Path, searcher: Searcher) -> None:
    found = ask(finished, "someone opens the fridge at night", "-k", "8")
    assert found["query_words"] == [
        {"words": "the fridge", "meaning": "fridge opened"},
        {"words": "at night", "meaning": "21:00–5:00"},
    ]
    assert found["search"] == "exact search"
    hours = [datetime.fromisoformat(answer["start"]).hour for answer in found["answers"]]
    assert len(hours) == 8
    met = [answer["query_words_met"] for answer in found["answers"]]
    assert met == sorted(met, reverse=True)
    assert met[0] == 1
    assert all(hour >= 21 or hour < 5 for hour, share in zip(hours, met, strict=True) if share == 1)
    plain = SearchOptions(top_k=40, merge=False, query_words="off")
    assert {hit.start.hour for hit in searcher.search("someone opens the fridge at night", plain)} - {
        21,
        22,
        23,
        0,
        1,
        2,
        3,
        4,
    }
    only = SearchOptions(top_k=50, merge=False, query_words="filter", filters=SearchFilters(hours=(4, 6)))
    assert {hit.start.hour for hit in searcher.search("movement at night", only)} == {4}


def test_what_is_denied_is_neither_found_nor_compared(finished: Path, searcher: Searcher) -> None:
    text = "someone is in the kitchen but not at the stove"
    found = ask(finished, text, "-k", "6", "--no-merge")
    assert found["embedded"] == "someone is in the kitchen"
    stove = {s.id for s in searcher.window_set.home.sensors if s.object == "stove"}
    for hit in searcher.search(text, SearchOptions(top_k=6, merge=False)):
        sensors = searcher.window_set.events.slice(hit.first_event, hit.n_events)["sensor"].cast(str)
        assert "kitchen" in hit.rooms
        assert not stove & set(sensors)
    shown = discover_here("search", str(finished / MODEL), text).stdout
    assert "not at the stove = nothing at or in the stove" in shown
    assert 'Compared by meaning: "someone is in the kitchen".' in shown
    off = ask(finished, text, "--query-words", "off")
    assert (off["query_words"], off["embedded"]) == ([], text)


def test_where_nothing_fits_it_is_said(searcher: Searcher) -> None:
    rare = searcher.search("more than eight rooms", SearchOptions(query_words="filter"))
    assert len(rare) == 5
    assert "nearest come first" in rare.note
    assert rare.as_json(searcher.window_set)["note"] == rare.note
    common = searcher.search("in the kitchen", SearchOptions(query_words="filter"))
    assert common.note == ""
    assert not common.ranked_by_words


def test_defaults_come_from_the_run(finished: Path, searcher: Searcher, tmp_path: Path) -> None:
    assert searcher.defaults == SearchOptions()
    index = tmp_path / "index_FD_60"
    shutil.copytree(finished / MODEL / "index_FD_60", index)
    assert (index / "activations.npz").is_file()
    note = note_source(index, searcher.samplings, SearchDefaults(top_k=2, merge=False, query_words="off"))
    with pytest.raises(ArtifactError, match=r"source\.json was altered"):
        Searcher.open(finished / MODEL, index=index)
    manifest = read_json(index / "manifest_embed.json")
    manifest["outputs"][note.name] = file_sha256(note)
    write_json(index / "manifest_embed.json", manifest)
    other = Searcher.open(finished / MODEL, index=index)
    answer = other.search("the fridge at night")
    assert (len(answer), answer.query.count) == (2, 0)
    assert all(type(hit) is Hit for hit in answer)
    done = discover_here(
        "search", str(finished / MODEL), "the fridge", "--index", str(index), "-k", "1", "--json"
    )
    assert len(json.loads(done.stdout)["answers"]) == 1


def test_an_index_without_signs_is_still_understood(finished: Path, searcher: Searcher) -> None:
    bare = Index(searcher.index.vectors, searcher.index.windows, searcher.index.model_sha256)
    older = replace(searcher, index=bare)
    text = "from the kitchen to the bathroom"
    assert older.search(text).found == searcher.search(text).found


def test_windows_like_a_window(searcher: Searcher) -> None:
    one, five = SearchOptions(top_k=1, merge=False), SearchOptions(top_k=5, merge=False)
    first = searcher.search("the fridge", one)[0]
    alike = searcher.similar(first.window_id, five)
    assert first.window_id not in [hit.window_id for hit in alike]
    assert all(hit.end < first.start or hit.start > first.end for hit in alike)
    nearest = searcher.index.search(searcher.index.vectors_of([first.window_id]), 400)
    expected = [h for h in nearest if h.end < first.start or h.start > first.end][:5]
    assert [h.window_id for h in alike] == [h.window_id for h in expected]
    for moment in searcher.similar(first.window_id):
        assert moment.end < first.start or moment.start > first.end


def test_captions_and_labels(finished: Path, searcher: Searcher) -> None:
    window = searcher.index.windows["window_id"][3]
    captions = ask(finished, "--captions-of", window, "-k", "4")["answers"]
    assert [c["score"] for c in captions] == sorted((c["score"] for c in captions), reverse=True)
    assert len({c["caption"] for c in captions}) == 4
    own = searcher.captions_of(window, SearchOptions(top_k=1, by="captions"))[0]
    assert own.own  # one caption per window here, so its own is nearest to itself
    assert own.score == pytest.approx(1, abs=1e-3)
    labels = ask(finished, "--label-of", window, "-k", "3")["answers"]
    known = {activity.label for activity in searcher.window_set.home.activities}
    assert {label["label"] for label in labels} <= known
    sentence = next(a for a in searcher.window_set.home.activities if len(a.described) >= 1).described[0]
    best = searcher.labels_of(sentence, top_k=len(known), by="captions")
    assert any(hit.prompt == sentence for hit in best[:2])


def test_captions_alone_and_several_sentences(searcher: Searcher) -> None:
    texts = ["someone opens the fridge", "someone sleeps at night"]
    options = SearchOptions(top_k=3, by="captions", mmr=0.7)
    together = searcher.search_many(texts, options)
    assert together == [searcher.search(text, options) for text in texts]
    assert together[0].found != searcher.search(texts[0], SearchOptions(top_k=3)).found
    assert together[0].as_json(searcher.window_set)["search"] == "captions only, exact search"


def test_clusters_of_the_model_filter_the_search(finished: Path, searcher: Searcher) -> None:
    ids = searcher.index.windows["window_id"]
    folder = finished / MODEL / "clusters_FD_60_hand"
    folder.mkdir()
    try:
        pl.DataFrame({"window_id": ids, "cluster": [i % 5 for i in range(len(ids))]}).with_columns(
            pl.col("cluster").cast(pl.Int32), confidence=pl.lit(1.0, pl.Float32)
        ).write_parquet(folder / "assignments.parquet")
        found = ask(finished, "the fridge", "--cluster", "2", "--no-merge", "-k", "6")["answers"]
        rows = {w: i for i, w in enumerate(ids.to_list())}
        assert [rows[answer["window_id"]] % 5 for answer in found] == [2] * 6
    finally:
        (folder / "assignments.parquet").unlink()
        folder.rmdir()


def test_batch_prints_a_table_or_json_lines(finished: Path, tmp_path: Path) -> None:
    questions = tmp_path / "questions.txt"
    questions.write_text("the fridge\n\nsomeone sleeps at night\n", encoding="utf-8")
    model = str(finished / MODEL)
    done = discover_here("search", model, "--batch", str(questions), "--json", "-k", "2", "--hours", "22-5")
    records = [json.loads(line) for line in done.stdout.splitlines()]
    assert [record["query"] for record in records] == ["the fridge", "someone sleeps at night"]
    assert all(len(record["answers"]) == 2 for record in records)
    table = discover_here("search", model, "--batch", str(questions), "-k", "2")
    assert "someone sleeps at night" in table.stdout
    questions.write_text("the fridge\nwho is there\nsomeone plays the piano\n")
    noted = " ".join(discover_here("search", model, "--batch", str(questions), "-k", "1").stdout.split())
    assert '"who is there": This question names no place, thing, act or time' in noted
    assert '"someone plays the piano": No sensor of this home is near a piano.' in noted
    assert '"the fridge":' not in noted
    questions.write_text("\n")
    empty = discover_here("search", model, "--batch", str(questions))
    assert empty.returncode == 2
    assert "has no sentence" in empty.stderr


def test_the_prompt_changes_filters_survives_mistakes_and_ends(finished: Path) -> None:
    lines = [
        ":hours 22-5", ":top 1", "the fridge", ":hours 5-5", ":rom kitchen", ":room kichen", "anything",
        ":room", ":show", ":like nothing", ":clear", ":merge off", ":query-words off", "at night",
    ]  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-m", "discover", "search", str(finished / MODEL), "-i"],
        input="\n".join(lines), cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    words = " ".join(done.stdout.split())
    assert "\n1. " in done.stdout
    assert "\n2. " not in done.stdout
    assert "two different hours of day" in words
    assert "no command :rom. Did you mean 'room'" in words
    assert "Did you mean 'kitchen'" in words
    assert "'hours': (22.0, 5.0)}" in words  # the wrong hours and the emptied room changed nothing
    assert "Window nothing is not in this index" in words
    assert "the fridge = " in words
    assert "at night =" not in words  # switched off by then


def test_what_search_refuses(finished: Path, tmp_path: Path) -> None:
    model = str(finished / MODEL)
    for arguments, message in (
        ((model,), "found 0 of them"),
        ((model, "fridge", "--like", "w"), "found 2 of them"),
        ((model, "fridge", "--hours", "now"), "22-5"),
        ((model, "fridge", "--cluster", "1"), "discover cluster"),
        ((model, "--like", "w1"), "not in this index"),
        ((model, "fridge", "--by", "captions", "--captions", "sonnet"), "style 'sonnet'"),
    ):
        done = discover_here("search", *arguments)
        assert done.returncode == 2, arguments
        assert message in " ".join(done.stderr.split())
        assert "Traceback" not in done.stderr
