import keras
import numpy as np
import pytest
import tensorflow as tf

from latent_xlate import training
from latent_xlate.baselines.latent_cyclegan import LatentCycleGAN
from latent_xlate.latents.batches import make_batches
from latent_xlate.latents.latents import Latents
from latent_xlate.optimizer import FusedAdam
from tests.support import synthetic
from tests.support.model_checks import check_mixed_precision, check_saving
from tests.support.tolerances import approx


def small(latent_dims=(6, 5), seed=0, **kwargs) -> LatentCycleGAN:
    keras.utils.set_random_seed(seed)
    settings = {"hidden_units": (16, 16), "discriminator_units": (16,), "pool_size": 16, "seed": seed}
    return LatentCycleGAN(latent_dims, **(settings | kwargs))


def domains(latent_dims=(6, 5)):
    return [synthetic.latents(dim, 60, seed) for seed, dim in enumerate(latent_dims)]


def mean_distance(x, y):
    return np.mean(np.abs(np.asarray(x) - np.asarray(y)))


def test_losses_are_those_of_cyclegan():
    model = small((5, 5), beta_cycle=3.0, beta_identity=0.5, pool_size=0)
    z = [of.mu[:3] for of in domains((5, 5))]
    terms, loss, discriminator_loss = model.compute_losses([tf.constant(x) for x in z], tf.constant(0, tf.int64))
    x, y = z
    forth, back = model.generators
    fake_y, fake_x = forth(x).numpy(), back(y).numpy()
    scores = {
        name: judge(of).numpy()
        for name, judge, of in (
            ("x", model.discriminators[0], x),
            ("fake x", model.discriminators[0], fake_x),
            ("y", model.discriminators[1], y),
            ("fake y", model.discriminators[1], fake_y),
        )
    }
    expected = {
        "adversarial": np.mean((scores["fake x"] - 1) ** 2) + np.mean((scores["fake y"] - 1) ** 2),
        "cycle": mean_distance(back(fake_y), x) + mean_distance(forth(fake_x), y),
        "identity": mean_distance(back(x), x) + mean_distance(forth(y), y),
    }
    assert {name: float(value) for name, value in terms.items()} == approx(expected, rel=1e-4)
    assert float(loss) == approx(
        expected["adversarial"] + 3.0 * expected["cycle"] + 0.5 * expected["identity"], rel=1e-4
    )
    of_judges = [np.mean((scores[name] - 1) ** 2) for name in "xy"] + [np.mean(scores[f"fake {n}"] ** 2) for n in "xy"]
    assert float(discriminator_loss) == approx(sum(of_judges) / 2, rel=1e-4)


def test_latents_are_sampled_of_their_posteriors_anew_at_each_step():
    model = small()
    mu, sigma = tf.fill([400, 6], 3.0), tf.fill([400, 6], 0.5)
    other = tf.zeros([400, 5])
    first, again, later = (
        model.sample_latents((((mu, sigma), (other, other)), None), tf.constant(step, tf.int64)) for step in (0, 0, 1)
    )
    np.testing.assert_array_equal(first[0], again[0])
    assert np.abs(np.corrcoef(np.ravel(first[0]), np.ravel(later[0]))[0, 1]) < 0.1
    assert np.mean(first[0]) == approx(3.0, abs=0.05)
    assert np.std(first[0]) == approx(0.5, abs=0.05)
    np.testing.assert_array_equal(first[1], other)


def shifted(dim, shift, seed):
    mu = (shift + 0.5 * np.random.default_rng(seed).normal(size=(400, dim))).astype(np.float32)
    return Latents(mu, np.full_like(mu, 0.1), np.arange(400, dtype=np.int32) % 4)


def test_learns_where_the_other_domain_lies_and_the_way_back():
    latents = [shifted(4, 2.0, 0), shifted(3, -2.0, 1)]
    model = small((4, 3), hidden_units=(32,), discriminator_units=(32, 32), beta_cycle=1.0, pool_size=0)
    model.compile(optimizer=FusedAdam(1e-3, beta_1=0.5), jit_compile=False)
    make_batch = make_batches(latents, 4, "balanced", 0)
    logs = training.train(model, make_batch, num_steps=400, batch_size=32, steps_per_log=200)
    assert logs["cycle"] < 0.5
    for source in range(2):
        z = np.asarray(model.translate(latents[source].mu, source, 1 - source))
        np.testing.assert_allclose(z.mean(axis=0), latents[1 - source].mu.mean(axis=0), atol=0.6)


def test_saved_and_read_again(tmp_path):
    check_saving(small(spectral_normalization=True), [of.mu[:4] for of in domains()], tmp_path)


def test_mixed_precision():
    check_mixed_precision(lambda dtype: small(dtype=dtype), lambda model: model([of.mu[:4] for of in domains()]))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"latent_dims": (6, 5), "beta_identity": 1.0}, r"sizes \(6, 5\) have no identity: beta_identity must be 0"),
        ({"latent_dims": (6, 5, 4)}, "A LatentCycleGAN joins two domains, not 3"),
    ],
)
def test_unfit_settings_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        small(**arguments)
