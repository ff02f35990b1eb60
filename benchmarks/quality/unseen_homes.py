"""Homes that no network was trained on, ready to score many networks: real ones and simulated ones.

Real homes are those that settings may be chosen on (never Bosch B2), all their annotated minutes; simulated
ones have other seeds than any training. A network is asked alone and beside captions, as `any_home` does.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.quality.any_home import HOMES, both_scores, captioned_home
from benchmarks.quality.any_home_skew import caption_vectors, simulated_windows
from discover.core.embeddings import mean_caption_vectors
from discover.core.home import NO_ACTIVITY
from discover.core.window_set import WindowSet
from discover.homes.activity_labels import activity_for
from discover.metrics.classification import classification_scores
from discover.pretraining.any_home import AnyHome
from discover.recognition import PromptSet, place_prompts, prompt_scores, prompts_or_names
from discover.text_encoders import build_text_encoder
from discover.text_encoders.config import TextEncoderConfig
from discover.text_encoders.encoder import TextEncoder

__all__ = [
    "LABELS",
    "SCORES",
    "UnseenHome",
    "class_f1",
    "home_scores",
    "mean_scores",
    "memoised",
    "real_homes",
    "simulated_homes",
]

SCORES = ("accuracy", "macro_f1")
SEEDS = range(9_500_000, 9_500_024)
LABELS = {
    "Sleep": "sleep lie_awake rest_ill",
    "Nap": "nap",
    "Bed_to_Toilet": "bed_to_toilet",
    "Toileting": "use_toilet",
    "Personal_Hygiene": "groom wash_hands brush_teeth",
    "Bathing": "shower take_bath",
    "Dress": "dress undress",
    "Meal_Preparation": "cook_breakfast cook_lunch cook_dinner bake pack_lunch",
    "Eating": "eat_breakfast eat_lunch eat_dinner",
    "Snack": "snack",
    "Get_Drink": "get_drink make_hot_drink",
    "Wash_Dishes": "wash_dishes load_dishwasher empty_dishwasher",
    "Take_Medicine": "take_medicine",
    "Watch_TV": "watch_tv",
    "Read": "read",
    "Meditate": "meditate pray",
    "Desk_Activity": "work_at_desk study homework online_meeting paperwork use_computer",
    "Phone_Call": "phone_call video_call",
    "Housekeeping": "vacuum mop tidy_up clean_bathroom clean_kitchen make_bed change_sheets",
    "Laundry": "load_washer hang_laundry iron fold_clothes",
    "Entertain_Guests": "host_guests visit talk",
    "Leave_Home": "leave_home",
    "Enter_Home": "enter_home",
}
"""Labels as public data sets have them, and the simulator's activities that each stands for."""
_BACKGROUND = (NO_ACTIVITY, "other", "other_activity")

# Shape letters: W windows, K labels, D vector width.


@dataclass(frozen=True)
class UnseenHome:
    """Windows with a label, what captions say of them, and the sentences of the labels.

    Attributes:
        text: (W, K) scores of captions alone.
        truth: (W,) label codes.
        sentences: Vectors of the prompts' sentences.
    """

    name: str
    windows: WindowSet
    text: NDArray[np.float32]
    truth: NDArray[np.int64]
    prompts: PromptSet
    sentences: NDArray[np.float32]

    def scores(
        self, network: AnyHome, encode_text: Callable[[Sequence[str]], NDArray[np.float32]]
    ) -> dict[str, NDArray[np.float32]]:
        """(W, K) of captions, of the network, and their mean."""
        vectors = network.embed(self.windows, encode_text)
        placed = place_prompts(self.prompts, self.sentences, encode_text, network.project_text)
        alone = prompt_scores(vectors, placed, self.prompts.owners)
        return {
            "text only": self.text,
            "alone": alone,
            "both": both_scores(self.text, alone),
        }


def real_homes(workspace: Path) -> list[UnseenHome]:
    """Every home with labels whose log is there, but B2; `workspace` keeps windows and caption vectors."""
    found = []
    for name in HOMES:
        if name == "b2":
            continue
        windows, labels, captions, encoder = captioned_home(name, workspace)
        names = tuple(a.label for a in windows.home.activities if a.label not in _BACKGROUND)
        prompts = prompts_or_names(windows.home, "described", names)
        label_of = dict(zip(labels["window_id"].to_list(), labels["label"].to_list(), strict=True))
        told = [label_of[i] for i in windows.windows["window_id"].to_list()]
        kept = [i for i, label in enumerate(told) if label in names]
        rows = windows.windows[kept]
        vectors = mean_caption_vectors(captions, rows["window_id"].to_numpy().astype(np.str_))
        truth = np.array([names.index(told[i]) for i in kept])
        found.append(
            _home(name, WindowSet.of(windows.home, windows.events, rows), vectors, truth, prompts, encoder)
        )
    return found


