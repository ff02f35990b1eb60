"""Amounts in a sentence: durations, numbers of rooms, repetitions, people at once."""

import re
from dataclasses import dataclass

from discover.query.parsed_query import Bounds

__all__ = [
    "NUMBERS", "SMALL_NUMBERS", "Amount", "counted_before", "find_durations", "find_people",
    "find_room_counts", "find_times", "find_vague_length",
]  # fmt: skip

SMALL_NUMBERS = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
)  # fmt: skip
"""Index = number."""
NUMBERS: dict[str, float] = {word: number for number, word in enumerate(SMALL_NUMBERS)} | {
    "a": 1, "an": 1, "single": 1, "once": 1, "twice": 2, "thrice": 3, "thirteen": 13, "fourteen": 14,
    "fifteen": 15, "twenty": 20, "thirty": 30, "forty": 40, "forty-five": 45, "fifty": 50, "sixty": 60,
    "ninety": 90, "dozen": 12, "a dozen": 12, "half a dozen": 6, "half dozen": 6,
    "a couple of": 2, "a few": 3, "half a": 0.5, "half an": 0.5, "a quarter of an": 0.25,
    "one and a half": 1.5,
}  # fmt: skip
_UNITS = {
    "s": 1, "sec": 1, "second": 1, "min": 60, "minute": 60, "h": 3600, "hr": 3600, "hour": 3600,
    "day": 86_400, "week": 604_800,
}  # fmt: skip

# What "a few" and a bare plural mean: seconds at most, minutes and hours at least and at most.
_FEW = {
    1: (0.0, 10.0),
    60: (120.0, 600.0),
    3600: (7200.0, 18000.0),
    86_400: (172_800.0, 432_000.0),
    604_800: (1_209_600.0, 3_024_000.0),
}
# "For 30 seconds" and "about 30 seconds" are met from three quarters of it to one and a half times.
_ABOUT = (0.75, 1.5)

_LOW = (
    r"more\s+than|over|at\s+least|longer\s+than|no\s+less\s+than|not\s+less\s+than|no\s+fewer\s+than|"
    r"upwards\s+of|in\s+excess\s+of|well\s+over|exceeding|exceeds?"
)
_HIGH = (
    r"less\s+than|fewer\s+than|under|at\s+most|no\s+more\s+than|not\s+more\s+than|no\s+longer\s+than|"
    r"not\s+longer\s+than|within|inside(?:\s+of)?(?=\s+(?:\d|a\b|an\b|\w+\s+(?:min|sec|hour)))|up\s+to|shorter\s+than|below"
)
_NUMBER = r"\d+(?:\.\d+)?|" + "|".join(
    sorted(
        (
            re.escape(n).replace(r"\ ", r"\s+")
            for n in NUMBERS
            if n not in ("once", "twice", "thrice", "single")
        ),
        key=len,
        reverse=True,
    )
)
_ONLY = r"only|just|barely|mere|merely|hardly"
_DURATION = re.compile(
    rf"\b(?:for\s+)?(?:(?P<only>{_ONLY})\s+)?(?:for\s+)?(?:(?P<low>{_LOW})|(?P<high>{_HIGH})|"
    rf"(?P<about>about|around|roughly|some))?\s*"
    rf"(?:(?P<few>a\s+few|a\s+couple\s+of|several|some|mere|a\s+handful\s+of|a\s+matter\s+of|many)|"
    rf"(?P<number>{_NUMBER}))(?:(?<=\d)[\s-]*|[\s-]+)"
    r"(?P<unit>seconds?(?!\s+(?:person|man|woman|resident|time))|secs?|s|minutes?|mins?|hours?|hrs?|h|days?|weeks?)\b"
    r"(?P<after>\s+(?:or\s+(?:more|longer|less|so)|at\s+(?:least|most)))?(?P<half>\s+and\s+a\s+half)?",
    re.IGNORECASE,
)
_BARE = re.compile(
    r"\b(?:for|in|within|takes?|only|just|mere)\s+(?P<unit>seconds|minutes|hours|days|weeks)\b", re.IGNORECASE
)

