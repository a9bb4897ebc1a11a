import numpy as np
import pytest
import tensorflow as tf

from latent_xlate.domains.image.measurements import (
    framed,
    measurements,
    num_measurements,
    unframed,
    with_contrast,
)
from tests.support.tolerances import assert_close


def square(size=32, side=8, top=4, left=16, ground=(0.2, 0.4, 0.6), colour=(0.9, 0.1, 0.5)):
    """A square of one colour on a ground of another, [1, size, size, channels]."""
    x = np.broadcast_to(np.array(ground, np.float32), (size, size, len(ground))).copy()
    x[top : top + side, left : left + side] = colour
    return tf.constant(x[np.newaxis])


@pytest.mark.parametrize(("ground", "colour"), [((0.2, 0.4, 0.6), (0.9, 0.1, 0.5)), ((0.1,), (0.8,))])
def test_measurements_of_a_square_are_its_colours_place_and_size(ground, colour):
    measured = measurements(square(ground=ground, colour=colour))[0].numpy()
    assert len(measured) == num_measurements(len(ground))
    # Of 32 pixels from -1 to 1, rows 4 to 11 have their middle at 7.5, columns 16 to 23 at 19.5.
    centre = [2 * 7.5 / 31 - 1, 2 * 19.5 / 31 - 1]
    variance = 2 * (8**2 - 1) / 12 * (2 / 31) ** 2
    np.testing.assert_allclose(measured[:-1], [*ground, *colour, *centre], atol=0.01)
    assert measured[-1] == pytest.approx(0.5 * np.log(variance), abs=0.04)


def test_uniform_pictures_are_measured_too():
    measured = measurements(tf.fill([1, 16, 16, 3], 0.5))[0].numpy()
    assert_close(measured[:-1], [0.5] * 6 + [0, 0], atol=1e-5)
    assert np.isfinite(measured[-1])


def test_contrast_does_not_depend_on_the_colours():
    expected = square(ground=(0.0,), colour=(1.0,))[..., 0]
    for ground, colour in (((0.2, 0.4, 0.6), (0.9, 0.1, 0.5)), ((1.0, 1.0, 1.0), (0.0, 0.0, 0.0))):
        x = square(ground=ground, colour=colour)
        both = with_contrast(x)
        np.testing.assert_array_equal(both[..., :3], x)
        np.testing.assert_allclose(both[..., 3], expected, atol=0.03)
    assert np.isfinite(with_contrast(tf.zeros([1, 8, 8, 1]))).all()


@pytest.mark.parametrize(("side", "top", "left"), [(8, 4, 16), (12, 16, 4), (20, 6, 6)])
def test_frames_show_figures_at_one_place_and_size_and_are_put_back(side, top, left):
    x = square(side=side, top=top, left=left)
    measured = measurements(x)
    frame = framed(x, measured)
    again = measurements(frame)[0].numpy()
    np.testing.assert_allclose(again[6:8], 0, atol=0.05)
    # A square whose root mean square radius is 1 / 2.2 of half the frame.
    assert again[8] == pytest.approx(-np.log(2.2), abs=0.1)
    np.testing.assert_allclose(unframed(frame, measured, measured[:, :3]), x, atol=0.45)
    assert float(tf.reduce_mean(tf.abs(unframed(frame, measured, measured[:, :3]) - x))) < 0.02


def test_a_picture_that_differs_from_its_ground_everywhere_is_its_own_frame():
    x = np.random.default_rng(0).uniform(size=(1, 32, 32, 3)).astype(np.float32)
    half = 1.15
    frame = framed(tf.constant(x), measurements(x)).numpy()
    # The picture's edges are in the frame, at 1 / 1.15 of its half.
    inside = int(np.ceil(15.5 * (1 - 1 / half)))
    assert np.abs(frame[0, inside] - x[0, 0]).mean() < np.abs(frame[0, inside] - x[0, 2]).mean()
    assert np.ptp(frame[0, :inside], axis=0).max() < 0.2
