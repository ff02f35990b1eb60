"""Corrections as the app shows them: those of `OpenedHome.corrections`, with times as numbers."""

from discover.app.contract_patterns import Correction, Corrections, NewCorrection
from discover.app.event_arrays import datetime_ms, ms_datetime
from discover.app.home_view import HomeView
from discover.core.errors import ConfigError
from discover.serving.corrections import Correction as Stored
from discover.serving.corrections import rows_of

__all__ = ["correct", "held"]


def held(view: HomeView, *, learned: bool) -> Corrections:
    """The corrections of a home that are about windows, oldest first."""
    own = [c for c in view.opened.corrections if c.home == view.name and c.kind in ("activity", "name")]
    return Corrections(corrections=tuple(_shown(view, c) for c in own), learned=learned)


def correct(view: HomeView, new: NewCorrection) -> Correction:
    """Store what was truly done in a stretch or in some windows, or their name.

    Raises:
        ConfigError: Neither a stretch nor windows are given, or it contradicts another correction.
        DataError: No window is in the stretch.
    """
    stretch = new.begin is not None and new.end is not None
    if not stretch and not new.rows:
        raise ConfigError("A correction needs a stretch (begin and end) or windows (rows). Select one.")
    ids = view.windows["window_id"]
    # Windows say more exactly what is meant than the stretch around them.
    about = (
        {"windows": tuple(ids[view.row(row)] for row in new.rows)}
        if new.rows
        else {"begin": ms_datetime(new.begin or 0.0), "end": ms_datetime(new.end or 0.0)}
    )
    stored = view.opened.correct(new.text, kind=new.kind, home=view.name, note=new.note, **about)
    return _shown(view, stored)


def _shown(view: HomeView, stored: Stored) -> Correction:
    rows = rows_of(stored, view.windows).tolist()
    begin = min((float(view.begin[r]) for r in rows), default=view.events.begin)
    end = max((float(view.end[r]) for r in rows), default=begin)
    ids = view.windows["window_id"]
    return Correction(
        id=stored.id,
        made=stored.made,
        kind="name" if stored.kind == "name" else "activity",
        text=stored.text,
        begin=begin if stored.begin is None else datetime_ms(stored.begin),
        end=end if stored.end is None else datetime_ms(stored.end),
        windows=tuple(ids[r] for r in rows),
        note=stored.note,
    )