_LONG = re.compile(
    r"(?<!night )(?<!day )(?<!morning )(?<!evening )(?<!afternoon )(?<!week )"
    r"\b(?:(?:for\s+)?(?:a\s+|very\s+|quite\s+a\s+|too\s+|so\s+)*(?:long|lengthy|prolonged|"
    r"extended)(?!\s+(?:ago|as|before|after))\b"
    r"(?:\s+(?:time|while|period|stretch))?|(?:for\s+)?(?:quite\s+)?a\s+(?:good\s+|little\s+)?while\b|"
    r"(?:for\s+)?(?:ages|forever)\b|for\s+hours\b|"
    r"linger(?:s|ing)?\b|at\s+length\b|on\s+end\b)",
    re.IGNORECASE,
)
_THROUGHOUT = re.compile(
    r"\b(?:(?:for\s+)?the\s+(?:whole|entire)\s+(?:time|while|minute)|all\s+the\s+time|all\s+along|"
    r"throughout(?=\s*(?:$|[,.;])))\b",
    re.IGNORECASE,
)
_BRIEF = re.compile(
    r"\b(?:brief(?:ly)?|short(?!\s+of)|quick(?:ly)?|fleeting(?:ly)?|momentar(?:y|ily)|hurried(?:ly)?|"
    r"swift(?:ly)?|in\s+passing|"
    r"(?:for|only|just)\s+(?:a|one)\s+(?:moment|second|instant)|an?\s+(?:moment|instant)|pop(?:s|ped)?(?=\s+(?:in|"
    r"out|over|to))|"
    r"popping(?=\s+(?:in|out|over|to))|peek(?:s|ed|ing)?|nip(?:s|ped|ping)?|dash(?:es|ed|ing)?)\b",
    re.IGNORECASE,
)
_ROOM_COUNT = re.compile(
    rf"\b(?:(?P<only>{_ONLY})\s+)?(?:(?P<low>{_LOW})|(?P<high>{_HIGH})|(?P<exact>exactly))?\s*"
    rf"(?:(?P<number>\d+|one|two|three|four|five|six|seven|eight|a\s+single)|(?P<many>several|many|various|"
    rf"multiple|lots\s+of|"
    r"a\s+lot\s+of|all(?:\s+the)?|every|each|most)|(?P<same>the\s+same))"
    r"(?P<after>\s+or\s+(?:more|fewer|less))?\s+(?:different\s+|other\s+|of\s+the\s+)?(?:rooms?|"
    r"places?(?=\s+(?:only|for|$))|spot)\b",
    re.IGNORECASE,
)
_COUNT = rf"\d+|{'|'.join((*SMALL_NUMBERS[1:], 'a', 'single'))}"
_BOUND = (
    r"(?P<low>at\s+least|more\s+than|over|above|no\s+(?:fewer|less)\s+than)|"
    r"(?P<high>at\s+most|less\s+than|fewer\s+than|under|below|not?\s+more\s+than|up\s+to)"
)
_TIMES = re.compile(
    rf"(?:\b(?:{_BOUND})\s+)?\b(?:(?P<n>twice|thrice|(?:(?<=least )|(?<=than )|(?<=only )|(?<=just ))once|"
    r"(?<!at )once(?=\s+(?:or|a|per|in|on|last|this|during|between|yesterday|today|all)\b|\s*[.?!,]*$))|"
    rf"(?P<m>{_COUNT}|(?:half\s+)?(?:a\s+)?dozen|a\s+couple\s+of|a\s+few)(?:\s+(?:or|to)\s+(?P<to>{_COUNT}))?\s+"
    r"(?:(?:separate|different|individual|whole)\s+)?(?:times|occasions|trips|visits|x\b)|"
    r"(?:only|just)\s+(?P<single>one|a\s+single)\s+(?:time|occasion|trip|visit)\b)(?P<more>\s+or\s+more)?|"
    r"\b(?P<k>\w+)\s+or\s+more\s+(?!hours?|minutes?|min|people|persons|rooms|seconds?|days)(?=\w)|"
    r"\b(?P<often>repeatedly|(?:again|time)\s+and\s+again|time\s+after\s+time|over\s+and\s+over(?:\s+again)?|"
    r"(?:many|several|multiple|umpteen|numerous|lots\s+of|loads\s+of)\s+(?:times|occasions|trips)|on\s+and\s+off|constantly|"
    r"(?:keeps?|kept)(?=\s+(?:on\s+)?(?:get|go|com|wak|open|us|visit|pop|wander|walk|leav|check|mak|tak)\w*ing\b)|"
    r"in\s+and\s+out|back\s+and\s+forth|up\s+and\s+down)\b"
)
_OF_THINGS = re.compile(
    rf"(?:\b(?:{_BOUND}|exactly|only|just)\s+(?P<n1>{_COUNT})|"
    rf"(?<!the )(?<!past )(?<![:.\d])\b(?P<n2>\d+|{'|'.join(SMALL_NUMBERS[2:])}|several|multiple))"
    r"(?P<more>\s+or\s+more)?\s+(?:(?:separate|different|proper|cooked|short|long|brief)\s+)?$"
)
_PEOPLE = re.compile(
    rf"(?:\b(?:{_BOUND})\s+)?\b(?P<n>{_COUNT})\s+(?:or\s+(?P<more>more)\s+)?(?:other\s+)?"
    r"(?:people|persons?|residents?|occupants?|individuals|adults|men|women|(?:of\s+)?(?:them|us)(?!\s+\w+s\b))\b|"
    r"\b(?P<two>(?:both|more\s+than\s+one|several|(?:the|a)\s+(?:pair|couple))\s+of\s+(?:them|us|people)|"
    r"multi-?\s*(?:occupancy|person|resident)|(?:several|multiple)\s+(?:people|persons|residents|occupants)|"
    r"more\s+than\s+(?:one|a\s+single)\s+(?:person|resident|occupant)|(?<!put )together|"
    r"not\s+(?:been\s+)?alone|with\s+company|"
    r"(?:some|any)(?:one|body)\s+else|(?:\w+n't|not)\s+(?:\w+\s+){0,3}?(?:alone|on\s+(?:her|his)\s+own|by\s+(?:herself|himself))|"
    r"with\s+(?:some|any)(?:one|body)|accompanied|"
    r"(?:some|any)(?:one|body)\s+(?:(?:is|was|were|been|stayed|sat)\s+)?with\s+(?:her|him|them|me)|"
    r"with\s+(?:her|his)\s+(?:husband|wife|partner|spouse)|one(?=\s+(?:in|at)\b[^.?!]*?\banother\b)|"
    r"both(?=\s+(?:(?:are|were|was|been|being)\s+)?(?:in|at|on|home|asleep|awake|up|watching|sat|sitting|eating)\b)|"
    r"(?:more\s+than\s+one|at\s+least\s+two)(?=\s+(?:in|at|around)\b)|"
    r"(?:a\s+few|some|lots\s+of|a\s+group\s+of|a\s+crowd\s+of|(?<!how )many)"
    r"\s+people|"
    r"two\s+(?:different\s+)?(?:rooms|places)\s+(?:\w+\s+){0,2}?(?:at\s+(?:once|the\s+same\s+time)|simultaneously)|"
    r"(?:a|another)\s+second\s+(?:person|man|woman)|a\s+second\s+person|another\s+person)\b|"
    r"\b(?P<one>(?:all\s+)?alone|(?:all\s+)?on\s+(?:her|his|their|my)\s+own|(?:all\s+)?by\s+(?:herself|himself|myself)|"
    r"unaccompanied|(?:only|just|exactly)\s+(?:the\s+)?(?:one|a\s+single)\s+(?:person|resident|occupant)|one\s+person\s+only|"
    r"a\s+single\s+(?:person|occupant)|single\s+occupancy|(?:nobody|no\s*-?one)\s+(?:else|but\s+(?:her|him|me|mum|dad)))\b"
)


