"""The parser by rules: a sentence becomes conditions on windows.

A sentence vector hardly reflects negation ("not at the stove"), duration ("a long stay"), movement ("from the
kitchen into the living room") or the time of day; the events of a window show all of them. Rules read only
explicit words: places from the lexicon of the home, the rest from the grammars of this package. Every
condition keeps the words that it comes from, so a search can show what was understood.
"""

import re
from collections.abc import Sequence

from discover.query.amounts import find_durations, find_vague_length, times_of
from discover.query.duration_predicates import FewActivations, Lasts, LastsBriefly, LastsLong
from discover.query.lexicon import Lexicon, Place, Word, split_sentence
from discover.query.movement import group_words, read_movement
from discover.query.negation import Negation, find_negations
from discover.query.place_groups import PlaceGroup, group_places
from discover.query.place_predicates import NotAt, OneRoom, PresentAt, Uses
from discover.query.predicates import Predicate
from discover.query.stillness import read_home, read_stillness
from discover.query.time_grammar import NEGATED_TIME
from discover.query.time_words import find_time_words, time_spans
from discover.query.window_conditions import WindowConditions

__all__ = ["NEUTRAL_TEXT", "read_conditions"]

NEUTRAL_TEXT = "someone is at home"
"""Embedded where the sentence consists of negations only."""

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
# Words that a cut leaves without meaning at either end: "in the kitchen, but".
_DANGLING = re.compile(
    r"^(?:[\s,;.:]|(?:but|and|or|then)\b)+|(?:\s*(?:[,;]|\b(?:but|and|or|then|is|are|who|while|with|"
    r"the)\b))*[\s.]*$"
)
_EMPTY_TEXT = frozenset(
    "but and or , . ; then so the a someone somebody is it there who while with for".split()  # noqa: SIM905
)


def read_conditions(sentence: str, lexicon: Lexicon, /) -> WindowConditions:
    """Read an English sentence by rules.

    Args:
        sentence: What to look for.
        lexicon: Words of the home whose windows are searched.
    """
    return _SentenceReader(sentence, lexicon).read()


