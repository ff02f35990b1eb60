"""What became more, less, earlier or later: two periods of a log or of a trained model's home.

python examples/changes.py my_log.txt 2024-01-01..2024-01-14 2024-01-15..2024-01-28
"""

import sys

import discover


def main() -> None:
    """Compare time in rooms, and list the three surest differences whether or not they pass."""
    path, baseline, period = sys.argv[1:4]
    compared = discover.open(path).changes(baseline, period, by="room", min_days=4)
    print(compared)
    surest = compared.table.sort("q_value").head(3)
    print(surest.select("thing", "measure", "difference", "q_value"))


if __name__ == "__main__":
    main()
