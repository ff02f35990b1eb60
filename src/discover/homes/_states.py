"""What a state field means: a known state, a number, a damaged spelling that can be repaired, or nothing.

Works on distinct spellings (a few dozen per log), so nothing here is per line.
"""

import re
from dataclasses import dataclass

import polars as pl

__all__ = ["KNOWN_STATES", "VALUE", "StateReading", "read_state", "read_states"]

VALUE = "VALUE"
"""State of an event whose reading is a number."""

KNOWN_STATES: frozenset[str] = frozenset(
    {"ON", "OFF", "OPEN", "CLOSE", "PRESENT", "ABSENT", "START", "END", "STOP"}
    | {"START_INSTRUCT", "STOP_INSTRUCT", "LOCK", "UNLOCK", "LOCKED", "UNLOCKED", "OK", "ERROR"}
    | {"HIGH", "MEDIUM", "LOW", "DIM", "TRUE", "FALSE", "IDLE", "ACTIVE", "STILL", "MOVED", "DOWN", "UP"}
)

_ALIASES = {"CLOSED": "CLOSE", "OPENED": "OPEN"}
_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")
_NUMBER_WITH_UNIT = re.compile(r"([-+]?\d+(?:\.\d+)?)\s?(?:[°%]?[A-Za-z]{0,2}|[°%])")
_REPAIRABLE = ("ON", "OFF", "OPEN", "CLOSE", "PRESENT", "ABSENT")


@dataclass(frozen=True)
class StateReading:
    """How one spelling of a state is read.

    Attributes:
        state: The state, `VALUE` for numbers, "" if the spelling means nothing by itself.
        value: The number, None for words.
        rule: "" for an exact spelling, else the sentence that says how it was repaired.
    """

    state: str
    value: float | None = None
    rule: str = ""


def read_states(spellings: list[str]) -> list[StateReading]:
    """Read many spellings; numbers are converted in one go, since an analogue log has thousands."""
    numbers = pl.Series(spellings, dtype=pl.String).cast(pl.Float64, strict=False).to_list()
    return [
        StateReading(VALUE, number) if number is not None and _NUMBER.fullmatch(text) else read_state(text)
        for text, number in zip(spellings, numbers, strict=True)
    ]


def read_state(text: str) -> StateReading:
    """Read one spelling.

    A damaged spelling is repaired only where a single known state fits: junk glued behind it (`ON0`,
    `OFFc`), its last letter doubled, or its end cut off with at least two letters left (`OF`). A lone `O`
    could be ON, OFF or OPEN and is not guessed.
    """
    if text in KNOWN_STATES:
        return StateReading(text)
    if _NUMBER.fullmatch(text):
        return StateReading(VALUE, float(text))
    upper = text.upper()
    if upper in _ALIASES:
        return StateReading(_ALIASES[upper], rule=f"read {text} as {_ALIASES[upper]}")
    if upper in KNOWN_STATES:
        return StateReading(upper, rule=f"read {text} as {upper}")
    unit = _NUMBER_WITH_UNIT.fullmatch(text)
    if unit:
        return StateReading(VALUE, float(unit[1]), rule=f"read {text} as the number {unit[1]}")
    repaired = _repair(text)
    return StateReading(repaired, rule=f"read {text} as {repaired}") if repaired else StateReading("")


def _repair(text: str) -> str:
    glued = [
        state
        for state in _REPAIRABLE
        if text.startswith(state) and re.fullmatch(rf"{state[-1]}|[^A-Z]{{1,4}}", text[len(state) :])
    ]
    if glued:
        return max(glued, key=len)
    fits = [state for state in _REPAIRABLE if len(text) >= 2 and state.startswith(text)]
    return fits[0] if len(fits) == 1 else ""
