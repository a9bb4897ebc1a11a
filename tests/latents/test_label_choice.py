import numpy as np
import pytest

from latent_xlate.latents.label_choice import choose_labelled
from tests.support.synthetic_latents import latents


def test_as_many_of_each_class_are_labelled_as_asked():
    labels = latents().labels
    chosen = choose_labelled(labels, 3, 12, seed=0)
    assert np.bincount(labels[chosen]).tolist() == [12, 12, 12]
    assert (np.diff(chosen) > 0).all()
    assert choose_labelled(labels, 3, 0, seed=0).tolist() == []
    assert len(choose_labelled(labels, 3, 40, seed=0)) == 120


def test_seed_chooses_and_any_instance_of_a_class_may_be_chosen():
    labels = latents((20, 20)).labels
    chosen = np.concatenate([choose_labelled(labels, 2, 2, seed) for seed in range(300)])
    # 600 draws of 20 instances in each class: 30 each, with a standard deviation of 5.
    counts = np.bincount(chosen, minlength=40)
    assert (counts.min() > 10, counts.max() < 50) == (True, True)
    np.testing.assert_array_equal(choose_labelled(labels, 2, 2, 5), choose_labelled(labels, 2, 2, 5))


def test_more_sure_labels_are_added_to_those_of_fewer():
    labels = latents().labels
    few, more = (set(choose_labelled(labels, 3, per_class, seed=0)) for per_class in (3, 10))
    assert few < more


def test_a_class_with_too_few_instances_is_named():
    with pytest.raises(ValueError, match="Class 0 has 40 labelled instances, fewer than 41 a class"):
        choose_labelled(latents().labels, 3, 41, seed=0)
