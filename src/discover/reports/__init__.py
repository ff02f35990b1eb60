"""The report page and its figures; the only room that draws."""

from discover.reports.embedding_figures import MapInputs
from discover.reports.found_sections import Found, found_in
from discover.reports.pages import StageNote
from discover.reports.report import ReportInputs, write_report
from discover.reports.timeline_figures import draw_timeline

__all__ = ["Found", "MapInputs", "ReportInputs", "StageNote", "draw_timeline", "found_in", "write_report"]
