"""What was done when, without a label: a timeline of activities for a log or a trained model's windows.

python examples/recognise.py trained_models/demo/demo timeline
"""

import sys

import discover


def main() -> None:
    """Print the time per activity and the first segments, and write tables and a picture."""
    path, folder = sys.argv[1:3]
    found = discover.open(path).recognise()
    print(found)
    print(found.segments.select("activity", "start", "end", "confidence").head(8))
    print("Wrote", *(file.name for file in found.write(folder)))


if __name__ == "__main__":
    main()
