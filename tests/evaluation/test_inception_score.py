import numpy as np
import pytest
import scipy.stats

from latent_xlate.evaluation.inception_score import inception_score


def test_one_where_nothing_is_told_apart_and_the_number_of_classes_at_best():
    assert inception_score(np.full((40, 5), 0.2)) == pytest.approx((1.0, 0.0))
    assert inception_score(np.eye(5)[np.arange(50) % 5]) == pytest.approx((5.0, 0.0))
    # Sure, but always of the same class.
    assert inception_score(np.eye(5)[np.zeros(50, int)]) == pytest.approx((1.0, 0.0))


def test_each_part_is_scored_by_its_own_marginal():
    p = np.random.default_rng(0).dirichlet(np.full(7, 0.3), size=60)
    scores = [np.exp(np.mean([scipy.stats.entropy(row, part.mean(axis=0)) for row in part])) for part in np.split(p, 4)]
    assert inception_score(p, num_splits=4) == pytest.approx((np.mean(scores), np.std(scores)))


@pytest.mark.parametrize(
    ("probabilities", "said"),
    [
        (np.full((9, 2), 0.5), "at least 10 rows, not .9, 2."),
        (np.full(20, 0.5), "at least 10 rows"),
        (np.full((20, 2), 0.6), "rows that are not probabilities"),
        (np.tile([1.5, -0.5], (20, 1)), "rows that are not probabilities"),
    ],
)
def test_what_is_no_table_of_probabilities_is_refused(probabilities, said):
    with pytest.raises(ValueError, match=said):
        inception_score(probabilities)
