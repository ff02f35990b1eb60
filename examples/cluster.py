"""Recurring behaviour of a trained model's home: clusters with a title and a sentence each.

python examples/cluster.py trained_models/demo/demo
"""

import sys

import discover


def main() -> None:
    """Find six clusters of sensor counts (quick), and show one window of the largest."""
    home = discover.open(sys.argv[1])
    clusters = home.clusters(method="kmeans", on="bag", k=6, merge_from=0)
    print(clusters)
    largest = clusters.table["id"][0]
    windows = clusters.assignments.filter(cluster=largest).sort("confidence", descending=True)
    print(home.captions.filter(window_id=windows["window_id"][0])["caption"][0])


if __name__ == "__main__":
    main()
