"""The integration inside Home Assistant's test harness (docs/guides/home_assistant.md has the command)."""

import dataclasses
import json
import sys
import types
from datetime import timedelta

import pytest
from homeassistant.config_entries import SOURCE_USER, ConfigEntryState
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import llm as helpers
from homeassistant.util import dt
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_fire_time_changed

DOMAIN, ADDRESS, TOKEN = "discover", "http://local-discover:8099", "a-token-of-sixteen"
GIVEN = {"url": ADDRESS, "token": TOKEN}
NOW = {
    "time": 1_709_294_400_000.0, "day": "2024-03-01", "activity": "meal_preparation",
    "since": 1_709_290_800_000.0,
    "until": 1_709_294_100_000.0, "confidence": 0.7, "unusual": True, "p_value": 0.01,
    "reason": "2.0 h more “bedroom” in the morning",
}  # fmt: skip
HIT = {
    "begin": 1_709_290_800_000.0, "end": 1_709_290_860_000.0, "rooms": ["living_room"], "activity": "",
    "lines": ["a"],
}  # fmt: skip


@pytest.fixture(autouse=True)
def _custom(enable_custom_integrations):
    """Home Assistant loads the folder custom_components beside these tests."""


def serve(app, homes=("home",), now=NOW, status=200):
    app.clear_requests()
    listed = [{"id": home, "title": "", "name": home} for home in homes]
    app.get(f"{ADDRESS}/api/app", status=status, json={"homes": listed, "error": "no"})
    said = now if status == 200 else {"error": "not yet"}
    app.get(f"{ADDRESS}/api/homes/home/now", status=status, json=said)


async def set_up(hass, app):
    serve(app)
    entry = MockConfigEntry(domain=DOMAIN, title="home", data={**GIVEN, "home": "home"})
    entry.add_to_hass(hass)
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    return entry


async def test_one_home_is_set_up_at_once(hass, aioclient_mock):
    serve(aioclient_mock)
    flow = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    assert (flow["type"], flow["step_id"]) == (FlowResultType.FORM, "user")
    made = await hass.config_entries.flow.async_configure(flow["flow_id"], GIVEN)
    assert made["type"] is FlowResultType.CREATE_ENTRY
    assert (made["title"], made["data"]) == ("home", {**GIVEN, "home": "home"})
    assert aioclient_mock.mock_calls[0][3]["Authorization"] == f"Bearer {TOKEN}"
    again = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER}, data=GIVEN)
    assert (again["type"], again["reason"]) == (FlowResultType.ABORT, "already_configured")


async def test_of_several_homes_one_is_chosen(hass, aioclient_mock):
    serve(aioclient_mock, homes=("home", "cabin"))
    flow = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER}, data=GIVEN)
    assert flow["step_id"] == "home"
    made = await hass.config_entries.flow.async_configure(flow["flow_id"], {"home": "home"})
    assert made["data"]["home"] == "home"


REFUSED = [(403, "invalid_auth"), (401, "invalid_auth"), (500, "cannot_connect")]


@pytest.mark.parametrize(("status", "error"), REFUSED)
async def test_what_is_wrong_is_said(hass, aioclient_mock, status, error):
    serve(aioclient_mock, status=status)
    flow = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER}, data=GIVEN)
    assert flow["errors"] == {"base": error}
    serve(aioclient_mock, homes=())
    flow = await hass.config_entries.flow.async_configure(flow["flow_id"], GIVEN)
    assert flow["errors"] == {"base": "no_home"}


async def test_sensors_show_the_end_of_the_log(hass, aioclient_mock):
    entry = await set_up(hass, aioclient_mock)
    assert entry.state is ConfigEntryState.LOADED
    activity = hass.states.get("sensor.home_current_activity")
    assert activity.state == "meal preparation"
    assert activity.attributes["since"] == "2024-03-01T11:00:00"
    unusual = hass.states.get("binary_sensor.home_unusual_today")
    assert (unusual.state, unusual.attributes["p_value"]) == ("on", 0.01)
    # While the app recognises anew, the earlier answer holds; without an answer there is none.
    for status, state in ((202, "meal preparation"), (500, "unavailable"), (200, "unknown")):
        serve(aioclient_mock, now={**NOW, "activity": None, "unusual": None}, status=status)
        async_fire_time_changed(hass, dt.utcnow() + timedelta(minutes=3))
        await hass.async_block_till_done(wait_background_tasks=True)
        assert hass.states.get("sensor.home_current_activity").state == state, status
    assert hass.states.get("binary_sensor.home_unusual_today").state == "unknown"
    assert await hass.config_entries.async_unload(entry.entry_id)


async def test_a_refused_token_is_asked_for_again(hass, aioclient_mock):
    entry = await set_up(hass, aioclient_mock)
    serve(aioclient_mock, status=403)
    async_fire_time_changed(hass, dt.utcnow() + timedelta(minutes=3))
    await hass.async_block_till_done(wait_background_tasks=True)
    (flow,) = hass.config_entries.flow.async_progress()
    assert flow["step_id"] == "reauth_confirm"
    serve(aioclient_mock)
    given = {**GIVEN, "token": "another-token-of-16"}
    done = await hass.config_entries.flow.async_configure(flow["flow_id"], given)
    assert done["reason"] == "reauth_successful"
    assert entry.data["token"] == "another-token-of-16"


async def test_the_tool_searches_and_answers(hass, aioclient_mock, monkeypatch):
    # The llm platform came after the Home Assistant that these tests run in.
    if "homeassistant.components.llm" not in sys.modules:
        platform = types.ModuleType("homeassistant.components.llm")
        platform.LLMTools = dataclasses.make_dataclass("LLMTools", ["tools", ("prompt", str, None)])
        monkeypatch.setitem(sys.modules, platform.__name__, platform)
    from custom_components.discover import llm

    assert llm.async_get_tools(hass, None, helpers.LLM_API_ASSIST) is None
    await set_up(hass, aioclient_mock)
    assert llm.async_get_tools(hass, None, "another") is None
    given = llm.async_get_tools(hass, None, helpers.LLM_API_ASSIST)
    (tool,) = given.tools
    assert tool.name == "discover__search_home_history"
    assert tool.name in given.prompt
    home = f"{ADDRESS}/api/homes/home"
    found = {"asks": "find", "said": "", "refusal": "", "moments": []}
    aioclient_mock.post(f"{home}/ask", json=found)
    aioclient_mock.post(f"{home}/search", json={"note": "", "hits": [HIT]})
    asked = helpers.ToolInput(tool.name, {"question": "someone watches tv"})
    answer = await tool.async_call(hass, asked, None)
    assert answer["homes"][0]["moments"][0]["begin"] == "2024-03-01T11:00:00"
    assert answer["homes"][0]["moments"][0]["rooms"] == ["living room"]
    json.dumps(answer)
    with pytest.raises(Exception, match="question"):
        await tool.async_call(hass, helpers.ToolInput(tool.name, {}), None)
