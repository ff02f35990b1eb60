"""The report page and its figures; the only room that draws.

Names are imported on first use: most rooms need a figure late or never, and the drawing library is large.
"""

from typing import TYPE_CHECKING

from discover.core.lazy import lazy_names

if TYPE_CHECKING:
    from discover.reports.embedding_figures import MapInputs
    from discover.reports.found_sections import Found, found_in
    from discover.reports.pages import StageNote
    from discover.reports.report import ReportInputs, write_report
    from discover.reports.timeline_figures import draw_timeline

__all__ = ["Found", "MapInputs", "ReportInputs", "StageNote", "draw_timeline", "found_in", "write_report"]

__getattr__ = lazy_names(__name__)
