"""A question in plainer words (wordings.yaml): shorthand spelled out, talk around the question left out."""

import re
from functools import cache
from importlib import resources
from typing import Any

from discover.core.reading import parse_yaml
from discover.query.amounts import NUMBERS

__all__ = ["own_clause", "peeled", "spelled_out"]

_PERSON = (
    r"brother|sister|son|daughter|neighbou?rs?|friend|husband|wife|partner|mother|father|aunt(?:ie|y)?|uncle|cousin|"
    r"doctor|dr|gp|nurse|care?rs?|caregiver|physio|landlord|tenants?|cleaner|boss|colleague|team|family|kids|children|staff|"
    r"pharmacist|therapist|social\s+worker|lady|man|woman|chap|guy|flatmate|housemate|grandson|granddaughter|parents?|patient|"
    r"resident|agent|owner|guard|police|mum|mom|dad|gran|nan|district\s+nurse|manager|warden|postman|girl|boy|in-laws?|couple|lodger|guests?|client"
)
_WHO = (
    rf"(?:(?:my|the|our|his|her|their|a|one\s+of\s+the|dad's|mum's)\s+(?:\w+\s+)?(?:{_PERSON})(?:\s+(?:next\s+door|downstairs|"
    r"upstairs|opposite|on\s+duty))?|mum(?:my)?|mom|dad(?:dy)?|gran(?:ny|ma|dad|dpa)?|nan(?:na)?|(?:neighbou?r|tenant|resident|colleague|relative)s|s?he|they|people|"
    r"every(?:one|body)|some(?:one|body)|nobody|carers?|staff)"
)
_SUBJECT = (
    rf"(?:{_WHO}|i|we|you|it|there|the|this|his|her|their|my|our|any(?:one|body|thing)|"
    r"nothing|no\s+one)(?:'\w+)?\b"
)
_PART = r"(?:morning|afternoon|evening|night)s?"
_UNIT = r"(?:secs?|seconds?|mins?|minutes?|hrs?|hours?|h|s)\b"
_ASKED = (
    r"(?:(?:did|has|is|was)(?:n't)?|does|do|have|had|are|were|how|when|what|which|who|where|any|can|could)"
)
_OWN = re.compile(rf".*(?:[,.;:!?–]|\s-|\b(?:so|but|because))\s*(?:(?:so|and|but|or)\s+)?(?={_ASKED}\b)")
_AGAIN = 4
"""A question has at most this many frames, one inside the other."""


@cache
def _tables() -> dict[str, list[tuple[re.Pattern[str], Any]]]:
    number = "|".join((r"\d+(?:\.\d+)?", *sorted((n for n in NUMBERS if len(n) > 2), key=len, reverse=True)))
    macros = {"n": rf"(?:{number})", "unit": _UNIT, "who": _WHO, "subject": _SUBJECT, "part": _PART}
    text = resources.files("discover.query").joinpath("wordings.yaml").read_text(encoding="utf-8")
    found: dict[str, list[tuple[re.Pattern[str], Any]]] = {}
    for name, entries in parse_yaml(text, "wordings.yaml").items():
        for entry in entries:
            pattern, put = entry if isinstance(entry, list) else (entry, "")
            for macro, meaning in macros.items():
                pattern = pattern.replace(f"{{{macro}}}", meaning)
            pattern = pattern.replace("{{", "{").replace("}}", "}")
            if name in ("frames", "asking"):
                pattern = rf"(?P<at>^|[,.;:!?–]\s*(?:(?:so|and|but|because)\s+)?)(?:{pattern})[\s,:]*"
            elif name == "tails":
                pattern = rf"[\s,]+(?:{pattern})\s*(?=[?.!]*\s*$)"
            found.setdefault(name, []).append((re.compile(pattern), put))
    return found


def spelled_out(question: str) -> str:
    """A question in lower case with shorthand in words: "> 10 min", "Sat nite", "x2".

    >>> spelled_out("3+ ppl b4 0300")
    'at least 3 people before 03:00'
    """
    # A capital tells the day from the verb: "the loo on the Sat", "she sat".
    text = re.sub(r"(?<=[\w,] )(Sat|Sun)\b", lambda m: "saturday" if m[1] == "Sat" else "sunday", question)
    text = text.lower().replace("’", "'").replace("`", "'")
    for pattern, put in _tables()["shorthand"]:
        text = pattern.sub(_one_of(put) if isinstance(put, dict) else put, text)
    return " ".join(text.split())


def _one_of(words: dict[str, str]) -> Any:
    return lambda match: words.get(match.group(), match.group())


def peeled(text: str) -> tuple[str, bool]:
    """A question without the talk around it, and whether that talk asks for yes or no.

    >>> peeled("would you say that she sleeps less")
    ('she sleeps less', True)
    """
    tables, asks = _tables(), False
    for pattern, _ in (*tables["tails"], *tables["backgrounds"]):
        text = _kept(text, pattern.sub("", text))
    for _ in range(_AGAIN):
        before = text
        for name in ("asking", "frames"):
            for pattern, _put in tables[name]:
                shorter = _kept(text, pattern.sub(lambda m: m["at"], text))
                asks = asks or (name == "asking" and shorter != text)
                text = shorter
        if text == before:
            break
    return text, asks


def _kept(text: str, shorter: str) -> str:
    return shorter.strip() if re.search(r"\w{2}", shorter) else text


def own_clause(text: str) -> int:
    """Where the clause that asks begins: "she looked tired, did she sleep" asks only after the comma."""
    match = _OWN.match(text)
    return 0 if match is None else match.end()
