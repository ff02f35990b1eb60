"""Corrections: what is stored, taken back, refused, and what recognition makes of them."""

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from discover.core.errors import ArtifactError, ConfigError, DataError
from discover.core.home import Sensor
from discover.recognition import PromptSet
from discover.serving.corrections import CORRECTIONS_FILE, Correction, CorrectionFile, rows_of
from discover.serving.taught import MOST_EXAMPLES, taught_prompts

MIDNIGHT = datetime(2024, 1, 1)
PROMPTS = PromptSet("described", ("cooking", "sleeping"), (("someone cooks",), ("someone sleeps",)))


def minutes(n: int, home: str = "mine") -> pl.DataFrame:
    """`n` windows of half a minute, one begins with every minute of 2024-01-01."""
    starts = [MIDNIGHT + timedelta(minutes=i) for i in range(n)]
    return pl.DataFrame(
        {
            "window_id": [f"{home}_{i}" for i in range(n)],
            "home": home,
            "start": pl.Series(starts, dtype=pl.Datetime("us")),
            "end": pl.Series([t + timedelta(seconds=30) for t in starts], dtype=pl.Datetime("us")),
        }
    )


WINDOWS = minutes(120)


def stretch(text: str, first: int, last: int, **more: Any) -> Correction:
    """From the begin of one minute to the end of another."""
    begin, end = MIDNIGHT + timedelta(minutes=first), MIDNIGHT + timedelta(minutes=last + 1)
    return Correction(home="mine", text=text, begin=begin, end=end, **more)


texts = st.text(min_size=1, max_size=60).filter(lambda t: any(c.isalnum() for c in t))


@settings(max_examples=12)
@given(kept=st.lists(texts, max_size=3), new=texts)
def test_taking_back_restores_every_byte(
    tmp_path_factory: pytest.TempPathFactory, kept: list[str], new: str
) -> None:
    file = CorrectionFile(tmp_path_factory.mktemp("c") / CORRECTIONS_FILE, ("mine",))
    for i, text in enumerate(kept):
        file.add(stretch(text, 3 * i, 3 * i), WINDOWS)
    before = file.path.read_bytes() if file.path.is_file() else None
    added = file.add(stretch(new, 50, 52), WINDOWS)
    raw = file.path.read_bytes()
    assert raw.startswith(before or b"")
    assert raw.count(b"\n") == len(kept) + 1, "a correction is one line, whatever is in its text"
    assert not any(byte < 32 and byte != 10 for byte in raw)
    assert file.read()[-1] == added
    file.undo(added.id)
    assert (file.path.read_bytes() if file.path.is_file() else None) == before


@settings(max_examples=10)
@given(
    st.permutations([("Cooking", 0, 9), ("sleeping", 20, 60), ("tea ceremony", 70, 71), ("cooking", 5, 12)])
)
def test_order_does_not_matter(said: list[tuple[str, int, int]]) -> None:
    corrections = [stretch(*s) for s in said]
    prompts, taught = taught_prompts(corrections, WINDOWS, PROMPTS)
    assert prompts.labels == ("cooking", "sleeping", "tea_ceremony")
    assert prompts.prompts[2] == ("tea ceremony",)
    assert prompts.names == ("cooking", "sleeping", "tea ceremony")
    assert len(taught.answers) == 13 + 41 + 2
    assert taught.codes[taught.rows < 20].tolist() == [0] * 13
    assert int((taught.codes == 1).sum()) == MOST_EXAMPLES, "a night does not outvote the rest"
    assert taught.rows.tolist() == sorted(taught.rows.tolist())
    assert {20, 60} <= set(taught.rows.tolist())


