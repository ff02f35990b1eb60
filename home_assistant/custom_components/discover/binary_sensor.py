"""Whether the day so far is unlike the same hours of other days of its kind."""

from homeassistant.components.binary_sensor import BinarySensorEntity
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import DiscoverEntry
from .entity import DiscoverEntity


async def async_setup_entry(
    hass: HomeAssistant, entry: DiscoverEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """One sensor."""
    async_add_entities([UnusualToday(entry.runtime_data, "unusual_today")])


class UnusualToday(DiscoverEntity, BinarySensorEntity):
    """On: unusual. Unknown: too early in the day, or too few days to compare."""

    shown = ("reason", "p_value", "log_ends")

    @property
    def is_on(self) -> bool | None:
        """Whether it is unusual."""
        return self.coordinator.data.unusual
