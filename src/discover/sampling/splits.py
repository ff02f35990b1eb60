"""Share calendar days out to train, validation and test; prove that nothing leaked."""

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from discover.core.artifacts import read_json, write_json
from discover.core.errors import ArtifactError, DataError
from discover.core.reading import mapping_of, taken_apart
from discover.core.seeds import derive_seed
from discover.core.tables import SPLITS
from discover.sampling.config import SplitConfig

__all__ = [
    "DAY_US",
    "assign_days",
    "check_no_leakage",
    "extend_days",
    "read_days",
    "split_codes",
    "write_days",
]

DAY_US = 86_400_000_000


def assign_days(n_days: int, config: SplitConfig) -> NDArray[np.int8]:
    """Split of each active day (days with events, in order of the calendar).

    Day counts follow the ratios by largest remainder, and every split with a ratio above 0 gets at
    least one day, taken from the split that has most.

    Returns:
        (n_days,) codes into `core.tables.SPLITS`.

    Raises:
        DataError: Fewer days than splits.
    """
    ratios = np.asarray(config.ratios, dtype=np.float64)
    wanted = int((ratios > 0).sum())
    if n_days < wanted:
        names = ", ".join(s for s, r in zip(SPLITS, ratios, strict=True) if r > 0)
        raise DataError(
            f"The log has events on {n_days} calendar day{'' if n_days == 1 else 's'}, but {wanted} splits "
            f"({names}) need at least one each. Use a longer log, or leave splits out, for "
            "example --set sampling.split.ratios=[1,0,0] (windows alone; training needs a validation day)."
        )
    exact = ratios / ratios.sum() * n_days
    days = np.floor(exact + 1e-9).astype(np.int64)
    for code in np.argsort(np.round(days - exact, 9), kind="stable")[: n_days - int(days.sum())]:
        days[code] += 1
    for code in np.flatnonzero((ratios > 0) & (days == 0)):
        days[np.argmax(days)] -= 1
        days[code] += 1
    codes = np.repeat(np.arange(len(SPLITS), dtype=np.int8), days)
    if config.strategy == "random":
        order = np.random.default_rng(derive_seed(config.seed, "split days")).permutation(n_days)
        codes = codes[order]
    return codes


def extend_days(
    days: Sequence[date], config: SplitConfig, drawn: Mapping[date, str] | None = None
) -> dict[date, str]:
    """Split of each active day; a day that has one keeps it.

    The rule for days that came after the draw: they are days of the last split that has a share, which is
    test. So nothing that a model was trained or chosen on changes as a log grows. Where a drawn day is gone
    it is another log, and all days are drawn.

    Args:
        days: Active days, in order of the calendar.
        config: How they are drawn.
        drawn: Splits of the days that were shared out before; None: none was.

    Raises:
        DataError: Fewer days than splits.
    """
    if not drawn or not set(drawn) <= set(days):
        return dict(zip(days, (SPLITS[c] for c in assign_days(len(days), config)), strict=True))
    last = [s for s, ratio in zip(SPLITS, config.ratios, strict=True) if ratio > 0][-1]
    return {day: drawn.get(day, last) for day in days}


def write_days(path: Path, days: Mapping[date, str]) -> None:
    """Write the split of each day."""
    write_json(path, {day.isoformat(): split for day, split in sorted(days.items())})


def read_days(path: Path) -> dict[date, str]:
    """Read what `write_days` wrote, or somebody's own choice of days.

    Raises:
        ArtifactError: The file is missing or damaged, or names another split.
    """
    with taken_apart(path, "Delete it to draw all days again."):
        days = {date.fromisoformat(day): split for day, split in mapping_of(read_json(path), path).items()}
    wrong = sorted({str(split) for split in days.values()} - set(SPLITS))
    if wrong:
        raise ArtifactError(f"{path} names the split '{wrong[0][:40]}'; the splits are {', '.join(SPLITS)}.")
    return days


def split_codes(
    days: NDArray[np.int64], config: SplitConfig, fixed: Mapping[date, str] | None = None
) -> NDArray[np.int8]:
    """Codes into `core.tables.SPLITS` of active days (days since 1970), as fixed or else as drawn.

    Raises:
        DataError: Fewer days than splits, or a day has no fixed split.
    """
    if fixed is None:
        return assign_days(len(days), config)
    dates = days.astype("datetime64[D]").tolist()
    missing = [day for day in dates if day not in fixed]
    if missing:
        raise DataError(
            f"{len(missing):,} days of the log have no split (first: {missing[0]}). The log was imported "
            "again: run `discover sample`."
        )
    return np.array([SPLITS.index(fixed[day]) for day in dates], dtype=np.int8)


def check_no_leakage(windows: pl.DataFrame) -> None:
    """Prove that no event and no calendar day is in the windows of two splits.

    Exact: for every pair of splits, each window is tested against the furthest end among the other
    split's windows that begin before its own end.

    Args:
        windows: `core.tables.WINDOWS`.

    Raises:
        DataError: Two splits share an event or a day; names the windows.
    """
    parts = {
        split: windows.filter(pl.col("split") == split).sort("first_event", maintain_order=True)
        for split in SPLITS
    }
    for i, left in enumerate(SPLITS):
        for right in SPLITS[i + 1 :]:
            _check_events(parts[left], parts[right])
            _check_days(parts[left], parts[right])


def _check_events(left: pl.DataFrame, right: pl.DataFrame) -> None:
    if not len(left) or not len(right):
        return
    a_first = left["first_event"].to_numpy()
    a_end = np.maximum.accumulate(a_first + left["n_events"].to_numpy())
    b_first = right["first_event"].to_numpy()
    b_end = b_first + right["n_events"].to_numpy()
    last_before = np.searchsorted(a_first, b_end, side="left") - 1
    shared = (last_before >= 0) & (a_end[np.maximum(last_before, 0)] > b_first)
    if shared.any():
        row = int(np.flatnonzero(shared)[0])
        raise DataError(
            f"{int(shared.sum()):,} windows of split {right['split'][0]} share events with split "
            f"{left['split'][0]} (first: {right['window_id'][row]}). Scores would be too good. "
            "Sample the windows again; if these come from another tool, split by day before windowing."
        )


def _check_days(left: pl.DataFrame, right: pl.DataFrame) -> None:
    def days(part: pl.DataFrame) -> pl.Series:
        return pl.concat([part["start"].dt.date(), part["end"].dt.date()]).unique()

    both = days(left).filter(days(left).is_in(days(right).implode())).sort()
    if len(both):
        raise DataError(
            f"{len(both):,} calendar days have windows in splits {left['split'][0]} and {right['split'][0]} "
            f"(first: {both[0]}). Split by day before windowing: sample the windows again."
        )