def test_a_label_without_power() -> None:
    said = [stretch("red \x1b[31m\u202e\n<script>", 0, 1), stretch("R1 Sleeping", 3, 3)]
    prompts, taught = taught_prompts(said, WINDOWS, PROMPTS)
    assert prompts.labels == ("cooking", "sleeping", "red_\\x1b[31m\\u202e_<script>")
    timeline = pl.DataFrame(
        {
            "window_id": ["mine_0", "mine_2", "mine_3"],
            "activity": "unknown",
            "best": "cooking",
            "confidence": 0.5,
        },
        schema_overrides={"confidence": pl.Float32},
    )
    told = taught.told(timeline, prompts.labels)
    assert told["activity"].to_list() == [prompts.labels[2], "unknown", "sleeping"]
    assert told["best"].to_list() == [prompts.labels[2], "cooking", "sleeping"]
    assert told["confidence"].to_list() == [1.0, 0.5, 1.0]


def test_a_correction_is_known_by_what_it_says(tmp_path: Path) -> None:
    file = CorrectionFile(tmp_path / CORRECTIONS_FILE, ("mine",))
    first = file.add(stretch("breakfast", 0, 3), WINDOWS)
    assert file.add(stretch("breakfast", 0, 3, note="again"), WINDOWS) == first, "stored once"
    assert len(file.read()) == 1
    assert first.made.endswith("+00:00")
    assert rows_of(first, WINDOWS).tolist() == [0, 1, 2, 3]
    assert rows_of(first, minutes(120, "other")).tolist() == []
    with pytest.raises(ConfigError, match=f"no correction 12345678. Stored are: {first.id}"):
        file.undo("12345678")


def test_what_contradicts_is_refused(tmp_path: Path) -> None:
    file = CorrectionFile(tmp_path / CORRECTIONS_FILE, ("mine",))
    first = file.add(stretch("breakfast", 0, 3), WINDOWS)
    before = file.path.read_bytes()
    with pytest.raises(ConfigError, match=rf"mine_3 is both .*breakfast.*{first.id}.*Take one of them"):
        file.add(stretch("lunch", 3, 5), WINDOWS)
    with pytest.raises(DataError, match="home 'other' cannot be kept with mine"):
        file.add(Correction(home="other", text="lunch", windows=("other_1",)), minutes(9, "other"))
    with pytest.raises(
        DataError, match=r"no window between 2024-01-01 03:00:00.*nearest one begins at .*01:59"
    ):
        file.add(stretch("lunch", 180, 200), WINDOWS)
    sensor = Correction(home="mine", kind="sensor", text="dishwasher", sensor=Sensor(id="M1"))
    file.add(sensor, WINDOWS)
    with pytest.raises(ConfigError, match="Sensor M1 is 'dishwasher'"):
        file.add(sensor.model_copy(update={"text": "fridge"}), WINDOWS)
    assert file.path.read_bytes().startswith(before)
    assert len(file.read()) == 2


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"text": "?!"}, "says nothing"),
        ({"text": "tea"}, "about one thing"),
        ({"text": "tea", "begin": MIDNIGHT}, "both begin and end"),
        ({"text": "tea", "begin": "2024-01-01T02:00", "end": "2024-01-01T01:00"}, "before it begins"),
        ({"text": "tea", "begin": "2024-01-01T01:00Z", "end": "2024-01-01T02:00Z"}, "without an offset"),
        ({"text": "tea", "windows": ("a",), "kind": "sensor"}, "about one thing"),
    ],
)
def test_a_correction_says_what_it_is_about(values: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Correction.model_validate({"home": "mine", **values})


def test_a_damaged_or_foreign_line_is_named(tmp_path: Path) -> None:
    file = CorrectionFile(tmp_path / CORRECTIONS_FILE, ("mine",))
    file.add(stretch("breakfast", 0, 3), WINDOWS)
    good = file.path.read_text()
    foreign = json.dumps(json.loads(good) | {"home": "theirs"})
    for line, said in (
        ("{", "line 2 is damaged"),
        (foreign, "of home 'theirs', and here is mine"),
        ("[1]", "line 2"),
    ):
        file.path.write_text(good + line + "\n")
        with pytest.raises(ArtifactError, match=said):
            file.read()
    file.path.write_text(good + "\n" + good.strip())
    assert len(file.read()) == 2, "an empty line and a missing line end are no damage"
