"""The integration for Home Assistant: its files against each other, its client against the app's routes.

docs/guides/home_assistant.md has the command that runs it inside Home Assistant's test harness.
"""

import ast
import asyncio
import importlib.util
import json
import sys
import tomllib
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import voluptuous as vol
from app_served import BASE, TOKEN, Served, wait_for
from starlette.testclient import TestClient

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / "home_assistant/custom_components/discover"
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
# What hassfest asks of a custom integration.
MANIFEST = vol.Schema(
    {
        vol.Required("domain"): "discover",
        vol.Required("name"): str,
        vol.Required("codeowners"): [vol.Match(r"^@")],
        vol.Required("config_flow"): True,
        vol.Required("documentation"): vol.Match(r"^https://"),
        vol.Required("integration_type"): vol.In(["service", "hub", "device"]),
        vol.Required("iot_class"): vol.In(["local_polling", "local_push"]),
        vol.Required("requirements"): [str],
        vol.Required("version"): VERSION,
    }
)


class Session:
    """An aiohttp session, as much of it as the client uses, in front of the app."""

    def __init__(self, client: TestClient) -> None:
        self._client = client

    def request(self, method: str, url: str, *, headers: dict[str, str], json: Any) -> "Session":
        self._answer = self._client.request(method, url, headers=headers, json=json)
        return self

    async def __aenter__(self) -> "Session":
        return self

    async def __aexit__(self, *_: object) -> None:
        return None

    @property
    def status(self) -> int:
        return self._answer.status_code

    async def json(self, content_type: str | None) -> Any:
        return self._answer.json()


@pytest.fixture(scope="module")
def client_module() -> ModuleType:
    spec = importlib.util.spec_from_file_location("app_client", FOLDER / "app_client.py")
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    sys.modules["app_client"] = made
    spec.loader.exec_module(made)
    return made


def files() -> dict[str, ast.Module]:
    return {path.stem: ast.parse(path.read_text(encoding="utf-8")) for path in sorted(FOLDER.glob("*.py"))}


def test_the_manifest_is_whole_and_needs_nothing_installed() -> None:
    manifest = MANIFEST(json.loads((FOLDER / "manifest.json").read_text()))
    assert manifest["requirements"] == []
    names = list(manifest)
    assert names == ["domain", "name", *sorted(names[2:])], "hassfest wants domain, name, then the alphabet"


def test_every_shown_word_is_in_every_language() -> None:
    def keys(value: Any, prefix: str = "") -> set[str]:
        if not isinstance(value, dict):
            return {prefix}
        return {k for name, part in value.items() for k in keys(part, f"{prefix}/{name}")}

    words = json.loads((FOLDER / "strings.json").read_text())
    assert json.loads((FOLDER / "translations/en.json").read_text()) == words
    assert keys(json.loads((FOLDER / "translations/de.json").read_text())) == keys(words)
    source = (FOLDER / "config_flow.py").read_text()
    for error in words["config"]["error"]:
        assert f'{{"base": "{error}"}}' in source
    for kind in ("sensor", "binary_sensor"):
        (key,) = words["entity"][kind]
        assert f'"{key}"' in (FOLDER / f"{kind}.py").read_text()


def test_the_client_is_plain_python_and_the_tool_is_where_home_assistant_looks() -> None:
    trees = files()
    used = {
        node.module if isinstance(node, ast.ImportFrom) else alias.name
        for node in ast.walk(trees["app_client"])
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
    assert {str(name).split(".")[0] for name in used} <= sys.stdlib_module_names
    functions = {n.name: n for n in trees["llm"].body if isinstance(n, ast.FunctionDef)}
    given = functions["async_get_tools"]
    assert [a.arg for a in given.args.args] == ["hass", "llm_context", "api_id"]
    assert [getattr(d, "id", "") for d in given.decorator_list] == ["callback"]
    tool = next(n for n in trees["llm"].body if isinstance(n, ast.ClassDef))
    assert any(isinstance(n, ast.AsyncFunctionDef) and n.name == "async_call" for n in tool.body)
    for name in ("__init__", "sensor", "binary_sensor"):
        assert any(getattr(n, "name", "") == "async_setup_entry" for n in trees[name].body), name


def test_the_client_reads_what_the_app_answers(served: Served, client_module: ModuleType) -> None:
    app = client_module.AppClient(Session(served.other()), f"{BASE}/", TOKEN)
    assert asyncio.run(app.homes())[served.view.key]
    served.client.get(f"{served.home}/now")
    wait_for(served, "recognise")
    present = asyncio.run(app.present(served.view.key))
    assert present.unusual is None
    assert "fewer than four" in present.facts["reason"]
    assert present.facts["log_ends"].startswith("2024-01-02T05:")
    found = asyncio.run(app.search(served.view.key, "someone is in the kitchen in the morning", 2))
    assert len(found["moments"]) == 2
    assert "kitchen" in found["moments"][0]["rooms"]
    assert found["moments"][0]["begin"].startswith("2024-01-0")
    counted = asyncio.run(app.search(served.view.key, "how often was the fridge opened?"))
    assert "times" in counted["answer"]
    refused = asyncio.run(app.search(served.view.key, "how often does somebody sing?"))
    assert refused["answer"], "what no sensor can tell is said"


def test_what_goes_wrong_has_an_error_of_its_own(served: Served, client_module: ModuleType) -> None:
    def ask(session: Any, token: str = TOKEN, home: str = "none") -> None:
        asyncio.run(client_module.AppClient(session, BASE, token).present(home))

    with pytest.raises(client_module.TokenRefusedError, match="token"):
        ask(Session(served.other()), token="another-token-of-16")
    with pytest.raises(client_module.AppError, match=r"answers 404.*no home"):
        ask(Session(served.other()))

    class Broken(Session):
        status = 202

        def request(self, *_: object, **__: object) -> "Session":
            return self

        async def json(self, content_type: str | None) -> Any:
            return {"error": "being made"}

    with pytest.raises(client_module.NotReadyError, match="being made"):
        ask(Broken(served.client))

    class Gone(Session):
        def request(self, *_: object, **__: object) -> "Session":
            raise ConnectionRefusedError("refused")

    with pytest.raises(client_module.AppError, match=r"does not answer: refused"):
        ask(Gone(served.client))
    assert client_module.wall_clock(None) is None
