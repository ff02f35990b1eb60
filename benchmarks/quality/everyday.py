"""How rightly the parsers read everyday sentences, and how often they turn one into its opposite.

    python -m benchmarks.quality.everyday                  the development speakers, each wrong reading shown
    python -m benchmarks.quality.everyday --held-out       held-out and fresh speakers; only totals

The readings and the rules of scoring are in benchmarks/queries/everyday/README.md. No home, no model, no log.
"""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from benchmarks.harness import BenchmarkParser, markdown_table, write_result
from benchmarks.queries.everyday_home import everyday_lexicon
from discover.query import ParsedQuery, QueryParser, Thing, parse_question

NOW = dt.datetime(2024, 5, 15, 20)
FOLDER = Path(__file__).parents[1] / "queries" / "everyday"
PARTS = ("development", "held_out", "fresh_first", "fresh_second", "fresh_third", "fresh_fourth")
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True)
class Sentence:
    """One sentence with the reading that it should have."""

    speaker: str
    text: str
    kind: str
    reading: Mapping[str, Any]


def load_sentences(part: str) -> list[Sentence]:
    """The sentences of a folder of benchmarks/queries/everyday, as in `PARTS`."""
    found = []
    for path in sorted((FOLDER / part).glob("*.yaml")):
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
        found += [
            Sentence(values["speaker"], entry.pop("text"), entry.pop("type"), entry)
            for entry in values["sentences"]
        ]
    return found


def wrong_keys(query: ParsedQuery, reading: Mapping[str, Any]) -> list[str]:
    """The keys of a reading that the query does not meet."""
    checks = {
        "asks": query.asks in str(reading.get("asks", "find")).split("|"),
        "what": _matched(_names(query.wanted), reading.get("what", ())),
        "without": _matched(_without(query), reading.get("without", ())),
        "hours": _same_hours(query.hours, reading.get("hours")),
        "days": _same_days(query.days, reading.get("days")),
        "weekdays": [_WEEKDAYS[d] for d in query.weekdays] == list(reading.get("weekdays", ())),
        "lasts": _same_bounds(query.lasts, reading.get("lasts"), 0.35),
        "times": _same_bounds(query.times, reading.get("times"), 0.0),
        "people": _same_bounds(query.people, reading.get("people"), 0.0),
        "compare": _same_comparison(query, reading.get("compare")),
        "refused": query.refused == reading.get("refused"),
        "order": _same_order(query, reading.get("order")),
        "unread": set(reading.get("unread", ())) <= set(query.unread),
    }
    return [key for key, right in checks.items() if not right]


def inverted(query: ParsedQuery, reading: Mapping[str, Any]) -> bool:
    """Whether something wanted is read as unwanted, or the reverse, or a comparison the other way round."""
    wanted = {n for w in reading.get("what", ()) for n in w.strip("()").split("|")}
    unwanted = {n for w in reading.get("without", ()) for n in w.split("|")}
    if (wanted - unwanted) & set(_without(query)) or (unwanted - wanted) & set(_names(query.wanted)):
        return True
    other = {"more": "less", "less": "more", "earlier": "later", "later": "earlier"}
    compare = reading.get("compare")
    read = query.comparison
    return bool(compare and read and other.get(compare["direction"]) == read.direction)


def _names(things: Sequence[Thing]) -> list[str]:
    return [_SAME.get(t.name, t.name) for t in things]


_SAME = {"sofa": "couch", "cooker": "stove", "telly": "tv", "television": "tv", "lounge": "living room",
         "loo": "toilet", "oven": "oven"}  # fmt: skip


def _without(query: ParsedQuery) -> list[str]:
    return _names(query.unwanted) + (["at home"] if query.empty else [])


def _matched(found: Sequence[str], wanted: Sequence[str]) -> bool:
    """Every needed one is there, and nothing that is not named."""
    left = list(found)
    for one in wanted:
        allowed = one.strip("()").split("|")
        hit = next((n for n in left if n in allowed), None)
        if hit is not None:
            left.remove(hit)
            left = [n for n in left if n not in allowed]
        elif not one.startswith("("):
            return False
    return not left


