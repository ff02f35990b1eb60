"""Setting up: address, token, and the home where the app has several."""

from collections.abc import Mapping
from typing import Any

import voluptuous as vol
from homeassistant.config_entries import ConfigFlow, ConfigFlowResult
from homeassistant.const import CONF_TOKEN, CONF_URL
from homeassistant.helpers.aiohttp_client import async_get_clientsession

from .app_client import AppClient, AppError, TokenRefusedError
from .const import CONF_HOME, DEFAULT_ADDRESS, DOMAIN


class DiscoverConfigFlow(ConfigFlow, domain=DOMAIN):
    """Asks the app for its homes before anything is stored."""

    VERSION = 1

    def __init__(self) -> None:
        """Nothing is known yet."""
        self._given: dict[str, Any] = {}
        self._homes: dict[str, str] = {}

    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Address and token."""
        errors = await self._find_homes(user_input)
        if user_input is None or errors:
            return self._form("user", errors, user_input or {})
        if len(self._homes) == 1:
            return await self.async_step_home({CONF_HOME: next(iter(self._homes))})
        return await self.async_step_home()

    async def async_step_home(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Which home."""
        if user_input is None:
            choice = vol.Schema({vol.Required(CONF_HOME): vol.In(self._homes)})
            return self.async_show_form(step_id="home", data_schema=choice)
        home = user_input[CONF_HOME]
        await self.async_set_unique_id(f"{self._given[CONF_URL]}/{home}")
        self._abort_if_unique_id_configured()
        return self.async_create_entry(title=self._homes[home], data={**self._given, CONF_HOME: home})

    async def async_step_reauth(self, entry_data: Mapping[str, Any]) -> ConfigFlowResult:
        """The app takes the token no more."""
        return await self.async_step_reauth_confirm()

    async def async_step_reauth_confirm(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """A new token."""
        entry = self._get_reauth_entry()
        errors = await self._find_homes(user_input)
        if user_input is None or errors:
            return self._form("reauth_confirm", errors, user_input or dict(entry.data))
        return self.async_update_reload_and_abort(entry, data_updates=self._given)

    async def _find_homes(self, given: dict[str, Any] | None) -> dict[str, str]:
        if given is None:
            return {}
        self._given = {CONF_URL: given[CONF_URL].rstrip("/"), CONF_TOKEN: given[CONF_TOKEN]}
        client = AppClient(async_get_clientsession(self.hass), given[CONF_URL], given[CONF_TOKEN])
        try:
            self._homes = await client.homes()
        except TokenRefusedError:
            return {"base": "invalid_auth"}
        except AppError:
            return {"base": "cannot_connect"}
        return {} if self._homes else {"base": "no_home"}

    def _form(self, step: str, errors: dict[str, str], known: Mapping[str, Any]) -> ConfigFlowResult:
        schema = vol.Schema(
            {
                vol.Required(CONF_URL, default=known.get(CONF_URL, DEFAULT_ADDRESS)): str,
                vol.Required(CONF_TOKEN): str,
            }
        )
        return self.async_show_form(step_id=step, data_schema=schema, errors=errors)
