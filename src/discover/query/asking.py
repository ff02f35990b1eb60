"""What kind of answer a question wants: moments, a number, a time of day, a comparison; or none at all."""

import re
from collections.abc import Sequence
from typing import Literal

from discover.query.calendar_words import Named
from discover.query.clock import DAYS, day_codes
from discover.query.parsed_query import Asks, Comparison, Extreme, Refused

__all__ = ["find_comparison", "find_extreme", "find_frames", "find_kind", "find_refusal", "plain_request"]

# How a request begins, before what it is about. "If" and "whether" ask for yes or no.
_REQUEST = re.compile(
    r"^(?:(?:hi|hello|hey|ok|okay|so|right|well|please|sorry|and|quick\s+question)\b[\s,:!]*)*"
    r"(?:(?:(?:can|could)\s+(?:you|u|i|we|someone)|(?:would|will)\s+you)\s+(?:please\s+|just\s+|maybe\s+|kindly\s+)*)?"
    r"(?:(?P<shown>(?:show|find|list|give|get)(?:\s+(?:me|us|out))?\s+(?=when\b(?!\s+(?:do|does|did|is|was)\b)))|"
    r"(?:i(?:'m|\s+am|\s+was)?\s+(?:just\s+)?(?:wonder\w*|curious|asking|interested)|"
    r"(?:i|we)(?:'d|\s+would)?\s+(?:just\s+|really\s+)*(?:like|love|want|need)\s+to\s+(?:know|see|find\s+out|check)|"
    r"i(?:'d|\s+would)\s+(?:like|love)|(?:tell|let)\s+(?:me|us)(?:\s+know)?|(?:check|see|say|find\s+out)"
    r"(?=\s+(?:if|whether|when|how|what)\b)|do\s+(?:you|we)\s+(?:happen\s+to\s+)?know|"
    r"(?:(?:do|have)\s+(?:you|we)\s+(?:have\s+|got\s+)?|got\s+)?any\s+(?:idea|clue)|"
    r"(?P<that>do\s+(?:you|we)\s+(?:think|reckon|suppose)|is\s+it\s+(?:true|right|possible)|"
    r"(?:does|did)\s+(?:it|the\s+(?:log|system|house))\s+(?:look\s+like|say|show|seem))|"
    r"(?:i\s+(?:think|guess|reckon|believe|suspect)|it\s+(?:looks|seems)\s+(?:like|as)))\b[\s,:]*)?"
    r"(?:please\s+)?(?:as\s+to\s+|about\s+(?=how|when|what)|that\s+(?=\w+\s+\w))?(?P<if>(?:if|whether)\s+)?"
)
# "She went out, didn't she?" denies nothing.
_TAG = re.compile(
    r"\s*,\s*(?:(?:has|have|had|did|does|do|is|are|was|were)(?:n't)?\s+(?:s?he|they|it|we|i|you)|right|yes|no|or\s+not|"
    r"please|thanks|thank\s+you|by\s+any\s+chance)\s*(?P<asks>\?)?\s*$"
)
# "Isn't she usually in bed by ten?" supposes that she is.
_EXPECTS = re.compile(
    r"^(is|was|does|did|has|are|do)n't\s+(\w+\s+(?:usually|normally|always|generally|supposed))\b"
)
# "Days when she got up late" asks for days, "when did she get up" for a time.
_NO_FRAME = "".join(
    f"(?<!{word} )"
    for noun in ("day", "night", "morning", "afternoon", "evening", "time", "week", "occasion", "moment")
    for word in (noun, f"{noun}s")
)
_MONTH_WORDS = "january|february|march|april|may|june|july|august|september|october|november|december"
_DAY_PART = r"(?:day|night|morning|afternoon|evening)"
# In order: the first that fits decides.
_KIND_WORDS: tuple[tuple[Asks, str], ...] = (
    ("who", r"\bwho(?:se|m)?\b|\bwhich\s+(?:of\b|person|one\s+of|resident|child|kid|people)"),
    ("how many days", rf"\b(?:on\s+)?(?:how\s+many|which|what)\s+{_DAY_PART}s\b|"
                      rf"\b(?:(?:proportion|share|percentage|fraction|percent|number|count)\s+of|how\s+many\s+of)\s+"
                      rf"(?:all\s+|the\s+)?{_DAY_PART}s\b"),
    ("whether", r"^when(?:ever)?(?=\s+(?:\w+\s+){1,6},?\s*"
                r"(?:did|does|do|is|was|has)\s+(?:s?he|they|it|we|i)\b)"),
    ("how many people", r"\bhow\s+many\s+(?:people|persons|residents|guests|visitors)\b"),
    ("how long", r"\bhow\s+(?:long|much\s+(?:time|sleep|tv)|many\s+(?:hours|minutes))\b|"
                 rf"\bhow\s+much\s+of\s+\w+\s+(?:{_DAY_PART}|time|week)\b|"
                 r"\b(?<!long )(?<!short )(?:total\s+|average\s+|mean\s+)?time\s+"
                 r"(?:spent|(?=in|at|on|out|away|outside|asleep|awake|\w+ing\b))\b|"
                 r"\btime\s+(?:s?he|they|we|\w+)\s+spends?\b|\b(?:duration|length)\s+of\b|"
                 r"\b(?:average|mean|usual|typical)\b(?=\s+\w+\s+(?:duration|length)\b)|\bmost\s+time\b|\bhours\b(?=.*\b(?:per|an?|each|every)\s+(?:day|night|week|month)\b)|"
                 r"\bused\s+(?:the\s+)?most\b"),
    ("how often", r"\bhow\s+(?:often|frequent\w*|many|regularly)\b|"
                  r"\b(?:number|count|frequency|rate|total)\s+of\b|"
                  r"(?:^|\b(?:of|average|mean)\s+)times\s+(?:per|a|each|every)\s+(?:day|week|night|month)\b"),
    ("what last", r"\blast\s+thing\b|\bwhat\s+(?:does|did)\s+\w+\s+do\s+last\b"),
    ("what first", r"\bfirst\s+thing\b|\bwhat\s+(?:does|did)\s+\w+\s+do\s+first\b|"
                   r"\b(?:which|what)\s+room\b.*\bfirst\b"),
    ("last", r"\bwhen\b(?=.*\blast\b(?!\s+(?:night|evening|week|month|year)))|"
             r"\b(?:the\s+)?(?:last|latest|most\s+recent)\s+"
             r"(?:time|use|visit|occasion|activity|motion|movement)\b|"
             r"^(?:latest|most\s+recent|last(?!\s+(?:\d|few|two|three|four|five|six|week|month|year|night|evening|spring|summer|"
             rf"autumn|fall|winter|christmas|easter|{DAYS}|{_MONTH_WORDS})))\b"),
    ("first", r"\bwhen\b(?=.*\bfirst\b)|\bfirst\b(?!\s+(?:floor|aid)|\s*[.?!]?$)(?!.*\bthen\b)"),
    ("when", rf"{_NO_FRAME}\bwhen\s+(?:do|does|did|is|are|was|were|will|has|have|we|they|he|she)\b|"
             r"\b(?:at\s+)?what\s+(?:time|hour)\b|\bhow\s+(?:late|early|regular|consistent|punctual|variable)\b|"
             r"\bdistribution\s+of\b(?=.*\btimes?\b)|"
             r"\b(?:usual|average|mean|typical|median|normal)\b(?=(?:\s+\S+){0,3}?\s*(?:\w*time|times|hour)\b)|"
             r"\b(?:bed|wake-?\s?up|onset|get-?up|meal)\s?-?times?\b(?=.*\b(?:median|mean|average|usual\w*)\b)|"
             r"\b(?:variability|spread|regularity|variation)\s+of\b(?=.*time)"),
    ("how long", r"\b(?:sleep|telly|tv|television|rest)\b.*\bper\s+(?:day|night|week|month)\b"),
    ("how often", r"(?<!times )(?<!once )(?<!twice )\bper\s+(?:day|night|week|month)\b"),
)  # fmt: skip
_KINDS = tuple((kind, re.compile(pattern)) for kind, pattern in _KIND_WORDS)
_BOUNDED = re.compile(
    r"\b(?:or\s+more|at\s+(?:least|most)|(?:more|less|fewer)\s+than|over|under|above|below)\b"
)
_FRAME_DAYS = re.compile(
    r"\b(?:days?|nights?|times?)\b(?=\s+(?:on|when|where|with|that|in|without|nobody|no|s?he|they|it)\b)"
)
_A_DAY = re.compile(rf"\b{_DAY_PART}\b")
_IN_ONE = re.compile(
    r"\b(?:in|within|over|during|on|per|of)\s+(?:the\s+(?:same|course\s+of)\s+)?(?:an?|one|any|the\s+same)\s+"
    r"(?:single\s+)?(?:day|night)\b"
)
_SINGLE = re.compile(r"(?<=\ba )single\b|(?<=\bno )single\b|\bat\s+once\b")
_PER = re.compile(
    r"\b(?:(?:per|an?|each|every|of\s+the|in\s+a)\s+(?:day|night|week|month)|(?:on\s+)?average|mean|median|typical)\b"
)
_HABIT = re.compile(r"\b(?:usual|usually|normally|typically|generally|always|often)\b")
_EDGE = re.compile(r"\b(?:first|last|latest)\b")
_EVERY = re.compile(rf"\b(?:every|each)\s+(?:single\s+)?{_DAY_PART}\b|\bdaily\b|\bmost\s+{_DAY_PART}s\b")
# A superlative of a room, an hour or a weekday is none of a day: it stays unread.
_NO_DAY = re.compile(
    r"\b(?:which|what)\s+(?:room|hour|time|weekday|week|month|door|thing|place)s?\b|\b(?:hour|time)\s+of\s+(?:the\s+)?day\b|"
    r"\b(?:busiest|quietest|calmest|liveliest)\s+(?:hour|time|room|week|month|weekday)\b|\bwhere\b|^when\b"
)
_MOST, _LEAST = (
    rf"(?<!at )\b{word}\b(?!\s+(?:of|recent\w*|{_DAY_PART}s)\b)" for word in ("most", "(?:fewest|least)")
)
_ONE_DAY = re.compile(rf"\b(?:which|what|the|a)\s+{_DAY_PART}\b|\b{_DAY_PART}\s+(?:with|when|on\s+which)\b")
_EXTREMES: tuple[tuple[Literal["length", "clock", "count", "hours"], bool, re.Pattern[str]], ...] = (
    ("length", True, re.compile(r"\b(?:longest|lengthiest)\b")),
    ("length", False, re.compile(r"\b(?:shortest|briefest)\b")),
    ("clock", True, re.compile(r"\blatest\b")),
    ("clock", False, re.compile(r"\bearliest\b")),
    ("count", True, re.compile(r"\b(?:busiest|liveliest|most\s+active)\b")),
    ("count", False, re.compile(r"\b(?:quietest|calmest|least\s+active)\b")),
    ("hours", True, re.compile(r"\bmost\s+time\b")),
    ("hours", False, re.compile(r"\bleast\s+time\b")),
    ("count", True, re.compile(_MOST)),
    ("count", False, re.compile(_LEAST)),
)
_SUBJECT = (
    r"(?:s?he|they|it|i|we|mum|mom|dad|gran\w*|nan|there|the|(?:any|some|no|every)(?:one|body|thing))\b"
)
_ASKED = re.compile(
    r"^(?:is|are|was|were|did|do|does|has|have|can|could|will|would)\s+(?!not\b|been\b)"
    r"|^had\s+(?=(?:s?he|they|it|i|we|mum|dad|any(?:one|body))\b)"
    rf"|^(?:(?:is|are|was|were|did|do|does|has|have|had)n't)\s+(?={_SUBJECT})"
    r"|^(?:anyone|anybody|someone|somebody)\b.*\?$|^any\s"
    rf"|\b(?:did|does|do|was|is|are|were|has|have)(?=\s+{_SUBJECT}.*\?$)"
)