@dataclass(frozen=True)
class Amount:
    """An amount within [low, high]; characters [begin, end) of the sentence state it."""

    begin: int
    end: int
    low: float = 0.0
    high: float = float("inf")


def find_durations(text: str) -> list[Amount]:
    """Stated durations in seconds, in the order of the sentence.

    >>> [(a.low, a.high) for a in find_durations("for more than half an hour")]
    [(1800.0, inf)]
    >>> [(a.low, a.high) for a in find_durations("only a few seconds")]
    [(0.0, 10.0)]
    """
    found = []
    for match in _DURATION.finditer(text):
        unit = _UNITS[match["unit"].lower().rstrip("s") or "s"]
        single = match["number"] in ("a", "an", "one", "1", "single") and "for" not in match.group()
        if unit >= _UNITS["day"] and (single or match["few"] == "some"):
            continue  # "Twice a day" is a rate, "some days" are dates
        if match["few"]:
            low, high = _FEW[unit]
            if match["few"].lower() in ("several", "many") and unit > 1:
                low, high = 1.5 * low, float("inf")
        else:
            seconds = (_number(match["number"]) + (0.5 if match["half"] else 0)) * unit
            low, high = _bounds(match, seconds)
        # A blank before the number belongs to no date: "three days ago".
        begin = match.end() - len(match.group().lstrip())
        found.append(Amount(begin, match.end(), low, high))
    for match in _BARE.finditer(text):
        low, high = _FEW[_UNITS[match["unit"].lower().rstrip("s")]]
        found.append(Amount(match.start(), match.end(), low, high if low == 0 else float("inf")))
    return sorted(found, key=lambda a: a.begin)