class _SentenceReader:
    """Reads one sentence, one kind of condition after the other."""

    def __init__(self, text: str, lexicon: Lexicon) -> None:
        self.text = text
        self.lexicon = lexicon
        self.words = split_sentence(text)
        self.times = time_spans(text)
        self.durations = find_durations(text)
        timed = _words_in(self.words, [(begin, end) for begin, end, _ in self.times])
        measured = _words_in(self.words, [(amount.begin, amount.end) for amount in self.durations])
        self.groups = group_places(self.words, lexicon, timed | measured)
        self.negations = find_negations(self.words, self.groups, timed)
        self.found: list[tuple[str, Predicate]] = []
        self.cut: list[tuple[int, int]] = []
        self.done: set[int] = set()

    def read(self) -> WindowConditions:
        still = self._read_stillness()
        self._read_negations()
        negated = frozenset(k for negation in self.negations for k in negation.groups)
        for begin, end, excluded in self.times:
            if excluded:
                negator = NEGATED_TIME.search(self.text[:begin])
                self.cut.append((begin if negator is None else negator.start(), end))
        affirmed = self._affirmed_text().lower()
        self._read_home(affirmed, still=still)
        bed = self.lexicon.get("bedroom", self.lexicon.get("bed"))
        movement = read_movement(affirmed, self.words, self.groups, negated | frozenset(self.done), bed)
        self.found += movement.found
        for k, group in enumerate(self.groups):
            # "before bed" is an occasion, not a place to be at.
            occasion = group.lead > 0 and self.words[group.lead - 1].text in ("before", "after")
            if k not in negated | movement.used | self.done and not (occasion and not movement.used):
                self._read_place(group)
        self._read_length(still)
        rest = self._affirmed_text()
        # A sentence may name one place twice ("in the kitchen, at the stove in the kitchen"): it counts once.
        pairs = list(dict.fromkeys(self.found))
        return WindowConditions(
            text=rest if set(rest.lower().split()) - _EMPTY_TEXT else NEUTRAL_TEXT,
            predicates=tuple(predicate for _, predicate in pairs),
            phrases=tuple(phrase for phrase, _ in pairs),
            time=find_time_words(self.text),
            excluded_times=tuple(
                find_time_words(self.text[begin:end]) for begin, end, excluded in self.times if excluded
            ),
        )

    def _read_stillness(self) -> bool:
        """Read a silence as one predicate; True where it has a length, False for little movement."""
        negated = [(self.words[n.begin].begin, self.words[n.end - 1].end) for n in self.negations if n.groups]
        found = read_stillness(self.text.lower(), self.durations, negated)
        if found is None:
            return False
        self.found.append(found)
        # "Nothing moves" is that silence, not the negation of a place.
        self.negations = [negation for negation in self.negations if negation.groups]
        return not isinstance(found[1], FewActivations)

    def _read_negations(self) -> None:
        for negation in self.negations:
            begin, end = self.words[negation.begin].begin, self.words[negation.end - 1].end
            phrase = self.text[begin:end].lower()
            for k in negation.groups:
                for place in self.groups[k].places:
                    if negation.leaving and place.kind == "room":
                        self.found.append((phrase, OneRoom(place)))
                    else:
                        sensors, verb = _negated_sensors(place, negation, phrase)
                        self.found.append((phrase, NotAt(place, sensors, verb)))
            if negation.end - negation.begin > 1:
                # The vector of "not at the stove" is closest to windows at the stove, so it is not embedded.
                self.cut.append((begin, end))

    def _read_home(self, text: str, *, still: bool) -> None:
        """Leaving and coming home: the front door opens, and nothing happens while nobody is at home."""
        door = self.lexicon.get("front door", self.lexicon.get("entrance"))
        found = [] if door is None else read_home(text, door, still=still)
        if door is not None and found:
            self.found += found
            self.done |= {k for k, g in enumerate(self.groups) if g.place.sensors & door.use_sensors}

    def _read_place(self, group: PlaceGroup) -> None:
        """A place without negation or movement: somebody is there, or uses it."""
        phrase = group_words(self.words, group)
        around = f"{group.before} {group.after}"
        if group.role == "only":
            self.found.append((phrase, OneRoom(group.place)))
            return
        several = _SEVERAL.search(group.before) is not None or _SEVERAL.search(
            " ".join(w.text for w in self.words[max(0, group.lead - 1) : group.begin])
        )
        for place in (group.place,) if group.either or several else group.places:
            use = _use_of(place, group, around)
            if use is None:
                self.found.append((phrase, PresentAt(place)))
            else:
                sensors, verb, end = use
                at_least = max(3 if several else 1, times_of(around))
                self.found.append((phrase, Uses(place, sensors, at_least, verb, end)))

    def _read_length(self, still: bool) -> None:
        """The duration of the window, unless it is the length of a silence."""
        vague, at = find_vague_length(self.text, self.durations)
        stated = (
            self.durations[1:] if still and self.durations and self.durations[0].low > 0 else self.durations
        )
        for amount in stated:
            phrase = self.text[amount.begin : amount.end].strip().lower()
            self.found.append((phrase, Lasts(amount.low, amount.high)))
        if at is None or still:
            return
        phrase = self.text[at.begin : at.end].strip().lower()
        if vague == "throughout":
            places = [p.place for _, p in self.found if isinstance(p, PresentAt)]
            self.found = [pair for pair in self.found if not isinstance(pair[1], PresentAt)]
            self.found += [(phrase, OneRoom(place)) for place in places] or [(phrase, OneRoom())]
        if vague in ("long", "throughout"):
            self.found.append((phrase, LastsLong()))
        elif not stated:
            self.found.append((phrase, LastsBriefly()))

    def _affirmed_text(self) -> str:
        """The sentence without what it negates."""
        if not self.cut:
            return self.text
        kept, at = [], 0
        for begin, end in sorted(self.cut):
            kept.append(self.text[at : max(at, begin)])
            at = max(at, end)
        text = " ".join("".join([*kept, self.text[at:]]).split())
        return _DANGLING.sub("", re.sub(r"\s+([,.;])", r"\1", text)).strip()


def _use_of(place: Place, group: PlaceGroup, around: str) -> tuple[frozenset[str], str, bool] | None:
    """(sensors, verb, whether the use ends) of an object in use; None where somebody is only there."""
    if place.kind == "room" or not (place.doors or place.switches):
        return None
    if _CLOSES.search(around) and not _OPENS.search(around):
        return place.doors or place.use_sensors, "closed", True
    if _OFF.search(around):
        return place.switches or place.use_sensors, "switched off", True
    if _OPENS.search(around):
        return place.doors or place.use_sensors, "opened", False
    acted = _USES.search(around) or group.role in ("from", "through", "to", "first") or not place.presence
    return (place.use_sensors, "used", False) if acted else None


def _negated_sensors(place: Place, negation: Negation, phrase: str) -> tuple[frozenset[str], str]:
    if place.kind == "object" and place.doors and (negation.closed or _OPENS.search(phrase)):
        return place.doors, "opened"
    if place.kind == "object" and re.search(r"\b(?:turn|switch)\w*\b", phrase) and place.switches:
        return place.switches, "switched on"
    if place.kind == "room" and negation.closed and place.doors:
        return place.doors, "opened"
    return place.sensors, ""


def _words_in(words: Sequence[Word], spans: Sequence[tuple[int, int]]) -> frozenset[int]:
    """Indices of the words that begin inside some [begin, end) of the text."""
    return frozenset(
        i for i, word in enumerate(words) if any(begin <= word.begin < end for begin, end in spans)
    )
