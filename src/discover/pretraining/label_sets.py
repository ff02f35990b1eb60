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

__all__ = ["KIND_SHARES", "LabelSet", "SentenceBank"]

# Shape letters: L labels of a set, A activities, D text width.

_KINDS = ("does", "signs", "names", "asks")
KIND_SHARES = (0.5, 0.3, 0.1, 0.1)
"""How often a sentence of a label is one that says what is done, what sensors see, a name, a search."""
_NAMED = (0.0, 0.0, 1.0, 0.0)


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
        common: Share of all windows per activity, (A,): sets take labels by the root of what they cover.
            None: all labels alike.
        kind_shares: As `KIND_SHARES`.
        named: Share of the sets whose labels are names only.
    """

    def __init__(
        self,
        vectors: NDArray[np.float32],
        common: NDArray[np.floating] | None = None,
        kind_shares: tuple[float, ...] = KIND_SHARES,
        named: float = 0.25,
    ) -> None:
        self._kind_shares, self._named = kind_shares, named
        self._labels = meanings()
        row_of = {sentence: i for i, sentence in enumerate(self.sentences())}
        self._vectors = vectors
        rows = [[[row_of[s] for s in getattr(m, kind)] for kind in _KINDS] for m in self._labels]
        self._rows = np.array([row for label in rows for kind in label for row in kind])
        self._counts = np.array([[len(kind) for kind in label] for label in rows])
        self._first = np.r_[0, np.cumsum(self._counts)[:-1]].reshape(self._counts.shape)
        code_of = {name: i for i, name in enumerate(activity_names())}
        self._covers = np.zeros((len(code_of), len(self._labels)), dtype=np.float32)
        for i, m in enumerate(self._labels):
            self._covers[[code_of[c] for c in m.covers], i] = 1
        self._background = code_of[BACKGROUND]
        self._single = np.array([len(m.covers) == 1 for m in self._labels])
        covered = np.ones(len(self._labels)) if common is None else common @ self._covers
        self._often = np.sqrt((covered / np.median(covered)).clip(0.02, 50))

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
        often = self._often * np.where(self._single, 1.0, wide)
        order = np.argsort(rng.exponential(size=len(self._labels)) / often)
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
        return LabelSet(self._mean_vectors(np.array(chosen), rng), self._covers[:, chosen])

    def _mean_vectors(self, labels: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.float32]:
        """(L, D): one name of each label, or the mean of one to three of its sentences."""
        named = rng.random() < self._named
        kinds = rng.choice(len(_KINDS), size=(len(labels), 3), p=_NAMED if named else self._kind_shares)
        many = rng.integers(1, 4, size=(len(labels), 1))
        used = np.arange(3) < np.where(named, 1, many)
        picked = (rng.random(kinds.shape) * self._counts[labels[:, None], kinds]).astype(np.int64)
        rows = self._rows[self._first[labels[:, None], kinds] + picked]
        total = (self._vectors[rows] * used[:, :, None]).sum(axis=1)
        return np.asarray(total / used.sum(axis=1, keepdims=True), dtype=np.float32)

    def prototypes(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """(L, D) mean of all sentences of every label, and what they cover, (A, L)."""
        ends = np.cumsum(self._counts.sum(axis=1))[:-1]
        means = [self._vectors[rows].mean(axis=0) for rows in np.split(self._rows, ends)]
        return np.stack(means), self._covers
