import numpy as np
import pytest

from latent_xlate.reproduction.ellipses import Ellipse, evaluate_variant, figure, train_variant

pytestmark = pytest.mark.long


def test_points_fill_the_ellipse_evenly_and_halve_along_the_long_axis():
    ellipse = Ellipse((3.0, -1.0), (2.0, 0.5), np.pi / 2)
    latents = ellipse.sample(20_000, seed=0)
    x, y = (latents.mu - [3.0, -1.0]).T  # Turned by a right angle: the long axis is vertical.
    assert np.all((x / 0.5) ** 2 + (y / 2) ** 2 <= 1 + 1e-5)
    # Of a uniform ellipse, the variance along an axis is a quarter of the half axis squared.
    assert (x.var(), y.var()) == (pytest.approx(0.25 / 4, rel=0.03), pytest.approx(4 / 4, rel=0.03))
    np.testing.assert_array_equal(latents.labels, y > 0)
    np.testing.assert_allclose(ellipse.position(latents.mu), np.stack([y / 2, -x / 0.5], axis=1), atol=1e-5)


@pytest.fixture(scope="module")
def bridges():
    names = ("unconditional", "conditional, SWD, classifier")
    return {name: train_variant(name, num_steps=1_000) for name in names}


def test_the_whole_loss_keeps_class_and_place_and_the_unconditional_vae_does_not_translate(bridges):
    unconditional, whole = (evaluate_variant(bridge) for bridge in bridges.values())
    assert whole["class_accuracy"] > 0.97
    assert whole["swd"] < 0.02
    assert whole["linearity"] > 0.8
    # It gives back its input, which lies far from the other ellipse.
    assert unconditional["swd"] > 1.0


def test_the_same_seed_gives_the_same_numbers(bridges):
    again = train_variant("unconditional", num_steps=1_000)
    assert evaluate_variant(again) == evaluate_variant(bridges["unconditional"])


def test_figure_is_written_as_its_ending_says(bridges, tmp_path):
    assert figure(tmp_path / "figure.svg", bridges).read_text().startswith("<?xml")
    assert figure(tmp_path / "figure.png", bridges).read_bytes().startswith(b"\x89PNG")
