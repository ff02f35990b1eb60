"""Asks the app every two minutes what is going on."""

import logging

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_TOKEN, CONF_URL
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ConfigEntryAuthFailed
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator, UpdateFailed

from .app_client import AppClient, AppError, NotReadyError, Present, TokenRefusedError
from .const import CONF_HOME, DOMAIN, UPDATE_EVERY

_LOGGER = logging.getLogger(__name__)

DiscoverEntry = ConfigEntry["DiscoverCoordinator"]


class DiscoverCoordinator(DataUpdateCoordinator[Present]):
    """The end of one home's log, and the client that searches it."""

    config_entry: DiscoverEntry

    def __init__(self, hass: HomeAssistant, entry: DiscoverEntry) -> None:
        """Take address, token and home from the entry."""
        super().__init__(hass, _LOGGER, config_entry=entry, name=DOMAIN, update_interval=UPDATE_EVERY)
        session = async_get_clientsession(hass)
        self.client = AppClient(session, entry.data[CONF_URL], entry.data[CONF_TOKEN])
        self.home: str = entry.data[CONF_HOME]

    async def _async_update_data(self) -> Present:
        try:
            return await self.client.present(self.home)
        except TokenRefusedError as error:
            raise ConfigEntryAuthFailed(str(error)) from error
        except NotReadyError as error:
            # After a sync the app recognises anew; until then the earlier answer holds.
            if self.data is not None:
                return self.data
            raise UpdateFailed(str(error)) from error
        except AppError as error:
            raise UpdateFailed(str(error)) from error
