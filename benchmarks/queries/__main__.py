"""Check the queries against the windows of homes, without any model.

    python -m benchmarks.queries data/processed/casas/bosch_b2/FD_60 [more sampling folders] [--set held_out]

Prints, per query, how many test windows have grade 1 and 2, and why a query does not count in a home.
"""

import argparse
from pathlib import Path

from benchmarks.harness import markdown_table
from benchmarks.queries import QUERY_FILES, WindowView, load_queries
from benchmarks.queries.query_set import grade_windows, why_not
from discover.core.window_set import load_window_set


def main() -> None:
    """Print one table for all homes."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("sampling", type=Path, nargs="+", help="Sampling folders, such as .../FD_60.")
    parser.add_argument("--split", default="test")
    parser.add_argument(
        "--set", dest="name", choices=list(QUERY_FILES), default="main", help="Which queries."
    )
    arguments = parser.parse_args()
    query_set = load_queries(arguments.name)
    views = [
        WindowView(load_window_set(f).of_split(arguments.split), query_set.concepts)
        for f in arguments.sampling
    ]
    rows = []
    for query in query_set.queries:
        cells: list[str] = []
        for view in views:
            grades = grade_windows(query, view)
            reason = query.not_in.get(view.home.name, "") or why_not(query, view, grades)
            cells.append(
                f"{int((grades == 2).sum())} + {int((grades == 1).sum())}{' — ' + reason if reason else ''}"
            )
        rows.append((query.type, query.text, "yes" if query.portable else "", *cells))
    homes = [f"{view.home.name} (of {view.n:,})" for view in views]
    print(f"{len(rows)} queries, sha256 {query_set.sha256}\n")
    print(markdown_table(("type", "query", "portable", *homes), rows))


if __name__ == "__main__":
    main()
