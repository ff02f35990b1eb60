"""Questions to a running `discover app`; nothing here imports Home Assistant.

Routes and shapes: docs/reference/app_api.md of discover-v2.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

_TIMEOUT_S = 30
_LONGEST = 2_000


class AppError(Exception):
    """The app cannot be reached, or its answer is not one."""


class TokenRefusedError(AppError):
    """The app does not take the token."""


class NotReadyError(AppError):
    """The app is still opening the home, or recognises what was done in it."""


@dataclass(frozen=True)
class Present:
    """The end of a home's log.

    Attributes:
        activity: What was recognised last; None: not sure.
        unusual: Whether the day so far is unlike others; None: it cannot be said.
        facts: Times (ISO, wall clock of the home), confidence and reason, for attributes.
    """

    activity: str | None
    unusual: bool | None
    facts: Mapping[str, Any]


class AppClient:
    """One app, asked with an aiohttp session, or with one that has the same `request`."""

    def __init__(self, session: Any, address: str, token: str) -> None:
        self._session, self.address = session, address.rstrip("/")
        self._headers = {"Authorization": f"Bearer {token}", "X-Discover": "1"}

    async def homes(self) -> dict[str, str]:
        """Id and name of each home of the app."""
        facts = await self._ask("GET", "/api/app")
        return {home["id"]: home["title"] or home["name"] for home in facts["homes"]}

    async def present(self, home: str) -> Present:
        """What is done now, as far as the home's last sync."""
        found = await self._ask("GET", f"/api/homes/{home}/now")
        times = {name: wall_clock(found[name]) for name in ("since", "until")}
        facts = {
            **times,
            "log_ends": wall_clock(found["time"]),
            **{k: found[k] for k in ("confidence", "p_value", "reason")},
        }
        return Present(found["activity"], found["unusual"], facts)

    async def search(self, home: str, question: str, limit: int = 5) -> dict[str, Any]:
        """An answer in words where the question asks for a number or a time, and moments that match."""
        text = question.strip()[:_LONGEST]
        answered = await self._ask("POST", f"/api/homes/{home}/ask", {"question": text})
        if answered["asks"] != "find" and (answered["said"] or answered["refusal"]):
            moments = [
                {"begin": wall_clock(span["begin"]), "end": wall_clock(span["end"])}
                for span in answered["moments"][:limit]
            ]
            return {"answer": answered["said"] or answered["refusal"], "moments": moments}
        found = await self._ask("POST", f"/api/homes/{home}/search", {"query": text, "k": limit})
        return {"answer": found["note"], "moments": [_moment(hit) for hit in found["hits"]]}

    async def _ask(self, method: str, path: str, body: Any = None) -> Any:
        try:
            async with asyncio.timeout(_TIMEOUT_S):
                async with self._session.request(
                    method, self.address + path, headers=self._headers, json=body
                ) as response:
                    status, answer = response.status, await response.json(content_type=None)
        except (TimeoutError, OSError, ValueError) as error:
            raise AppError(f"{self.address} does not answer: {error or type(error).__name__}") from error
        except Exception as error:
            # aiohttp's errors, without importing aiohttp here.
            if type(error).__module__.split(".")[0] != "aiohttp":
                raise
            raise AppError(f"{self.address} does not answer: {error}") from error
        said = answer.get("error", "") if isinstance(answer, dict) else ""
        if status in (401, 403, 421):
            raise TokenRefusedError(said)
        if status in (202, 409, 503):
            raise NotReadyError(said)
        if not 200 <= status < 300 or not isinstance(answer, dict):
            raise AppError(f"{self.address} answers {status}: {said}")
        return answer


def wall_clock(ms: float | None) -> str | None:
    """A time of the app, milliseconds of the home's own clock, as ISO without a zone."""
    if ms is None:
        return None
    return datetime.fromtimestamp(ms / 1000, UTC).replace(tzinfo=None).isoformat(timespec="seconds")


def _moment(hit: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "begin": wall_clock(hit["begin"]),
        "end": wall_clock(hit["end"]),
        "rooms": [room.replace("_", " ") for room in hit["rooms"]],
        "activity": hit["activity"],
        "events": list(hit["lines"][:6]),
    }
