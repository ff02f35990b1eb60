"""Questions in German, Spanish and French, turned into an English one by tables of words.

`languages/` has one table per language: places, activities, times, numbers. Words of no table are not
understood and are listed. A negation counts only where it is plain what it negates: the thing right after it,
or the only thing of the question. Else the question is refused, as it is in any other language.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any

from discover.core.reading import parse_yaml
from discover.query.claims import KNOWN_WORDS
from discover.query.inventory import activities
from discover.query.parsed_query import ParsedQuery

__all__ = ["language_of", "mostly_latin", "read_foreign"]

_TABLES = ("german", "spanish", "french")
_TOKEN = re.compile(r"\d+(?:[:.]\d\d)?|[^\W\d_]+|[,;:.!?¿]")
_PHRASE = re.compile(r"\{\w\}|[^\W\d_]+|\$")
_CLOCK, _NUMBER = re.compile(r"\d{1,2}(?:[:.]\d\d)?"), re.compile(r"\d+")
_THINGS = ("places", "activities")
_GAP = 2
_FRAMES = {
    "last time": "when was the last time someone {}", "first time": "when was the first time someone {}",
    "how often": "how often is someone {}", "how long": "how long is someone {}", "who": "who is {}",
    "when": "when is someone {}",
    "whether": "was someone {}?", "": "someone {}",
}  # fmt: skip


@dataclass(frozen=True)
class _Table:
    """The words of one language: folded phrases by their first word, "{}" for those with a slot first."""

    name: str
    small: frozenset[str]
    phrases: Mapping[str, Sequence[tuple[tuple[str, ...], str, str]]]
    slots: Mapping[str, Mapping[str, str]]
    words: frozenset[str]


@dataclass
class _Read:
    """What the tables make of a question: (kind, English, own words) in its order."""

    items: list[tuple[str, str, str]] = field(default_factory=list)

    @property
    def unread(self) -> tuple[str, ...]:
        """Words that no table has."""
        return tuple(dict.fromkeys(words for kind, _, words in self.items if kind in ("unread", "binds")))


def mostly_latin(text: str) -> bool:
    """Whether at least half of the letters are Latin."""
    letters = [c for c in text if c.isalpha()]
    return 2 * sum(unicodedata.name(c, "").startswith("LATIN") for c in letters) >= len(letters)


def language_of(text: str) -> str:
    """The language of a question, where it is not English: "German"; "" for English, or what nothing tells.

    Words of a language that are not English words decide, where they outnumber the English ones.
    """
    if not mostly_latin(text):
        return "a language of another script"
    found = set(_folded(text))
    known = {**{table.name: table.words for table in _tables().values()}, **_others()}
    english = found & _english()
    own = {name: len((found & words) - english) for name, words in known.items()}
    best = max(own, key=lambda name: own[name])
    theirs = english - known[best]
    return best if own[best] > len(theirs) else ""


def read_foreign(question: str, language: str, read: Callable[[str], ParsedQuery]) -> ParsedQuery:
    """A question of another language, read; or refused with what was and was not understood.

    Args:
        question: As it was asked.
        language: As `language_of` tells it.
        read: Reads an English question.
    """
    table = _tables().get(language)
    if table is None:
        note = f"The question is in {language}, of which nothing was read."
        return ParsedQuery(text=question, refused="language", notes=(note,))
    found = _matched(question, table)
    scoped = _negated(found)
    if scoped is None:
        words = ", ".join(f"'{w}'" for kind, _, w in found.items if kind in _NEGATES)
        told = ", ".join(english for kind, english, _ in found.items if kind in (*_THINGS, "times"))
        note = f"Read from {language}: {told or 'nothing'}. It is not plain what {words} negates."
        return ParsedQuery(text=question, refused="language", unread=found.unread, notes=(note,))
    english = _in_english(found, scoped)
    bound = ", ".join(f"'{w}'" for kind, _, w in found.items if kind == "binds")
    if bound:
        note = (
            f"Read from {language}: {english}. Without {bound}, which no table reads, it is another question."
        )
        return ParsedQuery(text=question, refused="language", unread=found.unread, notes=(note,))
    query = read(english)
    wanted, unwanted = ({t.name for t in things} for things in (query.wanted, query.unwanted))
    negated = [_names(e, read) for k, (_, e, _) in enumerate(found.items) if k in scoped]
    if any(names & wanted or not (names & unwanted) for names in negated if names):
        note = f"Read from {language} as '{english}', whose negation no rule reads."
        return ParsedQuery(text=question, refused="language", unread=found.unread, notes=(note,))
    note = f"Read from {language} by a list of words, as: {english}"
    return query.model_copy(
        update={
            "text": question, "affirmed": query.embedded, "notes": (*query.notes, note),
            "unread": tuple(dict.fromkeys((*query.unread, *found.unread))),
        }
    )  # fmt: skip


_NEGATES = ("negations", "without", "nobody", "nothing")


def _negated(found: _Read) -> set[int] | None:
    """The items that negations cover, as far as that is plain; None where it is not."""
    kinds = [kind for kind, _, _ in found.items]
    things = [k for k, kind in enumerate(kinds) if kind in _THINGS]
    negations = [k for k, kind in enumerate(kinds) if kind in _NEGATES]
    if not negations:
        # Half of a negation ("ne") without the other half.
        return None if "halves" in kinds else set()
    kinds += ["end", "end"]
    if any(kinds[k + 1] in ("binds", "bounds") for k in negations):
        return None
    if len(things) == 1 and not set(kinds) & {"unread", "binds", "break", "joins"}:
        return set(things)
    if not things:
        plain = {"nobody", "nothing"} & set(kinds) and not {"unread", "binds"} & set(kinds)
        return set() if plain else None
    covered = set()
    for k in negations:
        if kinds[k + 1] in _NEGATES:
            continue  # "no ... nadie" is one negation
        if kinds[k + 1] not in _THINGS:
            return None
        after = kinds[k + 2]
        # "Not in the kitchen and in the bath", "did not eat in the kitchen" leave open what is negated.
        if (after == "joins" and kinds[k + 3] not in _NEGATES and found.items[k + 2][1] != "but") or (
            after in _THINGS and kinds[k] != "without"
        ):
            return None
        covered.add(k + 1)
    return covered


def _in_english(found: _Read, negated: set[int]) -> str:
    kinds = {kind for kind, _, _ in found.items}
    asks = {english for kind, english, _ in found.items if kind == "asks"}
    asked = next((frame for frame in _FRAMES if frame in asks), "whether" if "whether" in kinds else "")
    said: list[str] = []
    late: list[str] = []
    for k, (kind, english, _) in enumerate(found.items):
        joins = kind == "joins" and english != "but" and said and not {k - 1, k + 1} & negated
        if joins or (kind in _THINGS and k not in negated):
            said.append(english)
        elif kind in ("times", "bounds"):
            late.append(english)
    if said and said[-1] in ("and", "or", "then"):
        said.pop()
    without = [found.items[k][1] for k in sorted(negated)]
    if not said and not without and kinds & {"nobody", "nothing"}:
        said = ["no movement"]
    text = _FRAMES[asked].format(" ".join([*said, *late]).strip())
    if without:
        parts = [f"not {e}" if e.startswith(("in ", "at ", "on ")) else f"no {e}" for e in without]
        text = f"{text.rstrip('?')}, {', '.join(parts)}"
    return " ".join(text.split()).replace(" ,", ",")


def _names(english: str, read: Callable[[str], ParsedQuery]) -> set[str]:
    return {thing.name for thing in read(f"someone {english}").wanted}


def _matched(question: str, table: _Table) -> _Read:
    original = [m.group() for m in _TOKEN.finditer(question.replace("’", "'"))]
    tokens = [_fold(t) for t in original]
    found, at = _Read(), 0
    if tokens and ("?" in tokens or tokens[0] in table.slots["whether"]):
        found.items.append(("whether", "whether", ""))
    while at < len(tokens):
        best = max(_phrases_at(tokens, at, table), key=lambda m: m[0], default=None)
        if best is not None:
            length, kind, english = best
            if kind != "skips":
                found.items.append((kind, english, " ".join(original[at : at + length])))
            at += length
            continue
        if not tokens[at][0].isalnum():
            found.items.append(("break", "", tokens[at]))
        elif tokens[at] not in table.small:
            found.items.append(("unread", "", original[at]))
        at += 1
    while found.items and found.items[-1][0] == "break":
        found.items.pop()
    return found


def _phrases_at(tokens: Sequence[str], at: int, table: _Table) -> Iterator[tuple[int, str, str]]:
    """(number of words, kind, English) of the phrases of a table that begin at a word."""
    for phrase, kind, english in (*table.phrases.get(tokens[at], ()), *table.phrases.get("{}", ())):
        filled, reached, done = english, at, 0
        while done < len(phrase) and reached < len(tokens) and phrase[done] != "$":
            part, token = phrase[done], tokens[reached]
            value = _filled(part, token, table) if part[0] == "{" else token if token == part else ""
            if value:
                filled, done = filled.replace(part, value, 1), done + 1
            elif not done or token not in table.small or reached - at - done >= _GAP:
                break  # "steht sie meist auf": small words may stand between
            reached += 1
        ends = reached == len(tokens) or not tokens[reached][0].isalnum()
        if done == len(phrase) or (phrase[done] == "$" and ends):
            bounds = kind == "times" and phrase[0] in table.slots["binds"]
            yield reached - at, "bounds" if bounds else kind, filled


def _filled(slot: str, token: str, table: _Table) -> str:
    if slot == "{c}":
        return (
            f"{token.replace('.', ':')}{'' if len(token) > 2 else ':00'}" if _CLOCK.fullmatch(token) else ""
        )
    if slot == "{n}":
        return token if _NUMBER.fullmatch(token) else table.slots["numbers"].get(token, "")
    return table.slots["units"].get(token, "")


def _fold(word: str) -> str:
    """Lower case without accents; "ae", "oe" and "ue" as the umlauts they stand for."""
    plain = unicodedata.normalize("NFKD", word.lower().replace("ß", "ss"))
    plain = "".join(c for c in plain if not unicodedata.combining(c))
    return re.sub(r"([aou])e", r"\1", plain)


def _folded(text: str) -> list[str]:
    return [_fold(m.group()) for m in _PHRASE.finditer(text.replace("’", "'"))]


@cache
def _tables() -> Mapping[str, _Table]:
    return {table.name: table for table in map(_table, _TABLES)}


def _table(name: str) -> _Table:
    values: Any = parse_yaml(_text(f"{name}.yaml"), f"{name}.yaml")
    phrases: dict[str, list[tuple[tuple[str, ...], str, str]]] = {}
    listed = {
        k: {w: w for w in values.get(k, ())}
        for k in ("negations", "without", "binds", "nobody", "nothing", "halves", "skips")
    }
    for kind in ("places", "activities", "times", "asks", "joins", *listed):
        rows = listed[kind] if kind in listed else values[kind]
        for english, others in rows.items():
            for other in [others] if isinstance(others, str) else others:
                key = tuple(p if p[0] == "{" else _fold(p) for p in _PHRASE.findall(other))
                phrases.setdefault("{}" if key[0][0] == "{" else key[0], []).append((key, kind, english))
    slots = {
        kind: {_fold(word): str(english) for english, words in values[kind].items() for word in words}
        for kind in ("numbers", "units")
    }
    slots |= {kind: {_fold(w): w for w in values[kind]} for kind in ("whether", "binds")}
    small = frozenset(_folded(values["small"]))
    words = {p for rows in phrases.values() for key, _, _ in rows for p in key if p[0] != "{"}
    return _Table(values["name"], small, phrases, slots, frozenset(words | small | set(slots["units"])))


@cache
def _others() -> Mapping[str, frozenset[str]]:
    values: Any = parse_yaml(_text("others.yaml"), "others.yaml")
    return {name: frozenset(_folded(words)) for name, words in values.items()}


@cache
def _english() -> frozenset[str]:
    """English words that a question may have, folded."""
    phrases = {w for a in activities().values() for p in (*a.phrases, *a.sentences) for w in p.split()}
    return frozenset(_folded(" ".join(phrases | KNOWN_WORDS | {"grand", "is", "are"})))


def _text(file: str) -> str:
    return resources.files("discover.query").joinpath("languages", file).read_text(encoding="utf-8")
