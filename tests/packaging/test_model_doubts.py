"""What is doubted of models of known behaviour: the latent of a picture is the brightness of its three patches."""

import re

import keras
import numpy as np
import pytest

from latent_xlate.data.labelled import UNLABELLED, Labelled
from latent_xlate.domains.custom.keras_domain import KerasDomain
from latent_xlate.modalities.array import Array
from latent_xlate.modalities.image import Image
from latent_xlate.packaging.model_cards import own_model_card
from latent_xlate.packaging.model_doubts import find_doubts

SHAPE = (6, 6, 1)
PATCHES = np.zeros((3, *SHAPE), np.float32)
for number in range(3):
    PATCHES[number, 2 * number : 2 * number + 2] = 1
MEAN, DEVIATION = 0.5, 1 / np.sqrt(12)  # Of brightnesses, which are uniform in [0, 1].


def data(count=400, modality=None):
    brightness = np.random.default_rng(0).random((count, 3), np.float32)
    x = np.tensordot(brightness, PATCHES, 1)
    modality = modality or Image(6, 6, invert="never")
    return Labelled(modality.to_stored(x), np.full(count, UNLABELLED), (), modality)


def linear(inputs, size, kernel, bias):
    layer = keras.layers.Dense(size)
    outputs = layer(inputs)
    layer.set_weights([np.asarray(kernel, np.float32), np.full(size, bias, np.float32)])
    return outputs


def encoder(gain=1.0, mean=0.0, sigma=None, log_of=None):
    """Maps pictures to standardised brightnesses, times `gain`, plus `mean`; and sigma if it is given."""
    x = keras.Input(SHAPE)
    flat = keras.layers.Flatten()(x)
    mu = linear(flat, 3, PATCHES.reshape(3, -1).T / 12 * gain / DEVIATION, mean - gain * MEAN / DEVIATION)
    if log_of is not None:
        mu = keras.ops.log(flat[:, :3] - log_of)
    if sigma is None:
        return keras.Model(x, mu)
    return keras.Model(x, {"mu": mu, "sigma": linear(flat, 3, np.zeros((36, 3)), sigma)})


def decoder(scale=1.0, offset=0.0, bounded=True):
    """Maps standardised brightnesses to pictures, exactly, and these to `scale` times them plus `offset`."""
    z = keras.Input((3,))
    kernel = PATCHES.reshape(3, -1)
    x = linear(z, 36, kernel * DEVIATION, MEAN)
    x = keras.layers.ReLU(max_value=1.0)(x) if bounded else x
    return keras.Model(z, keras.layers.Rescaling(scale, offset)(keras.layers.Reshape(SHAPE)(x)))


def doubts(*models, given=None, **options):
    given = data() if given is None else given
    return find_doubts(KerasDomain.of("own", *models, modality=given.modality, **options), given)


@pytest.mark.parametrize("sigma", [None, 0.1])
def test_good_models_raise_no_doubt(sigma):
    assert doubts(decoder(), encoder(sigma=sigma)) == []
    assert find_doubts(KerasDomain.of("own", decoder(), invert="never"), None) == []


@pytest.mark.parametrize("sigma", [None, 0.1])
def test_decoder_of_another_range_is_doubted_with_its_values(sigma):
    to_tanh = doubts(decoder(2, -1), encoder(sigma=sigma))
    assert "decode gives values from -1 to 1, and images lie in [0, 1]" in to_tanh[0]
    assert "say which, --value_range=0,255 or --value_range=-1,1 (value_range in Python)" in to_tanh[0]
    to_bytes = doubts(decoder(255), encoder(sigma=sigma))
    assert "decode gives values from 0 to 255, and images lie in [0, 1]" in to_bytes[0]
    assert "to have another range" in to_bytes[0]
    assert "What is encoded and decoded differs from the data by" in to_bytes[1]


def test_decoder_a_little_out_of_range_is_doubted_mildly():
    (doubt,) = doubts(decoder(1.05, -0.02), encoder(sigma=0.1))
    assert "decode gives values from -0.02 to 1.03" in doubt
    assert "A last layer that keeps to this range" in doubt and "another range" not in doubt


