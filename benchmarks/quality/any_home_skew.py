"""The shipped network on simulated homes that it never saw, as they are and skewed.

    python -m benchmarks.quality.any_home_skew

Homes of the generator that taught it, other seeds: the gain says little about real homes, the losses do. Two
activities in turn are made 50 to 95 % of a home's windows by leaving others out at random.
"""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from benchmarks.harness import BenchmarkParser, markdown_table, write_result
from benchmarks.quality.any_home import both_scores
from discover.captions import CaptionConfig, caption_windows
from discover.core.tables import ANNOTATIONS, empty_table
from discover.core.window_set import EventLog, WindowSet
from discover.homes.activity_labels import activity_for
from discover.metrics.classification import classification_scores
from discover.pretraining.any_home import AnyHome
from discover.pretraining.lessons import activity_names, window_shares
from discover.pretraining.recipe import guessed_home
from discover.recognition import PromptSet, centre_scores, place_prompts, prompt_scores
from discover.sampling import sample_windows
from discover.sampling.config import SamplingConfig, SplitConfig
from discover.simulator import RandomLifeConfig, simulate_random
from discover.text_encoders import build_text_encoder
from discover.text_encoders.config import TextEncoderConfig
from discover.text_encoders.encoder import TextEncoder

SEEDS = range(9_000_000, 9_000_016)
DAYS, WINDOWS = 6, 350
SHARES = (0.5, 0.8, 0.9, 0.95)
CENTRING = (0.0, 0.3)
LABELS = {
    "Sleep": "sleep nap lie_awake rest_ill",
    "Bed_to_Toilet": "bed_to_toilet",
    "Meal_Preparation": "cook_breakfast cook_lunch cook_dinner bake",
    "Eating": "eat_breakfast eat_lunch eat_dinner",
    "Wash_Dishes": "wash_dishes load_dishwasher empty_dishwasher",
    "Personal_Hygiene": "groom wash_hands brush_teeth use_toilet",
    "Bathing": "shower take_bath",
    "Watch_TV": "watch_tv",
    "Read": "read",
    "Work": "work_at_desk study homework online_meeting paperwork use_computer",
    "Housekeeping": "vacuum mop tidy_up clean_bathroom clean_kitchen make_bed change_sheets",
    "Leave_Home": "leave_home",
    "Enter_Home": "enter_home",
    "Dress": "dress undress",
}
"""Labels of an imagined data set, and the simulator's activities that each stands for."""


@dataclass(frozen=True)
class Scored:
    """Windows of one home with a label: text-only and network scores (W, K), and the label (W,)."""

    text: NDArray[np.float32]
    network: NDArray[np.float32]
    labels: NDArray[np.int64]

    def only(self, rows: NDArray[np.int64]) -> "Scored":
        """Some windows."""
        return Scored(self.text[rows], self.network[rows], self.labels[rows])


def simulated_windows(
    seed: int, days: int, most: int, labels: Mapping[str, str] = LABELS
) -> tuple[WindowSet, NDArray[np.float64]]:
    """Minutes of a simulated home, at most so many, and the share of each label in them, (W, K)."""
    right = seed % 5 < 3
    life = simulate_random(RandomLifeConfig(seed=seed, days=days, metadata="right" if right else "as_found"))
    home = life.home if right else guessed_home(life.home, life.events)
    log = EventLog(home, life.events, empty_table(ANNOTATIONS))
    sampled = sample_windows(log, SamplingConfig(overlap_train=0, split=SplitConfig(ratios=(1, 0, 0))))
    events = life.events if sampled.events is None else sampled.events
    rows = np.random.default_rng(seed).permutation(len(sampled.windows))[:most]
    windows = sampled.windows[np.sort(rows).tolist()]
    covers = np.array(
        [[a in acts.split() for acts in labels.values()] for a in activity_names()], dtype=float
    )
    ends = windows.with_columns(last_event=pl.col("first_event") + pl.col("n_events") - 1)
    return WindowSet.of(home, events, windows), window_shares(
        events, ends, life.truth, life.true_home
    ) @ covers


def caption_vectors(window_set: WindowSet, encoder: TextEncoder) -> NDArray[np.float32]:
    """The vector of one caption of each window, (W, D)."""
    told = caption_windows(window_set, CaptionConfig(style="baseline", n_captions=1))
    caption_of = dict(zip(told["window_id"].to_list(), told["caption"].to_list(), strict=True))
    return np.asarray(encoder.encode([caption_of[i] for i in window_set.windows["window_id"].to_list()]))


