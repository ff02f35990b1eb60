"""The activity that was recognised last."""

from homeassistant.components.sensor import SensorEntity
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import DiscoverEntry
from .entity import DiscoverEntity


async def async_setup_entry(
    hass: HomeAssistant, entry: DiscoverEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """One sensor."""
    async_add_entities([CurrentActivity(entry.runtime_data, "current_activity")])


class CurrentActivity(DiscoverEntity, SensorEntity):
    """As late as the app's last sync; unknown where nothing is sure."""

    shown = ("since", "until", "log_ends", "confidence")

    @property
    def native_value(self) -> str | None:
        """The activity in words."""
        name = self.coordinator.data.activity
        return None if name is None else name.replace("_", " ")
