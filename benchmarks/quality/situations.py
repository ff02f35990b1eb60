"""Situations in homes that no network was trained on: are windows that a sentence is true of nearer to it?

    python -m benchmarks.quality.situations [--weights FILE] [--beside FILE] [--homes 24]

Homes of the generator that taught the network, other seeds, minutes and half hours. The score is the area
under the ROC curve within a home (.5 is chance), where a home has five windows of either kind; its mean over
homes, then over situations. `--beside` adds other weights. Sentences of the bank were trained with; those of
`OWN_WORDS` were written for this table and are in no bank.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.harness import BenchmarkParser, markdown_table, write_result
from benchmarks.quality.any_home import both_scores
from benchmarks.quality.any_home_skew import caption_vectors
from benchmarks.quality.unseen_homes import mean_scores, memoised, simulated_homes
from discover.core.embeddings import unit_rows
from discover.core.tables import ANNOTATIONS, empty_table
from discover.core.window_set import EventLog, WindowSet
from discover.pretraining.any_home import AnyHome
from discover.pretraining.recipe import guessed_home
from discover.pretraining.situation_truth import situation_truth
from discover.pretraining.situations import situations
from discover.sampling import sample_windows
from discover.sampling.config import SamplingConfig, SplitConfig
from discover.simulator import RandomLifeConfig, simulate_random
from discover.text_encoders import build_text_encoder
from discover.text_encoders.config import TextEncoderConfig

FIRST_SEED = 9_200_000
DAYS, WINDOWS, WORDINGS, LEAST = 6, 200, 4, 5
CUTS_S = (60.0, 1800.0)
FAMILIES = {
    "who is there": "somebody_home nobody_home one_at_home company_at_home two_at_home "
    "many_at_home everyone_home someone_out guests no_guests carer_here "
    "cleaner_here same_room different_rooms left_alone someone_ill",
    "asleep and awake": "someone_asleep nobody_asleep all_asleep someone_awake one_up_one_asleep "
    "first_up last_up",
    "somebody in a room": "somebody_in two_in only_in",
    "nobody in a room": "nobody_in unused",
    "stays, in and out": "short_stay long_stay in_and_out back_in",
    "ways between rooms": "way",
    "quiet and movement": "quiet_hour_before no_quiet_before quiet_hour_after one_room_active "
    "many_rooms_active hardly_any_movement much_movement",
    "how long": "sat_half_hour sat_for_hours in_bed_for_hours short_stop one_thing_long "
    "many_things back_after_long back_after_short home_briefly",
    "in what order": "after_getting_up before_bed just_came_home about_to_leave after_meal "
    "before_meal after_shower after_toilet after_cooking after_everyone_left "
    "before_guests after_guests while_cooking_and_other",
    "interrupted, repeated": "up_at_night up_again_at_night restless_night back_to_bed "
    "many_toilet_visits meal_interrupted tv_interrupted busy_door many_snacks "
    "broken_off",
    "left open, left on": "fridge_left_open front_door_left_open wardrobe_left_open stove_left_on "
    "stove_on_nobody_there tv_left_on lamp_left_on something_left_on "
    "all_closed light_all_night",
    "things used": "used",
    "things not used": "unused_thing",
    "time of day": "small_hours before_dawn early_morning late_morning lunchtime afternoon "
    "late_afternoon evening late_evening night_time day_time weekend "
    "working_day",
    "furniture": "at_bed at_couch at_armchair at_table at_desk at_stove at_sink at_basin "
    "at_toilet at_shower outdoors_at_home",
    "activity, how long": "long quick lasting brief",
    "activity, what hour": "late early by_day weekend_act",
    "activity, in company": "alone together others_asleep",
    "activity, in order": "after_waking before_bed_act after_coming_home before_leaving interrupted again",
    "activity, where": "in_bed on_couch at_table_act in_armchair",
}
"""Rows of the table: situations by the part of their key before the dot; see `family_of`."""
OWN_WORDS = (
    ("nobody_home", "the place stands empty, they have all gone"),
    ("one_at_home", "mother is by herself in the flat"),
    ("two_at_home", "a pair of people are in"),
    ("guests", "we have callers over"),
    ("someone_asleep", "one of them is in dreamland"),
    ("all_asleep", "the household slumbers"),
    ("one_up_one_asleep", "he is pottering about, she has not woken yet"),
    ("nobody_in.kitchen", "the kitchen is unattended"),
    ("somebody_in.kitchen", "activity around the worktop and the cooker"),
    ("somebody_in.bathroom", "the washroom is taken"),
    ("nobody_in.living_room", "the lounge is vacant"),
    ("two_in.kitchen", "a couple of people next to each other by the cooker"),
    ("in_and_out.kitchen", "popping into the kitchen over and over"),
    ("long_stay.bathroom", "she has been in the bathroom worryingly long"),
    ("unused.kitchen", "it is ages since anybody set foot in the kitchen"),
    ("way.bedroom.bathroom", "from bed straight to the loo"),
    ("quiet_hour_before", "not a single motion in the sixty minutes before"),
    ("many_rooms_active", "all over the house"),
    ("much_movement", "very hectic"),
    ("hardly_any_movement", "as good as motionless"),
    ("sat_for_hours", "glued to the chair for ages"),
    ("one_thing_long", "absorbed in one occupation for ages"),
    ("after_getting_up", "first minutes out of bed"),
    ("before_bed", "winding down for the night"),
    ("just_came_home", "just back through the door"),
    ("about_to_leave", "on the point of heading out"),
    ("before_meal", "food will be on the table any minute"),
    ("after_meal", "everybody has had their fill"),
    ("up_at_night", "out of bed at an ungodly hour"),
    ("many_toilet_visits", "needs the loo all the time"),
    ("busy_door", "people traipse through the entrance constantly"),
    ("fridge_left_open", "forgotten fridge, its door ajar"),
    ("front_door_left_open", "the entrance was not shut"),
    ("stove_left_on", "the cooker is burning on and on"),
    ("tv_left_on", "the TV plays to an empty room"),
    ("light_all_night", "the lamp was never put out overnight"),
    ("unused.fridge", "nobody touches the refrigerator"),
    ("unused.front_door", "nobody passes the entrance"),
    ("small_hours", "three o'clock at night"),
    ("lunchtime", "twelve or one o'clock"),
    ("weekend", "Saturdays and Sundays"),
    ("long.cook_dinner", "an elaborate supper takes ages to prepare"),
    ("quick.cook_dinner", "throws supper together"),
    ("late.watch_tv", "the telly is on close to midnight"),
    ("alone.eat_dinner", "eats supper all alone"),
    ("others_asleep.cook", "potters with pans while the rest sleep"),
    ("before_leaving.groom", "gets spruced up to head out"),
)
"""Situations in words that no bank has."""

# Shape letters: W windows, N situations or sentences, D vector width.


@dataclass(frozen=True)
class Asked:
    """Windows of one home.

    Attributes:
        captions: (W, D) what captions say.
        truth: (W, N) of `situation_truth`.
    """

    windows: tuple[WindowSet, ...]
    captions: NDArray[np.float32]
    truth: NDArray[np.uint8]


def asked_home(seed: int, encoder: Callable[..., NDArray[np.float32]]) -> Asked:
    """Simulate a home and cut minutes and half hours."""
    right = seed % 5 < 3
    life = simulate_random(RandomLifeConfig(seed=seed, days=DAYS, metadata="right" if right else "as_found"))
    home = life.home if right else guessed_home(life.home, life.events)
    log = EventLog(home, life.events, empty_table(ANNOTATIONS))
    sets, truths = [], []
    for seconds in CUTS_S:
        config = SamplingConfig(duration_s=seconds, overlap_train=0, split=SplitConfig(ratios=(1, 0, 0)))
        sampled = sample_windows(log, config)
        rows = np.random.default_rng(seed).permutation(len(sampled.windows))[:WINDOWS]
        windows = sampled.windows[np.sort(rows).tolist()]
        sets.append(WindowSet.of(home, life.events if sampled.events is None else sampled.events, windows))
        truths.append(situation_truth(life, windows))
    captions = np.concatenate([caption_vectors(w, encoder) for w in sets])  # type: ignore[arg-type]
    return Asked(tuple(sets), unit_rows(captions), np.concatenate(truths))


def areas(scores: NDArray[np.floating], truth: NDArray[np.uint8]) -> NDArray[np.float64]:
    """(N,) area under the ROC curve of each column; NaN with fewer than `LEAST` windows of either kind."""
    order = np.argsort(scores, axis=0, kind="stable")
    found = np.take_along_axis(truth, order, axis=0)
    true, false = found == 1, found == 0
    pairs = true.sum(axis=0) * false.sum(axis=0)
    ahead = (true * np.cumsum(false, axis=0)).sum(axis=0)
    enough = (true.sum(axis=0) >= LEAST) & (false.sum(axis=0) >= LEAST)
    return np.where(enough, ahead / np.maximum(pairs, 1), np.nan)


def rows_of(
    home: Asked,
    sentences: NDArray[np.float32],
    networks: dict[str, AnyHome],
    encode_text: Callable[[Sequence[str]], NDArray[np.float32]],
) -> dict[str, NDArray[np.float32]]:
    """(W, N) cosines of each way to ask."""
    text = home.captions @ unit_rows(sentences).T
    found = {"captions": text}
    for name, network in networks.items():
        vectors = np.concatenate([network.embed(w, encode_text) for w in home.windows])
        plain = vectors @ unit_rows(sentences).T
        drawn = vectors @ network.project_text(sentences).T
        found |= {
            name: plain,
            f"{name}, as search asks": both_scores(text, drawn),
            f"{name} and captions": (text + plain) / 2,
        }
    return found


def family_of(key: str) -> str:
    """The row of the table that a situation belongs to."""
    head, _, rest = key.partition(".")
    things = {"unused": "unused_thing"} if rest and rest not in ("kitchen", "bathroom", "living_room") else {}
    acts = (
        {"weekend": "weekend_act", "before_bed": "before_bed_act", "at_table": "at_table_act"} if rest else {}
    )
    name = (things | acts).get(head, head)
    return next(family for family, members in FAMILIES.items() if name in members.split())


def main() -> None:
    """Score and write the table."""
    parser = BenchmarkParser(__doc__)
    parser.add_argument("--weights", type=Path, help="Weights beside their card; default: the packaged ones.")
    parser.add_argument("--beside", type=Path, help="Other weights to compare with.")
    parser.add_argument("--homes", type=int, default=24)
    arguments = parser.parse_args()
    networks = {"network": AnyHome.load(arguments.weights)}
    if arguments.beside:
        networks["other weights"] = AnyHome.load(arguments.beside)
    told = [f"--{n} {getattr(arguments, n)}" for n in ("weights", "beside") if getattr(arguments, n)]
    command = " ".join(["python -m benchmarks.quality.situations", *told, f"--homes {arguments.homes}"])
    write_result("situations", command, report(networks, arguments.homes))


def report(networks: dict[str, AnyHome], n_homes: int) -> str:
    """The tables."""
    encoder = build_text_encoder(TextEncoderConfig(type="minilm", precision="fp32"))
    encode_text = memoised()
    seeds = range(FIRST_SEED, FIRST_SEED + n_homes)
    keys = [s.key for s in situations()]
    rng = np.random.default_rng(0)
    worded = [[s.sentences[i] for i in rng.permutation(len(s.sentences))[:WORDINGS]] for s in situations()]
    sentences = np.asarray(encoder.encode([w for ws in zip(*worded, strict=True) for w in ws], kind="query"))
    own = np.asarray(encoder.encode([w for _, w in OWN_WORDS], kind="query"))
    columns = [keys.index(key) for key, _ in OWN_WORDS]
    per_home: dict[str, list[NDArray[np.float64]]] = {}
    own_per_home: dict[str, list[NDArray[np.float64]]] = {}
    for seed in seeds:
        home = asked_home(seed, encoder)  # type: ignore[arg-type]
        both = np.concatenate([sentences, own]).astype(np.float32)
        for row, scores in rows_of(home, both, networks, encode_text).items():
            bank = scores[:, : len(sentences)].reshape(len(scores), WORDINGS, len(keys))
            found = np.stack([areas(bank[:, i], home.truth) for i in range(WORDINGS)])
            per_home.setdefault(row, []).append(found.mean(axis=0))
            own_per_home.setdefault(row, []).append(
                areas(scores[:, len(sentences) :], home.truth[:, columns])
            )
    means = {row: _mean(values) for row, values in per_home.items()}
    homes = (~np.isnan(np.stack(per_home["captions"]))).sum(axis=0)
    told = np.array([family_of(key) for key in keys])
    families = [
        (
            family,
            int((homes[told == family] > 0).sum()),
            *(f"{np.nanmean(v[told == family]):.2f}" for v in means.values()),
        )
        for family in FAMILIES
    ]
    families.append(("all", int((homes > 0).sum()), *(f"{np.nanmean(v):.2f}" for v in means.values())))
    own_means = {row: _mean(values) for row, values in own_per_home.items()}
    own_rows = [
        (key, words, *(f"{v[i]:.2f}" for v in own_means.values()))
        for i, (key, words) in enumerate(OWN_WORDS)
        if not np.isnan(own_means["captions"][i])
    ]
    own_rows.append(("mean", "", *(f"{np.nanmean(v):.2f}" for v in own_means.values())))
    order = [i for i in np.argsort(means["network"]) if homes[i] >= 3]
    ends = [
        (keys[i], int(homes[i]), *(f"{v[i]:.2f}" for v in means.values()))
        for i in [*order[:15], *order[-15:]]
    ]
    rows = [*means]
    parts = [
        f"{n_homes} homes from seed {FIRST_SEED:,}, {DAYS} days each, at most {WINDOWS} minutes and as many "
        "half hours of each.",
        "## Situations of the bank, four wordings each",
        markdown_table(["family", "situations", *rows], families),
        "## Own words, in no bank",
        markdown_table(["situation", "words", *rows], own_rows),
        "## The fifteen worst and best of the network",
        markdown_table(["situation", "homes", *rows], ends),
        "## Activities of the same homes, accuracy and macro F1",
        _activities(networks, seeds, encode_text),
    ]
    return "\n\n".join(parts)


def _activities(
    networks: dict[str, AnyHome], seeds: range, encode_text: Callable[[Sequence[str]], NDArray[np.float32]]
) -> str:
    homes = simulated_homes(seeds[:24])
    rows = []
    for name, network in networks.items():
        for row, (accuracy, f1) in mean_scores(homes, network, encode_text).items():
            rows.append((name, row, f"{accuracy:.3f}", f"{f1:.3f}"))
    return markdown_table(["weights", "scores", "accuracy", "macro F1"], rows)


def _mean(values: list[NDArray[np.float64]]) -> NDArray[np.float64]:
    """(N,) mean over homes that have an answer; NaN without."""
    table = np.stack(values)
    known = ~np.isnan(table)
    return np.where(known.any(axis=0), np.nansum(table, axis=0) / np.maximum(known.sum(axis=0), 1), np.nan)


if __name__ == "__main__":
    main()