def test_sounds_and_arrays_have_ranges_of_their_own():
    flat = KerasDomain.of("own", decoder(40, 7), modality=Array(SHAPE))
    assert find_doubts(flat, None) == []
    z = keras.Input((3,))
    loud = keras.layers.Dense(16384, kernel_initializer=keras.initializers.Constant(32768))(z)
    (doubt,) = find_doubts(KerasDomain.of("own", keras.Model(z, loud)), None)
    assert "and sounds lie in [-1, 1]" in doubt and "say which, --value_range=" in doubt


def test_encoder_that_is_constant_is_doubted():
    found = doubts(decoder(), encoder(gain=0.0))
    assert found[0].startswith("3 of 3 components of the latent do not change over the data")
    assert "give --value_range=0,255 or --value_range=-1,1" in found[0]


def test_encoder_that_samples_is_doubted():
    x = keras.Input(SHAPE)
    seed = keras.random.SeedGenerator(0)
    noisy = keras.Model(x, Noise(0.5, seed)(encoder()(x)))
    (doubt,) = doubts(decoder(), noisy)
    difference = float(re.search(r"same data that differ by (\S+) \(root mean square\)", doubt).group(1))
    assert difference == pytest.approx(0.5 * np.sqrt(2), rel=0.1)


class Noise(keras.layers.Layer):
    """Adds normal noise of a deviation, in inference too, as a layer that samples a posterior does."""

    def __init__(self, deviation, seed):
        super().__init__()
        self.deviation, self.seed = deviation, seed

    def call(self, x):
        return x + self.deviation * keras.random.normal(keras.ops.shape(x), seed=self.seed)


def test_encoder_that_is_nearly_constant_is_doubted():
    found = doubts(decoder(), encoder(gain=1 / 255, sigma=1))
    assert found[0].startswith("The latent hardly changes over the data: mu has deviations up to 0.004")


@pytest.mark.parametrize(
    ("options", "seen"),
    [({"gain": 50}, "deviations from (4[789]|5[0123]) to (4[789]|5[0123]),"), ({"mean": 20}, "means from 20 to 20 ")],
)
def test_latents_far_from_the_prior_are_doubted(options, seen):
    assert re.match(f"The latents of the data have .*{seen}", doubts(decoder(), encoder(sigma=0.1, **options))[0])
    assert not any("means" in doubt for doubt in doubts(decoder(), encoder(**options)))  # These are standardised.


def test_parts_that_do_not_belong_together_are_doubted():
    (doubt,) = doubts(decoder(), encoder(gain=-1))
    assert "(root mean square), and the mean of all data by" in doubt
    error, of_mean = map(float, re.findall(r" by (0\.\d+)", doubt))
    assert error == pytest.approx(2 * of_mean, rel=0.01)  # A brightness b becomes 1 - b.
    assert of_mean == pytest.approx(DEVIATION, rel=0.03)


def test_values_that_are_not_finite_are_an_error_that_counts_them():
    with pytest.raises(ValueError, match=r"encode gives [\d,]+ NaN or infinite values of 2,400: look at"):
        doubts(decoder(), encoder(log_of=2.0))
    z = keras.Input((3,))
    bad = keras.Model(z, decoder()(z) / keras.ops.zeros(SHAPE))
    with pytest.raises(ValueError, match=r"decode gives [\d,]+ NaN or infinite values"):
        doubts(bad, encoder())
    x = keras.Input(SHAPE)
    judge = keras.Model(x, keras.ops.log(keras.layers.Flatten()(x)[:, :2] - 2))
    with pytest.raises(ValueError, match="classify gives 800 NaN or infinite values of 800"):
        doubts(decoder(), encoder(), judge)


def test_model_card_tells_the_doubts():
    own = KerasDomain.of("own", decoder(), invert="never")
    card = own_model_card(own, {}, {}, ["One thing is wrong.", "Another one is."])
    assert "\nWhat looked wrong when it was packaged:\n\n- One thing is wrong.\n- Another one is.\n\nMade by" in card
    assert "looked wrong" not in own_model_card(own, {}, {})
