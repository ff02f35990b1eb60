"""Windows in, captions out: `caption_windows`."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import polars as pl

from discover.captions.captioners import CAPTIONERS
from discover.captions.compose import CaptionColumn, hash_ids
from discover.captions.config import CaptionConfig
from discover.captions.facts import home_facts
from discover.captions.phrases import Phrases
from discover.captions.summary import summarise_windows
from discover.core.errors import DataError
from discover.core.event_semantics import event_codes
from discover.core.progress import SILENT, Progress
from discover.core.tables import CAPTIONS, empty_table, validate_table
from discover.core.window_set import WindowSet

__all__ = ["caption_windows"]

_BLOCK = 16_384
"""Windows described at a time: keeps memory flat; the captions do not depend on it."""


def caption_windows(
    window_set: WindowSet, config: CaptionConfig, progress: Progress = SILENT
) -> pl.DataFrame:
    """Write the captions of windows.

    A window's captions depend on the window, its id, the home's description and `config` alone: not on
    the other windows, their order or the number of processes. No label is an input.

    Args:
        window_set: Windows with their events, of one home or several.
        config: Style, number of captions, seed.
        progress: Receives the number of finished windows.

    Returns:
        `core.tables.CAPTIONS`, `config.n_captions` rows per window, home by home in the order of the windows,
        captions of one window distinct.

    Raises:
        DataError: A window holds no event or points outside the event table, or a captioner gives a wrong
            number of sentences or the same sentence twice for a window.
        ConfigError: No captioner has the name `config.style`.
    """
    progress.start("describing windows", len(window_set.windows))
    blocks = [block for _, part in window_set.by_home() for block in _blocks(part, config, progress)]
    progress.finish()
    if not blocks:
        return empty_table(CAPTIONS)
    return validate_table(pl.concat(blocks), CAPTIONS, "captions")


def _blocks(window_set: WindowSet, config: CaptionConfig, progress: Progress) -> Iterator[pl.DataFrame]:
    """Captions of one home's windows, block by block."""
    _check_offsets(window_set)
    windows, events = window_set.windows, window_set.events
    sensor_E, state_E = event_codes(events)
    facts = home_facts(window_set.home, events)
    build = CAPTIONERS[config.style]
    for begin in range(0, len(windows), _BLOCK):
        block = replace(window_set, windows=windows.slice(begin, _BLOCK))
        phrases = Phrases(summarise_windows(block, facts, sensor_E, state_E), facts)
        ids = block.windows["window_id"]
        columns = build(phrases, hash_ids(ids), config.n_captions, config.seed)
        _check_columns(columns, len(ids), config)
        progress.advance(len(ids))
        yield _interleave(ids, columns)


def _interleave(ids: pl.Series, columns: Sequence[CaptionColumn]) -> pl.DataFrame:
    """Rows of one window together, in order of caption index."""
    w, n = len(ids), len(columns)
    order = np.arange(n * w).reshape(n, w).T.ravel()
    return pl.DataFrame(
        {
            "window_id": ids.gather(np.repeat(np.arange(w), n)),
            "caption_index": pl.Series(np.tile(np.arange(n, dtype=np.int16), w)),
            "style": pl.Series([c.style for c in columns]).gather(np.tile(np.arange(n), w)),
            "caption": pl.concat([c.text for c in columns]).gather(order),
        }
    )


def _check_offsets(window_set: WindowSet) -> None:
    windows, n_events = window_set.windows, len(window_set.events)
    last = pl.col("first_event") + pl.col("n_events")
    bad = windows.filter((pl.col("n_events") < 1) | (pl.col("first_event") < 0) | (last > n_events))
    if len(bad):
        raise DataError(
            f"{len(bad):,} windows hold no event or point outside the {n_events:,} events "
            f"(first: {bad['window_id'][0]}). The log was imported again: run `discover sample` again."
        )


def _check_columns(columns: Sequence[CaptionColumn], n_windows: int, config: CaptionConfig) -> None:
    """A captioner of someone else is held to its contract; the project's own pass by construction."""
    wrong = len(columns) != config.n_captions or any(len(c.text) != n_windows for c in columns)
    if wrong or any(c.text.null_count() for c in columns):
        raise DataError(
            f"Captioner '{config.style}' gave {len(columns)} columns of {[len(c.text) for c in columns]} "
            f"sentences for {config.n_captions} captions of {n_windows:,} windows. It must give that many "
            "columns with one sentence per window."
        )
    pairs = ((i, k) for k in range(len(columns)) for i in range(k))
    same = next(((i, k) for i, k in pairs if (columns[i].text == columns[k].text).any()), None)
    if same is not None:
        raise DataError(
            f"Captioner '{config.style}' says the same sentence twice for a window (captions {same[0]} and "
            f"{same[1]}). Captions of one window must be distinct; ask for fewer with captions.n_captions."
        )
