"""The parser that needs no network: a question or a sentence, read by rules and a list of activities.

A field of the `ParsedQuery` carries a word of the question, or the word has no meaning of its own ("mum",
"please"), or it is listed as not understood. What a negation covers is unwanted, never wanted.
"""

import datetime as dt
import re
from collections.abc import Callable, Sequence
from typing import Literal

from discover.query.amounts import Amount, find_durations, find_people, find_times, find_vague_length
from discover.query.asking import find_comparison, find_extreme, find_frames, find_kind, find_refusal
from discover.query.calendar_words import find_days
from discover.query.claims import is_weighty, left_over
from discover.query.clock import plain_times, read_clock
from discover.query.inventory import activities, find_activities, lemma
from discover.query.lexicon import Lexicon, split_sentence
from discover.query.mentions import THEN, ThingMention, each_once, in_order, is_negated, without_echoes
from discover.query.negation import ABSENT_STATES, Negation, find_negations, is_negator
from discover.query.parsed_query import Bounds, DaySpan, ParsedQuery, Thing
from discover.query.place_groups import BREAKS, PlaceGroup, group_places
from discover.query.stillness import NOTHING_MOVES
from discover.query.window_clauses import read_clauses

__all__ = ["Nearest", "parse_question"]

Nearest = Callable[[str], str]
"""Words that no rule knows -> the activity that means nearly the same; "" for none."""

_ALL_DAY = re.compile(r"\b(?:all|(?:the|a)\s+whole|(?:the|an)\s+entire)\s+day(?:\s+long)?\b|\ball-day\b")
_ALL_PART = re.compile(
    r"\b(?:all|the\s+(?:whole|entire)|most)\s+(?:(?:early|late)\s+)?(?:morning|afternoon|evening|night)s?\b"
)
_MAY_NAME = re.compile(
    r"\b(?:is|was|are|were|bed-?\s?time|wake-?\s?up|breakfast|lunch|dinner|supper|in(?!\s+and\s+out)|"
    r"(?<!in and )out|(?:evening|midday|morning)\s+meal|pop(?:ped|s)?|nip(?:ped|s)?|visitors?|guests?|"
    r"visits?|time|trips)\b"
)

_AFTER_STATE = (
    r"(?=\s*(?:$|[,.?!]|for\b|all\b|since\b|until\b|till\b|at\b|between\b|most\b|before\b|after\b|on\b|last\b|"
    r"yesterday\b|today\b|this\b|over\b|during\b|in\s+the\s+(?:morning|afternoon|evening|night)))"
)
_NOBODY_HOME = re.compile(
    r"\b(?:nobody|no\s*-?one|none)\s+(?:(?:is|was|were|are|been|being)\s+)?(?:at\s+|in\s+the\s+|in\s+)?"
    r"(?:home|house|flat|apartment)\b|"
    rf"\b(?:nobody|no\s*-?one)\s+(?:(?:is|was|has\s+been)\s+)?in{_AFTER_STATE}|"
    rf"\b(?:not|\w+n't|never)\s+(?:been\s+)?(?:at\s+)?home{_AFTER_STATE}|"
    r"\b(?:house|home|flat|apartment|premises|dwelling|property)\s+(?:is|was|were|stands|stood|stays|being|lies)?\s*(?:empty|unoccupied|deserted)\b|"
    r"\bempty\s+(?:house|home|flat)\b"
)
_IS_OUT = re.compile(
    rf"(?:^|\b(?:was|were|is|are|be|been|being|he|she|they|everyone|everybody)\s+)(?:out|away){_AFTER_STATE}"
)
_PER_NIGHT = re.compile(r"\b(?:each|every|per|a)\s+night\b|\bnight's\b")
_SKIPPED = frozenset(["skip", "miss", "omit", "forgo"])
_OF_THE_CLOCK = frozenset(
    ["breakfast", "lunch", "dinner", "going to bed", "getting up", "coming home", "sleeping"]
)
_AROUND_NIGHT = frozenset(["bed", "going to bed", "getting up", "sleeping"])
_THING = re.compile(r"\b(?:first|last)\s+thing\b")
_MEALS = ("breakfast", "lunch", "dinner")
_ENDS_SCOPE = frozenset(
    ["after", "since", "before", "while", "because", "until", "when", "during", "although", "as"]
)
_OFF = frozenset({"off", "closed", "shut"})
_LONG, _ALL_PART_S, _ALL_DAY_S, _BRIEF = 1200.0, 7200.0, 14400.0, 300.0


