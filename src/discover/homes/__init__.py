"""Homes and their logs: what a home is made of, reading its raw log, fetching it, making one up.

import_log          file -> typed events, annotations and an account of every line
write_import        the same, into the home's folder
log_files           the files a log consists of
load_home           a shipped home (milan, aruba, ...) or a YAML file
fetch_log           download a public home's log
report_table        the account as a table
"""

from discover.homes._plan import log_files
from discover.homes.activity_labels import coarse_labels
from discover.homes.fetch import fetch_log
from discover.homes.importing import ImportedLog, import_log, write_import
from discover.homes.registry import HomeSummary, list_homes, load_home, unknown_home
from discover.homes.report import ImportReport, report_table

__all__ = [
    "HomeSummary",
    "ImportReport",
    "ImportedLog",
    "coarse_labels",
    "fetch_log",
    "import_log",
    "list_homes",
    "load_home",
    "log_files",
    "report_table",
    "unknown_home",
    "write_import",
]
