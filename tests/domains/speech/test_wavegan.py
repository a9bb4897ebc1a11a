"""What `test_tf1_checkpoint` cannot see; that the networks are the original's is shown there."""

import collections

import keras
import numpy as np
import pytest
import tensorflow as tf

from latent_xlate.domains.speech.wavegan_discriminator import PhaseShuffle, WaveGANDiscriminator
from latent_xlate.domains.speech.wavegan_generator import WaveGANGenerator, double_rate
from tests.support.model_checks import built, check_mixed_precision, check_saving
from tests.support.tolerances import assert_close


def generator(**kwargs):
    keras.utils.set_random_seed(0)
    return built(WaveGANGenerator(**({"latent_dim": 5, "dim": 2} | kwargs)))


def discriminator(**kwargs):
    keras.utils.set_random_seed(0)
    return built(WaveGANDiscriminator(**({"dim": 2} | kwargs)))


def latents(batch=4):
    return np.random.default_rng(2).uniform(-1, 1, (batch, 5)).astype(np.float32)


def waveforms(batch=4, length=16384, channels=1):
    return np.random.default_rng(2).normal(size=(batch, length, channels), scale=0.3).astype(np.float32)


def test_default_generator_has_the_originals_parameters():
    model = WaveGANGenerator()
    model.build()
    assert model.count_params() == 19_065_345


@pytest.mark.parametrize("make", [WaveGANGenerator, WaveGANDiscriminator])
def test_slices_of_another_length_are_refused(make):
    with pytest.raises(ValueError, match="slice_length is 16000; WaveGAN makes slices of 16384, 32768 or 65536"):
        make(slice_length=16000)


def test_batch_norm_of_the_generator_keeps_the_batchs_statistics_in_training_alone():
    model = generator(batch_norm=True)
    before = [norm.moving_mean.numpy() for norm in model.norms]
    x = model(latents())
    assert all(np.array_equal(norm.moving_mean, mean) for norm, mean in zip(model.norms, before, strict=True))
    in_training = model(latents(), training=True)
    assert np.abs(in_training - x).max() > 0.01
    batch_mean = model.z_project(latents()).numpy().reshape(4 * 16, -1).mean(axis=0)
    assert_close(model.norms[0].moving_mean, 0.99 * before[0] + 0.01 * batch_mean, atol=1e-6)
    assert all(np.abs(norm.moving_mean - mean).max() > 1e-4 for norm, mean in zip(model.norms, before, strict=True))


def test_phase_shuffle_shifts_and_reflects():
    x = np.random.default_rng(0).normal(size=(2, 10, 3)).astype(np.float32)
    for shift in range(-2, 3):
        layer = PhaseShuffle(2)
        seed = next(seed for i in range(100) if int(layer.shift(seed := tf.constant([i, 1]))) == shift)
        padded = np.pad(x, [(0, 0), (2, 2), (0, 0)], mode="reflect")
        np.testing.assert_array_equal(layer(x, seed=seed), padded[:, 2 - shift : 12 - shift])


def test_shifts_are_uniform_and_a_function_of_the_seed():
    layer = PhaseShuffle(2)
    seeds = tf.stack([tf.range(1000), tf.ones(1000, tf.int32)], axis=1)
    shifts = tf.map_fn(layer.shift, seeds).numpy()
    np.testing.assert_array_equal(shifts, tf.map_fn(PhaseShuffle(2).shift, seeds))
    counts = collections.Counter(shifts.tolist())
    assert sorted(counts) == [-2, -1, 0, 1, 2]
    assert all(150 < count < 250 for count in counts.values())  # Four standard deviations.


def test_a_discriminator_shuffles_by_its_seed():
    model, x = discriminator(), waveforms()
    first, again, second = (model(x, seed=tf.constant([1, seed])) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - second).max() > 1e-6
    assert np.abs(first - model(x)).max() > 1e-6


def test_doubled_rate_is_that_of_band_limited_sound():
    times = np.arange(2048)

    def sound(times):
        tones = [np.sin(2 * np.pi * frequency * times + 10 * frequency) for frequency in (0.01, 0.1, 0.3, 0.43)]
        return sum(tones) * np.exp(-(((times - 1024) / 300) ** 2))

    x = np.stack([sound(times), -0.5 * sound(times)], axis=1).astype(np.float32)
    doubled = double_rate(x[np.newaxis])[0].numpy()
    expected = sound(np.arange(4096) / 2)
    np.testing.assert_allclose(doubled, np.stack([expected, -0.5 * expected], axis=1), atol=2e-3)
    np.testing.assert_array_equal(doubled[::2], x)
    noise = np.random.default_rng(0).normal(size=(1, 4096, 1)).astype(np.float32)
    spectrum = np.abs(np.fft.rfft(double_rate(noise)[0, :, 0] * np.hanning(8192)))
    assert spectrum[int(0.56 * 4096) :].max() < 1e-3 * spectrum.max()


def test_a_generator_of_half_the_rate_fills_the_same_slice():
    model = generator(half_rate=True)
    x = model(latents()).numpy()
    assert x.shape == (4, 16384, 1)
    assert_close(x, double_rate(x[:, ::2]), atol=1e-6)
    assert np.abs(x[:, ::2]).max() <= 1


def test_a_discriminator_of_half_the_rate_heeds_every_other_sample():
    model, x = discriminator(half_rate=True), waveforms()
    score = model(x).numpy()
    np.testing.assert_array_equal(model(x * (np.arange(16384) % 2 == 0)[:, np.newaxis]), score)
    assert np.abs(model(x * (np.arange(16384) % 4 == 0)[:, np.newaxis]) - score).max() > 1e-3


GENERATORS = [
    {},
    {"half_rate": True},
    {"channels": 2, "slice_length": 32768, "kernel_length": 9, "batch_norm": True, "filter_length": 8},
]
DISCRIMINATORS = [
    {},
    {"half_rate": True},
    {"channels": 2, "slice_length": 32768, "kernel_length": 9, "batch_norm": True, "phase_shuffle": 1},
]


@pytest.mark.parametrize("options", [*GENERATORS, {"dtype": "mixed_bfloat16"}])
@pytest.mark.long
def test_generator_saves_and_loads(options, tmp_path):
    check_saving(generator(**options), latents(), tmp_path)


@pytest.mark.parametrize("options", [*DISCRIMINATORS, {"dtype": "mixed_bfloat16"}])
def test_discriminator_saves_and_loads(options, tmp_path):
    x = waveforms(length=options.get("slice_length", 16384), channels=options.get("channels", 1))
    check_saving(discriminator(**options), x, tmp_path)


def test_phase_shuffle_is_rebuilt_from_its_configuration():
    layer = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(PhaseShuffle(3)))
    assert layer.radius == 3
    assert PhaseShuffle(3).compute_output_shape((None, 64, 2)) == (None, 64, 2)


@pytest.mark.parametrize("options", GENERATORS)
def test_generator_in_mixed_precision(options):
    check_mixed_precision(lambda policy: generator(dtype=policy, **options), lambda model: model(latents()))


def test_discriminator_in_mixed_precision():
    def use(model):
        return [model(waveforms()), model(waveforms(), seed=tf.constant([1, 2]))]

    check_mixed_precision(lambda policy: discriminator(dtype=policy), use)
