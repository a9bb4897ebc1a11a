import logging

import numpy as np
import pytest
import scipy.ndimage
import tensorflow as tf

from latent_xlate.data.images import labelled_images
from latent_xlate.data.speech import labelled_sounds
from latent_xlate.latents.encoding import encode_augmented, encode_data
from latent_xlate.modalities.alignment import align
from latent_xlate.modalities.audio_files import change_speed
from tests.support import sounds, tiny
from tests.support.tolerances import assert_close


def test_latents_of_images_are_the_encoders_posteriors():
    domain = tiny.image_domain()
    generator = np.random.default_rng(0)
    images = generator.integers(256, size=(1003, 28, 28, 1), dtype=np.uint8)
    data = labelled_images(images, generator.integers(10, size=1003), tiny.CLASS_NAMES)
    encoded = encode_data(domain, data)
    mu, sigma = domain.encode(images / np.float32(255))
    assert_close(encoded.mu, mu, rtol=1e-4, atol=1e-5)
    assert_close(encoded.sigma, sigma, rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(encoded.labels, data.labels)


def test_tensorflow_does_not_warn_of_retracing_when_many_data_are_encoded(caplog):
    domain = tiny.image_domain()
    data = labelled_images(np.zeros((3, 28, 28, 1), np.uint8), np.zeros(3, int), tiny.CLASS_NAMES)
    logger = tf.get_logger()
    logger.addHandler(caplog.handler)
    try:
        with caplog.at_level(logging.WARNING, logger.name):
            for size in (1, 2, 3) * 3:
                encode_data(domain, data.take(slice(size)))
    finally:
        logger.removeHandler(caplog.handler)
    assert "retracing" not in caplog.text


def test_images_of_another_shape_are_refused():
    data = labelled_images(np.zeros((3, 12, 12, 1), np.uint8), np.zeros(3, int), tiny.CLASS_NAMES)
    with pytest.raises(ValueError, match=r"Images are \(12, 12, 1\), those of domain 'digits' \(28, 28, 1\)"):
        encode_data(tiny.image_domain(), data)


def test_shifted_latents_are_those_of_images_that_scipy_moves():
    domain = tiny.image_domain()
    generator = np.random.default_rng(0)
    images = generator.integers(256, size=(5, 28, 28, 1), dtype=np.uint8)
    data = labelled_images(images, np.array([3, 1, 4, 1, 5]), tiny.CLASS_NAMES)
    shifted = encode_augmented(domain, data)
    moved = [scipy.ndimage.shift(images, (0, y, x, 0), order=0) for y, x in ((-1, 0), (1, 0), (0, -1), (0, 1))]
    mu, sigma = domain.encode(np.concatenate(moved) / np.float32(255))
    assert_close(shifted.mu, mu, rtol=1e-4, atol=1e-5)
    assert_close(shifted.sigma, sigma, rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(shifted.labels, np.tile(data.labels, 4))


@pytest.mark.parametrize("aligned", [False, True])
def test_shifted_latents_of_recordings_are_those_of_other_speeds_as_the_model_knows_them(aligned):
    domain = tiny.speech_domain()
    domain.modality = domain.modality.with_settings(align=aligned)
    tones = [np.round(20000 * sounds.tone(hertz, 0.3, 16000, 1.0)).astype(np.int16) for hertz in (300, 500)]
    data = labelled_sounds(np.pad(tones, ((0, 0), (3000, 8584))), np.array([7, 2]), tiny.CLASS_NAMES)
    shifted = encode_augmented(domain, data)
    changed = np.concatenate([change_speed(data.content, speed) for speed in (0.92, 1.08)])
    mu, sigma = domain.encode((align(changed) if aligned else changed) / np.float32(32768))
    assert_close(shifted.mu, mu, rtol=1e-4, atol=1e-5)
    assert_close(shifted.sigma, sigma, rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(shifted.labels, [7, 2, 7, 2])
