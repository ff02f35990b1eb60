"""The interface of a parser: another parser takes the place of the rules in a search."""

import datetime as dt

import pytest

from discover.core.window_set import WindowSet
from discover.query import Lexicon, ParsedQuery, parse_question
from discover.query.clock import read_clock
from discover.query.lexicon import Place, split_sentence
from discover.retrieval import SearchOptions
from discover.serving.home_lexicon import home_lexicon
from discover.serving.search import Searcher


def only_times(question: str, lexicon: Lexicon, now: dt.datetime, /) -> ParsedQuery:
    """A parser that reads only times."""
    clock = read_clock(question)
    return ParsedQuery(text=question, hours=clock.hours, time_words=clock.words)


def test_another_parser_reads_the_same_sentence(story: WindowSet) -> None:
    lexicon, sentence = home_lexicon(story.home), "not in the kitchen at night"
    rules = parse_question(sentence, lexicon, dt.datetime(2021, 3, 2))
    assert [m for _, m in rules.conditions()] == ["nothing at or in the kitchen", "21:00–5:00"]
    assert rules.embedded == "at night"
    times = only_times(sentence, lexicon, dt.datetime(2021, 3, 2))
    assert [m for _, m in times.conditions()] == ["21:00–5:00"]
    assert times.embedded == sentence


def test_a_search_reads_sentences_with_its_parser(story: WindowSet) -> None:
    searcher = Searcher(None, None, None, story, parser=only_times)  # type: ignore[arg-type]
    read = searcher.parse("in the kitchen at night")[story.home.name]
    assert read.conditions() == [("at night", "21:00–5:00")]
    assert searcher.parse("at night", SearchOptions(query_words="off")) == {
        story.home.name: ParsedQuery(text="at night")
    }
    by_rules = Searcher(None, None, None, story)  # type: ignore[arg-type]
    assert by_rules.parse("in the kitchen at night")[story.home.name].count == 2


def test_days_count_from_the_end_of_the_log(story: WindowSet) -> None:
    searcher = Searcher(None, None, None, story)  # type: ignore[arg-type]
    days = searcher.parse("in the kitchen yesterday")[story.home.name].days
    assert days is not None
    assert days.first == searcher.log_ends[story.home.name].date() - dt.timedelta(days=1)


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
    assert lexicon.place("fridge or living room").sensors == {"D1", "M1"}
    assert (lexicon.max_words, len(lexicon), "fridge" in lexicon, Lexicon({}).max_words) == (2, 3, True, 0)
