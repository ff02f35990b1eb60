"""The report page and its figures; the only room that draws."""

from discover.reports.inputs import ReportInputs, StageNote
from discover.reports.report import write_report

__all__ = ["ReportInputs", "StageNote", "write_report"]
