"""DISCOVER in Home Assistant: what is done now, what is unusual, and a tool that searches the past."""

from homeassistant.const import Platform
from homeassistant.core import HomeAssistant

from .coordinator import DiscoverCoordinator, DiscoverEntry

PLATFORMS = [Platform.BINARY_SENSOR, Platform.SENSOR]


async def async_setup_entry(hass: HomeAssistant, entry: DiscoverEntry) -> bool:
    """Ask the app once, then set the sensors up."""
    coordinator = DiscoverCoordinator(hass, entry)
    await coordinator.async_config_entry_first_refresh()
    entry.runtime_data = coordinator
    await hass.config_entries.async_forward_entry_setups(entry, PLATFORMS)
    return True


async def async_unload_entry(hass: HomeAssistant, entry: DiscoverEntry) -> bool:
    """Take the sensors away."""
    return await hass.config_entries.async_unload_platforms(entry, PLATFORMS)