def label_prompts() -> PromptSet:
    """`LABELS` with the sentences that unknown homes' labels get."""
    return PromptSet("described", tuple(LABELS), tuple(activity_for(label).described for label in LABELS))


def score_home(seed: int, network: AnyHome, encoder: TextEncoder) -> Scored:
    """Simulate a home, cut minutes, and score those that one label fills to at least half."""
    window_set, shares = simulated_windows(seed, DAYS, WINDOWS)
    prompts = label_prompts()
    sentences = np.asarray(encoder.encode(prompts.sentences, kind="query"))
    placed = place_prompts(prompts, sentences, encoder.encode, network.project_text)
    captions = caption_vectors(window_set, encoder)
    vectors = network.embed(window_set, encoder.encode)
    kept = np.flatnonzero(shares.max(axis=1) >= 0.5)
    return Scored(
        prompt_scores(captions[kept], sentences, prompts.owners),
        prompt_scores(vectors[kept], placed, prompts.owners),
        shares[kept].argmax(axis=1),
    )


def skewed(home: Scored, seed: int) -> dict[str, list[Scored]]:
    """The home as it is, and with each of its two commonest labels at each share, where windows suffice."""
    rng = np.random.default_rng(seed)
    found = {"as it is": [home]}
    common = np.argsort(-np.bincount(home.labels, minlength=len(LABELS)), kind="stable")[:2]
    for label, share in itertools.product(common, SHARES):
        mine, others = (np.flatnonzero(x) for x in (home.labels == label, home.labels != label))
        wanted = round(len(mine) * (1 - share) / share)
        if wanted <= len(others):
            others = rng.permutation(others)[:wanted]
        else:
            mine = rng.permutation(mine)[: round(len(others) * share / (1 - share))]
        if len(mine) + len(others) >= 20 and len(others) >= 2:
            found.setdefault(f"{share:.0%} in one", []).append(home.only(np.r_[mine, others]))
    return found


def rows_of(case: Scored) -> dict[str, tuple[float, float]]:
    """Accuracy and macro F1 of every row."""
    both = both_scores(case.text, case.network)
    rows = {"text only": case.text, "network alone": case.network}
    for strength in CENTRING:
        name = "both" + (f", centred {strength:g}" if strength else "")
        rows[name] = centre_scores(both, both, strength=strength)
    labels = np.array(list(LABELS))
    result = {}
    for name, scores in rows.items():
        found = classification_scores(labels[case.labels], labels[scores.argmax(axis=1)]).scores
        result[name] = (found["accuracy"], found["macro_f1"])
    return result


def table(cases: Mapping[str, Sequence[Scored]]) -> str:
    """Means per kind of case, and how often and how far accuracy falls below text only."""
    rows = []
    for kind, found in cases.items():
        scores = [rows_of(case) for case in found]
        for name in scores[0]:
            lost = [s[name][0] - s["text only"][0] for s in scores]
            accuracy, macro = np.mean([s[name] for s in scores], axis=0)
            losers = f"{sum(x < -0.01 for x in lost)} of {len(lost)}"
            rows.append((kind, name, f"{accuracy:.3f}", f"{macro:.3f}", losers, f"{min(lost):+.3f}"))
    columns = ("home", "row", "accuracy", "macro F1", "lose over 1 point", "worst accuracy - text only")
    return markdown_table(columns, rows)


def main() -> None:
    """Measure and write benchmarks/results/any_home_skew.md."""
    arguments = BenchmarkParser(__doc__).parse_args()
    del arguments
    network = AnyHome.load()
    encoder = build_text_encoder(TextEncoderConfig(type="minilm"))
    cases: dict[str, list[Scored]] = {}
    for seed in SEEDS:
        home = score_home(seed, network, encoder)
        if len(home.labels) >= 40:
            for kind, found in skewed(home, seed).items():
                cases.setdefault(kind, []).extend(found)
    body = (
        f"{len(cases['as it is'])} simulated homes (seeds {SEEDS[0]:,} to {SEEDS[-1]:,}), {DAYS} days, up to "
        f"{WINDOWS} windows of a minute each, {len(LABELS)} labels. Network {network.sha256[:12]}.\n\n"
        + table(cases)
    )
    print(f"Wrote {write_result('any_home_skew', 'python -m benchmarks.quality.any_home_skew', body)}")


if __name__ == "__main__":
    main()
