import keras
import numpy as np
import pytest
import tensorflow as tf

from latent_xlate.domains.image.conv_vae import ConvVAE
from latent_xlate.domains.image.measurements import measurements
from latent_xlate.optimizer import FusedAdam
from tests.support.model_checks import check_mirrored, check_mixed_precision, check_saving, op_types

SHAPE = (16, 16, 3)


def vae(shape=SHAPE, **kwargs):
    """One whose biases and last convolutions of blocks are not zero."""
    keras.utils.set_random_seed(0)
    model = ConvVAE(shape, **({"latent_dim": 12, "width": 4, "num_classes": 3} | kwargs))
    model.build()
    generator = np.random.default_rng(1)
    model.set_weights([w + 0.1 * generator.normal(size=w.shape) for w in model.get_weights()])
    model.measured_std.assign(tf.ones_like(model.measured_std))
    return model


def images(batch=8, shape=SHAPE, seed=0):
    """A square of a random colour on a ground of another, at random places."""
    generator = np.random.default_rng(seed)
    x = np.broadcast_to(generator.uniform(size=(batch, 1, 1, shape[2])), (batch, *shape)).astype(np.float32).copy()
    for picture in x:
        top, left = generator.integers(0, np.array(shape[:2]) - 5)
        picture[top : top + 5, left : left + 5] = generator.uniform(size=shape[2])
    return x


def labels(batch=8):
    return np.arange(batch) % 3


@pytest.mark.parametrize("shape", [(8, 8, 1), (16, 24, 3), (40, 8, 1), (64, 64, 3)])
def test_any_multiple_of_eight_is_encoded_and_decoded(shape):
    model = vae(shape)
    mu, sigma = model.encode(images(2, shape))
    assert mu.shape == sigma.shape == (2, 12)
    assert np.isfinite(mu).all()
    assert 0 < sigma.numpy().min() <= sigma.numpy().max() < 1
    for z in (mu, 5 * tf.random.stateless_normal([2, 12], [0, 0])):
        x = model.decode(z).numpy()
        assert x.shape == (2, *shape)
        assert 0 <= x.min() <= x.max() <= 1
    again = ConvVAE.from_config(model.get_config())
    again.build()
    assert [w.shape for w in again.get_weights()] == [w.shape for w in model.get_weights()]


@pytest.mark.parametrize("shape", [(28, 28, 1), (4, 8, 1), (16, 16, 2), (0, 8, 3)])
def test_other_shapes_are_refused(shape):
    with pytest.raises(ValueError, match=f"Pictures of {shape[0]}x{shape[1]} pixels and {shape[2]} channels fit no"):
        ConvVAE(shape)


def test_a_latent_without_room_is_refused():
    with pytest.raises(ValueError, match="latent_dim is 9; it must be larger than 9"):
        ConvVAE(SHAPE, latent_dim=9)


def test_the_first_coordinates_are_the_standardised_measurements():
    model, x = vae(), images(50)
    model.standardise(x)
    measured = measurements(x).numpy()
    expected = (measured - measured.mean(axis=0)) / measured.std(axis=0)
    np.testing.assert_allclose(model.encode(x)[0][:, :9], expected, rtol=1e-3, atol=1e-4)


def test_what_is_equal_in_all_pictures_is_zero_and_not_magnified():
    model, x = vae(), images(50)
    x[:, [0, -1]] = x[:, :, [0, -1]] = 0.0
    model.standardise(x)
    np.testing.assert_allclose(model.encode(x)[0][:, :3], 0, atol=1e-4)
    np.testing.assert_allclose(model.encode(x + 0.001)[0][:, :3], 0.05, atol=1e-3)


def test_terms_are_the_bound_and_the_cross_entropy():
    model, x, y = vae(sigma_x=0.3, beta=0.5, beta_cls=2.0), images(), labels()
    mu, sigma = (value.numpy() for value in model.encode(x))
    error = np.mean(np.sum((model.decode(mu).numpy() - x) ** 2, axis=(1, 2, 3))) / (2 * 0.3**2)
    kl = np.mean(np.sum(0.5 * (mu**2 + sigma**2 - 1) - np.log(sigma), axis=1))
    logits = model.classifier(mu).numpy()
    entropy = np.mean(np.log(np.exp(logits).sum(axis=1)) - logits[np.arange(8), y])
    expected = {
        "loss": error + 0.5 * kl + 2 * entropy, "reconstruction": error, "kl": kl, "classification": entropy,
    }  # fmt: skip
    got = {name: float(value) for name, value in model.test_step((x, y)).items()}
    assert got == pytest.approx(expected, rel=1e-4)
    assert float(vae(num_classes=0).test_step((x,))["classification"]) == 0


@pytest.mark.slow
def test_training_lowers_every_term_but_the_divergence():
    model = ConvVAE(SHAPE, latent_dim=12, width=4, num_classes=3)
    model.build()
    model.standardise(images(96))
    model.compile(optimizer=FusedAdam(5e-3))
    history = model.fit(images(96), labels(96), epochs=8, batch_size=16, verbose=0).history
    for name in ("loss", "reconstruction", "classification"):
        assert history[name][-1] < 0.7 * history[name][0], name


@pytest.mark.parametrize("options", [{}, {"num_classes": 0, "dtype": "mixed_bfloat16"}])
@pytest.mark.long
def test_vae_saves_and_loads(options, tmp_path):
    check_saving(vae(**options), images(), tmp_path)


def test_vae_in_mixed_precision():
    def use(model):
        mu, sigma = model.encode(images())
        return [mu, sigma, model.decode(mu)]

    check_mixed_precision(lambda policy: vae(dtype=policy), use, tolerance=0.1)


@pytest.mark.slow
def test_two_replicas_train_as_one_device_does():
    x, y = tf.constant(images(48)), tf.constant(labels(48))
    check_mirrored(
        lambda: vae(sigma_x=1.0, beta_cls=1.0),
        lambda positions: (tf.gather(x, positions % 48), tf.gather(y, positions % 48)),
        atol=1e-5,
    )


def test_graphs_have_core_operations_alone():
    model = vae()
    types = op_types(lambda x: model.decode(model.encode(x)[0]), tf.TensorSpec([None, *SHAPE], tf.float32))
    assert not {name for name in types if "PyFunc" in name}
