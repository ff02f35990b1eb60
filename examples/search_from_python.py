"""Ask a trained model from Python: a sentence, a time of day, and the moments that fit.

discover run --config configs/pipelines/demo.yaml
python examples/search_from_python.py trained_models/demo/demo "someone opens the fridge"
"""

import sys
from pathlib import Path

from discover.retrieval import SearchFilters, SearchOptions, format_hit
from discover.serving import Searcher


def main() -> None:
    """Print the three best moments of the night, then of any time."""
    folder, text = Path(sys.argv[1]), sys.argv[2]
    searcher = Searcher.open(folder)
    for title, filters in (("At night", SearchFilters(hours=(22, 5))), ("At any time", SearchFilters())):
        print(f"{title}: {text}")
        for moment in searcher.search(text, SearchOptions(top_k=3, filters=filters)):
            print(format_hit(moment, searcher.window_set, max_lines=4))
        print()


if __name__ == "__main__":
    main()