_REFUSED: tuple[tuple[Refused, re.Pattern[str]], ...] = (
    (
        "future",
        re.compile(
            r"\b(?:will|tomorrow|next\s+(?:week|month|year|time|night)|going\s+to\s+(?:be|have|happen))\b"
        ),
    ),
    (
        "speech",
        re.compile(
            r"\b(?:says?|said|saying|tells?|told|talk(?:s|ed|ing)?\s+about|speak\w*|spoke|shout\w*|"
            r"conversation|argu\w+)\b"
        ),
    ),
    (
        "feeling",
        re.compile(
            r"\b(?:happy|unhappy|sad|angry|lonely|depress\w+|anxious|anxiety|worried|afraid|scared|confused|"
            r"bored|mood|emotion\w*|feel(?:s|ing|ings)?|felt|pain|hurt\w*|hungry|thirsty|tired|"
            r"think(?:s|ing)?|thought|(?<!i )(?<!we )wants?|wanted|"
            r"(?<!for )(?<!would )(?<!look )(?<!looks )(?<!'d )likes?(?!\s+(?:\d|to\b))|"
            r"enjoy\w*|dream\w*|remember\w*)\b"
        ),
    ),
)

_THAN = re.compile(
    r"\b(?:(?P<how>more|less|fewer|longer|shorter|earlier|later|sooner|worse|better|higher|lower)\b(?P<what>[^.?!]*?)\bthan\s+"
    r"|(?P<alike>as|so)\s+(?:often|much|long|many|early|late|active|well)\s+as\s+)"
)
_TREND = re.compile(
    r"\b(?:(?P<down>declin\w+|decreas\w+|dropp?\w*|fall(?:en|ing)|fell(?!\s+(?:asleep|over|down|ill))|reduc\w+|gone\s+down|shrunk)|"
    r"(?P<up>increas\w+|ris(?:en|ing)|rose|grown?|growing|gone\s+up)|(?P<other>chang\w+))\b"
)
_SINCE = re.compile(
    r"^(?:is|are|was|were|has|have|had|does|do|did|i|s?he|they|mum|dad|any)\b.*?"
    r"(?<!any )(?<!no )(?<!not )(?<!once )(?<!one )"
    r"\b(?P<how>more|less|fewer|longer|shorter|earlier|later|worse|better)"
    r"(?:\s+(?:often|frequently|regularly|active|of\s+it))?"
    r"\s*(?P<now>lately|recently|nowadays|these\s+days|now|of\s+late)?(?=\s*(?:$|[?.!]|since\b|this\s+(?:week|month|year|"
    r"spring|summer|autumn|winter)\s*[?.!]*$))"
)
_ACTIVE = re.compile(r"\b(?:active|busy|movement|motion|activity|on\s+the\s+move)\b")
_USUAL = re.compile(
    r"^(?:usual|normal|baseline|before|ever|average|always|(?:he|she|it|they|we|i)\s+(?:used|usually|normally|did|was|were)\b|"
    r"(?:his|her|their|its|the)\s+(?:usual|normal|average|norm|baseline)|in\s+the\s+past|previously)"
)
_SAME_AGAIN = re.compile(
    r"(?:(?:he|she|it|they|we|i)\s+(?:was|were|did|had|used\s+to)\s+)?(?:(?:back|all|even|just|through)\s+)*"
)
_CONTRAST = re.compile(r"\b(?:compare|comparing|comparison|differences?|differ|contrast)\b")
_OTHERS = re.compile(
    rf"^(?:(?:on|at|during)\s+)?(?:the\s+)?(?:{DAYS}(?:\s*(?:,|and|or|to)\s*{DAYS})*|other\s+days)"
)
_VERSUS = re.compile(
    r"\b(?:versus|vs\.?|(?:as\s+)?(?:compared|opposed|relative)\s+(?:to|with)|against(?=\s+(?:\w+\s+)?(?:baseline|usual|norm)))\s+"
)
_MORE_ON = re.compile(
    rf"^(?:is|are|was|were|has|have|does|do|did)\b.*\b(?P<how>more|less|fewer|longer|shorter|earlier|later)\b(?!\s+than)"
    rf"(?:\s+(?:often|time))?.*?\b(?:at|on)\s+(?:the\s+)?{DAYS}\s*[?.!]*$"
)
_EITHER = re.compile(
    rf"\b(?P<how>more|less|longer|earlier|later|shorter)\b.*?\b{DAYS}\s+(?P<or>or\s+(?:on\s+|at\s+)?(?:the\s+)?{DAYS})"
)
_HOW = re.compile(r"\b(?:more|less|fewer|longer|shorter|earlier|later)\b")
_DIRECTIONS = {
    "more": "more", "longer": "more", "higher": "more", "better": "more", "less": "less", "fewer": "less",
    "shorter": "less", "lower": "less", "worse": "less", "earlier": "earlier", "sooner": "earlier",
    "later": "later",
}  # fmt: skip


