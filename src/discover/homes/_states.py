"""What a state field means: a known state, a number, a damaged spelling that can be repaired, or nothing.

Works on distinct spellings (a few dozen per log), so nothing here is per line.
"""

import math
import re
from dataclasses import dataclass

import polars as pl

__all__ = ["BINARY_STATES", "HEALTH", "KNOWN_STATES", "VALUE", "StateReading", "read_state", "read_states"]

VALUE = "VALUE"
"""State of an event whose reading is a number."""

KNOWN_STATES: frozenset[str] = frozenset(
    {"ON", "OFF", "OPEN", "CLOSE", "PRESENT", "ABSENT", "START", "END", "STOP"}
    | {"START_INSTRUCT", "STOP_INSTRUCT", "LOCK", "UNLOCK", "LOCKED", "UNLOCKED", "OK", "ERROR"}
    | {"HIGH", "MEDIUM", "LOW", "DIM", "IDLE", "STILL", "MOVED", "DOWN", "UP"}
)

BINARY_STATES = frozenset({"ON", "OFF", "OPEN", "CLOSE", "PRESENT", "ABSENT"})
"""States that only ever come in pairs and never stand in a sensor's name."""

HEALTH = "HEALTH"
"""What a device says of itself (`unavailable`): counted, never an event."""

_PAIRS = {
    # words of two-state devices -> what they are read as; both words of a pair are known, or neither
    "ON": "detected motion motion_detected active occupied occupancy true yes triggered tripped wet moving "
    "pressed vibration in_use playing running enabled alarm leak smoke",
    "OFF": "clear cleared not_detected undetected no_motion motion_cleared motion_stopped inactive "
    "unoccupied vacant not_occupied free empty false no untriggered untripped dry not_moving "
    "released no_vibration not_in_use paused stopped disabled normal no_leak no_smoke",
    "OPEN": "opened",
    "CLOSE": "closed",
    "PRESENT": "home",
    "ABSENT": "not_home away not_present not_absent",
    "LOCKED": "locked",
    "UNLOCKED": "unlocked",
}
_FOREIGN = {
    # the same in German, Dutch, French and Spanish
    "ON": "an ein aan marche allumé encendido activado wahr ja erkannt bewegung détecté detectado",
    "OFF": "aus uit arrêt éteint apagado desactivado falsch nein nicht_erkannt keine_bewegung",
    "OPEN": "offen auf geöffnet ouvert abierto abierta",
    "CLOSE": "geschlossen zu dicht gesloten fermé cerrado cerrada",
    "PRESENT": "anwesend zuhause zu_hause aanwezig présent presente",
    "ABSENT": "abwesend afwezig ausente",
}
_ALIASES = {
    word.upper(): state
    for pairs in (_PAIRS, _FOREIGN)
    for state, words in pairs.items()
    for word in words.split()
}
_HEALTH_WORDS = frozenset({"UNAVAILABLE", "UNKNOWN", "OFFLINE", "ONLINE"})
_GROUPED = re.compile(r"[-+]?\d{1,3}(?:,\d{3})+\.\d+")
_GROUPED_BY_POINTS = re.compile(r"[-+]?\d{1,3}(?:\.\d{3})+,\d+")
_DECIMAL_COMMA = re.compile(r"[-+]?\d+,\d{1,2}")
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
        StateReading(VALUE, number)
        if number is not None and math.isfinite(number) and _NUMBER.fullmatch(text)
        else read_state(text)
        for text, number in zip(spellings, numbers, strict=True)
    ]


def read_state(text: str) -> StateReading:
    """Read one spelling.

    A damaged spelling is repaired only where a single known state fits: junk glued behind it (`ON0`,
    `OFFc`, `OFFEat`), its last letter doubled, or its end cut off with at least two letters left
    (`OF`). A lone `O` could be ON, OFF or OPEN and is not guessed.
    """
    if text in KNOWN_STATES:
        return StateReading(text)
    if _NUMBER.fullmatch(text):
        return StateReading(VALUE, float(text)) if math.isfinite(float(text)) else StateReading("")
    upper = re.sub(r"[\s_\-]+", "_", text.strip().upper())
    if upper in _HEALTH_WORDS:
        return StateReading(HEALTH)
    if upper in _ALIASES:
        return StateReading(_ALIASES[upper], rule=f"read {text} as {_ALIASES[upper]}")
    if upper in KNOWN_STATES:
        return StateReading(upper, rule=f"read {text} as {upper}")
    number = _comma_number(text)
    if number is not None:
        return StateReading(VALUE, number, rule=f"read {text} as the number {number:g}")
    unit = _NUMBER_WITH_UNIT.fullmatch(text)
    if unit:
        return StateReading(VALUE, float(unit[1]), rule=f"read {text} as the number {unit[1]}")
    repaired = _repair(text)
    return StateReading(repaired, rule=f"read {text} as {repaired}") if repaired else StateReading("")


def _comma_number(text: str) -> float | None:
    """`1,234.5`, `1.234,5` and `21,5`; `1,234` could be either and is not guessed."""
    if _GROUPED.fullmatch(text):
        return float(text.replace(",", ""))
    if _GROUPED_BY_POINTS.fullmatch(text):
        return float(text.replace(".", "").replace(",", "."))
    return float(text.replace(",", ".")) if _DECIMAL_COMMA.fullmatch(text) else None


def _repair(text: str) -> str:
    glued = [
        state
        for state in _REPAIRABLE
        if text.startswith(state)
        and re.fullmatch(rf"{state[-1]}|[^A-Z]{{1,4}}|[A-Z][a-z]{{1,15}}", text[len(state) :])
    ]
    if glued:
        return max(glued, key=len)
    fits = [state for state in _REPAIRABLE if len(text) >= 2 and state.startswith(text)]
    return fits[0] if len(fits) == 1 else ""