def simulated_homes(seeds: range = SEEDS, days: int = 6, most: int = 300) -> list[UnseenHome]:
    """Homes of the generator with other seeds than any training, with `LABELS`."""
    encoder = _minilm()
    prompts = PromptSet("described", tuple(LABELS), tuple(activity_for(label).described for label in LABELS))
    found = []
    for seed in seeds:
        windows, shares = simulated_windows(seed, days, most, LABELS)
        kept = np.flatnonzero(shares.max(axis=1, initial=0) >= 0.5)
        if len(kept) < 40:
            continue
        rows = WindowSet.of(windows.home, windows.events, windows.windows[kept.tolist()])
        truth = shares[kept].argmax(axis=1)
        found.append(_home(str(seed), rows, caption_vectors(rows, encoder), truth, prompts, encoder))
    return found


def mean_scores(
    homes: Sequence[UnseenHome], network: AnyHome, encode_text: Callable[[Sequence[str]], NDArray[np.float32]]
) -> dict[str, tuple[float, float]]:
    """Accuracy and macro F1 of every row, means over homes."""
    found = [home_scores(home, network, encode_text) for home in homes]
    return {
        row: (
            float(np.mean([one[row]["accuracy"] for one in found])),
            float(np.mean([one[row]["macro_f1"] for one in found])),
        )
        for row in found[0]
    }


def home_scores(
    home: UnseenHome, network: AnyHome, encode_text: Callable[[Sequence[str]], NDArray[np.float32]]
) -> dict[str, dict[str, float]]:
    """Accuracy and macro F1 of captions, of the network, of both."""
    names = np.array(home.prompts.labels)
    found = {
        row: classification_scores(names[home.truth], names[scores.argmax(axis=1)]).scores
        for row, scores in home.scores(network, encode_text).items()
    }
    return {row: {key: float(scores[key]) for key in SCORES} for row, scores in found.items()}


def class_f1(
    homes: Sequence[UnseenHome], network: AnyHome, encode_text: Callable[[Sequence[str]], NDArray[np.float32]]
) -> list[tuple[str, int, list[float]]]:
    """Windows and F1 per label, all homes together: of captions, the network, both."""
    rows: dict[str, list[NDArray[np.int64]]] = {}
    for home in homes:
        for row, scores in home.scores(network, encode_text).items():
            rows.setdefault(row, []).append(scores.argmax(axis=1))
    truth = np.concatenate([home.truth for home in homes])
    given = [np.concatenate(row) for row in rows.values()]
    return [
        (
            label,
            int((truth == k).sum()),
            [
                2 * ((truth == k) & (a == k)).sum() / max((truth == k).sum() + (a == k).sum(), 1)
                for a in given
            ],
        )
        for k, label in enumerate(LABELS)
    ]


def _f1(truth: NDArray[np.bool_], answers: NDArray[np.bool_]) -> float:
    return float(2 * (truth & answers).sum() / max(truth.sum() + answers.sum(), 1))


@cache
def _minilm() -> TextEncoder:
    return build_text_encoder(TextEncoderConfig(type="minilm"))


def memoised() -> Callable[[Sequence[str]], NDArray[np.float32]]:
    """MiniLM that encodes a text once."""
    known: dict[str, NDArray[np.float32]] = {}

    def encode(texts: Sequence[str]) -> NDArray[np.float32]:
        new = [t for t in dict.fromkeys(texts) if t not in known]
        if new:
            known.update(zip(new, np.asarray(_minilm().encode(new), dtype=np.float32), strict=True))
        return np.stack([known[t] for t in texts])

    return encode


def _home(
    name: str,
    windows: WindowSet,
    captions: NDArray[np.floating],
    truth: NDArray[np.int64],
    prompts: PromptSet,
    encoder: TextEncoder,
) -> UnseenHome:
    sentences = np.asarray(encoder.encode(prompts.sentences, kind="query"), dtype=np.float32)
    text = prompt_scores(captions, sentences, prompts.owners)
    return UnseenHome(name, windows, text, truth, prompts, sentences)
