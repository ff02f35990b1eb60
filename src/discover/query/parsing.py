"""Query words: what a sentence demands of a window, read by rule into clauses over cheap facts.

A sentence vector hears neither absence ("not at the stove"), nor duration ("a long stay"), nor movement
("from the
kitchen into the living room"), and the clock only faintly; a window's events know all of them. So the
explicit
words are read: places against the home's own words (`pipeline.home_words`), the rest by the grammar of
`scan`, `negation`, `movement`, `amounts` and `time_words`. Nothing is guessed: every
clause is returned with the words it comes from and what they were taken to mean. What is denied is cut out of
the text before it is embedded, since "not at the stove" is nearest to windows at the stove.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from discover.query.amounts import find_durations, find_vague_length, times_of
from discover.query.length_predicates import Clause, FewSigns, Lasts, LastsBriefly, LastsLong
from discover.query.lexicon import Lexicon, Place, Word, split_sentence
from discover.query.movement import group_words, read_movement
from discover.query.negation import Denial, find_denials
from discover.query.predicates import NotAt, OneRoom, PresentAt, Uses
from discover.query.scan import Group, group_places
from discover.query.stillness import read_home, read_stillness
from discover.query.time_grammar import NEGATION
from discover.query.time_words import TimeWords, find_time_words, time_spans
from discover.retrieval.activations import Activations

__all__ = ["MET", "NEUTRAL_TEXT", "ParsedQuery", "parse_query"]

NEUTRAL_TEXT = "someone is at home"
"""Embedded where nothing of a sentence is left but what it denies."""

MET = 0.5
"""A clause counts as met from this degree on, where a degree must be yes or no."""

_OPENS = re.compile(r"\b(?:open(?:s|ed|ing)?|unlock(?:s|ed|ing)?)\b")
_CLOSES = re.compile(r"\b(?:clos(?:es|ed|ing|e)|shut(?:s|ting)?|lock(?:s|ed|ing)?)\b")
_OFF = re.compile(r"\b(?:(?:turn|switch)(?:s|es|ed|ing)?\s+off|(?:put|puts|putting)\s+back|off)\b")
_USES = re.compile(
    r"\b(?:us(?:es|ed|ing|e)|tak(?:es|ing|en|e)|get(?:s|ting)?|got|fetch(?:es|ing)?|grab(?:s|bing)?|"
    r"heat(?:s|ing|ed)?|warm(?:s|ing|ed)?|"
    r"(?:turn|switch)(?:s|es|ed|ing)?|run(?:s|ning)?|start(?:s|ed|ing)?|put(?:s|ting)?|pick(?:s|ing)?|"
    r"look(?:s|ing)?\s+(?:in|into)|"
    r"rummag\w+|search\w*|reach\w*|boil(?:s|ing)?|watch(?:es|ing)?)\b"
)
_SEVERAL = re.compile(r"\b(?:several|many|multiple|various|different|a\s+number\s+of)\s*$")
# What a cut leaves hanging at either end: "in the kitchen, but".
_DANGLING = re.compile(
    r"^(?:[\s,;.:]|(?:but|and|or|then)\b)+|(?:\s*(?:[,;]|\b(?:but|and|or|then|is|are|who|while|with|"
    r"the)\b))*[\s.]*$"
)
_EMPTY_TEXT = frozenset(
    "but and or , . ; then so the a someone somebody is it there who while with for".split()  # noqa: SIM905
)


@dataclass(frozen=True)
class ParsedQuery:
    """What a sentence demands.

    Attributes:
        clauses: Conditions on windows.
        said: The words each clause comes from.
        time: What it says about time of day and weekday.
        not_time: Times that it denies.
        text: What is left to embed: the sentence without what it denies.
    """

    text: str
    clauses: tuple[Clause, ...] = ()
    said: tuple[str, ...] = ()
    time: TimeWords = field(default_factory=TimeWords)
    not_time: tuple[TimeWords, ...] = ()

    def __bool__(self) -> bool:
        return self.count > 0

    @property
    def count(self) -> int:
        """Number of conditions; the time of day is one."""
        return len(self.clauses) + bool(self.time) + len(self.not_time)

    def degrees(
        self, signs: Activations | None, week_minutes: NDArray[np.int16]
    ) -> list[NDArray[np.float32]]:
        """(W,) per condition, each in [0, 1].

        Args:
            signs: Of the windows; not needed where only times are named.
            week_minutes: (W,) of the windows (`Index.week_minutes`).
        """
        found = [] if signs is None else [clause.degree(signs) for clause in self.clauses]
        if self.time:
            found.append(self.time.preference(week_minutes))
        found += [1 - words.mask(week_minutes).astype(np.float32) for words in self.not_time]
        return found

    def found(self) -> list[tuple[str, str]]:
        """(words, what they mean) of every condition."""
        named = [(said, clause.meaning) for said, clause in zip(self.said, self.clauses, strict=True)]
        denied = [
            (f"not {said}", f"not {meaning}") for words in self.not_time for said, meaning in words.found
        ]
        return [*named, *self.time.found, *denied]

    def describe(self) -> list[str]:
        """One line per condition: "not at the stove = nothing at or in the stove"."""
        return [f"{words} = {meaning}" for words, meaning in self.found()]


def parse_query(text: str, known: Lexicon) -> ParsedQuery:
    """Read a sentence; see the top of this file.

    Args:
        text: An English sentence.
        known: The words of the home whose windows are searched.
    """
    return _Reading(text, known).result()


class _Reading:
    """Reads one sentence, kind by kind."""

    def __init__(self, text: str, known: Lexicon) -> None:
        self.text = text
        self.known = known
        self.words = split_sentence(text)
        spans = time_spans(text)
        self.timed = _covered(self.words, spans)
        durations = find_durations(text)
        taken = self.timed | _covered(self.words, [(a.begin, a.end, False) for a in durations])
        self.groups = group_places(self.words, known, frozenset(taken))
        self.durations = durations
        self.denials = find_denials(self.words, self.groups, self.timed)
        self.clauses: list[tuple[str, Clause]] = []
        self.cut: list[tuple[int, int]] = []
        self.done: set[int] = set()

    def result(self) -> ParsedQuery:
        still = self._stillness()
        self._denials()
        denied = frozenset(k for denial in self.denials for k in denial.groups)
        for begin, end, denied_time in time_spans(self.text):
            if denied_time:
                negation = NEGATION.search(self.text[:begin])
                self.cut.append((begin if negation is None else negation.start(), end))
        affirmed = self._left().lower()
        self._home(affirmed, still=still)
        bed = self.known.get("bedroom", self.known.get("bed"))
        movement = read_movement(affirmed, self.words, self.groups, denied | frozenset(self.done), bed)
        self.clauses += movement.clauses
        for k, group in enumerate(self.groups):
            occasion = group.lead > 0 and self.words[group.lead - 1].text in ("before", "after")
            if k not in denied | movement.used | self.done and not (occasion and not movement.used):
                self._affirm(group)
        self._length(still)
        left = self._left()
        embedded = left if set(left.lower().split()) - _EMPTY_TEXT else NEUTRAL_TEXT
        pairs = list(dict.fromkeys(self.clauses))
        return ParsedQuery(
            text=embedded,
            clauses=tuple(clause for _, clause in pairs),
            said=tuple(said for said, _ in pairs),
            time=find_time_words(self.text),
            not_time=tuple(
                find_time_words(self.text[begin:end])
                for begin, end, denied in time_spans(self.text)
                if denied
            ),
        )

    def _stillness(self) -> bool:
        """Whether the sentence is about a silence: one clause, and no denial of it is left."""
        text = self.text.lower()
        denied = [(self.words[d.begin].begin, self.words[d.end - 1].end) for d in self.denials if d.groups]
        found = read_stillness(text, self.durations, denied)
        if found is None:
            return False
        self.clauses.append(found)
        self.denials = [denial for denial in self.denials if denial.groups]
        return not isinstance(found[1], FewSigns)

    def _denials(self) -> None:
        for denial in self.denials:
            begin, end = self.words[denial.begin].begin, self.words[denial.end - 1].end
            said = self.text[begin:end].lower()
            for k in denial.groups:
                group = self.groups[k]
                for place in group.places:
                    if denial.leaving and place.kind == "room":
                        self.clauses.append((said, OneRoom(place)))
                    else:
                        sensors, verb = _denied_sensors(place, denial, said)
                        self.clauses.append((said, NotAt(place, sensors, verb)))
            if denial.end - denial.begin > 1:
                self.cut.append((begin, end))

    def _home(self, text: str, *, still: bool) -> None:
        """Leaving home and coming home: the front door, and what nobody does outside."""
        door = self.known.get("front door", self.known.get("entrance"))
        clauses = [] if door is None else read_home(text, door, still=still)
        if door is not None and clauses:
            self.clauses += clauses
            self.done |= {k for k, g in enumerate(self.groups) if g.place.sensors & door.used}

    def _affirm(self, group: Group) -> None:
        """A place that is only named: somebody is there, or uses it."""
        said = group_words(self.words, group)
        around = f"{group.before} {group.after}"
        if group.role == "only":
            self.clauses.append((said, OneRoom(group.place)))
            return
        several = _SEVERAL.search(group.before) is not None or _SEVERAL.search(
            " ".join(w.text for w in self.words[max(0, group.lead - 1) : group.begin])
        )
        for place in (group.place,) if group.joint or several else group.places:
            use = _use_of(place, group, around)
            if use is None:
                self.clauses.append((said, PresentAt(place)))
            else:
                sensors, verb, end = use
                at_least = max(3 if several else 1, times_of(around))
                self.clauses.append((said, Uses(place, sensors, at_least, verb, end)))

    def _length(self, still: bool) -> None:
        """How long it takes, unless that is the length of a silence."""
        vague, at = find_vague_length(self.text, self.durations)
        stated = (
            self.durations[1:] if still and self.durations and self.durations[0].low > 0 else self.durations
        )
        for amount in stated:
            said = self.text[amount.begin : amount.end].strip().lower()
            self.clauses.append((said, Lasts(amount.low, amount.high)))
        if at is None or still:
            return
        said = self.text[at.begin : at.end].strip().lower()
        if vague == "throughout":
            places = [c.place for _, c in self.clauses if isinstance(c, PresentAt)]
            self.clauses = [pair for pair in self.clauses if not isinstance(pair[1], PresentAt)]
            self.clauses += [(said, OneRoom(place)) for place in places] or [(said, OneRoom())]
        if vague in ("long", "throughout"):
            self.clauses.append((said, LastsLong()))
        elif not stated:
            self.clauses.append((said, LastsBriefly()))

    def _left(self) -> str:
        """The sentence without what it denies."""
        if not self.cut:
            return self.text
        kept, at = [], 0
        for begin, end in sorted(self.cut):
            kept.append(self.text[at : max(at, begin)])
            at = max(at, end)
        text = " ".join("".join([*kept, self.text[at:]]).split())
        return _DANGLING.sub("", re.sub(r"\s+([,.;])", r"\1", text)).strip()


def _use_of(place: Place, group: Group, around: str) -> tuple[frozenset[str], str, bool] | None:
    """Sensors, verb and whether its end is meant, where an object is used; None where somebody is there."""
    if place.kind == "room" or not (place.doors or place.switches):
        return None
    if _CLOSES.search(around) and not _OPENS.search(around):
        return place.doors or place.used, "closed", True
    if _OFF.search(around):
        return place.switches or place.used, "switched off", True
    if _OPENS.search(around):
        return place.doors or place.used, "opened", False
    acted = _USES.search(around) or group.role in ("from", "through", "to", "first") or not place.presence
    return (place.used, "used", False) if acted else None


def _denied_sensors(place: Place, denial: Denial, said: str) -> tuple[frozenset[str], str]:
    if place.kind == "object" and place.doors and (denial.closed or _OPENS.search(said)):
        return place.doors, "opened"
    if place.kind == "object" and re.search(r"\b(?:turn|switch)\w*\b", said) and place.switches:
        return place.switches, "switched on"
    if place.kind == "room" and denial.closed and place.doors:
        return place.doors, "opened"
    return place.sensors, ""


def _covered(words: Sequence[Word], spans: Sequence[tuple[int, int, bool]]) -> frozenset[int]:
    """Numbers of the words inside stretches of the text."""
    return frozenset(
        i for i, word in enumerate(words) if any(begin <= word.begin < end for begin, end, _ in spans)
    )
