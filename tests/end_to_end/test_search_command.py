"""`discover search` on a finished chain: directions, filters, time words, batch and prompt."""

import json
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from chain_runs import ROOT, discover_here

from discover.pipeline import Searcher
from discover.retrieval import SearchFilters

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
    assert found["time_words"] == [{"words": "at night", "meaning": "21:00–5:00"}]
    assert found["search"] == "exact search"
    hours = [datetime.fromisoformat(answer["start"]).hour for answer in found["answers"]]
    assert len(hours) == 8
    assert all(hour >= 21 or hour < 5 for hour in hours)
    assert all(answer["time_match"] == 1 for answer in found["answers"])
    plain = searcher.search("someone opens the fridge at night", top_k=40, merge=False, time_words="off")
    assert {hit.start.hour for hit in plain} - {21, 22, 23, 0, 1, 2, 3, 4}
    asked = searcher.search("the fridge at night", top_k=50, merge=False, time_words="filter",
                            filters=SearchFilters(hours=(4, 6)))  # fmt: skip
    assert {hit.start.hour for hit in asked} == {4}


def test_windows_like_a_window(searcher: Searcher) -> None:
    first = searcher.search("the fridge", top_k=1, merge=False)[0]
    alike = searcher.similar(first.window_id, top_k=5, merge=False)
    assert first.window_id not in [hit.window_id for hit in alike]
    assert all(hit.end < first.start or hit.start > first.end for hit in alike)
    nearest = searcher.index.search(searcher.index.vectors_of([first.window_id]), 400)
    expected = [h for h in nearest if h.end < first.start or h.start > first.end][:5]
    assert [h.window_id for h in alike] == [h.window_id for h in expected]
    for moment in searcher.similar(first.window_id, top_k=5):
        assert moment.end < first.start or moment.start > first.end


def test_captions_and_labels(finished: Path, searcher: Searcher) -> None:
    window = searcher.index.windows["window_id"][3]
    captions = ask(finished, "--captions-of", window, "-k", "4")["answers"]
    assert [c["score"] for c in captions] == sorted((c["score"] for c in captions), reverse=True)
    assert len({c["caption"] for c in captions}) == 4
    own = searcher.captions_of(window, top_k=1, by="captions")[0]
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
    together = searcher.search_many(texts, top_k=3, by="captions", mmr=0.7)
    assert together == [searcher.search(text, top_k=3, by="captions", mmr=0.7) for text in texts]
    assert together[0] != searcher.search(texts[0], top_k=3)
    described = searcher.as_json(texts[0], together[0], by="captions")
    assert described["search"] == "captions only, exact search"


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
    questions.write_text("\n")
    empty = discover_here("search", model, "--batch", str(questions))
    assert empty.returncode == 2
    assert "has no sentence" in empty.stderr


def test_the_prompt_changes_filters_survives_mistakes_and_ends(finished: Path) -> None:
    lines = [
        ":hours 22-5", ":top 1", "the fridge", ":hours 5-5", ":rom kitchen", ":room kichen", "anything",
        ":room", ":show", ":like nothing", ":clear", ":merge off", ":time-words off", "at night",
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
    assert "Time words" not in words


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
