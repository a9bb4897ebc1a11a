import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy.special import expit

from latent_xlate import training
from latent_xlate.baselines.pix2pix import Pix2Pix
from latent_xlate.optimizer import FusedAdam
from tests.support import baseline_images
from tests.support.baseline_checks import check_resuming, eagerly
from tests.support.model_checks import check_mirrored, check_mixed_precision, check_saving
from tests.support.tolerances import approx


def small(seed=0, **kwargs) -> Pix2Pix:
    keras.utils.set_random_seed(seed)
    settings = {"filters": 4, "depth": 4, "discriminator_filters": 4, "seed": seed}
    return Pix2Pix(baseline_images.SHAPE, **(settings | kwargs))


def latents(count=3):
    return [
        tf.constant(baseline_images.flat(data)[:count]) for data in (baseline_images.bars(), baseline_images.turned())
    ]


def test_losses_are_those_of_the_paper():
    model = small(dropout=0.0, beta_l1=7.0)
    z = latents()
    terms, loss, discriminator_loss = model.compute_losses(z, tf.constant(0, tf.int64))
    expected = {"adversarial": 0.0, "l1": 0.0, "discriminator": 0.0}
    for way in range(2):
        x, y = z[way].numpy(), z[1 - way].numpy()
        fake = model.generators[way](x).numpy()
        real_scores, fake_scores = (model.discriminators[way]([x, other]).numpy() for other in (y, fake))
        expected["l1"] += np.mean(np.abs((2 * fake - 1) - (2 * y - 1)))
        expected["adversarial"] += np.mean(-np.log(expit(fake_scores)))
        expected["discriminator"] += np.mean(-np.log(expit(real_scores)) - np.log(1 - expit(fake_scores))) / 2
    assert {name: float(value) for name, value in terms.items()} == approx(
        {name: expected[name] for name in ("adversarial", "l1")}, rel=1e-4
    )
    assert float(loss) == approx(expected["adversarial"] + 7.0 * expected["l1"], rel=1e-4)
    assert float(discriminator_loss) == approx(expected["discriminator"], rel=1e-4)


@pytest.mark.long
def test_learns_the_class_both_ways():
    model = small(filters=8, discriminator_filters=8)
    model.compile(optimizer=FusedAdam(2e-3, beta_1=0.5), jit_compile=False)
    training.train(model, baseline_images.pairs(), num_steps=120, batch_size=16, steps_per_log=120)
    domains = [baseline_images.bars(seed=2, count=80), baseline_images.turned(seed=3, count=80)]
    for source in range(2):
        z = model.translate(baseline_images.flat(domains[source]), source, 1 - source)
        classes = baseline_images.nearest_class(z, domains[1 - source])
        assert np.mean(classes == domains[source].labels) > 0.9


@pytest.mark.long
def test_resumed_run_ends_with_the_bits_of_an_unbroken_one(tmp_path):
    check_resuming(lambda: small(depth=3, spectral_normalization=True), baseline_images.pairs(), tmp_path)


@pytest.mark.long
def test_two_replicas_train_as_one_device():
    with eagerly():
        check_mirrored(lambda: small(depth=3), baseline_images.pairs())


def test_saved_and_read_again(tmp_path):
    check_saving(small(groups=2, spectral_normalization=True), [z.numpy() for z in latents()], tmp_path)


def test_mixed_precision():
    check_mixed_precision(lambda dtype: small(dtype=dtype), lambda model: model(latents()))
