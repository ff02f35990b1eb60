"""The table of situations: its areas against scikit-learn, and a row for every situation."""

import numpy as np
from benchmarks.quality.situations import FAMILIES, OWN_WORDS, areas, family_of
from sklearn.metrics import roc_auc_score

from discover.pretraining.situations import situations


def test_areas_are_those_of_known_windows() -> None:
    rng = np.random.default_rng(0)
    scores, truth = rng.normal(size=(60, 4)), rng.choice([0, 1, 255], size=(60, 4)).astype(np.uint8)
    scores += truth == 1
    truth[4:, 3] = 0  # too few windows of which it is true
    found = areas(scores, truth)
    assert np.isnan(found[3])
    for n in range(3):
        known = truth[:, n] != 255
        assert abs(found[n] - roc_auc_score(truth[known, n], scores[known, n])) < 1e-12


def test_every_situation_has_a_row_and_own_words_are_in_no_bank() -> None:
    keys = [s.key for s in situations()]
    assert {family_of(key) for key in keys} == set(FAMILIES)
    known = {sentence for s in situations() for sentence in s.sentences}
    for key, words in OWN_WORDS:
        assert key in keys
        assert words not in known
