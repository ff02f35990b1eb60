"""A tool for language models: search the home's history. Home Assistant's llm platform loads it."""

from typing import Any

import voluptuous as vol
from homeassistant.components.llm import LLMTools
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.llm import LLM_API_ASSIST, LLMContext, Tool, ToolInput

from .app_client import AppError
from .const import DOMAIN
from .coordinator import DiscoverCoordinator

PROMPT = (
    "For questions about the past of this home (what happened, when, how often, how long) call "
    f"`{DOMAIN}__search_home_history`. Its times are the home's own clock. It reads sensors, so it cannot "
    "say who."
)


@callback
def async_get_tools(hass: HomeAssistant, llm_context: LLMContext, api_id: str) -> LLMTools | None:
    """The tool, where a home is set up; for Assist only."""
    if api_id != LLM_API_ASSIST or not _homes(hass):
        return None
    return LLMTools(tools=[SearchHomeHistory()], prompt=PROMPT)


class SearchHomeHistory(Tool):
    """Passes a question on to the app, which answers without a language model."""

    name = f"{DOMAIN}__search_home_history"
    integration = DOMAIN
    description = (
        "Search the sensor history of the home in plain English. Returns an answer in words where the "
        "question asks how often, how long or when, and the moments that match, with times and rooms."
    )
    parameters = vol.Schema(
        {
            vol.Required("question", description="For example: someone opens the fridge at night"): str,
            vol.Optional("limit", default=5): vol.All(vol.Coerce(int), vol.Range(min=1, max=20)),
        }
    )

    async def async_call(
        self, hass: HomeAssistant, tool_input: ToolInput, llm_context: LLMContext
    ) -> dict[str, Any]:
        """Ask every home that is set up."""
        given = self.parameters(tool_input.tool_args)
        answers = []
        for coordinator in _homes(hass):
            title = coordinator.config_entry.title
            try:
                found = await coordinator.client.search(coordinator.home, given["question"], given["limit"])
            except AppError as error:
                found = {"error": str(error)}
            answers.append({"home": title, **found})
        return {"homes": answers}


def _homes(hass: HomeAssistant) -> list[DiscoverCoordinator]:
    entries = hass.config_entries.async_entries(DOMAIN)
    return [entry.runtime_data for entry in entries if entry.state is ConfigEntryState.LOADED]
