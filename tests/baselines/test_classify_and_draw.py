import numpy as np
import pytest
from scipy import stats

from latent_xlate.baselines.classify_and_draw import ClassifyAndDraw
from tests.support import rival_checks, synthetic

short_classifiers = pytest.fixture(rival_checks.short_classifiers, scope="module", autouse=True)


@pytest.fixture(scope="module")
def domains():
    return rival_checks.latents()


@pytest.fixture(scope="module")
def model(domains):
    return ClassifyAndDraw.of(domains, num_classes=4)


def places(drawn, stored):
    """Indices of drawn latents among those that are stored, in half precision; each must be one of them."""
    same = (np.asarray(drawn)[:, None] == stored.astype(np.float16)).all(axis=2)
    assert same.any(axis=1).all()
    return same.argmax(axis=1)


def held_out():
    return synthetic.latents(6, 400, seed=0)


def test_class_is_recognised_and_latents_are_drawn_from_all_of_it(model, domains):
    z = held_out()
    drawn = places(model.translate(z.mu, 0, 1), domains[1].mu)
    np.testing.assert_array_equal(domains[1].labels[drawn], z.labels)
    counts = np.bincount(drawn, minlength=240)
    assert counts.min() > 0  # 1,600 draws of 240.
    assert stats.chisquare(counts).pvalue > 1e-3


def test_the_same_input_becomes_the_same_one_in_any_batch_and_up_to_rounding(model):
    z = held_out().mu
    whole = np.asarray(model.translate(z, 0, 1))
    np.testing.assert_array_equal(model.translate(z[100:], 0, 1), whole[100:])
    rounded = np.asarray(model.translate(z + np.float32(1e-7), 0, 1))
    assert np.mean((rounded == whole).all(axis=1)) > 0.998


def test_noise_draws_others_uniformly(model, domains):
    z = np.repeat(held_out().mu[:1], 3000, axis=0)
    noise = np.random.default_rng(0).standard_normal((3000, model.shared_dim), np.float32)
    drawn = places(model.translate(z, 0, 1, noise), domains[1].mu)
    counts = np.bincount(drawn, minlength=240)
    counts = counts[counts > 0]
    assert len(counts) == 60
    assert stats.chisquare(counts).pvalue > 1e-3


@pytest.mark.long
def test_saved_read_again_and_exported(model, tmp_path):
    rival_checks.check_rival(model, tmp_path)
