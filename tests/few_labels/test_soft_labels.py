"""Probabilities from scores, and their confidence."""

import numpy as np

from latent_xlate.few_labels.soft_labels import confidence, soft_labels


def test_equal_sizes_makes_shares_equal_and_leaves_undecided_rows_alone():
    scores = np.random.default_rng(0).normal(size=(300, 3)) + [2.0, 0.0, -2.0]
    scores[:5] = 0.7
    probabilities = soft_labels(scores, equal_sizes=True)
    np.testing.assert_allclose(probabilities.mean(axis=0), 1 / 3, atol=1e-3)
    np.testing.assert_allclose(probabilities[:5], 1 / 3)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    # But for one constant a class the odds are those of the scores.
    shift = np.log(probabilities[5:]) - scores[5:]
    odds = shift - shift[:, :1]
    np.testing.assert_allclose(odds, np.broadcast_to(odds[0], odds.shape), atol=1e-9)


def test_confidence_of_known_probabilities():
    np.testing.assert_allclose(confidence(np.array([[0.5, 0.5], [1, 0], [0.25, 0.75]])), [0, 1, 0.5])
