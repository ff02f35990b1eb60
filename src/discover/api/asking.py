"""A question asked of an opened home."""

import datetime as dt
from typing import TYPE_CHECKING

from discover.api.ask_result import AskResult
from discover.core.errors import ConfigError
from discover.query import check_question
from discover.serving.asker import Asker

if TYPE_CHECKING:
    from discover.api.opened import OpenedHome

__all__ = ["ask_home"]


def ask_home(
    opened: "OpenedHome",
    question: str,
    *,
    now: dt.datetime | str | None = None,
    home: str | None = None,
    top_k: int = 5,
) -> AskResult:
    """Answer one question; `OpenedHome.ask` says what each argument means."""
    if isinstance(now, str):
        try:
            now = dt.datetime.fromisoformat(now)
        except ValueError:
            raise ConfigError(
                f"now is '{now}'; write it as a date or time, such as 2024-05-15T20:00."
            ) from None
    if now is not None and now.tzinfo is not None:
        now = now.replace(tzinfo=None)
    asker = Asker(opened.searcher, home)
    reply = asker.ask(check_question(question), now=now, top_k=top_k)
    return AskResult(reply, asker.home, now or asker.log_end)
