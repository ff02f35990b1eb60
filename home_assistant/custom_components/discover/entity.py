"""What both sensors share."""

from typing import Any

from homeassistant.helpers.device_registry import DeviceEntryType, DeviceInfo
from homeassistant.helpers.update_coordinator import CoordinatorEntity

from .const import DOMAIN
from .coordinator import DiscoverCoordinator


class DiscoverEntity(CoordinatorEntity[DiscoverCoordinator]):
    """A sensor of one home."""

    _attr_has_entity_name = True
    shown: tuple[str, ...] = ()

    def __init__(self, coordinator: DiscoverCoordinator, key: str) -> None:
        """Name it by its key; translations hold the words."""
        super().__init__(coordinator)
        entry = coordinator.config_entry
        self._attr_translation_key = key
        self._attr_unique_id = f"{entry.entry_id}_{key}"
        self._attr_device_info = DeviceInfo(
            identifiers={(DOMAIN, entry.entry_id)},
            name=entry.title,
            manufacturer="DISCOVER-v2",
            entry_type=DeviceEntryType.SERVICE,
        )

    @property
    def extra_state_attributes(self) -> dict[str, Any]:
        """Times and reasons."""
        facts = self.coordinator.data.facts
        return {name: facts[name] for name in self.shown if facts[name] is not None}
