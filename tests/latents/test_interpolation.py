import numpy as np
import pytest

from latent_xlate.latents.interpolation import METHODS, interpolate
from tests.support.tolerances import assert_close


def latents(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def unit(x):
    return x / np.linalg.norm(x, axis=-1, keepdims=True)


def angle(x, y):
    return np.arccos(np.clip(np.sum(unit(x) * unit(y), axis=-1), -1, 1))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(5,), (3, 5)])
@pytest.mark.parametrize("method", METHODS)
def test_ends_are_exact(method, shape, dtype):
    start, end = latents(*shape).astype(dtype), latents(*shape, seed=1).astype(dtype)
    points = interpolate(start, end, 7, method).numpy()
    assert points.shape == (7, *shape)
    assert points.dtype == dtype
    np.testing.assert_array_equal(points[0], start)
    np.testing.assert_array_equal(points[-1], end)


def test_slerp_keeps_the_norm_and_turns_at_constant_speed():
    start, end = unit(latents(4, 6)), unit(latents(4, 6, seed=1))
    points = interpolate(start, end, 9).numpy()
    assert_close(np.linalg.norm(points, axis=-1), 1, rtol=1e-5)
    steps = angle(points[:-1], points[1:])
    np.testing.assert_allclose(steps, np.tile(angle(start, end) / 8, (8, 1)), rtol=1e-3)


def test_slerp_of_latents_of_one_norm_keeps_it():
    start, end = 7 * unit(latents(6)), 7 * unit(latents(6, seed=1))
    assert_close(np.linalg.norm(interpolate(start, end, 5), axis=-1), 7, rtol=1e-5)


@pytest.mark.parametrize("factor", [1.0, 2.0, -1.0, -0.5, 0.0])
def test_slerp_of_parallel_opposite_and_zero_latents_is_finite(factor):
    start = latents(6)
    points = interpolate(start, factor * start, 5).numpy()
    assert np.isfinite(points).all()
    np.testing.assert_array_equal(points[[0, -1]], [start, factor * start])
    if factor:
        assert_close(points, np.outer(np.linspace(1, factor, 5), start), atol=1e-5)


def test_square_root_weights():
    start, end, t = latents(6), latents(6, seed=1), np.linspace(0, 1, 5)[:, None]
    expected = np.sqrt(1 - t) * start + np.sqrt(t) * end
    assert_close(interpolate(start, end, 5, "square_root"), expected, rtol=1e-5, atol=1e-6)


def test_linear_weights():
    start, end = latents(6), latents(6, seed=1)
    assert_close(interpolate(start, end, 3, "linear")[1], (start + end) / 2, rtol=1e-5)


def test_bad_arguments_are_refused():
    with pytest.raises(ValueError, match="Unknown interpolation 'slurp'. Did you mean 'slerp'"):
        interpolate(latents(6), latents(6), 5, "slurp")
    with pytest.raises(ValueError, match="at least 2 points, not 1"):
        interpolate(latents(6), latents(6), 1)
