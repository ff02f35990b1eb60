"""The choice between prompts and a student: what is there decides, and a note says why."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from discover.core.artifacts import read_manifest, write_json, write_manifest
from discover.core.embeddings import EmbeddingTable, save_embeddings
from discover.core.errors import AlteredError, ConfigError
from discover.serving.teaching import TeachingRequest, plan_teaching

ENCODER: Any = SimpleNamespace(
    name="tiny", config=SimpleNamespace(type="tiny"), meta={"weights_sha256": "a1"}
)


def captions_of(sampling: Path, style: str, *, weights: str = "a1", missing: int = 0) -> None:
    """Two captions of each of three windows, in mixed order: window i points along axis i."""
    ids = np.array(["w2", "w0", "w1", "w1", "w0", "w2"])[: 6 - missing]
    vectors = np.eye(3, dtype=np.float32)[[2, 0, 1, 1, 0, 2]][: 6 - missing] * 5
    order = np.array([0, 0, 0, 1, 1, 1], dtype=np.int16)[: 6 - missing]
    table = EmbeddingTable(vectors, ids, order, {"weights_sha256": weights})
    save_embeddings(sampling / f"embeddings_{style}_tiny.npz", table)
    (sampling / f"captions_{style}.parquet").touch()
    written = {"encode-text": f"embeddings_{style}_tiny.npz", "caption": f"captions_{style}.parquet"}
    for stage, name in written.items():
        write_manifest(
            sampling / f"manifest_{stage}.json",
            stage=stage,
            stage_version=1,
            config={},
            inputs={},
            outputs=[sampling / name],
            before=read_manifest(sampling / f"manifest_{stage}.json"),
        )


@pytest.fixture
def asked(tmp_path: Path) -> TeachingRequest:
    (tmp_path / "FD").mkdir()
    write_json(tmp_path / "index/source.json", {"sampling": "../FD"})
    return TeachingRequest(
        method=None,
        style=None,
        balance=0.0,
        activities=3,
        index=tmp_path / "index",
        window_ids=np.array(["w1", "w2", "w0"]),
    )


def test_captions_that_are_there_teach_in_the_order_of_the_windows(
    asked: TeachingRequest, tmp_path: Path
) -> None:
    captions_of(tmp_path / "FD", "plain")
    for method in (None, "self_trained"):
        plan = plan_teaching(replace(asked, method=method), ENCODER)
        assert (plan.method, plan.note) == ("self_trained", "")
        assert plan.caption_vectors is not None
        np.testing.assert_allclose(plan.caption_vectors, np.eye(3)[[1, 2, 0]], atol=1e-6)


def test_settings_that_only_prompts_can_serve(asked: TeachingRequest, tmp_path: Path) -> None:
    captions_of(tmp_path / "FD", "plain")
    plans = [
        plan_teaching(replace(asked, **change), ENCODER)
        for change in ({"method": "prompts"}, {"balance": 0.1}, {"activities": 1})
    ]
    assert {p.method for p in plans} == {"prompts"}
    assert all(p.caption_vectors is None for p in plans)
    assert plans[0].note == ""
    assert "balancing" in plans[1].note
    assert "two activities" in plans[2].note


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        ("none", "has no captions with vectors of the text encoder tiny"),
        ("weights", "was made with other weights"),
        ("windows", "have no row in the caption embeddings"),
        ("styles", "captions of several styles (other, plain). Choose one with --captions."),
        ("foreign", "a log of another home has windows without captions"),
    ],
)
def test_without_captions_the_note_says_why(
    asked: TeachingRequest, tmp_path: Path, damage: str, words: str
) -> None:
    if damage != "none":
        captions_of(
            tmp_path / "FD",
            "plain",
            weights="b2" if damage == "weights" else "a1",
            missing=5 if damage == "windows" else 0,
        )
    if damage == "styles":
        captions_of(tmp_path / "FD", "other")
    request = replace(asked, index=None if damage == "foreign" else asked.index)
    default = plan_teaching(request, ENCODER)
    wanted = plan_teaching(replace(request, method="self_trained"), ENCODER)
    assert (default.method, wanted.method) == ("prompts", "self_trained")
    assert default.caption_vectors is None
    assert wanted.caption_vectors is None
    assert words in default.note
    assert words in wanted.note
    if damage == "styles":
        chosen = plan_teaching(replace(asked, style="other"), ENCODER)
        assert (chosen.method, chosen.note) == ("self_trained", "")


def test_captions_that_were_asked_for_must_be_there(asked: TeachingRequest, tmp_path: Path) -> None:
    captions_of(tmp_path / "FD", "plain")
    with pytest.raises(ConfigError, match="no caption vectors of style 'plian'"):
        plan_teaching(replace(asked, style="plian"), ENCODER)


@pytest.mark.parametrize("method", [None, "self_trained"])
@pytest.mark.parametrize(
    "name", ["embeddings_plain_tiny.npz", "captions_plain.parquet", "manifest_caption.json"]
)
def test_altered_captions_are_an_error_and_no_note(
    asked: TeachingRequest, tmp_path: Path, name: str, method: Any
) -> None:
    captions_of(tmp_path / "FD", "plain")
    path = tmp_path / "FD" / name
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(AlteredError, match=r"altered|damaged"):
        plan_teaching(replace(asked, method=method), ENCODER)


@pytest.mark.parametrize("name", ["embeddings_plain_tiny.npz", "captions_plain.parquet"])
def test_a_style_that_is_not_the_last_one_made_is_checked_too(
    asked: TeachingRequest, tmp_path: Path, name: str
) -> None:
    captions_of(tmp_path / "FD", "plain")
    captions_of(tmp_path / "FD", "other")
    request = replace(asked, style="plain")
    assert plan_teaching(request, ENCODER).method == "self_trained"
    path = tmp_path / "FD" / name
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(AlteredError, match="altered"):
        plan_teaching(request, ENCODER)
