import keras
import numpy as np
import pytest
import tensorflow as tf

from latent_xlate.domains.speech.spectrogram_discriminator import (
    HOLE,
    MAX_SHIFT,
    NOISE,
    SpectrogramDiscriminator,
    augment,
)
from tests.support.model_checks import check_mixed_precision, check_saving


def discriminator(**kwargs):
    keras.utils.set_random_seed(0)
    model = SpectrogramDiscriminator(**({"dim": 2, "num_classes": 3} | kwargs))
    model.build()
    generator = np.random.default_rng(1)
    model.set_weights([weight + 0.1 * generator.normal(size=weight.shape) for weight in model.get_weights()])
    return model


def sounds(batch=3):
    return np.random.default_rng(0).normal(size=(batch, 16384, 1), scale=0.2).astype(np.float32)


def test_half_of_the_samples_is_represented_between_silence_and_full_scale():
    model = discriminator()
    x = sounds()
    representation = model.represent(x).numpy()
    assert representation.shape == (3, 128, 128, 1)
    x[:, 1::2] = 0
    np.testing.assert_array_equal(model.represent(x), representation)
    np.testing.assert_allclose(model.represent(np.zeros((1, 16384, 1), np.float32)), 0, atol=1e-3)
    loud = np.sin(np.pi / 4 * np.arange(8192)).repeat(2).reshape(1, 16384, 1).astype(np.float32)
    assert model.represent(loud).numpy().max() == pytest.approx(1 - np.log(0.5) / np.log(1e-3), abs=0.01)


@pytest.mark.parametrize("window", [128, 512])
def test_any_window_can_be_judged(window):
    model = discriminator(window=window)
    assert model.represent(sounds()).shape[1:3] == (32768 // window, window // 2)
    assert model(model.represent(sounds())).shape == (3, 4)


@pytest.mark.long
def test_augmentation_moves_cuts_out_and_lays_noise():
    # All values apart by more than the noise.
    x = 100 + 2 * np.random.default_rng(0).permutation(2 * 128 * 128).reshape(2, 128, 128, 1).astype(np.float32)
    shifts, levels = set(), []
    kept = np.zeros((128, 128))
    for i in range(200):
        y = augment(x, tf.constant([i, 0])).numpy()
        np.testing.assert_array_equal(y, augment(x, tf.constant([i, 0])))
        mask = y[0, ..., 0] > 50  # Elsewhere is nothing but noise.
        kept += mask
        frame, bin_ = np.argwhere(mask)[len(np.argwhere(mask)) // 2]
        source = np.argwhere(abs(x[0, ..., 0] - y[0, frame, bin_, 0]) < 1)[0] - (frame, bin_)
        shifts.add(tuple(source.tolist()))
        frames, bins = (mask.any(axis=axis) for axis in (1, 0))
        assert (~frames).sum() <= HOLE[0] + MAX_SHIFT[0]
        assert (~bins).sum() <= HOLE[1] + MAX_SHIFT[1]
        moved = np.roll(x, (-source[0], -source[1]), axis=(1, 2))
        noise = (y - moved)[:, mask]
        levels.append(noise.std())
        assert abs(noise.mean()) < 0.05 * levels[-1]
        assert abs(np.corrcoef(noise[0].ravel(), noise[1].ravel())[0, 1]) < 0.05  # A sound has a noise of its own.
    assert 0 < min(levels) < 0.1 * NOISE and 0.9 * NOISE < max(levels) < NOISE
    assert {shift[0] for shift in shifts} == set(range(-8, 9))
    assert {shift[1] for shift in shifts} == set(range(-2, 3))
    middle = kept[10:-10, 4:-4]
    assert middle.min() > 0.5 * 200 and middle.max() < 0.85 * 200  # No place is spared, none always cut.


def test_a_seed_augments_and_none_does_not():
    model = discriminator()
    x = model.represent(sounds())
    plain = model(x).numpy()
    first, again, second = (model(x, seed=tf.constant([seed, 0])).numpy() for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - second).max() > 1e-4
    assert np.abs(first - plain).max() > 1e-4
    np.testing.assert_array_equal(model(augment(x, tf.constant([1, 0]))), first)


@pytest.mark.parametrize("dtype", ["float32", "mixed_bfloat16"])
def test_discriminator_saves_and_loads(dtype, tmp_path):
    model = discriminator(dtype=dtype)
    check_saving(model, model.represent(sounds()).numpy(), tmp_path)


def test_discriminator_in_mixed_precision():
    check_mixed_precision(
        lambda policy: discriminator(dtype=policy),
        lambda model: model(model.represent(sounds()), seed=tf.constant([1, 2])),
    )
