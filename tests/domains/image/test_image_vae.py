import keras
import numpy as np
import pytest
import tensorflow as tf

from latent_xlate.domains.image.image_vae import ImageVAE
from latent_xlate.optimizer import FusedAdam
from latent_xlate.randomness import replica_normal, step_seed
from tests.support.model_checks import check_mirrored, check_mixed_precision, check_saving
from tests.support.tolerances import approx, assert_close

SHAPE = (6, 5, 2)


def vae(**kwargs):
    """One whose biases are not zero."""
    keras.utils.set_random_seed(0)
    model = ImageVAE(SHAPE, **({"latent_dim": 4, "hidden_units": (16, 8), "beta": 0.7} | kwargs))
    model.build()
    generator = np.random.default_rng(1)
    model.set_weights([w + 0.1 * generator.normal(size=w.shape) for w in model.get_weights()])
    return model


def images(batch=8, seed=0):
    return np.random.default_rng(seed).uniform(size=(batch, *SHAPE)).astype(np.float32)


def dense(x, layer):
    kernel, bias = layer.get_weights()
    return x @ kernel.astype(np.float64) + bias


def relu_stack(x, stack):
    for layer in stack.layers:
        x = np.maximum(dense(x, layer), 0)
    return x


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def encode(x, model):
    h = relu_stack(x.reshape(len(x), -1), model.encoder)
    return dense(h, model.mu), sigmoid(dense(h, model.sigma))


def decode(z, model):
    return sigmoid(dense(relu_stack(z, model.decoder), model.pixels)).reshape(-1, *SHAPE)


def expected_terms(model, x, noise):
    """Supplement B.2 written out in numpy: negative ELBO in nats an image, less the likelihood's constant."""
    mu, sigma = encode(x, model)
    error = np.sum((decode(mu + sigma * noise, model) - x) ** 2, axis=(1, 2, 3)) / (2 * model.sigma_x**2)
    kl = np.sum(0.5 * (mu**2 + sigma**2 - 1) - np.log(sigma), axis=1)
    return {"loss": np.mean(error + model.beta * kl), "reconstruction": np.mean(error), "kl": np.mean(kl)}


def floats(terms):
    return {name: float(value) for name, value in terms.items()}


def test_networks_are_those_of_the_paper():
    model, x = vae(), images()
    mu, sigma = encode(x, model)
    assert_close(model.encode(x)[0], mu, rtol=1e-4, atol=1e-5)
    assert_close(model.encode(x)[1], sigma, rtol=1e-4, atol=1e-5)
    assert_close(model.decode(mu), decode(mu, model), rtol=1e-4, atol=1e-5)
    assert_close(model(x), decode(mu, model), rtol=1e-4, atol=1e-5)


def test_evaluation_takes_the_posteriors_mean():
    model = vae()
    assert floats(model.test_step(images())) == approx(expected_terms(model, images(), 0.0), rel=1e-5)


def test_training_samples_the_posterior_anew_at_each_step():
    model = vae(sigma_x=0.3, seed=5)
    model.compile(optimizer=keras.optimizers.SGD(0.0))
    for step in range(2):
        model.reset_metrics()
        noise = replica_normal((8, 4), step_seed(5, tf.constant(step), 0)).numpy()
        terms = floats(model.train_step((images(),)))
        assert terms == approx(expected_terms(model, images(), noise), rel=1e-5)


def test_fit_takes_arrays_and_reduces_the_loss_of_a_model_yet_to_be_built():
    model = ImageVAE(SHAPE, latent_dim=4, hidden_units=(16, 8))
    model.compile(optimizer=FusedAdam(1e-2))
    x = 0.2 * images(64) + np.linspace(0, 0.8, 64, dtype=np.float32)[:, None, None, None]
    history = model.fit(x, epochs=10, batch_size=8, verbose=0).history
    assert history["loss"][-1] < 0.5 * history["loss"][0]
    assert model.evaluate(x, verbose=0, return_dict=True)["loss"] < history["loss"][-1]


@pytest.mark.parametrize("dtype", ["float32", "mixed_bfloat16"])
def test_vae_saves_and_loads(dtype, tmp_path):
    check_saving(vae(dtype=dtype), images(), tmp_path)


def test_vae_in_mixed_precision():
    def use(model):
        return [model(images()), *model.encode(images()), model.decode(images(8)[:, 0, :4, 0])]

    check_mixed_precision(lambda policy: vae(dtype=policy), use)


def test_two_replicas_train_as_one_device_does():
    pool = tf.constant(images(80))
    check_mirrored(lambda: vae(hidden_units=(8,), sigma_x=1.0), lambda positions: (tf.gather(pool, positions % 80),))
