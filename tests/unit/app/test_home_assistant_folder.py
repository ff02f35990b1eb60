"""The app folder for Home Assistant against the rules of its Supervisor and against our own commands."""

import importlib.util
import re
import tomllib
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import typer
import voluptuous as vol
import yaml

from discover.cli.app import app

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / "home_assistant/discover"
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]

# The keys that we use, with what the Supervisor takes for them (supervisor/addons/validate.py). Another key
# is a mistake: the Supervisor would drop it in silence.
ELEMENT = re.compile(
    r"^(str|password|email|url|port|device|bool|match\(.+\)|list\(.+\)"
    r"|(int|float)(\((\d*\.?\d*),(\d*\.?\d*)\))?)\??$"
)
MAPPED = {
    "data", "homeassistant_config", "addon_config", "ssl", "addons", "backup", "share", "media",
    "all_addon_configs",
}  # fmt: skip
CONFIG = vol.Schema(
    {
        vol.Required("name"): str,
        vol.Required("version"): vol.All(str, vol.Match(r"^\d+\.\d+\.\d+$")),
        vol.Required("slug"): vol.Match(r"^[-_.A-Za-z0-9]+$"),
        vol.Required("description"): vol.All(str, vol.Length(max=100)),
        vol.Required("arch"): [vol.In(["aarch64", "amd64"])],
        vol.Required("init"): bool,
        vol.Required("startup"): vol.In(["initialize", "system", "services", "application", "once"]),
        vol.Required("boot"): vol.In(["auto", "manual", "manual_only"]),
        vol.Required("ingress"): True,
        vol.Required("ingress_port"): vol.All(int, vol.Range(1, 65_535)),
        "ingress_stream": bool,
        "panel_icon": vol.Match(r"^mdi:[a-z\-]+$"),
        "panel_title": str,
        "watchdog": vol.Match(r"^(?:https?|\[PROTO:\w+\]|tcp):\/\/\[HOST\]:(\[PORT:\d+\]|\d+).*$"),
        vol.Required("map"): [
            {vol.Required("type"): vol.In(MAPPED), "read_only": bool, "path": vol.Match(r"^/.+")}
        ],
        "backup": vol.In(["hot", "cold"]),
        "backup_exclude": [str],
        vol.Required("options"): dict,
        vol.Required("schema"): {str: vol.Match(ELEMENT)},
    }
)


def load(name: str) -> Any:
    return yaml.safe_load((FOLDER / name).read_text(encoding="utf-8"))


def module(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"home_assistant_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


def test_the_supervisor_takes_the_configuration() -> None:
    config = CONFIG(load("config.yaml"))
    assert set(config["arch"]) == {"aarch64", "amd64"}
    # Nothing but the page inside Home Assistant: no port, no rights, the configuration read only.
    assert config["map"] == [{"type": "homeassistant_config", "read_only": True}]
    assert config["ingress_port"] == 8099
    for worse in (
        {"map": ["config:rw"]},
        {"arch": ["i386"]},
        {"privileged": ["SYS_ADMIN"]},
        {"ingress": False},
    ):
        with pytest.raises(vol.Invalid):
            CONFIG({**config, **worse})


def test_every_option_has_a_rule_a_fitting_default_and_words() -> None:
    config = load("config.yaml")
    rules, defaults = config["schema"], config["options"]
    assert {name for name, rule in rules.items() if not rule.endswith("?")} == set(defaults)
    low, high = (int(n) for n in re.findall(r"\d+", rules["sync_minutes"]))
    assert low <= defaults["sync_minutes"] <= high
    assert all(isinstance(defaults[name], bool) for name, rule in rules.items() if rule == "bool")
    for language in ("en", "de"):
        words = load(f"translations/{language}.yaml")["configuration"]
        assert set(words) == set(rules)
        assert all(set(entry) == {"name", "description"} for entry in words.values())
    documented = re.findall(r"^\| `(\w+)` \|", (FOLDER / "DOCS.md").read_text(), re.MULTILINE)
    assert documented == list(rules)


def test_versions_are_those_of_the_package() -> None:
    assert load("config.yaml")["version"] == VERSION
    assert f'"discover-v2[edge]=={VERSION}"' in (FOLDER / "Dockerfile").read_text()


@pytest.mark.parametrize("known", [False, True])
def test_what_the_container_runs_is_what_our_commands_take(tmp_path: Path, known: bool) -> None:
    run = module(FOLDER / "run.py")
    data, config = tmp_path / "data", tmp_path / "config"
    if known:
        (data / "home").mkdir(parents=True)
    options = {**load("config.yaml")["options"], "writable": True, "pseudonyms": True}
    first, served = run.commands(options, config, data)
    assert first[1:3] == (["sync", str(data / "home")] if known else ["import", "ha"])
    assert served[served.index("--port") + 1] == str(load("config.yaml")["ingress_port"])
    assert {"--behind-ingress", "--writable"} <= set(served)
    if not known:
        assert first[3] == str(config / "home-assistant_v2.db")
        assert "--pseudonyms" in first
    given = parsed(served)
    assert given["sync_every"] == options["sync_minutes"]
    assert given["browser"] is False
    parsed(first)


def parsed(command: list[str]) -> dict[str, Any]:
    """Values of a command's arguments, read by the command line itself without running anything."""
    found: Any = typer.main.get_command(app)
    arguments, context = command[1:], None
    while hasattr(found, "commands"):
        # Names of subcommands stand before any option here.
        context = found.make_context(None, arguments[:1], parent=context)
        found, arguments = found.commands[arguments[0]], arguments[1:]
    with found.make_context(command[1], list(arguments), parent=context) as read:
        values: dict[str, Any] = read.params
    return values
