"""Which sentences can be asked."""

import pytest

from discover.core.errors import ConfigError
from discover.query import check_question


@pytest.mark.parametrize("text", ["", "   ", "\t\n", "\ufeff", "\u200f\u200b", "\u00a0", "\x00"])
def test_a_question_without_anything_to_see_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match=r"The question is empty\. Ask one thing at a time"):
        check_question(text)


def test_bytes_of_another_encoding_are_refused_in_one_sentence() -> None:
    with pytest.raises(ConfigError, match=r"The question is not valid UTF-8: it holds the bytes b'K.xfchl"):
        check_question("Kühlschrank".encode("latin-1").decode("utf-8", "surrogateescape"))
    with pytest.raises(ConfigError, match="not valid UTF-8"):
        check_question("half a pair \ud83e")


@pytest.mark.parametrize("text", ["fridge", "Kühlschrank öffnen", "🧊", "?", "冰箱", "مطبخ\u200f"])
def test_other_questions_are_given_back_unchanged(text: str) -> None:
    assert check_question(text) == text
