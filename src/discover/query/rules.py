"""The parser that needs no network: a question or a sentence, read by rules and a list of activities.

A field of the `ParsedQuery` carries a word of the question, or the word has no meaning of its own ("mum",
"please"), or it is listed as not understood. What a negation covers is unwanted, never wanted.
"""

import datetime as dt
import re
from collections.abc import Callable, Iterable
from itertools import pairwise

from discover.query.amounts import (
    counted_before,
    find_durations,
    find_people,
    find_times,
)
from discover.query.asking import (
    find_comparison,
    find_extreme,
    find_frames,
    find_kind,
    find_refusal,
    plain_request,
)
from discover.query.calendar_words import find_days, joined_days
from discover.query.claims import is_weighty, left_over
from discover.query.clock import read_clock
from discover.query.foreign import language_of, read_foreign
from discover.query.inventory import lemma
from discover.query.lengths import ALL_DAY, ALL_NIGHT, ALL_PART, BRIEF, WHOLE_DAY, wanted_length
from discover.query.lexicon import Lexicon, split_sentence
from discover.query.mentions import (
    ThingMention,
    denied_spans,
    each_once,
    find_things,
    in_order,
    is_negated,
    phrase_words,
)
from discover.query.negation import ABSENT_STATES, find_negations, is_negator
from discover.query.parsed_query import Asks, Bounds, ParsedQuery, Thing
from discover.query.place_groups import group_places
from discover.query.plain_times import plain_times
from discover.query.spelling import spelled
from discover.query.stillness import NOTHING_MOVES
from discover.query.whereabouts import NOBODY_HOME, find_whereabouts, going
from discover.query.window_clauses import read_clauses
from discover.query.wordings import own_clause, peeled, spelled_out

__all__ = ["Nearest", "parse_question"]

Nearest = Callable[[str], str]
"""Words that no rule knows -> the activity that means nearly the same; "" for none."""

_MAY_NAME = re.compile(
    r"\b(?:is|was|are|were|bed-?\s?time|wake-?\s?up|breakfast|lunch|dinner|supper|in(?!\s+and\s+out)|"
    r"(?<!in and )out|(?:evening|midday|morning)\s+meal|pop(?:ped|s)?|nip(?:ped|s)?|visitors?|guests?|"
    r"visits?|time|trips)\b"
)

_USES = re.compile(
    r"s?\s+(?:door\s+)?(?:openings|uses|visits|runs|activations|stays|trips|events|triggers)\b"
)
_PER_NIGHT = re.compile(r"\b(?:each|every|per|a)\s+night\b|\bnight's\b")
_OF_THE_CLOCK = frozenset(
    ["breakfast", "lunch", "dinner", "going to bed", "getting up", "coming home", "sleeping"]
)
_AROUND_NIGHT = frozenset(["bed", "going to bed", "getting up", "sleeping"])
_GROUPED = re.compile(
    r"\b(?:per|by|for\s+each)\s+(?:weekday|day\s+of\s+the\s+week|hour|room|season|year|resident|person)s?\b"
)
"""A number for each of these is none that an answer gives."""
_RATE = re.compile(
    r"\b(?:per|each|every|(?<!for )(?<!in )(?<!over )(?<!of )(?<!within )(?<!half )a)\s+"
    r"(?P<one>week|month)\b|"
    r"\b(?P<ly>week|month)ly\b(?=.*\b(?:number|count|hours|total|frequency)\b)"
)
_A_DAY = re.compile(r"\b(?:a|an|per|each|every|one|any)\s+(?:day|night)\b")
_NO_LONGER = re.compile(r"\bno\s+longer\b(?!\s+than)|\bin\s+a\s+row\b")
_ALIKE = re.compile(r"\b(?:quiet|calm)est\b")
_OF_PEOPLE = re.compile(r"(?:brother|sister|son|daughter|neighbour|friend|postman)")
_THING = re.compile(r"\b(?:first|last)\s+thing\b")


def parse_question(
    question: str, lexicon: Lexicon, now: dt.datetime, /, nearest: Nearest | None = None
) -> ParsedQuery:
    """Read a question by rules; one that is not English by lists of words, as far as they go.

    Args:
        question: What is asked.
        lexicon: Words of the home.
        now: What relative days count from.
        nearest: Reads words that no rule knows; None leaves them not understood.
    """
    language = language_of(question)
    if language:
        return read_foreign(question, language, lambda text: _Reader(text, lexicon, now, None).read())
    return _Reader(question, lexicon, now, nearest).read()


