"""A question in a language the text model does not know gets a notice; an English one does not."""

import pytest

from discover.serving.foreign_words import foreign_note


@pytest.mark.parametrize(
    ("text", "pieces", "why"),
    [
        ("jemand kocht in der Küche", 10, "words are unknown"),
        ("кто-то готовит", 8, "not Latin"),
        ("有人在晚上打开冰箱", 9, "not Latin"),
        ("🛏️ 42", 3, "no letter"),
    ],
)
def test_a_foreign_question_is_named(text: str, pieces: int, why: str) -> None:
    note = foreign_note(text, pieces)
    assert why in note
    assert "knows English" in note


@pytest.mark.parametrize(
    ("text", "pieces"), [("someone cooks a meal", 4), ("fetching crockery", 5), ("doing the housework", 5)]
)
def test_an_english_question_is_not(text: str, pieces: int) -> None:
    assert foreign_note(text, pieces) == ""


@pytest.mark.parametrize("text", ["the and of", "who is it?", "show me something", "What's there?", "a"])
def test_a_question_of_small_words_alone_is_named(text: str) -> None:
    assert "names no place, thing, act or time" in foreign_note(text, 3)


@pytest.mark.parametrize(
    "text", ["someone is out", "someone is up", "who left", "is the tv on", "someone is away"]
)
def test_a_short_question_that_says_something_is_not(text: str) -> None:
    assert foreign_note(text, 3) == ""
