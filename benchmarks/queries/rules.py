"""The rule language: one operator per mapping, nested with all, any and not.

    count: {room: kitchen, at_least: 3}         activations of the selector (README.md: what an activation is)
    share: {room: kitchen, at_least: 0.8}       their share of the window's activations
    first: {room: bedroom}   last: {...}        the window's first or last activation is one of these
    order: [{object: fridge}, {object: stove}]  one after the other
    absent: {room: bathroom}                    neither an activation nor an end
    hours: [22, 5]                              begins in these hours; runs over midnight
    weekdays: [saturday, sunday]
    duration_s | n_events | rooms_visited | transitions | longest_gap_s | gap_before_s | gap_after_s:
        {at_least: 30, at_most: 60}             one bound or both, both inclusive

In: a rule as plain data, a `WindowView`. Out: one truth value per window.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.queries.window_view import Concepts, Selector, WindowView
from discover.core.day_parts import WEEKDAYS
from discover.core.errors import ConfigError

__all__ = ["RuleError", "check_rule", "concepts_of", "evaluate_rule"]

Bools = NDArray[np.bool_]
_SELECTOR_KEYS = {"room", "object", "type", "state"}
_NUMBERS = (
    "duration_s",
    "n_events",
    "rooms_visited",
    "transitions",
    "longest_gap_s",
    "gap_before_s",
    "gap_after_s",
)


class RuleError(ConfigError):
    """A rule that is not written in this language."""


def evaluate_rule(rule: Mapping[str, Any], view: WindowView) -> Bools:
    """(N,) where the rule holds. Several operators in one mapping must all hold."""
    result = np.ones(view.n, dtype=bool)
    for name, argument in rule.items():
        result &= _evaluate(name, argument, view)
    return result


def check_rule(rule: Any, concepts: Concepts) -> None:
    """Check spelling and arguments of a rule.

    Raises:
        RuleError: With the operator and what was found.
    """
    if not isinstance(rule, Mapping) or not rule:
        raise RuleError(f"A rule is a mapping from operators to arguments, got {rule!r}.")
    for name, argument in rule.items():
        if name in ("all", "any"):
            for part in _list_of(name, argument):
                check_rule(part, concepts)
        elif name == "not":
            check_rule(argument, concepts)
        elif name in _NUMBERS:
            _check_bounds(name, argument, {})
        elif name == "hours":
            if not (
                _is_pair(argument) and all(0 <= h <= 24 for h in argument) and argument[0] != argument[1]
            ):
                raise RuleError(f"hours needs two different hours 0 to 24, got {argument!r}.")
        elif name == "weekdays":
            if not argument or not set(argument) <= set(WEEKDAYS):
                raise RuleError(f"weekdays needs names of days in lower case, got {argument!r}.")
        elif name == "order":
            for part in _list_of(name, argument):
                _check_selector(name, part, concepts)
        elif name in ("count", "share"):
            _check_bounds(name, argument, _check_selector(name, _selector(argument), concepts))
        elif name in ("first", "last", "absent"):
            _check_selector(name, argument, concepts)
        else:
            raise RuleError(f"No operator '{name}'. Known: {', '.join(sorted({*_OPERATORS, *_NUMBERS}))}.")


def concepts_of(rule: Mapping[str, Any], view: WindowView) -> list[str]:
    """Rooms and objects a rule needs that the home lacks; of `any` one alternative is enough."""
    missing: list[str] = []
    for name, argument in rule.items():
        if name == "all":
            missing += [m for part in argument for m in concepts_of(part, view)]
        elif name == "any":
            parts = [concepts_of(part, view) for part in argument]
            missing += [] if any(not part for part in parts) else parts[0]
        elif name == "not":
            missing += concepts_of(argument, view)
        elif name not in _NUMBERS and name not in ("hours", "weekdays"):
            selectors = argument if name == "order" else [_selector(argument)]
            missing += [
                _words(s) for s in selectors if not view.has({k: v for k, v in s.items() if k != "state"})
            ]
    return list(dict.fromkeys(missing))


def _evaluate(name: str, argument: Any, view: WindowView) -> Bools:
    if name in _NUMBERS:
        return _within(getattr(view, name), argument)
    return _OPERATORS[name](argument, view)


def _all(argument: list[Mapping[str, Any]], view: WindowView) -> Bools:
    return np.asarray(np.all([evaluate_rule(part, view) for part in argument], axis=0))


def _any(argument: list[Mapping[str, Any]], view: WindowView) -> Bools:
    return np.asarray(np.any([evaluate_rule(part, view) for part in argument], axis=0))


def _not(argument: Mapping[str, Any], view: WindowView) -> Bools:
    return ~evaluate_rule(argument, view)


def _count(argument: Mapping[str, Any], view: WindowView) -> Bools:
    bounds = {"at_least": 1} if not {"at_least", "at_most"} & set(argument) else argument
    return _within(view.count(_selector(argument)), bounds)


def _share(argument: Mapping[str, Any], view: WindowView) -> Bools:
    return _within(view.share(_selector(argument)), argument)


def _first(argument: Selector, view: WindowView) -> Bools:
    return view.end_sign(argument, last=False)


def _last(argument: Selector, view: WindowView) -> Bools:
    return view.end_sign(argument, last=True)


def _order(argument: list[Selector], view: WindowView) -> Bools:
    return view.in_order(argument)


def _absent(argument: Selector, view: WindowView) -> Bools:
    return np.asarray(view.count({**argument, "state": "any"}) == 0)


def _hours(argument: list[int], view: WindowView) -> Bools:
    begin, end = argument
    hour = view.hour
    return (hour >= begin) & (hour < end) if begin < end else (hour >= begin) | (hour < end)


def _weekdays(argument: list[str], view: WindowView) -> Bools:
    return np.isin(view.weekday, [WEEKDAYS.index(name) for name in argument])


_OPERATORS: dict[str, Callable[[Any, WindowView], Bools]] = {
    "all": _all,
    "any": _any,
    "not": _not,
    "count": _count,
    "share": _share,
    "first": _first,
    "last": _last,
    "order": _order,
    "absent": _absent,
    "hours": _hours,
    "weekdays": _weekdays,
}


def _within(values: NDArray[Any], bounds: Mapping[str, Any]) -> Bools:
    return np.asarray((values >= bounds.get("at_least", -np.inf)) & (values <= bounds.get("at_most", np.inf)))


def _selector(argument: Mapping[str, Any]) -> dict[str, str]:
    return {k: v for k, v in argument.items() if k not in ("at_least", "at_most")}


def _words(selector: Selector) -> str:
    return " ".join(selector[k] for k in ("room", "object", "type") if k in selector)


def _list_of(name: str, argument: Any) -> list[Any]:
    if not isinstance(argument, list) or not argument:
        raise RuleError(f"{name} needs a list, got {argument!r}.")
    return argument


def _is_pair(argument: Any) -> bool:
    return isinstance(argument, list) and len(argument) == 2 and all(isinstance(h, int) for h in argument)


def _check_bounds(name: str, argument: Any, selector: Mapping[str, Any]) -> None:
    bounds = {k: v for k, v in argument.items() if k not in selector} if isinstance(argument, Mapping) else {}
    numbers = all(isinstance(v, int | float) for v in bounds.values())
    needed = name != "count"
    if not numbers or not set(bounds) <= {"at_least", "at_most"} or (needed and not bounds):
        raise RuleError(f"{name} needs at_least or at_most with a number, got {argument!r}.")


def _check_selector(name: str, argument: Any, concepts: Concepts) -> Selector:
    if not isinstance(argument, Mapping) or not argument or not set(argument) <= _SELECTOR_KEYS:
        raise RuleError(f"{name} needs one or more of {sorted(_SELECTOR_KEYS)}, got {argument!r}.")
    for key, known in (("room", concepts.rooms), ("object", concepts.objects)):
        if key in argument and argument[key] not in known:
            raise RuleError(f"{name}: {key} '{argument[key]}' is not listed under concepts.")
    if argument.get("state", "begin") not in ("begin", "end", "any"):
        raise RuleError(f"{name}: state is begin, end or any, got {argument['state']!r}.")
    return argument
