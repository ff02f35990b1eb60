"""Homes and their logs: what a home is made of, reading its raw log, fetching it, making one up.

import_log          file -> typed events, annotations and an account of every line
write_import        the same, into the home's folder
log_files           the files a log consists of
load_home           a shipped home (milan, aruba, ...) or a YAML file
fetch_log           download a public home's log
report_table        the account as a table
sensor_table        what was guessed of every sensor; label_table: labels with counts; file_table: the file
home_file_text      a home's YAML with the guesses filled in
training_needs      what a log lacks before a model can be trained on it
"""

from discover.homes._foreign_rows import named_columns
from discover.homes._labels_in_lines import label_key
from discover.homes._plan import log_files
from discover.homes._unpack_limits import LIMIT_VARIABLE as UNPACK_LIMIT_VARIABLE
from discover.homes.activity_labels import coarse_labels, everyday_activities
from discover.homes.fetch import fetch_log
from discover.homes.importing import ImportedLog, import_log, write_import
from discover.homes.mirrors import is_archived_home, known_mirrors
from discover.homes.overview import (
    ALLOWED_TYPES,
    file_table,
    guess_notes,
    home_file_text,
    label_table,
    labels_without_sentence,
    sensor_table,
    training_needs,
)
from discover.homes.registry import HomeSummary, list_homes, load_home, unknown_home
from discover.homes.report import ImportReport, report_table

__all__ = [
    "ALLOWED_TYPES",
    "UNPACK_LIMIT_VARIABLE",
    "HomeSummary",
    "ImportReport",
    "ImportedLog",
    "coarse_labels",
    "everyday_activities",
    "fetch_log",
    "file_table",
    "guess_notes",
    "home_file_text",
    "import_log",
    "is_archived_home",
    "known_mirrors",
    "label_key",
    "label_table",
    "labels_without_sentence",
    "list_homes",
    "load_home",
    "log_files",
    "named_columns",
    "report_table",
    "sensor_table",
    "training_needs",
    "unknown_home",
    "write_import",
]
