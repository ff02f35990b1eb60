"""Options made from settings models: every field has its flag, and what is typed arrives in the model."""

from collections.abc import Iterator
from typing import Any

import pytest
import typer
import typer.main
from pydantic import BaseModel

from discover.cli.app import app
from discover.cli.model_options import CommandGroup, ModelOptions, Settings, options_of, with_models
from discover.cli.model_options import full_command as full
from discover.retrieval.config import SearchFilters

ROOT: Any = typer.main.get_command(app)


def commands() -> dict[str, Any]:
    """Every command with model options, by name."""
    every = {**ROOT.commands, **ROOT.commands["homes"].commands}
    return {name: c for name, c in every.items() if getattr(c.callback, "models", None) is not None}


def fields(model: type[BaseModel], prefix: str = "") -> Iterator[str]:
    """Dotted names of every field of a model, found in another way than the options are."""
    for name, info in model.model_fields.items():
        if isinstance(info.default, BaseModel):
            yield from fields(type(info.default), f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}"


def test_these_commands_take_settings() -> None:
    assert set(commands()) == {"search", "recognise", "cluster", "changes", "evaluate", "simulate"}


@pytest.mark.parametrize("name", commands())
def test_every_field_has_its_flag_with_its_sentence(name: str) -> None:
    command = commands()[name]
    parameters = full(command).params
    flags = {flag: p for p in parameters for flag in p.opts}
    assert len(flags) == sum(len(p.opts) for p in parameters), f"a flag of {name} is taken twice"
    for options in command.callback.models().values():
        made = {option.path: option for option in options_of(options)}
        known = set(fields(options.model))
        skipped = {f for f in known if any(f == s or f.startswith(f"{s}.") for s in options.skip)}
        assert set(made) == known - skipped
        assert len(skipped) >= len(options.skip), f"{name} skips a field that is not there"
        for path, option in made.items():
            flag = option.flags[0].split("/")[0]
            assert flags[flag].help == option.help, path
            assert flag == "--" + path.replace("_", "-") or option.repeated, flag


def received(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> tuple[Settings, Settings]:
    """What a command with the search filters, and one with blocks inside, is given for some arguments."""
    got: list[Settings] = []

    def models() -> dict[str, ModelOptions]:
        from discover.clustering.config import ClusteringConfig

        also = {"after": ("--since",), "min_duration_s": ("--min-duration",)}
        return {"one": ModelOptions(SearchFilters, also=also), "two": ModelOptions(ClusteringConfig)}

    @with_models(models)
    def ask(word: str, one: Settings, two: Settings) -> None:
        """Ask."""
        assert word == "hello"
        got.extend((one, two))

    group = typer.Typer(cls=CommandGroup)
    group.command()(ask)
    group.command("other")(lambda: None)
    typer.main.get_command(group).main(["ask", "hello", *arguments], standalone_mode=False)
    return got[0], got[1]


def test_what_is_typed_arrives_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    assert received(monkeypatch) == ({}, {})
    filters, clustering = received(
        monkeypatch,
        *(
            "--since",
            "2009-07",
            "--hours",
            "22-5",
            "--room",
            "Living room",
            "--room",
            "hall",
            "--cluster",
            "3",
        ),
        *("--min-duration", "5", "--split", "test", "--k", "4", "--scan.unfreeze.layers", "2"),
        *("--scan.mining.min-gap-s", "1.5", "--seed", "0"),
    )
    assert filters == {
        "after": "2009-07", "hours": "22-5", "rooms": ["Living room", "hall"], "clusters": [3],
        "min_duration_s": 5.0, "splits": ["test"],
    }  # fmt: skip
    assert SearchFilters(**filters).rooms == ("living_room", "hall")
    scan = {"unfreeze": {"layers": 2}, "mining": {"min_gap_s": 1.5}}
    assert clustering == {"k": 4, "scan": scan, "seed": 0}


def test_choices_are_listed_and_switches_have_two_sides() -> None:
    options = {o.path: o for o in options_of(commands()["search"].callback.models()["answers"])}
    assert options["merge"].flags == ("--merge/--no-merge",)
    assert options["top_k"].flags == ("--top-k", "-k")
    assert options["top_k"].help.endswith("Default: 5.")
    filters = {o.path: o for o in options_of(commands()["search"].callback.models()["filters"])}
    assert filters["splits"].metavar == "[train|val|test]"
    assert filters["min_duration_s"].flags == ("--min-duration-s", "--min-duration")
    changes = {o.path: o for o in options_of(commands()["simulate"].callback.models()["settings"])}
    assert changes["changes"].as_yaml
    assert changes["changes"].flags == ("--change",)
