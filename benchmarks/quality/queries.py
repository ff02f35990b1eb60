"""The free-text query set asked of trained models: nDCG@10 over test windows, per query type.

    python -m benchmarks.quality.queries --model trained_models/bosch_b2/seed_0 \
        --model trained_models/bosch_b2/seed_1 --name b2

Models of one home are seeds of one system. Rows: the aligned model, captions alone (the query against the
mean of a window's caption vectors in the text encoder's space), both again with the time words of the query
read by rule, and a random order. benchmarks/queries/README.md tells what counts as relevant.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from benchmarks.harness import BenchmarkParser, deviation_line, folder_commits, markdown_table, write_result
from benchmarks.queries import (
    QUERY_FILES,
    QUERY_TYPES,
    GradedQueries,
    QuerySet,
    WindowView,
    grade_queries,
    load_queries,
)
from discover.alignment import load_model
from discover.core.config import read_yaml_mapping
from discover.core.embeddings import mean_caption_vectors, unit_rows
from discover.core.errors import ArtifactError
from discover.core.seeds import derive_seed
from discover.core.window_set import load_window_set
from discover.metrics import ndcg_at_k
from discover.metrics.bootstrap import day_draws, sample_interval, seed_draws
from discover.query import PREDICATE_WEIGHT, Lexicon, ParsedQuery, WindowTimes, match_query, parse_question
from discover.retrieval import Activations, build_activations
from discover.retrieval.day_clock import week_minutes
from discover.serving.caption_files import find_caption_style, load_caption_vectors
from discover.serving.home_lexicon import home_lexicon
from discover.serving.index_folders import noted_indexes, samplings_of
from discover.text_encoders import build_text_encoder

__all__ = ["METHODS", "HomeScores", "drawn_ndcg", "score_model"]

METHODS = (
    "aligned",
    "captions",
    "aligned + time words",
    "captions + time words",
    "aligned + query words",
    "captions + query words",
    "query words alone",
    "random order",
)
_PAIRS = (
    ("aligned", "captions"),
    ("aligned + query words", "aligned"),
    ("captions + query words", "captions"),
    ("aligned + query words", "captions + query words"),
    ("aligned + query words", "query words alone"),
)
_K = 10
_DRAWS = 1000
_CHUNK = 200
_DEPTH = 150

_SET_WORDS = {"main": "development set (`main`)", "held_out": "held-out set (`held_out`)"}
_HEAD = (
    "Query files, sha256: {files}. Relevance is decided by rules over events "
    "(benchmarks/queries/README.md).\n\n"
    "- `+ time words`: explicit times of the query put that time first.\n"
    "- `+ query words`: places, objects, absence, duration and movement are read by rule as well, and what "
    "the "
    "sentence denies is not embedded; as `discover search` does.\n"
    "- `query words alone`: the rules without any vector; windows that meet them equally well share the "
    "mean gain.\n\n"
    "Rules of relevance and query words read the same events, so `+ query words` says how much of a "
    "sentence was "
    "understood, not how well vectors hear it. The grammar was written with the kinds of sentences of the "
    "development "
    "set in view: its scores there are development scores. The held-out sentences are by somebody else, "
    "worded "
    "differently, and were not read by the author of the grammar before it was committed. Aim of the "
    "project: .80."
)

# Shape letters: Q queries, N test windows, D days, B bootstrap draws, S seeds.


@dataclass(frozen=True)
class HomeScores:
    """One model's scores.

    Attributes:
        home, sampling: Whose, and the folder of the windows.
        graded: The queries that count, their grades (Q, N).
        scores: Method -> (Q, N).
        day: (N,) day number of each window.
    """

    home: str
    sampling: Path
    graded: GradedQueries
    scores: Mapping[str, NDArray[np.float64]]
    day: NDArray[np.int64]


def score_model(folder: Path, query_sets: Mapping[str, QuerySet]) -> dict[str, HomeScores]:
    """Scores of a model on its home's test windows, per query set.

    Raises:
        ArtifactError: The folder has no model, or its windows or captions are not there.
    """
    model = load_model(folder / "best_model.pt")
    sampling = _sampling_of(folder)
    every = load_window_set(sampling)
    test = every.of_split("test")
    encoder = build_text_encoder(model.text_encoder_config)
    style = find_caption_style([sampling], encoder.config.type, None)
    table = load_caption_vectors([sampling], style, encoder)
    ids = test.windows["window_id"].to_numpy().astype(np.str_)
    sides = {
        "aligned": unit_rows(model.embed_windows(test).vectors),
        "captions": unit_rows(mean_caption_vectors(table, ids)),
    }
    _, day = np.unique(test.windows["start"].dt.date().to_numpy(), return_inverse=True)
    rows = every.windows.with_row_index("row").filter(pl.col("window_id").is_in(ids))["row"].to_numpy()
    # "Long" and "brief" are measured on all windows of the home, as in an index.
    activations, lexicon = build_activations(every), home_lexicon(every.home)

    def ask(texts: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        vectors = encoder.encode(texts, kind="query").astype(np.float32)
        asked = {"aligned": unit_rows(model.project_text(vectors)), "captions": unit_rows(vectors)}
        return {name: asked[name] @ sides[name].T for name in sides}

    found = {}
    for name, query_set in query_sets.items():
        graded = grade_queries(query_set.queries, WindowView(test, query_set.concepts))
        texts = [q.text for q in graded.queries]
        starts = every.windows["start"]
        words = [parse_question(text, lexicon, starts.max()) for text in texts]
        times = WindowTimes(week_minutes(starts), starts.dt.epoch("d").to_numpy())
        bonus = np.stack([_bonus(w, lexicon, activations, times)[rows] for w in words])
        timed = np.stack(
            [PREDICATE_WEIGHT * times.scores(w)[rows] if w.timed else bonus[0] * 0 for w in words]
        )
        plain, left = ask(texts), ask([w.embedded for w in words])
        scores: dict[str, NDArray[np.floating]] = dict(plain)
        scores |= {f"{side} + time words": plain[side] + timed for side in sides}
        scores |= {f"{side} + query words": left[side] + bonus for side in sides}
        scores |= {"query words alone": bonus, "random order": bonus * 0}  # ties share the mean gain
        exact = {method: np.asarray(scores[method], dtype=np.float64) for method in METHODS}
        found[name] = HomeScores(test.home.name, sampling, graded, exact, day.astype(np.int64))
    return found


def _bonus(
    words: ParsedQuery, lexicon: Lexicon, activations: Activations, times: WindowTimes
) -> NDArray[np.float32]:
    """(W,) what query words add to the score of every window of the home."""
    found = match_query(words, "prefer", lexicon, activations, times).bonus if words.count else None
    return np.zeros(len(activations), dtype=np.float32) if found is None else found


def drawn_ndcg(
    scores_N: NDArray[np.float64], grades_N: NDArray[np.int8], weights_BN: NDArray[np.int64], k: int = _K
) -> NDArray[np.float64]:
    """nDCG@k of one query when window n counts weights[b, n] times, shape (B,); NaN without a relevant one.

    Windows that tie are put in a random order of their own, the same in each draw.
    """
    shuffled = np.random.default_rng(derive_seed(0, "ties")).permutation(len(scores_N))
    order = shuffled[np.argsort(-scores_N[shuffled], kind="stable")]
    gained = np.append(0.0, np.cumsum(1 / np.log2(np.arange(2, k + 2))))
    gains = 2.0 ** grades_N[order] - 1
    dcg = np.zeros(len(weights_BN))
    # Ten places are filled long before the last window, unless the best ones are all of days not drawn.
    open_rows = np.arange(len(weights_BN))
    for depth in (_DEPTH, len(order)):
        places = np.minimum(np.cumsum(weights_BN[np.ix_(open_rows, order[:depth])], axis=1), k)
        dcg[open_rows] = np.diff(gained[places], axis=1, prepend=0.0) @ gains[:depth]
        open_rows = open_rows[places[:, -1] < k]
    exact = np.minimum(weights_BN @ (grades_N == 2), k)
    relevant = np.minimum(weights_BN @ (grades_N > 0), k)
    ideal = 3 * gained[exact] + (gained[relevant] - gained[exact])
    result = np.full(len(dcg), np.nan)
    np.divide(dcg, ideal, out=result, where=ideal > 0)
    return result


def differences(
    seeds: Sequence[HomeScores], pairs: Sequence[tuple[str, str]] = _PAIRS
) -> dict[tuple[str, str], tuple[float, float, float]]:
    """Mean difference of nDCG@10 between two methods with its 95 % interval over queries and days."""
    first = seeds[0]
    draws = day_draws(int(first.day.max()) + 1, _DRAWS, 0)
    n_queries = len(first.graded.queries)
    picked = np.random.default_rng(derive_seed(0, "queries")).multinomial(
        n_queries, np.full(n_queries, 1 / n_queries), size=_DRAWS
    )
    by_seed = seed_draws(len(seeds), _DRAWS, 0)
    names = sorted({name for pair in pairs for name in pair})
    drawn = {name: np.zeros((_DRAWS, n_queries)) for name in names}
    for begin in range(0, _DRAWS, _CHUNK):
        weights = draws[begin : begin + _CHUNK][:, first.day]
        for name in names:
            for q in range(n_queries):
                for seed, share in zip(seeds, by_seed.T, strict=True):
                    value = drawn_ndcg(seed.scores[name][q], first.graded.grades[q], weights)
                    drawn[name][begin : begin + _CHUNK, q] += value * share[begin : begin + _CHUNK]
    out = {}
    for a, b in pairs:
        gap = drawn[a] - drawn[b]
        valid = ~np.isnan(gap)
        means = (picked * np.where(valid, gap, 0)).sum(axis=1) / (picked * valid).sum(axis=1)
        value = np.mean([_ndcg(s, a).mean() - _ndcg(s, b).mean() for s in seeds])
        found = sample_interval(float(value), means, 0.95, draws.shape[1])
        out[a, b] = (found.estimate, found.low, found.high)
    return out


def home_section(seeds: Sequence[HomeScores], name: str = "main") -> str:
    """Tables of one home: by type, differences, and each query."""
    graded = seeds[0].graded
    kinds = np.array([q.type for q in graded.queries])
    groups: dict[str, NDArray[np.bool_]] = {t: kinds == t for t in QUERY_TYPES}
    groups["all"] = np.ones(len(kinds), dtype=bool)
    groups["portable"] = np.array([q.portable for q in graded.queries])
    groups = {name: keep for name, keep in groups.items() if keep.any()}
    rows = []
    for method in METHODS:
        values = np.stack([_ndcg(s, method) for s in seeds])
        rows.append((method, *(_spread(values[:, keep].mean(axis=1)) for keep in groups.values())))
    columns = ("", *(f"{name} ({int(keep.sum())})" for name, keep in groups.items()))
    gaps = [
        f"- {a} minus {b}: {d:+.3f}"
        + (f" [{low:+.3f}, {high:+.3f}]{' *' if low > 0 or high < 0 else ''}" if low == low else "")
        for (a, b), (d, low, high) in differences(seeds).items()
    ]
    each = [
        (q.type, q.text, *(f"{np.mean([_ndcg(s, m)[k] for s in seeds]):.2f}" for m in METHODS))
        for k, q in enumerate(graded.queries)
    ]
    skipped = [f"- {text}: {reason}" for text, reason in graded.skipped.items()] or ["- none"]
    head = (
        f"## {seeds[0].home}, {_SET_WORDS.get(name, name)}: {len(kinds)} queries on {len(seeds[0].day):,} "
        f"test windows of "
        f"{int(seeds[0].day.max()) + 1} days, {len(seeds)} seed{'s' if len(seeds) > 1 else ''}"
    )
    return "\n".join(
        (
            head, "",
            deviation_line(seeds[0].sampling, days=int(seeds[0].day.max()) + 1, models=len(seeds)), "",
            "nDCG@10, mean over queries and seeds (least–most over seeds); queries in brackets.",
            "", markdown_table(columns, rows), "",
            "Differences, 95 % interval by bootstrap over queries, seeds and days together (none with fewer "
            "than 8 test days); * excludes 0.", "",
            *gaps, "", "Not asked here:", "", *skipped, "", f"### Each query, {seeds[0].home}, {name}", "",
            markdown_table(("type", "query", *METHODS), each), "",
        )
    )  # fmt: skip


def _ndcg(seed: HomeScores, method: str) -> NDArray[np.float64]:
    return ndcg_at_k(seed.scores[method], seed.graded.grades, _K)


def _spread(values: NDArray[np.float64]) -> str:
    low, high = float(values.min()), float(values.max())
    return f"{values.mean():.3f}" + (f" ({low:.3f}–{high:.3f})" if high - low > 5e-4 else "")


def _sampling_of(folder: Path) -> Path:
    """Where a model's windows are: as its index says, else as its config does."""
    for index in noted_indexes(folder):
        if not index.name.endswith("_p"):
            return samplings_of(index)[0]
    config = folder / "config.yaml"
    if not config.is_file():
        raise ArtifactError(f"No model in {folder}: neither an index nor config.yaml. Name a model's folder.")
    return Path(read_yaml_mapping(config)["val_data_path"]).parent