class _Reader:
    """Reads one question, one kind of meaning after the other.

    `used` collects the characters that a field carries; a later step reads only words that are free.
    Every step needs the fields that those before it have set.
    """

    def __init__(self, question: str, lexicon: Lexicon, now: dt.datetime, nearest: Nearest | None) -> None:
        self.question, self.lexicon, self.now, self.nearest = question, lexicon, now, nearest
        text, asked = peeled(spelled_out(question))
        plain, self.yes_or_no = plain_request(plain_times(text))
        self.yes_or_no = self.yes_or_no or asked
        self.text, self.notes = spelled(plain, question, lexicon)
        if self.notes:
            self.text = plain_times(self.text)
        self.words = split_sentence(self.text)
        self.used: list[tuple[int, int]] = []

    def read(self) -> ParsedQuery:
        """The question as a schema."""
        self._read_kind()
        self._read_calendar()
        self._read_amounts()
        self._read_emptiness()
        self._read_things()
        self._read_whereabouts()
        self._settle_amounts()
        self._read_order()
        self._read_extreme()
        self._read_rest()
        return ParsedQuery(
            text=self.question,
            asks=self.asks,
            wanted=tuple(m.thing for m in self.wanted)
            if self.ordered
            else each_once([m.thing for m in self.wanted]),
            unwanted=each_once(self.unwanted),
            empty=self.empty,
            ordered=self.ordered,
            either=self.either,
            hours=self.hours,
            weekdays=self.clock.weekdays,
            time_words=self.clock.words,
            days=joined_days(self.periods),
            lasts=self.lasts,
            times=self.times,
            per=self.per,
            people=self.people,
            comparison=self.comparison,
            extreme=self.extreme,
            refused=self.refused,
            unread=self.unread,
            clauses=self.clauses,
            affirmed=self.affirmed,
            notes=tuple(self.notes),
        )

    def _use(self, *spans: tuple[int, int]) -> None:
        self.used += [span for span in spans if span[1] > span[0]]

    def _use_all(self, pattern: re.Pattern[str]) -> None:
        self._use(*(m.span() for m in pattern.finditer(self.text)))

    def _words_in(self, spans: Iterable[tuple[int, int]]) -> frozenset[int]:
        """Indices of the words that begin in some characters."""
        within = list(spans)
        return frozenset(i for i, w in enumerate(self.words) if any(a <= w.begin < b for a, b in within))

    def _read_kind(self) -> None:
        """What kind of answer is asked for, or why there can be none."""
        self.own = own_clause(self.text)
        self.refused, at = find_refusal(self.text, self.own)
        self._use(at)
        self.asks: Asks
        self.asks, at = find_kind(self.text)
        self._use(at)
        if self.yes_or_no and self.asks == "find":
            self.asks = "whether"
        rate = _RATE.search(self.text)
        self.per = (rate["one"] or rate["ly"]) if rate and self.asks in ("how often", "how long") else ""
        if rate and self.per:
            self._use(rate.span())

    def _read_calendar(self) -> None:
        """Days, hours, weekdays, and the days of a comparison."""
        # "Per weekday" names no days.
        self.grouped = [m.span() for m in _GROUPED.finditer(self.text)]
        text = _GROUPED.sub(lambda m: " " * len(m.group()), self.text)
        days = find_days(text, self.now)
        self.comparison, self.compared, how = find_comparison(self.text, days)
        self._use(self.compared, how)
        self.day_spans = [(d.begin, d.end) for d in days]
        named = [d for d in days if not _within((d.begin, d.end), self.compared)]
        self._use(*((d.begin, d.end) for d in named))
        self.periods = [d.days for d in named]
        if self.comparison is not None and not self.periods:
            self.periods = [d.against for d in days if d.against is not None]
        self.clock = read_clock(text, named, self.compared, meals=self.asks != "when")
        self.hours = self.clock.hours
        self.timed = self._words_in([*self.clock.spans, *((d.begin, d.end) for d in named)])

    def _read_amounts(self) -> None:
        """Lengths, repetitions, people."""
        text = self.text
        # "How many hours" asks for a length and states none.
        self.durations = [
            d
            for d in find_durations(text)
            if not text[: d.begin].rstrip().endswith("how")
            and not any(_within((d.begin, d.end), s) for s in (*self.day_spans, self.compared))
        ]
        self.lasts, at = wanted_length(text, self.durations)
        self._use(at)
        if self.lasts == BRIEF and self.asks in ("how often", "how long", "when"):
            self.lasts = None  # "How often does she pop out" asks for every outing
        self.times, at = find_times(text)
        if self.asks == "how often" or _within(at, self.compared):
            self.times, at = None, (0, 0)
        self._use(at)
        self.people, self.people_at = find_people(text)
        self._use(self.people_at)
        self._use(*self.clock.spans)
        self._use_all(WHOLE_DAY)
        self._use_all(_ALIKE)
        self._use_all(_NO_LONGER)

    def _read_emptiness(self) -> None:
        """Whether nobody is at home."""
        self.gone = NOBODY_HOME.search(self.text)
        self.empty = self.gone is not None and self.asks not in ("how long", "how often")
        if self.gone is not None and self.empty:
            self._use(self.gone.span())

    def _read_things(self) -> None:
        """What happens and what does not, and the conditions on windows."""
        text, words = self.text, self.words
        free = (m.span() for m in _MAY_NAME.finditer(text))
        # Words with a meaning already, without those that may name a thing as well ("bedtime").
        taken = self._words_in(self.used) - self._words_in(free)
        groups = group_places(words, self.lexicon, taken)
        negations = [
            n
            for n in find_negations(words, groups, self.timed)
            if not _begins_in(words[n.begin].begin, self.people_at)  # "not alone"
        ]
        self.clauses, self.affirmed = read_clauses(
            text, words, self.lexicon, groups, negations, self.durations, self.clock.negated
        )
        mentions, echoes = find_things(text, words, self.lexicon, taken)
        self._use(*echoes)
        self.scopes, affirming = denied_spans(text, words, groups, negations, mentions)
        self._use(*affirming, *((begin, begin + 1) for begin, _ in self.scopes))
        for begin, end in self.scopes:
            inside = [w for w in words if begin <= w.begin < end]
            self._use(*((w.begin, w.end) for w in inside if is_negator(w.text)))
            if inside and inside[-1].text in ABSENT_STATES:
                self._use((inside[-1].begin, inside[-1].end))
        mentions = self._with_quiet(mentions)
        for mention in mentions:
            known = phrase_words(mention.thing.name)
            # "Went for 2 walks": the number is no part of the phrase.
            self._use(
                *(
                    (w.begin, w.end)
                    for w in words
                    if mention.begin <= w.begin < mention.end
                    and (mention.thing.kind != "activity" or not is_weighty(w.text) or lemma(w.text) in known)
                )
            )
        self.mentions = mentions
        self.wanted = [m for m in mentions if not is_negated(m, self.scopes)]
        self.unwanted = [m.thing for m in mentions if is_negated(m, self.scopes)]

    def _with_quiet(self, mentions: list[ThingMention]) -> list[ThingMention]:
        """The things where nothing moves anywhere; "no movement in the kitchen" denies the kitchen."""
        still = NOTHING_MOVES.search(self.text)
        if still is None or any(m.thing.kind != "activity" and m.begin >= still.start() for m in mentions):
            return mentions
        self._use(still.span())
        self.scopes = [s for s in self.scopes if not s[0] <= still.start() < s[1]]
        quiet = Thing(kind="activity", name="quiet", words=still.group())
        at = ThingMention(quiet, still.start(), still.start())
        kept = [m for m in mentions if not still.start() <= m.begin < still.end()]
        return sorted([at, *kept], key=lambda m: m.begin)

    def _read_whereabouts(self) -> None:
        """Going out and coming home that no phrase names: "the house is empty", "home by six"."""
        if self.gone is not None and not self.empty and not self.wanted:
            self.wanted = [going("out", self.gone)]
            self._use(self.gone.span())
        for mention, denied in find_whereabouts(self.text, self.mentions, self.scopes):
            self._use((mention.begin, mention.end))
            if denied:
                self.unwanted.append(mention.thing)
            elif not self.empty:
                self.wanted = sorted([*self.wanted, mention], key=lambda m: m.begin)

    def _settle_amounts(self) -> None:
        """Amounts whose meaning depends on what happens."""
        names = [m.thing.name for m in self.wanted]
        lasts = self.lasts
        if lasts is not None and lasts.high == 2 * lasts.low and (self.unwanted or "quiet" in names):
            # "Nothing for three hours" is three hours or more; "sat for half an hour" is about that.
            self.lasts = Bounds(low=lasts.low / 0.75)
        if lasts in (ALL_DAY, ALL_NIGHT, ALL_PART) and self.unwanted and not names:
            self.lasts = None  # "The fridge stayed shut all day" names the day
        if self.people is not None and "visitors" in names and self.people.high == 1:
            self.people = None
        for mention in self.wanted if self.times is None and self.asks != "how often" else ():
            times, at = counted_before(self.text, mention.begin)
            taken = any(a < at[1] and at[0] < b for a, b in self.used)
            uses = (mention.thing.kind == "activity" and mention.thing.name != "visitors") or _USES.match(
                self.text, mention.end
            )
            if times is not None and not taken and uses:
                self.times = times
                self._use(at)
        if _PER_NIGHT.search(self.text) and set(names) == {"sleeping"}:
            self.hours = ()  # all of the sleep, also after five

    def _read_order(self) -> None:
        """Whether things follow each other, or one of them is enough."""
        ordered, at = in_order(self.text, self.wanted)
        self.ordered = ordered is not None
        between = [self.text[a.end : b.begin] for a, b in pairwise(self.wanted)]
        self.either = not self.ordered and any(re.search(r"\bor\b", part) for part in between)
        self.wanted = ordered or self.wanted
        self._use(*at)

    def _read_extreme(self) -> None:
        """The most or the least; the first or last thing beside a night."""
        text, names = self.text, [m.thing.name for m in self.wanted]
        clocked = any(name in _OF_THE_CLOCK for name in names)
        self.extreme = find_extreme(text, of_the_clock=clocked) if self.comparison is None else None
        if self.extreme is not None:
            self._use_all(re.compile(rf"\b{re.escape(self.extreme.words)}\b"))
            nights = re.search(r"\bnights?\b", text) is not None
            if not names and not self.unwanted and nights and self.extreme.of == "length":
                # "The shortest night" is one of sleep.
                slept = Thing(kind="activity", name="sleeping", words="night")
                self.wanted = [ThingMention(slept, 0, 0)]
        if self.asks not in ("what first", "what last"):
            return
        if all(name in _AROUND_NIGHT for name in names):
            # "The last thing he does before bed."
            self._use(*(m.span() for m in re.finditer(r"\b(?:before|after|when)\b", text) if names))
            self.wanted = []
        else:
            # "Takes her pills first thing in the morning" says when.
            self.asks = find_kind(_THING.sub("", text))[0]
            self._use_all(_THING)

    def _read_rest(self) -> None:
        """Words that belong to the kind of answer, and those that nothing carries."""
        of_days = self.extreme is not None and self.extreme.of in ("count", "hours")
        moves = self.comparison is not None and not self.wanted and not self.unwanted
        self._use(*find_frames(self.text, self.asks, of_days=of_days, of_movement=moves))
        self._use(*self.grouped)
        if self.times is not None:
            self._use_all(_A_DAY)
        # "Telly ... watch": the verb of a named activity may stand apart from it.
        named = [m.thing.name for m in self.mentions]
        left = left_over(self.text, self.words, self.used, set().union(*map(phrase_words, named)))
        left += [self.text[a:b] for a, b in self.grouped]
        if left and self.nearest is not None and not named and (name := self.nearest(" ".join(left))):
            self.wanted = [ThingMention(Thing(kind="activity", name=name, words=" ".join(left)), 0, 0)]
            left = []
        self.unread = tuple(dict.fromkeys(left))
        if self.comparison is not None:
            hours = self.asks == "how long" or re.search(r"\b(?:long|longer|shorter)\b", self.text)
            clock = self.asks == "when" or self.comparison.direction in ("earlier", "later")
            of = "clock" if clock else "hours" if hours else ""
            self.comparison = self.comparison.model_copy(update={"of": of})
            if self.asks in ("find", "whether", "how often", "how long", "when"):
                self.asks = "compare"
        if self.asks == "who" or any(
            _OF_PEOPLE.match(word) and word in self.text[self.own :] for word in self.unread
        ):
            self.refused = self.refused or "identity"


def _begins_in(at: int, span: tuple[int, int]) -> bool:
    return span[0] <= at < span[1]


def _within(span: tuple[int, int], outer: tuple[int, int]) -> bool:
    return outer[0] <= span[0] and span[1] <= outer[1] and outer[1] > outer[0]
