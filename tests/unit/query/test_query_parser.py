"""The interface of a parser: another parser takes the place of the rules in a search."""

from dataclasses import dataclass

import numpy as np
import pytest

from discover.core.window_set import WindowSet
from discover.query import (
    ConditionsReader,
    Lexicon,
    WindowConditions,
    find_time_words,
    match_query,
    read_conditions,
)
from discover.query.lexicon import Place, split_sentence
from discover.query.predicates import Scores
from discover.retrieval import Activations, SearchOptions, build_activations
from discover.retrieval.day_clock import week_minutes
from discover.serving.home_lexicon import home_lexicon
from discover.serving.search import Searcher


def only_times(sentence: str, lexicon: Lexicon, /) -> WindowConditions:
    """A parser that reads only times."""
    return WindowConditions(sentence, time=find_time_words(sentence))


@dataclass(frozen=True)
class Busy:
    """A predicate of another parser."""

    def score(self, activations: Activations) -> Scores:
        return np.clip(activations.n_activations / 3, 0, 1).astype(np.float32)

    @property
    def meaning(self) -> str:
        return "three activations or more"


def test_another_parser_reads_the_same_sentence(story: WindowSet) -> None:
    lexicon = home_lexicon(story.home)
    sentence = "not in the kitchen at night"
    parsers: list[tuple[ConditionsReader, list[str], str]] = [
        (read_conditions, ["nothing at or in the kitchen", "21:00–5:00"], "at night"),
        (only_times, ["21:00–5:00"], sentence),
    ]
    for parser, meanings, text in parsers:
        query = parser(sentence, lexicon)
        assert [meaning for _, meaning in query.conditions()] == meanings
        assert query.text == text


def test_a_search_reads_sentences_with_its_parser(story: WindowSet) -> None:
    searcher = Searcher(None, None, None, story, parser=only_times)  # type: ignore[arg-type]
    assert searcher.parse("in the kitchen at night")[story.home.name].describe() == ["at night = 21:00–5:00"]
    assert searcher.parse("at night", SearchOptions(query_words="off")) == {
        story.home.name: WindowConditions("at night")
    }
    by_rules = Searcher(None, None, None, story)  # type: ignore[arg-type]
    assert by_rules.parse("in the kitchen at night")[story.home.name].count == 2


def test_a_predicate_of_another_parser_ranks_windows(story: WindowSet) -> None:
    query = WindowConditions("busy", predicates=(Busy(),), phrases=("busy",))
    activations = build_activations(story)[story.home.name]
    match = match_query(query, "prefer", activations, week_minutes(story.windows["start"]))
    assert query.describe() == ["busy = three activations or more"]
    assert match.bonus is not None
    assert match.bonus.tolist() == [2, 2, 2, 0]
    assert match.n_met == 3


@pytest.mark.parametrize(
    ("sentence", "names"),
    [
        ("the fridge and the living room", ["fridge", "living room"]),
        ("the Fridges", ["fridge"]),
        ("the room", []),
        ("the living-room fridge", ["living room", "fridge"]),
    ],
)
def test_a_lexicon_finds_the_longest_phrases(sentence: str, names: list[str]) -> None:
    places = [Place("fridge", "object", frozenset({"D1"})), Place("living room", "room", frozenset({"M1"})),
              Place("living", "room", frozenset({"M2"}))]  # fmt: skip
    lexicon = Lexicon({place.name: place for place in places})
    words = split_sentence(sentence)
    assert [mention.place.name for mention in lexicon.find_mentions(words)] == names
    assert lexicon.find_mentions(words, taken=frozenset(range(len(words)))) == []
    assert (lexicon.max_words, len(lexicon), "fridge" in lexicon, Lexicon({}).max_words) == (2, 3, True, 0)