def plain_request(text: str) -> tuple[str, bool]:
    """A question in lower case without what only makes it polite, and whether it asks for yes or no."""
    text = _EXPECTS.sub(r"\1 \2", text)
    tag = _TAG.search(text)
    text = text if tag is None else text[: tag.start()]
    lead = _REQUEST.match(text)
    if lead is None:
        return text, False
    rest = ("times " if lead["shown"] else "") + text[lead.end() :]
    asked = lead["if"] or lead["that"] or (tag is not None and tag["asks"])
    return (rest, bool(asked)) if rest.strip(" ?.!") else (text, False)


def find_kind(text: str) -> tuple[Asks, tuple[int, int]]:
    """What is asked, and the characters that say so; "find" where nothing does."""
    for kind, pattern in _KINDS:
        match = pattern.search(text)
        # "Three or more per night" is asked for, not how often.
        bounded = match is not None and " per " in f" {match.group()}" and _BOUNDED.search(text)
        if match is not None and not bounded:
            return kind, match.span()
    match, every = _ASKED.search(text), _EVERY.search(text)
    if match is not None and every is not None:
        return "how many days", every.span()
    return ("find", (0, 0)) if match is None else ("whether", match.span())


def find_extreme(text: str, *, of_the_clock: bool) -> Extreme | None:
    """The most or the least that is asked for.

    Args:
        text: The question.
        of_the_clock: Whether what is asked about has its time of day: only there "latest" means late.
    """
    for of, high, pattern in _EXTREMES:
        match = pattern.search(text)
        if match is None or (match.group() == "latest" and not of_the_clock):
            continue
        if of in ("count", "hours") and _NO_DAY.search(text):
            return None
        # "Which room is used most" is no day.
        if (
            not match.group().startswith(("most", "fewest", "least"))
            or of == "hours"
            or _ONE_DAY.search(text)
        ):
            return Extreme(of=of, high=high, words=match.group())
    return None


