import keras
import numpy as np
import pytest
import tensorflow as tf

from latent_xlate import training
from latent_xlate.baselines.cyclegan import CycleGAN
from latent_xlate.optimizer import FusedAdam
from tests.support import baseline_images
from tests.support.model_checks import check_mixed_precision, check_saving
from tests.support.tolerances import approx


def small(seed=0, **kwargs) -> CycleGAN:
    keras.utils.set_random_seed(seed)
    settings = {"filters": 4, "num_blocks": 1, "discriminator_filters": 4, "discriminator_layers": 1, "pool_size": 16}
    return CycleGAN(baseline_images.SHAPE, **(settings | {"seed": seed} | kwargs))


def latents(count=3):
    return [
        tf.constant(baseline_images.flat(data)[:count]) for data in (baseline_images.bars(), baseline_images.turned())
    ]


def distance(x, y):
    """On the scale [-1, 1], as in the original."""
    return np.mean(np.abs((2 * np.asarray(x) - 1) - (2 * np.asarray(y) - 1)))


def test_losses_are_those_of_the_paper():
    model = small(beta_cycle=3.0, beta_identity=0.5, pool_size=0)
    z = latents()
    terms, loss, discriminator_loss = model.compute_losses(z, tf.constant(0, tf.int64))
    forth, back = model.generators
    judge_first, judge_second = model.discriminators
    x, y = (of.numpy() for of in z)
    fake_y, fake_x = forth(x).numpy(), back(y).numpy()
    expected = {
        "adversarial": np.mean((judge_second(fake_y).numpy() - 1) ** 2)
        + np.mean((judge_first(fake_x).numpy() - 1) ** 2),
        "cycle": distance(back(fake_y), x) + distance(forth(fake_x), y),
        "identity": distance(back(x), x) + distance(forth(y), y),
    }
    assert {name: float(value) for name, value in terms.items()} == approx(expected, rel=1e-4)
    assert float(loss) == approx(
        expected["adversarial"] + 3.0 * expected["cycle"] + 0.5 * expected["identity"], rel=1e-4
    )
    of_judges = [
        np.mean((judge(real).numpy() - 1) ** 2) + np.mean(judge(fake).numpy() ** 2)
        for judge, real, fake in ((judge_first, x, fake_x), (judge_second, y, fake_y))
    ]
    assert float(discriminator_loss) == approx(sum(of_judges) / 2, rel=1e-4)


def test_discriminators_learn_from_the_pools():
    model = small(pool_size=3)
    z = latents()
    step = tf.constant(9, tf.int64)
    terms, _, discriminator_loss = model.compute_losses(z, step)
    for pool, fake in zip(model.pools, (model.generators[1](z[1]), model.generators[0](z[0])), strict=True):
        # Empty images were there before, which have partly gone to the discriminator.
        taken = np.isclose(pool.kept.numpy()[:, None], fake.numpy()[None], atol=1e-5).all(axis=-1).any(axis=1)
        assert taken.sum() == np.sum(pool.kept.numpy().any(axis=1))
    plain_terms, _, plain = small(pool_size=0).compute_losses(z, step)
    assert float(terms["adversarial"]) == approx(float(plain_terms["adversarial"]), rel=1e-5)
    assert float(discriminator_loss) != approx(float(plain), rel=1e-4)


def test_terms_of_weight_zero_are_left_out():
    model = small(beta_cycle=0.0, beta_identity=0.0)
    terms, loss, _ = model.compute_losses(latents(), tf.constant(0, tf.int64))
    assert terms.keys() == {"adversarial"}
    assert float(loss) == float(terms["adversarial"])
    assert [metric.name for metric in model.metrics] == ["loss", "adversarial", "discriminator"]


@pytest.mark.long
def test_learns_how_the_other_domain_looks_and_the_way_back():
    model = small(filters=8, discriminator_filters=8, beta_identity=0.0)
    model.compile(optimizer=FusedAdam(2e-3, beta_1=0.5), jit_compile=False)
    logs = training.train(model, baseline_images.pairs(), num_steps=100, batch_size=8, steps_per_log=50)
    assert logs["cycle"] < 0.5
    domains = [baseline_images.bars(seed=2, count=80), baseline_images.turned(seed=3, count=80)]
    means = [baseline_images.flat(data).mean() for data in domains]
    for source, data in enumerate(domains):
        brightness = np.mean(model.translate(baseline_images.flat(data), source, 1 - source))
        assert abs(brightness - means[1 - source]) < 0.25 * abs(means[0] - means[1])


def test_saved_and_read_again(tmp_path):
    check_saving(small(), [z.numpy() for z in latents()], tmp_path)


def test_mixed_precision():
    check_mixed_precision(lambda dtype: small(dtype=dtype), lambda model: model(latents()))
