"""The history of a running Home Assistant, by its REST interface.

Only the address that the user gives is asked. The token comes from an environment variable, is sent to that
address alone (no redirection is followed), and is stored nowhere.
"""

import http.client
import os
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

import polars as pl

from discover.core.errors import ConfigError, DataError
from discover.core.reading import parse_json
from discover.homes.home_assistant.history import state_rows
from discover.homes.home_assistant.states import LONGEST_ID, Entity, Mark

__all__ = ["TOKEN_VARIABLE", "HistoryServer"]

TOKEN_VARIABLE = "DISCOVER_HOME_ASSISTANT_TOKEN"
"""Environment variable with a long-lived access token."""

_TIMEOUT_S = 60.0
_MOST_BYTES = 256 * 2**20
_AT_ONCE = 50
_DAYS = 10
"""Home Assistant keeps ten days by default."""
_HOUR_US = 3_600_000_000


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *arguments: Any, **named: Any) -> None:
        return None


class HistoryServer:
    """States of a server."""

    def __init__(self, address: str, *, days: int = _DAYS) -> None:
        """Take the address, such as http://homeassistant.local:8123.

        Raises:
            ConfigError: No token is in the environment.
        """
        self._address, self._days = address.rstrip("/"), days
        self._token = os.environ.get(TOKEN_VARIABLE, "")
        if not self._token:
            raise ConfigError(
                f"{address} needs an access token. Make one on your profile page in Home Assistant and put "
                f"it into the environment variable {TOKEN_VARIABLE}; it is not stored."
            )
        self._opener = urllib.request.build_opener(_NoRedirect, urllib.request.ProxyHandler({}))

    @property
    def notes(self) -> Sequence[str]:
        """What the user should know of the server."""
        return []

    @property
    def time_zone(self) -> str:
        """As the server is configured."""
        found = self._get("/api/config")
        zone = found.get("time_zone") if isinstance(found, dict) else None
        return zone if isinstance(zone, str) else ""

    @cached_property
    def entities(self) -> list[Entity]:
        """All entities that have a state now."""
        found = self._get("/api/states")
        listed = [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []
        entities = []
        for one in listed:
            entity, state, attributes = one.get("entity_id"), one.get("state"), one.get("attributes")
            if isinstance(entity, str) and 0 < len(entity) <= LONGEST_ID:
                facts: Mapping[str, Any] = attributes if isinstance(attributes, dict) else {}
                entities.append(Entity(entity, entity, 0, state if isinstance(state, str) else "", facts))
        return sorted(entities, key=lambda e: e.id)

    def same_entity(self, key: str, before: Mark) -> bool:
        """The interface knows entities by their ids only."""
        return True

    def rows(self, after: Mark) -> Iterator[pl.DataFrame]:
        """Rows day by day, from an hour before the mark on, or of the last ten days."""
        now, number = datetime.now(UTC), after.row + 1
        begin = now - timedelta(days=self._days)
        if after.time:
            begin = datetime.fromtimestamp((after.time - _HOUR_US) / 1e6, UTC)
        while begin < now:
            end = min(begin + timedelta(days=1), now)
            for first in range(0, len(self.entities), _AT_ONCE):
                table = self._period(begin, end, self.entities[first : first + _AT_ONCE])
                if len(table):
                    yield state_rows(table, self.entities, after, number)
                    number += len(table)
            begin = end

    def _period(self, begin: datetime, end: datetime, entities: Sequence[Entity]) -> pl.DataFrame:
        query = urllib.parse.urlencode(
            {
                "filter_entity_id": ",".join(e.id for e in entities),
                "end_time": end.isoformat(),
                "significant_changes_only": "0",
                "no_attributes": "",
                "minimal_response": "",
            }
        )
        found = self._get(f"/api/history/period/{urllib.parse.quote(begin.isoformat())}?{query}")
        rows: list[tuple[str, str, str]] = []
        for states in found if isinstance(found, list) else []:
            # Only the first and the last state of an entity say whose they are.
            states = [s for s in states if isinstance(s, dict)] if isinstance(states, list) else []
            entity = next((str(s["entity_id"]) for s in states if "entity_id" in s), "")
            rows += [(entity, str(s.get("state", "")), str(s.get("last_changed", ""))) for s in states]
        return pl.DataFrame(rows, schema=["entity_id", "state", "last_changed"], orient="row")

    def _get(self, path: str) -> Any:
        """The JSON answer of one request."""
        request = urllib.request.Request(
            self._address + path,
            headers={"Authorization": f"Bearer {self._token}", "Accept": "application/json"},
        )
        try:
            with self._opener.open(request, timeout=_TIMEOUT_S) as answer:
                content = answer.read(_MOST_BYTES + 1)
        except urllib.error.HTTPError as error:
            error.close()
            advice = (
                f"Check the token in {TOKEN_VARIABLE}." if error.code in (401, 403) else "Check the address."
            )
            raise DataError(f"{self._address} answered {error.code} {error.reason}. {advice}") from error
        except (OSError, http.client.HTTPException, ValueError) as error:
            said = getattr(error, "reason", None) or error
            raise DataError(f"{self._address} cannot be asked ({said}). Check the address.") from error
        if len(content) > _MOST_BYTES:
            raise DataError(f"{self._address} answered with more than 256 MiB. Import its database instead.")
        hint = "Check that it is the address of Home Assistant."
        return parse_json(content, f"The answer of {self._address}", hint=hint, error=DataError)