def find_frames(text: str, asks: Asks, *, of_days: bool, of_movement: bool) -> list[tuple[int, int]]:
    """Characters of words that belong to the kind of answer: "days when", "times per day", "usually"."""
    patterns = [
        _FRAME_DAYS,
        _IN_ONE,
        _SINGLE,
        *([_A_DAY] if of_days else []),
        *([_ACTIVE] if of_movement else []),
    ]
    if asks not in ("find", "whether", "who"):
        patterns += [_PER, _HABIT]
    patterns += [_EDGE] if asks in ("first", "last", "what first", "what last") else []
    return [m.span() for pattern in patterns for m in pattern.finditer(text)]


def find_refusal(text: str, begin: int = 0) -> tuple[Refused | None, tuple[int, int]]:
    """Why no sensor can answer, and the characters that say so, all after `begin`."""
    for reason, pattern in _REFUSED:
        match = pattern.search(text, begin)
        if match is not None:
            return reason, match.span()
    return None, (0, 0)


def find_comparison(
    text: str, days: Sequence[Named]
) -> tuple[Comparison | None, tuple[int, int], tuple[int, int]]:
    """A comparison of periods, the characters from "than" on, and those of the comparative.

    "More than ten minutes" is an amount.
    """
    either = _EITHER.search(text)
    if either is not None:
        found, span = _comparison(_DIRECTIONS[either["how"]], None, text, either.span("or"))
        days_of = tuple(day_codes(either["or"]))
        return found.model_copy(update={"others": True, "weekdays": days_of}), span, either.span("how")
    match = _THAN.search(text) or _VERSUS.search(text)
    if match is not None:
        than = match.re is _THAN
        rest, how = text[match.end() :], match.span("how") if than else (0, 0)
        before = None if than else _HOW.search(text[: match.start()])
        how = before.span() if before else how
        said = before.group() if before else match["how"] if than else None
        trend = None if than or said else _TREND.search(text[: match.start()])
        direction = _DIRECTIONS[said] if said else _trend(trend)
        # "Than he was before Christmas", "than back in April" name days after a few small words.
        lead = _SAME_AGAIN.match(rest)
        reach = match.end() + (lead.end() if lead is not None else 0) + 3
        named = next((d for d in days if match.end() <= d.begin + 3 and d.begin <= reach), None)
        if named is not None and re.search(r"\d", text[match.end() : named.begin]):
            named = None  # "less than 4h last night"
        usual, others = _USUAL.match(rest), _OTHERS.match(rest)
        if named is not None:
            return *_comparison(direction, named, text, (_than(match), named.end)), how
        if usual is not None:
            return *_comparison(direction, None, text, (_than(match), match.end() + usual.end())), how
        if others is not None:
            found, span = _comparison(direction, None, text, (_than(match), match.end() + others.end()))
            return (
                found.model_copy(update={"others": True, "weekdays": tuple(day_codes(others.group()))}),
                span,
                how,
            )
    more_on = _MORE_ON.search(text)
    if more_on is not None:
        # "Longer in bed at weekends": than on other days.
        at = more_on.span("how")
        found, _ = _comparison(_DIRECTIONS[more_on["how"]], None, text, at)
        return found.model_copy(update={"others": True}), (0, 0), at
    since = _SINCE.search(text)
    if since is not None:
        after = (d for d in days if d.anchor is not None and d.begin >= since.end() - 1)
        named = next((d for d in after if d.anchor and (d.anchor.last - d.anchor.first).days >= 6), None)
        end = since.end() if named is None else named.end
        return *_comparison(_DIRECTIONS[since["how"]], named, text, (since.end("how"), end)), since.span(
            "how"
        )
    contrast, two = _CONTRAST.search(text), [d for d in days if not d.part]
    if contrast is not None and len(two) == 2:
        span = (two[0].end, two[1].end)
        return *_comparison("different", two[1], text, span), contrast.span()
    trend = _TREND.search(text)
    if trend is not None:
        # "Fell over the past two weeks": against the weeks before them.
        after = (d for d in days if d.begin >= trend.end())
        named = next((d for d in after if not re.match(r"(?:over|within|during)\b", d.days.words)), None)
        span = (trend.start(), trend.end() if named is None else named.end)
        return *_comparison(_trend(trend), named, text, span), (0, 0)
    return None, (0, 0), (0, 0)


def _trend(match: re.Match[str] | None) -> str:
    return (
        "different" if match is None else "less" if match["down"] else "more" if match["up"] else "different"
    )


def _than(match: re.Match[str]) -> int:
    return match.end("what") if match.re is _THAN and match["how"] else match.start()


def _comparison(
    direction: str, named: Named | None, text: str, span: tuple[int, int]
) -> tuple[Comparison, tuple[int, int]]:
    words = " ".join(text[span[0] : span[1]].split())
    # "Declined since winter": winter is what it is compared with, not all that followed.
    days = None if named is None else named.anchor or named.days
    made = Comparison.model_validate({"direction": direction, "days": days, "words": words})
    return made, span
