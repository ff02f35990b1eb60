"""Random label sets: a training step compares windows with the labels of one imagined data set.

Data sets cut daily life differently: one has "cooking", another three meals; one has no word for chores. A
set is drawn by taking labels of the bank in random order as long as they share no activity; each label is
shown by one name, or by the mean of a few sentences, as a home's prompts are.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from discover.pretraining.lessons import activity_names
from discover.pretraining.meanings import BACKGROUND, Meaning, meanings

__all__ = ["LabelSet", "SentenceBank"]

# Shape letters: L labels of a set, A activities, D text width.

_KINDS = ("does", "signs", "names", "asks")


@dataclass(frozen=True)
class LabelSet:
    """Labels of one imagined data set.

    Attributes:
        vectors: (L, D) mean sentence vector of each label.
        covers: (A, L) float32, 1 where a label stands for an activity.
    """

    vectors: NDArray[np.float32]
    covers: NDArray[np.float32]


class SentenceBank:
    """All labels with the vectors of their sentences.

    Args:
        vectors: Vector of each sentence of `SentenceBank.sentences()`, (N, D).
    """

    def __init__(self, vectors: NDArray[np.float32]) -> None:
        self._labels = meanings()
        row_of = {sentence: i for i, sentence in enumerate(self.sentences())}
        self._vectors = vectors
        self._rows = [
            {kind: np.array([row_of[s] for s in getattr(m, kind)]) for kind in _KINDS} for m in self._labels
        ]
        code_of = {name: i for i, name in enumerate(activity_names())}
        self._covers = np.zeros((len(code_of), len(self._labels)), dtype=np.float32)
        for i, m in enumerate(self._labels):
            self._covers[[code_of[c] for c in m.covers], i] = 1
        self._background = code_of[BACKGROUND]
        self._single = np.array([len(m.covers) == 1 for m in self._labels])

    @staticmethod
    def sentences() -> list[str]:
        """Every sentence of the bank once, in a fixed order."""
        return list(dict.fromkeys(s for m in meanings() for s in m.sentences))

    @property
    def labels(self) -> tuple[Meaning, ...]:
        """The labels, those of one activity first."""
        return self._labels

    def draw(self, rng: np.random.Generator) -> LabelSet:
        """One random label set."""
        wide = rng.random() * 3
        order = np.argsort(rng.exponential(size=len(self._labels)) * np.where(self._single, 1.0, 1 / wide))
        size = int(rng.integers(6, 40))
        taken = np.zeros(len(self._covers), dtype=bool)
        chosen = []
        if rng.random() < 0.5:
            chosen.append(self._background)  # its label has the activity's own number
            taken[self._background] = True
        for label in order.tolist():
            mine = self._covers[:, label] > 0
            if not (taken & mine).any():
                chosen.append(label)
                taken |= mine
            if len(chosen) == size:
                break
        named = rng.random() < 0.25
        vectors = np.stack([self._mean_vector(label, named, rng) for label in chosen])
        return LabelSet(vectors, self._covers[:, chosen])

    def _mean_vector(self, label: int, named: bool, rng: np.random.Generator) -> NDArray[np.float32]:
        rows = self._rows[label]
        if named:
            return np.asarray(self._vectors[rng.choice(rows["names"])])
        kinds = rng.choice(_KINDS, size=int(rng.integers(1, 4)), p=(0.5, 0.3, 0.1, 0.1))
        return np.asarray(np.mean([self._vectors[rng.choice(rows[k])] for k in kinds], axis=0))

    def prototypes(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """(L, D) mean of all sentences of every label, and what they cover, (A, L)."""
        means = [self._vectors[np.concatenate(list(rows.values()))].mean(axis=0) for rows in self._rows]
        return np.stack(means), self._covers