def _same_hours(found: Sequence[tuple[float, float]], wanted: Sequence[float] | None) -> bool:
    if not wanted or not found:
        return not wanted and not found
    minute = np.arange(1440) / 60

    def mask(a: float, b: float) -> np.ndarray:
        inside: np.ndarray = (minute >= a) & (minute < b) if a < b else (minute >= a) | (minute < b)
        return inside

    one, other = np.any([mask(*h) for h in found], axis=0), mask(*wanted)
    return bool((one & other).sum() >= 0.5 * (one | other).sum())


def _same_days(found: Any, wanted: str | None) -> bool:
    if found is None or wanted is None:
        return found is None and wanted is None
    first, last = (dt.date.fromisoformat(d) for d in str(wanted).split(".."))
    day = dt.timedelta(days=1)
    return abs(found.first - first) <= day and abs(found.last - last) <= day


def _same_bounds(found: Any, wanted: Sequence[float] | None, slack: float) -> bool:
    if found is None or wanted is None:
        return found is None and wanted is None
    return all(
        a == b or (np.isfinite(a) and np.isfinite(b) and abs(a - b) <= slack * max(a, b))
        for a, b in zip((found.low, found.high), wanted, strict=True)
    )


def _same_comparison(query: ParsedQuery, wanted: Mapping[str, Any] | None) -> bool:
    read = query.comparison
    if read is None or wanted is None:
        return read is None and wanted is None
    if read.direction != wanted["direction"]:
        return False
    if wanted["with"] in ("usual", "weekdays"):
        return read.days is None and read.others == (wanted["with"] == "weekdays")
    return _same_days(read.days, wanted["with"])


def _same_order(query: ParsedQuery, wanted: Sequence[str] | None) -> bool:
    if wanted is None:
        return True
    names = _names(query.wanted)
    at = [next((i for i, n in enumerate(names) if n in w.split("|")), -1) for w in wanted]
    return query.ordered and 0 <= at[0] < at[1]


def scored(
    parser: QueryParser, sentences: Sequence[Sentence]
) -> Iterator[tuple[Sentence, ParsedQuery, list[str], bool]]:
    """Each sentence with its reading, the keys that are wrong, and whether it is inverted."""
    lexicon = everyday_lexicon()
    for sentence in sentences:
        query = parser(sentence.text, lexicon, NOW)
        yield sentence, query, wrong_keys(query, sentence.reading), inverted(query, sentence.reading)


def main() -> None:
    """Score, and write benchmarks/results/everyday.md with --held-out."""
    parser = BenchmarkParser(__doc__)
    parser.add_argument(
        "--held-out", action="store_true", help="Score the held-out speakers and write the result."
    )
    arguments = parser.parse_args()
    tables = {}
    for part in PARTS if arguments.held_out else PARTS[:1]:
        rows = list(scored(parse_question, load_sentences(part)))
        for sentence, query, wrong, flipped in rows if not arguments.held_out else ():
            if wrong:
                print(f"{'INVERTED ' if flipped else ''}{sentence.text}\n    wrong: {', '.join(wrong)}")
                print(
                    f"    read: {query.asks} {query.describe()} unread {query.unread} {query.refused or ''}"
                )
        tables[part] = _table(rows)
        right, flips = sum(not w for _, _, w, _ in rows), sum(f for *_, f in rows)
        print(f"{part}: {right} of {len(rows)} read rightly, {flips} inverted")
    if arguments.held_out:
        body = "\n\n".join(f"## {part}\n\n{table}" for part, table in tables.items())
        print(f"Wrote {write_result('everyday', 'python -m benchmarks.quality.everyday --held-out', body)}")


def _table(rows: Sequence[tuple[Sentence, ParsedQuery, list[str], bool]]) -> str:
    groups: dict[str, list[tuple[bool, bool]]] = {}
    for sentence, _, wrong, flipped in rows:
        for group in ("all", f"speaker {sentence.speaker}", f"type {sentence.kind}"):
            groups.setdefault(group, []).append((not wrong, flipped))
    cells = [
        (group, len(found), f"{sum(r for r, _ in found) / len(found):.2f}", sum(f for _, f in found))
        for group, found in sorted(groups.items())
    ]
    return markdown_table(("", "sentences", "read rightly", "inverted"), cells)


if __name__ == "__main__":
    main()
