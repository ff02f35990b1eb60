"""Two simulated homes with the same sensor ids: trained together, searched together, evaluated apart."""

import json
from pathlib import Path

import numpy as np
import pytest
from chain_runs import CONFIG, SMALL, discover_here

from discover.core.errors import ConfigError
from discover.core.window_set import load_window_set
from discover.pipeline import VECTOR_STAGES, run_chain
from discover.query import ParsedQuery
from discover.retrieval import SearchFilters, SearchOptions
from discover.serving.index_folders import IndexedHome, index_name
from discover.serving.recognise import RecogniseRequest, recognise
from discover.serving.search import Searcher

HOMES = ("aruba", "milan")
SAMPLING = "FD_60"


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, list[Path]]:
    """Workspace, model and sampling folders of a model trained on both homes."""
    workspace = tmp_path_factory.mktemp("both")
    homes = ", ".join(f"{{name: {home}, simulate: {{days: 6}}}}" for home in HOMES)
    small = [setting for setting in SMALL if not setting.startswith("home")]
    chain = run_chain(
        CONFIG, [*small, f"homes=[{homes}]", "training.batches=mixed"], workspace, only=VECTOR_STAGES
    )
    return workspace, chain.model_folders.model, [home.folders.sampling for home in chain.homes]


@pytest.fixture(scope="module")
def searcher(both: tuple[Path, Path, list[Path]]) -> Searcher:
    return Searcher.open(both[1])


def test_the_model_and_the_index_hold_both_homes(
    searcher: Searcher, both: tuple[Path, Path, list[Path]]
) -> None:
    shared = set.intersection(*({s.id for s in home.sensors} for home in searcher.model.homes.values()))
    assert "M001" in shared
    assert tuple(searcher.model.homes) == searcher.index.homes == HOMES
    ids = [searcher.model.vocabulary.encode("sensor", ["M001"], home=home) for home in HOMES]
    assert ids[0] != ids[1]
    # Each home alone gets the vectors it has in the joint index.
    for name, folder in zip(HOMES, both[2], strict=True):
        alone = searcher.model.embed_windows(load_window_set(folder)).vectors
        rows = searcher.index.rows_in(name)
        np.testing.assert_allclose(alone, searcher.index.vectors[rows].astype(np.float32), atol=2e-3)


def test_a_sentence_is_answered_by_each_home_in_its_own_words(searcher: Searcher) -> None:
    answer = searcher.search("someone is in the kitchen", SearchOptions(top_k=4))
    assert {moment.home for moment in answer} == set(HOMES)
    for moment in answer:
        kitchen = {s.id for s in searcher.window_set.homes[moment.home].sensors if "kitchen" in s.room}
        events = searcher.window_set.logs[moment.home].events.slice(moment.first_event, moment.n_events)
        assert set(events["sensor"].cast(str)) & kitchen
    found = answer.as_json(searcher.window_set)
    assert {one["home"] for one in found["answers"]} == set(HOMES)
    assert all(any("kitchen" in line for line in one["timeline"]) for one in found["answers"])


def test_a_home_without_the_thing_says_so_and_the_other_answers(searcher: Searcher) -> None:
    read = searcher.parse("someone is in the garage")
    assert {name: query.count for name, query in read.items()} == {"aruba": 1, "milan": 0}
    answer = searcher.search("someone is in the garage", SearchOptions(top_k=4))
    assert {moment.home for moment in answer} == {"aruba"}
    assert answer.note.startswith("No sensor of milan is near a garage.")
    assert [homes for homes, _ in answer.readings] == [("aruba",), ("milan",)]
    couch = searcher.search("someone sits on the couch", SearchOptions(top_k=4))
    assert {moment.home for moment in couch} == set(HOMES)
    assert couch.note == "No sensor of milan is near a couch. The answers fit the rest of the question."
    answer = searcher.search("a grand piano is played")
    assert not len(answer)
    assert answer.note.startswith("No sensor of aruba, milan is near a grand piano.")


def test_the_filter_of_homes_and_one_home_of_a_searcher(searcher: Searcher) -> None:
    text = "someone goes to bed at night"
    only = SearchOptions(top_k=3, filters=SearchFilters(homes=("milan",)))
    filtered, alone = (
        searcher.search(text, only),
        searcher.of_home("milan").search(text, SearchOptions(top_k=3)),
    )
    assert {moment.home for moment in filtered} == {"milan"}
    assert filtered.found == alone.found
    assert list(filtered.queries) == ["milan"]
    off = searcher.search(text, SearchOptions(query_words="off"))
    assert off.queries == {name: ParsedQuery(text=text) for name in HOMES}


def test_a_window_of_one_home_finds_its_like_in_both(searcher: Searcher) -> None:
    window = searcher.index.windows["window_id"][0]
    assert {moment.home for moment in searcher.similar(window, SearchOptions(top_k=400))} == set(HOMES)
    assert searcher.captions_of(window, SearchOptions(top_k=2))
    own = {a.label for a in searcher.window_set.homes["aruba"].activities}
    assert {hit.label for hit in searcher.labels_of(window, top_k=50)} == own


def test_the_command_line_names_the_home_of_each_moment(both: tuple[Path, Path, list[Path]]) -> None:
    done = discover_here("search", str(both[1]), "someone is in the kitchen", "-k", "4")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "windows of aruba, milan" in done.stdout
    assert "  aruba: " in done.stdout
    assert "  milan: " in done.stdout
    done = discover_here("search", str(both[1]), "someone is in the kitchen", "--home", "milan")
    assert "  milan: " in done.stdout
    assert "  aruba: " not in done.stdout


def test_what_reads_one_home_asks_which(both: tuple[Path, Path, list[Path]]) -> None:
    _, model, folders = both
    with pytest.raises(ConfigError, match=r"several homes \(aruba, milan\)\. Choose one with --home"):
        IndexedHome.open(model / index_name(SAMPLING))
    own = IndexedHome.open(model / index_name(SAMPLING), "milan")
    assert own.sampling == folders[1]
    assert own.window_set.home.name == "milan"
    assert own.window_set.windows["window_id"].equals(own.index.windows["window_id"])
    with pytest.raises(ConfigError, match="Choose one with --home"):
        recognise(RecogniseRequest(model=model))
    found = recognise(RecogniseRequest(model=model, home="aruba", splits=("test",)))
    assert found.home.name == "aruba"
    assert found.timeline["window_id"].str.starts_with("aruba").all()
    changed = discover_here(
        "changes", str(model), "--home", "milan", "--by", "room", "--baseline", "2020-01-01..2020-01-02",
        "--period", "2020-01-03..2020-01-04", "--min-days", "4",
    )  # fmt: skip
    assert "several homes" not in changed.stdout + changed.stderr


def test_each_home_is_evaluated_apart(both: tuple[Path, Path, list[Path]]) -> None:
    workspace, model, _ = both
    small = ["--set", "supervised=false", "--set", "bootstrap_samples=20"]
    refused = discover_here("evaluate", "--model", str(model), "--workspace", str(workspace), *small)
    assert refused.returncode == 2
    assert "Choose one with --home" in " ".join((refused.stdout + refused.stderr).split())
    scores = {}
    for home in HOMES:
        output = workspace / f"scores_{home}"
        done = discover_here(
            "evaluate", "--model", str(model), "--home", home, "--workspace", str(workspace),
            "--output", str(output), *small,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        scores[home] = json.loads((output / "metrics.json").read_text())["free_running"]
        assert scores[home]["retrieval"]["home"] == home
    assert scores["aruba"]["retrieval"] != scores["milan"]["retrieval"]
