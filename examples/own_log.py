"""Open a log of your own: what is in it, what is guessed, and a first question.

python examples/own_log.py my_log.csv
python examples/own_log.py my_log.csv my_home.yaml    # with the home file you corrected

The first time takes a minute or so (windows, captions, text vectors); later times are quick.
"""

import sys

import discover


def main() -> None:
    """Describe the log, then show three moments of the night."""
    log, *home = sys.argv[1:]
    opened = discover.open(log, home=home[0] if home else None)
    print(opened.describe())
    print(opened.search("someone is up at night", top_k=3, hours="23-5"))
    print(opened.events.head())


if __name__ == "__main__":
    main()
