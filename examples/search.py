"""Search a log or a trained model: a sentence, filters, windows like a window, and the answers as a table.

python examples/search.py trained_models/demo/demo "someone opens the fridge"
"""

import sys

import discover


def main() -> None:
    """Ask at night, ask at any time, and look for more like the best answer."""
    path, text = sys.argv[1:3]
    home = discover.open(path)
    night = home.search(text, top_k=3, hours="22-5")
    print("At night:", night, sep="\n")
    print("At any time:", home.search(text, top_k=3), sep="\n")
    if night:
        print("Like the first:", home.similar(night[0].window_id, top_k=2), sep="\n")
    print(night.table.select("start", "rooms", "score"))


if __name__ == "__main__":
    main()
