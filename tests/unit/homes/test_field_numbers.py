"""Cutting pieces into fields and numbering their spellings."""

import numpy as np
import pytest
from numpy.typing import NDArray

from discover.homes import _tokens
from discover.homes._tokens import Fields, Positions, Spellings, split_fields


def numbered(text: str, spellings: Spellings, *, commas: bool = False) -> list[str]:
    fields = split_fields(text.encode(), commas=commas)
    return [spellings.texts[k] for k in spellings.encode(fields, fields.starts, fields.ends).tolist()]


def test_fields_are_what_split_gives() -> None:
    text = "a bb\t\tccc \n\n  dddd,e\r\nf\n"
    fields = split_fields(text.encode(), commas=False)
    words = [fields.text(s, e) for s, e in zip(fields.starts.tolist(), fields.ends.tolist(), strict=True)]
    assert words == text.split()
    assert np.diff(fields.first).tolist() == [len(line.split()) for line in text.split("\n")[:-1]]
    assert len(split_fields(b"a,b,,c\n", commas=True).starts) == 3


WORDS = [
    "M001",
    "M01",
    "M0012345",
    "M00123456",
    "KitchenASinkLeft",
    "KitchenASinkLeft2",
    "KitchenASinkLeft3",
    "é",
]


def test_each_text_keeps_its_number_over_pieces() -> None:
    spellings = Spellings()
    rng = np.random.default_rng(0)
    for _ in range(5):
        words = rng.choice(WORDS, 50).tolist()
        assert numbered(" ".join(words) + "\n", spellings) == words
    assert len(set(spellings.texts)) == len(spellings.texts) <= len(WORDS)


def test_texts_that_share_a_key_are_still_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    def poor_keys(fields: Fields, start: Positions, length: Positions) -> NDArray[np.uint64]:
        return fields.masked_words(start, np.minimum(length, 8))

    monkeypatch.setattr(_tokens, "_keys", poor_keys)
    words = ["KitchenASinkLeft2", "KitchenASinkLeft3", "KitchenASinkLeft2", "KitchenA", "KitchenASinkLeft"]
    assert numbered(" ".join(words) + "\n", Spellings()) == words
    spellings = Spellings()
    assert numbered("KitchenASinkLeft2\n", spellings) == ["KitchenASinkLeft2"]
    assert numbered("KitchenA\n", spellings) == ["KitchenA"]
    assert numbered("KitchenA KitchenASinkLeft9\n", spellings) == ["KitchenA", "KitchenASinkLeft9"]
