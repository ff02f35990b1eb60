"""Results are values: whoever holds one cannot change it under somebody else's hands."""

import dataclasses
import importlib
import inspect
import pkgutil

import pytest

MAY_CHANGE = {"AnswerLog"}
"""Collects answers while an evaluation runs."""


@pytest.mark.parametrize("room", ["metrics", "evaluation", "recognition", "changes"])
def test_what_a_room_returns_is_frozen(room: str) -> None:
    folder = importlib.import_module(f"discover.{room}")
    names = [m.name for m in pkgutil.iter_modules(folder.__path__, f"discover.{room}.")]
    classes = {
        thing
        for name in names
        for _, thing in inspect.getmembers(importlib.import_module(name), inspect.isclass)
        if dataclasses.is_dataclass(thing) and thing.__module__.startswith(f"discover.{room}")
    }
    assert classes
    assert {c.__name__ for c in classes if not c.__dataclass_params__.frozen} <= MAY_CHANGE