def find_vague_length(text: str, skip: list[Amount]) -> tuple[str, Amount | None]:
    """("long", "brief" or "throughout", its span) of a duration without a number; ("", None) for none."""
    for name, pattern in (("throughout", _THROUGHOUT), ("brief", _BRIEF), ("long", _LONG)):
        for match in pattern.finditer(text):
            if not any(a.begin < match.end() and match.start() < a.end for a in skip):
                return name, Amount(match.start(), match.end())
    return "", None


def find_room_counts(text: str) -> list[Amount]:
    """Stated numbers of different rooms.

    "The same room" is one, "several" are three or more, "every room" is four or more.
    """
    found = []
    for match in _ROOM_COUNT.finditer(text):
        low, high = 1.0, 1.0
        if match["many"]:
            all_of_them = match["many"].lower().split()[0] in ("all", "every", "each", "most")
            low, high = (4.0 if all_of_them else 3.0), float("inf")
        elif match["number"]:
            number = match["number"].lower()
            low = high = 1.0 if number.startswith("a ") else _number(number)
            if match["low"]:
                strict = re.match(r"(?:more|over|upwards|well)", match["low"], re.IGNORECASE)
                low, high = low + (1 if strict else 0), float("inf")
            elif match["high"]:
                strict = re.match(r"(?:less|fewer|under|below)", match["high"], re.IGNORECASE)
                low, high = 0.0, high - (1 if strict else 0)
            elif match["after"]:
                low, high = (low, float("inf")) if "more" in match["after"].lower() else (0.0, high)
        found.append(Amount(match.start(), match.end(), low, high))
    return found


def find_times(text: str) -> tuple[Bounds | None, tuple[int, int]]:
    """How often something happens, and the characters that say so."""
    for match in _TIMES.finditer(text):
        if match["often"]:
            return Bounds(low=3), match.span()
        word = match["n"] or match["m"] or (match["single"] and "one") or match["k"]
        word = " ".join(word.split())
        if word in NUMBERS or word.isdigit():
            found = _counted(match, _number(word), at_least=bool(match["more"] or match["k"]))
            return Bounds(low=found.low, high=_number(match["to"])) if match["to"] else found, match.span()
    return None, (0, 0)


def counted_before(text: str, end: int) -> tuple[Bounds | None, tuple[int, int]]:
    """How many of what follows: "fewer than two" meals, "three" showers; and the characters that say so."""
    match = _OF_THINGS.search(text[:end])
    if match is None:
        return None, (0, 0)
    if match["n2"] in ("several", "multiple"):
        return Bounds(low=3), match.span()
    return _counted(match, _number(match["n1"] or match["n2"]), at_least=bool(match["more"])), match.span()


def find_people(text: str) -> tuple[Bounds | None, tuple[int, int]]:
    """How many people at once, and the characters that say so."""
    match = _PEOPLE.search(text)
    if match is None:
        return None, (0, 0)
    if match["two"] or match["one"]:
        return (Bounds(low=2) if match["two"] else Bounds(low=1, high=1)), match.span()
    n = _number(match["n"])
    if n < 2 and not match["low"]:
        return None, (0, 0)  # "a person" counts nobody
    return _counted(match, n, at_least=bool(match["more"])), match.span()


def _counted(match: re.Match[str], n: float, *, at_least: bool) -> Bounds:
    low, high = match["low"], match["high"]
    if low:
        return Bounds(low=n + low.startswith(("more", "over", "above")))
    if high:
        return Bounds(high=n - high.startswith(("less", "fewer", "under", "below")))
    return Bounds(low=n) if at_least else Bounds(low=n, high=n)


def _number(words: str) -> float:
    plain = " ".join(words.lower().split())
    return float(NUMBERS.get(plain, plain))


def _bounds(match: re.Match[str], seconds: float) -> tuple[float, float]:
    after = (match["after"] or "").lower()
    if match["low"] or "more" in after or "longer" in after or "least" in after:
        return seconds, float("inf")
    if match["high"] or match["only"] or "less" in after or "most" in after:
        return 0.0, seconds
    return _ABOUT[0] * seconds, _ABOUT[1] * seconds
