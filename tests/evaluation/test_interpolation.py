import numpy as np
import pytest
import tensorflow as tf

from latent_xlate.evaluation.interpolation import interpolate_and_translate, locality
from latent_xlate.latents.interpolation import interpolate
from latent_xlate.latents.latents import Latents
from tests.support import tiny


@pytest.fixture(scope="module")
def translator():
    return tiny.translator()


@pytest.fixture(scope="module")
def latents():
    mu = np.random.default_rng(0).normal(size=(40, 6)).astype(np.float32)
    return Latents(mu, np.zeros_like(mu), np.arange(40, dtype=np.int32) % 4)


def test_rows_are_the_three_ways_of_figure_6(translator, latents):
    z = latents.mu[:6].reshape(3, 2, 6)  # Two ways through three instances.
    rows = interpolate_and_translate(translator, z, "digits", "clothes", points_between=4)
    assert rows.fixed == (0, 5, 10)
    np.testing.assert_array_equal(rows.source[list(rows.fixed)], z)
    np.testing.assert_allclose(rows.source[5:, 1], interpolate(z[1, 1], z[2, 1], 6), atol=1e-6)

    def translated(z):
        return translator.translate_latents(tf.constant(z), "digits", "clothes").numpy()

    for way in range(2):
        np.testing.assert_allclose(rows.transfer[:, way], translated(rows.source[:, way]), atol=1e-5)
        ends = translated(z[:, way])
        np.testing.assert_allclose(rows.target[:6, way], interpolate(ends[0], ends[1], 6), atol=1e-5)
    # Where the instances themselves are, both ways agree.
    np.testing.assert_allclose(rows.target[list(rows.fixed)], rows.transfer[list(rows.fixed)], atol=1e-5)


@pytest.mark.parametrize("within_class", [True, False])
def test_locality_is_that_of_the_definition(within_class, translator, latents):
    few = latents.take([0, 4] if within_class else [0, 1])  # Each way is then between the two, one way or back.
    numbers = locality(translator, few, "digits", "clothes", within_class=within_class, num_ways=30, num_points=5)
    rows = interpolate_and_translate(translator, few.mu[:, np.newaxis], "digits", "clothes", 3)
    domain = translator.domain("clothes")

    def features(z):
        return domain.features(domain.decode(tf.constant(z))).numpy()

    steps = np.linalg.norm(np.diff(features(rows.transfer[:, 0]), axis=0), axis=1)
    ends = features(rows.transfer[[0, -1], 0])
    ratio = numbers["transfer"]["largest_step"] / numbers["transfer"]["mean_step"]
    assert ratio == pytest.approx(steps.max() / steps.mean(), rel=1e-4)
    # Of pairs drawn from two instances, about half are one with itself, of distance 0.
    unit = steps.mean() / numbers["transfer"]["mean_step"]
    assert 0.25 < unit / np.linalg.norm(ends[1] - ends[0]) < 0.75


def test_no_pair_of_one_class_is_an_error(translator, latents):
    with pytest.raises(ValueError, match="no two instances of one class"):
        locality(translator, latents.take(slice(0, 4)), "digits", "clothes", within_class=True)
    with pytest.raises(ValueError, match="no two instances of two classes"):
        locality(translator, latents.take([0, 4]), "digits", "clothes", within_class=False)