def parse_question(
    question: str, lexicon: Lexicon, now: dt.datetime, /, nearest: Nearest | None = None
) -> ParsedQuery:
    """Read an English question by rules.

    Args:
        question: What is asked.
        lexicon: Words of the home.
        now: What relative days count from.
        nearest: Reads words that no rule knows; None leaves them not understood.
    """
    return _Reader(question, lexicon, now, nearest).read()


class _Reader:
    """Reads one question; `used` collects the characters that a field carries."""

    def __init__(self, question: str, lexicon: Lexicon, now: dt.datetime, nearest: Nearest | None) -> None:
        self.question = question
        self.lexicon = lexicon
        self.now = now
        self.nearest = nearest
        self.text = plain_times(question)
        self.words = split_sentence(self.text)
        self.used: list[tuple[int, int]] = []

    def read(self) -> ParsedQuery:
        text = self.text
        refused, at = find_refusal(text)
        self._use(at)
        asks, at = find_kind(text)
        self._use(at)
        days = find_days(text, self.now)
        comparison, at, how = find_comparison(text, days)
        self._use(at)
        self._use(how)
        compared = at
        spans = [(d.begin, d.end) for d in days] + [compared]
        # "How many hours" asks for a length and states none.
        durations = [
            d
            for d in find_durations(text)
            if not text[: d.begin].rstrip().endswith("how")
            and not any(_within((d.begin, d.end), s) for s in spans)
        ]
        lasts = self._lasts(durations)
        if lasts == Bounds(high=_BRIEF) and asks in ("how often", "how long", "when"):
            lasts = None  # "How often does she pop out" asks for every outing
        times, at = find_times(text)
        if times is not None and asks != "how often" and not _within(at, compared):
            self._use(at)
        else:
            times = None
        people, at = find_people(text)
        self._use(at)
        named = [d for d in days if not _within((d.begin, d.end), compared)]
        for day in named:
            self._use((day.begin, day.end))
        clock = read_clock(text, named, compared, meals=asks != "when")
        self.used += clock.spans
        self.used += [m.span() for m in _ALL_DAY.finditer(text)]
        gone = _NOBODY_HOME.search(text)
        empty = gone is not None and asks not in ("how long", "how often")
        if gone is not None and empty:
            self._use(gone.span())
        taken = self._taken()
        groups = group_places(self.words, self.lexicon, taken)
        timed = [*clock.spans, *((d.begin, d.end) for d in named)]
        negations = find_negations(self.words, groups, self._words_in(timed))
        clauses, affirmed = read_clauses(
            text, self.words, self.lexicon, groups, negations, durations, clock.negated
        )
        mentions, scopes = self._things(taken, groups, negations)
        wanted = [m for m in mentions if not is_negated(m, scopes)]
        unwanted = [m.thing for m in mentions if is_negated(m, scopes)]
        if gone is not None and not empty and not wanted:
            wanted = [
                ThingMention(Thing(kind="activity", name="going out", words=gone.group()), *gone.span())
            ]
            self._use(gone.span())
        if (
            lasts is not None
            and lasts.high == 2 * lasts.low
            and (unwanted or any(m.thing.name == "quiet" for m in wanted))
        ):
            # "Nothing for three hours" is three hours or more; "sat for half an hour" is about that.
            lasts = Bounds(low=lasts.low / 0.75)
        if people is not None and any(m.thing.name == "visitors" for m in wanted) and people.high == 1:
            people = None
        out = _IS_OUT.search(text)
        if out is not None and not any(m.begin < out.end() and out.start() < m.end for m in mentions):
            thing = Thing(kind="activity", name="going out", words=out.group().strip())
            self._use(out.span())
            if is_negated(ThingMention(thing, out.end() - 1, out.end()), scopes):
                unwanted.append(thing)
            else:
                wanted.append(ThingMention(thing, *out.span()))
                wanted.sort(key=lambda m: m.begin)
        if lasts in (Bounds(low=_ALL_DAY_S), Bounds(low=_ALL_PART_S)) and unwanted and not wanted:
            lasts = None  # "The fridge stayed shut all day" names the day
        ordered, wanted = in_order(self.text, wanted, self.used)
        clocked = any(m.thing.name in _OF_THE_CLOCK for m in wanted)
        extreme = find_extreme(text, of_the_clock=clocked) if comparison is None else None
        if extreme is not None:
            self.used += [m.span() for m in re.finditer(rf"\b{re.escape(extreme.words)}\b", text)]
            if not wanted and not unwanted and re.search(r"\bnights?\b", text) and extreme.of == "length":
                # "The shortest night" is one of sleep.
                wanted = [ThingMention(Thing(kind="activity", name="sleeping", words="night"), 0, 0)]
        if asks in ("what first", "what last") and all(m.thing.name in _AROUND_NIGHT for m in wanted):
            # "The last thing he does before bed."
            self.used += [m.span() for m in re.finditer(r"\b(?:before|after|when)\b", text) if wanted]
            wanted = []
        elif wanted and asks in ("what first", "what last"):
            # "Takes her pills first thing in the morning" says when.
            asks = find_kind(_THING.sub("", text))[0]
            self.used += [m.span() for m in _THING.finditer(text)]
        of_days = extreme is not None and extreme.of in ("count", "hours")
        self.used += find_frames(text, asks, of_days=of_days)
        unread, more = self._unread([m.thing.name for m in mentions])
        if more is not None:
            wanted = [ThingMention(more, 0, 0)]
        if comparison is not None and asks in ("find", "whether", "how often", "how long", "when"):
            asks = "compare"
        periods = [d.days for d in named]
        if comparison is not None and not periods:
            periods = [d.against for d in days if d.against is not None]
        if any(
            r.startswith(("brother", "sister", "son", "daughter", "neighbour", "friend", "postman"))
            for r in unread
        ):
            refused = refused or "identity"
        hours = clock.hours
        if _PER_NIGHT.search(text) and {m.thing.name for m in wanted} == {"sleeping"}:
            hours = ()  # all of the sleep, also after five
        return ParsedQuery(
            text=self.question,
            asks=asks,
            wanted=tuple(m.thing for m in wanted) if ordered else each_once([m.thing for m in wanted]),
            unwanted=each_once(unwanted),
            empty=empty,
            ordered=ordered,
            hours=hours,
            weekdays=clock.weekdays,
            time_words=clock.words,
            days=_union(periods),
            lasts=lasts,
            times=times,
            people=people,
            comparison=comparison,
            extreme=extreme,
            refused="identity" if asks == "who" else refused,
            unread=unread,
            clauses=clauses,
            affirmed=affirmed,
        )

    def _use(self, span: tuple[int, int]) -> None:
        if span[1] > span[0]:
            self.used.append(span)

    def _lasts(self, stated: list[Amount]) -> Bounds | None:
        """The length that moments must have."""
        for amount in stated[:1]:
            self._use((amount.begin, amount.end))
            brief = find_vague_length(self.text, stated)[0] == "brief"
            return Bounds(low=0.0 if brief else amount.low, high=amount.high)
        vague, at = find_vague_length(self.text, stated)
        but_still = NOTHING_MOVES.sub("", self.text)
        negated = re.search(r"\b(?:no|not|never|nobody|nothing|without)\b|n't", but_still) is not None
        whole = _ALL_DAY.search(self.text)
        if whole is not None and not negated:
            self._use(whole.span())
            return Bounds(low=_ALL_DAY_S)
        if vague and at is not None and not re.search(r"\bhow\s+long\b", self.text):
            self._use((at.begin, at.end))
            return Bounds(high=_BRIEF) if vague == "brief" else Bounds(low=_LONG)
        often = find_times(self.text)[0] is not None
        return Bounds(low=_ALL_PART_S) if _ALL_PART.search(self.text) and not negated and not often else None

    def _taken(self) -> frozenset[int]:
        """Words with a meaning already, without those that may name a thing as well ("bedtime")."""
        free = [m.span() for m in _MAY_NAME.finditer(self.text)]
        return self._words_in(self.used) - self._words_in(free)

    def _words_in(self, spans: Sequence[tuple[int, int]]) -> frozenset[int]:
        """Indices of the words that begin in some characters."""
        return frozenset(i for i, w in enumerate(self.words) if any(a <= w.begin < b for a, b in spans))

    def _things(
        self, taken: frozenset[int], groups: Sequence[PlaceGroup], negations: Sequence[Negation]
    ) -> tuple[list[ThingMention], list[tuple[int, int]]]:
        """Activities and places of the question, and the scopes of its negations in characters."""
        words = self.words
        texts = [w.text for w in words]
        candidates: list[tuple[int, int, int, Thing]] = []
        for found in find_activities(texts, taken):
            thing = Thing(kind="activity", name=found.name, words=" ".join(texts[found.begin : found.end]))
            candidates.append((found.size, found.begin, found.end, thing))
        for named in self.lexicon.find_mentions(words, taken=taken):
            kind: Literal["room", "object"] = "room" if named.place.kind == "room" else "object"
            if named.place.kind == "content":
                continue
            phrase = " ".join(texts[named.begin : named.end])
            thing = Thing(kind=kind, name=self.lexicon.name_of(named.place, phrase), words=phrase)
            candidates.append((named.end - named.begin, named.begin, named.end, thing))
        still = NOTHING_MOVES.search(self.text)
        chosen: list[ThingMention] = []
        covered: set[int] = set()

        # The longest phrase wins; of equal ones the thing in "the shower", the activity in "showers".
        def rank(candidate: tuple[int, int, int, Thing]) -> tuple[int, bool, int]:
            size, begin, _, thing = candidate
            named = begin > 0 and texts[begin - 1] in ("the", "his", "her", "their", "our", "my")
            return -size, (thing.kind == "activity") == named, begin

        for _, begin, end, thing in sorted(candidates, key=rank):
            if covered.isdisjoint(range(begin, end)):
                covered |= set(range(begin, end))
                chosen.append(ThingMention(thing, words[begin].begin, words[end - 1].end))
        mentioned = sorted(chosen, key=lambda m: m.begin)
        chosen = without_echoes(mentioned, self.text)
        self.used += [(m.begin, m.end) for m in mentioned if m not in chosen]
        if any(m.thing.name in _MEALS for m in chosen):
            # "Ate her supper" is one thing.
            echoes = [m for m in chosen if m.thing.name == "eating" and not THEN.search(self.text)]
            self.used += [(m.begin, m.end) for m in echoes]
            chosen = [m for m in chosen if m not in echoes]
        scopes: list[tuple[int, int]] = []
        for negation in negations:
            if negation.leaving and all(groups[k].place.kind == "room" for k in negation.groups):
                # Who "never leaves the kitchen" is in it.
                self._use((words[negation.begin].begin, words[negation.end - 1].end))
                continue
            stop = negation.end
            for i in range(negation.begin + 1, negation.end):
                if words[i].text in _ENDS_SCOPE:
                    stop = i
                    break
            scopes.append((words[negation.begin].begin, words[stop - 1].end))
            self.used += [(w.begin, w.end) for w in words[negation.begin : stop] if is_negator(w.text)]
            if words[stop - 1].text in ABSENT_STATES:
                self._use((words[stop - 1].begin, words[stop - 1].end))
        for i, word in enumerate(words):
            if lemma(word.text) in _SKIPPED:
                stop = next(
                    (k for k in range(i + 1, len(words)) if words[k].text in BREAKS | {",", "and"}),
                    len(words),
                )
                scopes.append((word.begin, words[min(i + 4, stop) - 1].end))
                scopes += [(m.begin, m.end) for m in chosen if m.end <= word.begin and word.begin - m.end < 5]
            elif (
                word.text in _OFF
                and i
                and not is_negator(words[i - 1].text)
                and not re.search(r"\b(?:turn|switch|put)\w*\b", self.text)
            ):
                scopes += [(m.begin, m.end) for m in chosen if m.end == word.begin - 1]
        for begin, _ in scopes:
            self._use((begin, begin + 1))
        if still is not None and not any(
            m.thing.kind != "activity" and m.begin >= still.start() for m in chosen
        ):
            # "No movement anywhere" happens; "no movement in the kitchen" negates the kitchen.
            self._use(still.span())
            quiet = ThingMention(
                Thing(kind="activity", name="quiet", words=still.group()), still.start(), still.start()
            )
            chosen = [quiet, *(m for m in chosen if not (still.start() <= m.begin < still.end()))]
            scopes = [s for s in scopes if not (s[0] <= still.start() < s[1])]
        for mention in chosen:
            known = _phrase_words(mention.thing.name)
            # "Went for 2 walks": the number is no part of the phrase.
            self.used += [
                (w.begin, w.end)
                for w in words
                if mention.begin <= w.begin < mention.end
                and (mention.thing.kind != "activity" or not is_weighty(w.text) or lemma(w.text) in known)
            ]
        return chosen, scopes

    def _unread(self, named: Sequence[str]) -> tuple[tuple[str, ...], Thing | None]:
        """Words that no field carries, and the activity that they mean if the text model knows one."""
        # "Telly ... watch": the verb of a named activity may stand apart from it.
        of_named = set().union(*map(_phrase_words, named))
        left = left_over(self.text, self.words, self.used, of_named)
        if left and self.nearest is not None and not named:
            name = self.nearest(" ".join(left))
            if name:
                return (), Thing(kind="activity", name=name, words=" ".join(left))
        return tuple(left), None


def _phrase_words(name: str) -> set[str]:
    """Words of the phrases of an activity."""
    return {w for p in activities()[name].phrases for w in p.split()} if name in activities() else set()


def _within(span: tuple[int, int], outer: tuple[int, int]) -> bool:
    return outer[0] <= span[0] and span[1] <= outer[1] and outer[1] > outer[0]


def _union(spans: Sequence[DaySpan]) -> DaySpan | None:
    if not spans:
        return None
    words = ", ".join(s.words for s in spans)
    return DaySpan(first=min(s.first for s in spans), last=max(s.last for s in spans), words=words)
