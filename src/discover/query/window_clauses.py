"""What a question asks of the events of a window: places and their use, routes, silences, lengths.

A sentence vector hardly reflects negation ("not at the stove"), duration ("a long stay"), movement ("from the
kitchen into the living room") or the time of day; the events of a window show all of them. Only explicit
words are read: places from the lexicon of the home, the rest from the grammars of this package.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from discover.query.amounts import Amount, find_times, find_vague_length
from discover.query.lexicon import Lexicon, Place, Word
from discover.query.movement import group_words, read_movement
from discover.query.negation import Negation
from discover.query.parsed_query import Clause, ClauseKind
from discover.query.place_groups import PlaceGroup
from discover.query.stillness import read_home, read_stillness

__all__ = ["NEUTRAL_TEXT", "read_clauses"]

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


def read_clauses(
    text: str,
    words: Sequence[Word],
    lexicon: Lexicon,
    groups: Sequence[PlaceGroup],
    negations: Sequence[Negation],
    durations: Sequence[Amount],
    negated_times: Sequence[tuple[int, int]],
) -> tuple[tuple[Clause, ...], str]:
    """The clauses of a sentence, and the sentence without what it negates ("" where it negates nothing).

    Args:
        text: The sentence in lower case.
        words: Its words.
        lexicon: Words of the home.
        groups: Its places.
        negations: Its negations.
        durations: Its durations.
        negated_times: Characters that exclude a time.
    """
    reader = _ClauseReader(text, words, lexicon, groups, negations, durations, list(negated_times))
    found = reader.read()
    if not reader.cut:
        return found, ""
    rest = reader.affirmed_text()
    return found, rest if set(rest.split()) - _EMPTY_TEXT else NEUTRAL_TEXT


@dataclass
class _ClauseReader:
    """Reads one sentence, one kind of clause after the other."""

    text: str
    words: Sequence[Word]
    lexicon: Lexicon
    groups: Sequence[PlaceGroup]
    negations: Sequence[Negation]
    durations: Sequence[Amount]
    cut: list[tuple[int, int]]
    found: list[Clause] = field(default_factory=list)
    done: set[int] = field(default_factory=set)

    def read(self) -> tuple[Clause, ...]:
        still = self._read_stillness()
        self._read_negations()
        negated = frozenset(k for negation in self.negations for k in negation.groups)
        affirmed = self.affirmed_text()
        self._read_home(affirmed, still=still)
        bed = self.lexicon.get("bedroom", self.lexicon.get("bed"))
        movement = read_movement(affirmed, self.words, self.groups, negated | frozenset(self.done), bed)
        self.found += movement.found
        for k, group in enumerate(self.groups):
            # "Before bed" is an occasion, not a place to be at.
            occasion = group.lead > 0 and self.words[group.lead - 1].text in ("before", "after")
            if k not in negated | movement.used | self.done and not (occasion and not movement.used):
                self._read_place(group)
        self._read_length(still)
        # A sentence may name one place twice ("in the kitchen, at the stove in the kitchen"): it counts once.
        return tuple(dict.fromkeys(self.found))

    def _read_stillness(self) -> bool:
        """Read a silence as one clause; True where it has a length, False for little movement."""
        negated = [(self.words[n.begin].begin, self.words[n.end - 1].end) for n in self.negations if n.groups]
        found = read_stillness(self.text, self.durations, negated)
        if found is None:
            return False
        self.found.append(found)
        # "Nothing moves" is that silence, not the negation of a place.
        self.negations = [negation for negation in self.negations if negation.groups]
        return found.kind != "little movement"

    def _read_negations(self) -> None:
        for negation in self.negations:
            begin, end = self.words[negation.begin].begin, self.words[negation.end - 1].end
            phrase = self.text[begin:end]
            for k in negation.groups:
                for place, name in zip(self.groups[k].places, self.groups[k].names, strict=True):
                    leaving = negation.leaving and place.kind == "room"
                    kind = "only" if leaving else _negated_kind(place, negation, phrase)
                    self.found.append(Clause(kind=kind, places=(name,), words=phrase))
            if negation.end - negation.begin > 1:
                self.cut.append((begin, end))

    def _read_home(self, text: str, *, still: bool) -> None:
        """Leaving and coming home: the front door opens, and nothing happens while nobody is at home."""
        name = next((n for n in ("front door", "entrance") if n in self.lexicon), "")
        found = read_home(text, name, still=still) if name else []
        if found:
            self.found += found
            used = self.lexicon[name].use_sensors
            self.done |= {k for k, g in enumerate(self.groups) if g.place.sensors & used}

    def _read_place(self, group: PlaceGroup) -> None:
        """A place without negation or movement: somebody is there, or uses it."""
        phrase = group_words(self.words, group)
        around = f"{group.before} {group.after}"
        if group.role == "only":
            self.found.append(Clause(kind="only", places=(group.name,), words=phrase))
            return
        several = _SEVERAL.search(group.before) is not None or _SEVERAL.search(
            " ".join(w.text for w in self.words[max(0, group.lead - 1) : group.begin])
        )
        together = group.either or several
        pairs = [(group.place, group.name)] if together else zip(group.places, group.names, strict=True)
        times = find_times(around)[0]
        for place, name in pairs:
            kind = _use_of(place, group, around)
            low = max(3.0 if several else 1.0, 1.0 if times is None else times.low)
            self.found.append(Clause(kind=kind, places=(name,), low=0 if kind == "at" else low, words=phrase))

    def _read_length(self, still: bool) -> None:
        """The duration of the window, unless it is the length of a silence."""
        vague, at = find_vague_length(self.text, list(self.durations))
        of_silence = still and self.durations and self.durations[0].low > 0
        stated = self.durations[1:] if of_silence else self.durations
        for amount in stated:
            phrase = self.text[amount.begin : amount.end].strip()
            self.found.append(Clause(kind="lasts", low=amount.low, high=amount.high, words=phrase))
        if at is None or still:
            return
        phrase = self.text[at.begin : at.end].strip()
        if vague == "throughout":
            places = [one.places for one in self.found if one.kind == "at"]
            self.found = [one for one in self.found if one.kind != "at"]
            self.found += [Clause(kind="only", places=names, words=phrase) for names in places or [()]]
        if vague in ("long", "throughout"):
            self.found.append(Clause(kind="long", words=phrase))
        elif not stated:
            self.found.append(Clause(kind="brief", words=phrase))

    def affirmed_text(self) -> str:
        """The sentence without what it negates."""
        if not self.cut:
            return self.text
        kept, at = [], 0
        for begin, end in sorted(self.cut):
            kept.append(self.text[at : max(at, begin)])
            at = max(at, end)
        text = " ".join("".join([*kept, self.text[at:]]).split())
        return _DANGLING.sub("", re.sub(r"\s+([,.;])", r"\1", text)).strip()


def _use_of(place: Place, group: PlaceGroup, around: str) -> ClauseKind:
    """How an object is used; "at" where somebody is only there."""
    if place.kind == "room" or not (place.doors or place.switches):
        return "at"
    if _CLOSES.search(around) and not _OPENS.search(around):
        return "closed"
    if _OFF.search(around):
        return "switched off"
    if _OPENS.search(around):
        return "opened"
    acted = _USES.search(around) or group.role in ("from", "through", "to", "first") or not place.presence
    return "used" if acted else "at"


def _negated_kind(place: Place, negation: Negation, phrase: str) -> ClauseKind:
    if place.doors and (negation.closed or (place.kind == "object" and _OPENS.search(phrase))):
        return "not opened" if place.kind in ("object", "room") else "not at"
    if place.kind == "object" and re.search(r"\b(?:turn|switch)\w*\b", phrase) and place.switches:
        return "not switched on"
    return "not at"
