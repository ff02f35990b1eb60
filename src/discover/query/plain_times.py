"""Clock times of a sentence in one spelling: "half past nine" is 9:30, "after dark" a span of hours."""

import re

from discover.query.amounts import SMALL_NUMBERS

__all__ = ["TIME_ENDS", "plain_times"]

_H = rf"(?P<h>\d{{1,2}}|{'|'.join(SMALL_NUMBERS)})"
_PREPOSITIONS = ("at", "around", "before", "after", "by", "until", "and", "to", "from", "between", "about")
_NO_PREPOSITION = "".join(f"(?<!{word} )" for word in _PREPOSITIONS)
TIME_ENDS = (
    r"(?=\s*(?:$|[.,;:!?)]|(?:and|or|but|in|on|at|during|when|while|every|each|any|then|to|until|till|last|since|"
    r"yesterday|today|this|morning|afternoon|evening|not|no|nobody|was|were|did|had|has|is|are|there|anyway|though|sharp|exactly|already|most|all|usually|with|without|for|he|she)\b))"
)
"""What may follow a bare number that is an hour."""
_CLOCK_AHEAD = (
    rf"(?=midnight\b|noon\b|\d{{1,2}}(?::\d\d|\s*[ap]m|\s*o'?clock)|"
    rf"(?:\d{{1,2}}|{'|'.join(SMALL_NUMBERS[1:])}){TIME_ENDS})"
)
# In order; each is put in the words that the grammar below reads.
_PLAIN: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), put)
    for pattern, put in (
        (r"(?<=\d)\.(?=[0-5]\d\b)(?=\d\d\s*(?:[ap]m|$|[,;?]))", ":"),
        (r"(?<![\d:.])(\d{1,2})\s*([ap])\.?m\b\.?", r"\1 \2m"),
        (r"\b(?:night-?\s?time|at\s+nights|overnight)\b", "at night"),
        (r"\bno(?:\s+|-)one\b", "nobody"),
        (r"\b(?:no\s+sooner|hardly|scarcely|barely)\s+had\s+(.*?)\s+(?:than|when)\b", r"as soon as \1,"),
        (r"\b(?:during|in)\s+the\s+week\b(?!\s+(?:before|after|of))", "on weekdays"),
        (r"\b(and|until|till|to|before)\s+(?:dawn|daybreak|sunrise)\b", r"\1 5:00"),
        (r"\b(and|until|till|to|before)\s+(?:dusk|sunset|nightfall)\b", r"\1 20:00"),
        (r"\bafter\s+dark(?:ness)?\b", "between 19:00 and 6:00"),
        (r"\bin\s+the\s+(?:wee|early)\s+hours\b", "between 0:00 and 5:00"),
        (r"\b(?:in|during)\s+(?:broad\s+)?daylight(?:\s+hours)?\b", "between 8:00 and 20:00"),
        (r"\bin\s+the\s+dead\s+of\s+night\b", "at night"),
        (r"(?<=\bto)nite\b|\bnite\b", "night"),
        (r"\b(?:crack\s+of\s+dawn|first\s+light|sunrise|daybreak)\b", "in the early morning"),
        (r"\b(?:during\s+the\s+day(?!s)|in\s+the\s+day(?:time)?|by\s+day|(?:during\s+the\s+)?day-?\s?time)\b",
         "between 8:00 and 20:00"),
        (r"\b(?:late(?:\s+at\s+night)?(?=\s*(?:$|[,.?!]|on\b|last\b|yesterday\b)))",
         "between 21:00 and 5:00"),
        (rf"\bno(?:t\s+any|t)?\s+later\s+than\s+{_CLOCK_AHEAD}", "before "),
        (rf"\bno(?:t\s+any|t)?\s+(?:earlier|sooner)\s+than\s+{_CLOCK_AHEAD}", "after "),
        (rf"\b(?:(?:any\s+)?later\s+than|past|since)\s+{_CLOCK_AHEAD}", "after "),
        (r"\bsince\s+the\s+(?:start|beginning)\s+of\s+(?:the|this)\s+(?=week|month|year)", "this "),
        (rf"\b(?:earlier|sooner)\s+than\s+{_CLOCK_AHEAD}", "before "),
        (r"\b(?:at\s+)?midday\b|\baround\s+noon\b", "between 11:00 and 14:00"),
        (r"\bbefore\s+noon\b", "before 12:00"),
        (rf"{_NO_PREPOSITION}(?<![:.\d])\b(\d{{1,2}}(?::\d\d)?\s+[ap]m)\b", r"at \1"),
        (r"\b(\d+)x\b", r"\1 x"),
    )
)  # fmt: skip
_HALF = re.compile(
    rf"\b(?:(?P<q>half|quarter|five|ten|twenty)\s+(?P<side>past|to|after)\s+{_H}(?!\s*(?:min|hour|hr))|"
    rf"half\s+(?P<h2>{'|'.join(SMALL_NUMBERS[4:])}|\d{{1,2}}(?=\s*[ap]m\b|{TIME_ENDS}))|"
    r"(?<=than )half\s+(?P<h3>one|two|three))\b"
)
_HOUR_SAID = rf"({'|'.join(SMALL_NUMBERS[1:])}|noon|midnight|\d[\d:]*)"
_BETWEEN_WORDS = re.compile(
    rf"\b(between|from)\s+{_HOUR_SAID}\s+(and|to|until|till)\s+{_HOUR_SAID}\b"
    r"(?!\s+(?:times|people|rooms|minutes|hours|seconds|days))"
)
_WORD_HOUR = re.compile(
    rf"\b(at|by|before|after|until|till|around|about|past)\s+({'|'.join(SMALL_NUMBERS)})\b"
    rf"{TIME_ENDS}"
)


_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")
_ORDINAL = re.compile(
    rf"\b({'|'.join(_ORDINALS)})\s+of\s+(?=(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec))"
)


def plain_times(text: str) -> str:
    """A sentence in lower case with clock times in one spelling: "half past nine" is 9:30, "3am" is 3 am."""

    def clock(match: re.Match[str]) -> str:
        word = match["h"] or match["h2"] or match["h3"]
        minutes = {"quarter": 15, "five": 5, "ten": 10, "twenty": 20}.get(match["q"] or "", 30)
        hour = SMALL_NUMBERS.index(word) if word in SMALL_NUMBERS else int(word)
        return f"{hour}:{minutes:02d}" if match["side"] != "to" else f"{(hour or 12) - 1}:{60 - minutes}"

    text = text.lower().replace("’", "'").replace("`", "'")
    # Typed in haste: "didnt", "havent".
    text = re.sub(r"\b(did|do|does|have|has|had|is|was|are|were|would|could|should)nt\b", r"\1n't", text)
    text = _HALF.sub(clock, text)
    text = _ORDINAL.sub(lambda m: f"{_ORDINALS.index(m[1]) + 1}th of ", text)
    text = re.sub(r"\b(till|until)\s+gone\s+", r"\1 ", text)
    text = re.sub(rf"\bgone\s+(?=\d|(?:{'|'.join(SMALL_NUMBERS[1:])})\b)", "after ", text)
    text = _BETWEEN_WORDS.sub(lambda m: " ".join(_digits(word) for word in m.groups()), text)
    for pattern, put in _PLAIN:
        text = pattern.sub(put, text)
    return _WORD_HOUR.sub(lambda m: f"{m[1]} {SMALL_NUMBERS.index(m[2])}", text)


def _digits(word: str) -> str:
    return str(SMALL_NUMBERS.index(word)) if word in SMALL_NUMBERS else word