def main() -> None:
    """Ask, and write benchmarks/results/queries_<name>.md."""
    parser = BenchmarkParser(__doc__)
    parser.add_argument(
        "--model", type=Path, action="append", required=True, help="Folder with best_model.pt."
    )
    parser.add_argument("--name", required=True, help="Results go to benchmarks/results/queries_NAME.md.")
    parser.add_argument(
        "--set",
        dest="sets",
        choices=list(QUERY_FILES),
        action="append",
        help="Which queries. Default: all sets.",
    )
    parser.add_argument("--note", default="", help="A line for the top of the results.")
    arguments = parser.parse_args()
    query_sets = {name: load_queries(name) for name in arguments.sets or QUERY_FILES}
    homes: dict[tuple[str, str], list[HomeScores]] = {}
    for folder in arguments.model:
        for name, scored in score_model(folder, query_sets).items():
            homes.setdefault((scored.home, name), []).append(scored)
    shown = " ".join(f"--model {'/'.join(folder.parts[-3:])}" for folder in arguments.model)
    chosen = "".join(f" --set {name}" for name in arguments.sets or ())
    note = f' --note "{arguments.note}"' if arguments.note else ""
    command = f"python -m benchmarks.quality.queries {shown}{chosen} --name {arguments.name}{note}"
    files = ", ".join(f"{name} {query_set.sha256[:16]}" for name, query_set in query_sets.items())
    body = "\n\n".join(
        (
            *filter(None, [arguments.note]),
            _HEAD.format(files=files),
            folder_commits(*arguments.model, *map(_sampling_of, arguments.model)),
            *(home_section(seeds, name) for (_, name), seeds in homes.items()),
        )
    )
    print(f"Wrote {write_result(f'queries_{arguments.name}', command, body)}")


if __name__ == "__main__":
    main()
