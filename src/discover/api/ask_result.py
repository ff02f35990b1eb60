"""The answer to a question, as it is shown: what was understood, a number or sentence, a chart, moments."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from discover.api.shown import Part, Shown, Table
from discover.serving.replies import PerDay, Reply

__all__ = ["AskResult"]

_BAR = 30
_LONGEST = 31


@dataclass(frozen=True)
class AskResult(Shown):
    """One question and its answer.

    Attributes:
        reply: The answer.
        home: Name of the home.
        now: What relative days were counted from.
    """

    reply: Reply
    home: str
    now: dt.datetime

    @property
    def value(self) -> float | None:
        """Times or hours a day, hours of the day, or a difference; None where the answer is no number."""
        return self.reply.value

    @property
    def interval(self) -> tuple[float, float] | None:
        """95 % interval of the number; None with fewer than 8 days."""
        reply = self.reply
        return None if reply.low is None or reply.high is None else (reply.low, reply.high)

    def parts(self) -> Iterator[Part]:
        """What was understood, the answer, one bar per day, and the moments."""
        reply, query = self.reply, self.reply.query
        understood = "; ".join(query.describe())
        yield f"Understood: {query.asks}{': ' if understood else ''}{understood} (home {self.home})."
        if query.unread:
            yield f"Not understood: {', '.join(repr(word) for word in query.unread)}."
        yield from query.notes
        if reply.refusal:
            yield f"No answer: {reply.refusal}"
            return
        yield reply.said
        yield from reply.notes
        if reply.how:
            yield f"Read from: {'; '.join(reply.how)}."
        if reply.per_day is not None and len(reply.per_day.days) > 1:
            yield _chart(reply.per_day)
        if reply.moments:
            rows = [(f"{m.begin:%a %Y-%m-%d %H:%M:%S}", *_until(m.begin, m.end)) for m in reply.moments]
            more = reply.n_moments - len(reply.moments)
            title = f"Moments ({more:,} more: --top-k)" if more > 0 else "Moments"
            yield Table(("begin", "end", "lasts"), rows, title)

    def as_json(self) -> dict[str, Any]:
        """Plain data."""
        reply = self.reply
        return {
            "question": reply.query.text,
            "home": self.home,
            "now": self.now.isoformat(),
            "understood": reply.query.model_dump(mode="json", exclude={"text"}),
            "answer": reply.said,
            "refusal": reply.refusal,
            "value": reply.value,
            "interval": self.interval,
            "read_from": list(reply.how),
            "notes": [*reply.query.notes, *reply.notes],
            "per_day": None
            if reply.per_day is None
            else {
                "unit": reply.per_day.unit,
                "values": _by_day(reply.per_day),
            },
            "n_moments": reply.n_moments,
            "moments": [{"begin": m.begin.isoformat(), "end": m.end.isoformat()} for m in reply.moments],
        }  # fmt: skip

    def write_figure(self, path: Path | str) -> Path:
        """Draw the values per day into an SVG or PNG file.

        Raises:
            DataError: The answer has no values per day.
            ConfigError: Another ending than .svg or .png.
        """
        from discover.core.errors import DataError
        from discover.reports.ask_figures import write_per_day

        per_day = self.reply.per_day
        if per_day is None:
            raise DataError(
                "This answer has no number per day, so nothing can be drawn. Ask how often, how long or when."
            )
        return write_per_day(Path(path), per_day.days, per_day.values, per_day.title)

    def _repr_html_(self) -> str:
        from discover.reports.ask_figures import per_day_svg

        shown = super()._repr_html_()
        per_day = self.reply.per_day
        return shown if per_day is None else shown + per_day_svg(per_day.days, per_day.values, per_day.title)


def _chart(per_day: PerDay) -> str:
    """One bar per day; per hour of the day where the values are times of day."""
    values = per_day.values
    if per_day.unit == "o'clock":
        hours = np.floor(values % 24).astype(int)
        order = [h % 24 for h in range(int(np.floor(values.min())), int(np.floor(values.max())) + 1)]
        rows = [(f"{h:02d}:00", int((hours == h).sum()), f"{(hours == h).sum()}") for h in order]
    else:
        shown = list(zip(per_day.days, values.tolist(), strict=True))[-_LONGEST:]
        rows = [(f"{d:%a %m-%d}", v, f"{v:.1f}" if per_day.unit == "hours" else f"{v:g}") for d, v in shown]
    most = max((v for _, v, _ in rows), default=0) or 1
    left_out = f" (the last {_LONGEST} days)" if len(values) > len(rows) and per_day.unit != "o'clock" else ""
    lines = [f"{per_day.title}{left_out}"]
    lines += [f"  {name:>9}  {'█' * round(_BAR * v / most):<{_BAR}} {text}" for name, v, text in rows]
    return "\n".join(lines)


def _by_day(per_day: PerDay) -> dict[str, float]:
    return {str(d): round(float(v), 4) for d, v in zip(per_day.days, per_day.values, strict=True)}


def _until(begin: dt.datetime, end: dt.datetime) -> tuple[str, str]:
    seconds = round((end - begin).total_seconds())
    if seconds == 0:
        return "", ""
    hours, minutes = divmod(round(seconds / 60), 60)
    lasts = f"{hours} h {minutes:02d} min" if hours else f"{minutes} min" if seconds >= 60 else f"{seconds} s"
    return f"{end:%H:%M:%S}" if end.date() == begin.date() else f"{end:%a %H:%M:%S}", lasts
