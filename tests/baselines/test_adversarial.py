"""What the baselines share, shown by the smallest of them."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from latent_xlate import training_steps
from latent_xlate.baselines.latent_cyclegan import LatentCycleGAN
from latent_xlate.latents.batches import make_batches
from tests.support import synthetic
from tests.support.baseline_checks import check_resuming
from tests.support.model_checks import check_mirrored
from tests.support.tolerances import approx, assert_close

DIMS = (6, 5)


def small(**kwargs) -> LatentCycleGAN:
    keras.utils.set_random_seed(0)
    return LatentCycleGAN(DIMS, **({"hidden_units": (16,), "discriminator_units": (16,), "pool_size": 16} | kwargs))


def batches() -> training_steps.MakeBatch:
    domains = [synthetic.latents(dim, 60, seed) for seed, dim in enumerate(DIMS)]
    return make_batches(domains, synthetic.NUM_CLASSES, "balanced", 0)


def test_each_network_follows_the_gradient_of_its_own_loss():
    model = small(pool_size=0)
    model.compile(optimizer=keras.optimizers.SGD(0.1))
    data = batches()(tf.range(8, dtype=tf.int64))
    step = tf.constant(0, tf.int64)
    with tf.GradientTape(persistent=True) as tape:
        terms, loss, discriminator_loss = model.compute_losses(model.sample_latents(data, step), step)
    expected = []
    for networks, of in ((model.generators, loss), (model.discriminators, discriminator_loss)):
        for variable in [variable for network in networks for variable in network.trainable_variables]:
            expected.append((variable, variable.numpy() - 0.1 * tape.gradient(of, variable).numpy()))
    logs = model.train_step(data)
    for variable, value in expected:
        assert_close(variable.numpy(), value, rtol=1e-4, atol=1e-6)
    values = terms | {"loss": loss, "discriminator": discriminator_loss}
    assert {name: float(value) for name, value in logs.items()} == approx(
        {name: float(value) for name, value in values.items()}, rel=1e-5
    )


def test_resumed_run_ends_with_the_bits_of_an_unbroken_one(tmp_path):
    check_resuming(lambda: small(spectral_normalization=True, pool_size=8), batches(), tmp_path)


@pytest.mark.long
def test_two_replicas_train_as_one_device():
    check_mirrored(small, batches())


def test_own_domain_is_reached_by_the_other_and_back():
    model = small()
    z = tf.constant(synthetic.latents(DIMS[0], 2).mu)
    np.testing.assert_array_equal(model.translate(z, 0, 0), model.translate(model.translate(z, 0, 1), 1, 0))


def test_there_is_no_shared_latent():
    with pytest.raises(ValueError, match="A LatentCycleGAN has no shared latent"):
        small().encode(tf.zeros([1, DIMS[0]]), 0)
    with pytest.raises(ValueError, match="A LatentCycleGAN has no shared latent"):
        small().decode(tf.zeros([1, 0]), 0)
