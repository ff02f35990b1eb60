"""Behaviour over days and weeks: where and when, rare days, and what changed between two periods."""

from typing import TYPE_CHECKING

from discover.core.lazy import lazy_names

if TYPE_CHECKING:
    from discover.changes.company import marks_of_company
    from discover.changes.comparing import Change, Comparison, TooFewDaysError, compare_periods
    from discover.changes.config import ChangeConfig, ChangeSource, RollingConfig
    from discover.changes.countable import check_countable, countable_by
    from discover.changes.grid import (
        TimeGrid,
        build_grid,
        marks_of_lists,
        marks_of_objects,
        marks_of_windows,
        thin_windows,
    )
    from discover.changes.periods import Period, parse_period
    from discover.changes.rolling import (
        MeasuredWindow,
        RollingComparison,
        RollingWindow,
        compare_rolling,
        compare_windows,
    )

__all__ = [
    "Change",
    "ChangeConfig",
    "ChangeSource",
    "Comparison",
    "MeasuredWindow",
    "Period",
    "RollingComparison",
    "RollingConfig",
    "RollingWindow",
    "TimeGrid",
    "TooFewDaysError",
    "build_grid",
    "check_countable",
    "compare_periods",
    "compare_rolling",
    "compare_windows",
    "countable_by",
    "marks_of_company",
    "marks_of_lists",
    "marks_of_objects",
    "marks_of_windows",
    "parse_period",
    "thin_windows",
]

__getattr__ = lazy_names(__name__)
