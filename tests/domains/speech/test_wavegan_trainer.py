import keras
import numpy as np
import pytest
import tensorflow as tf

from latent_xlate import distribution, xla
from latent_xlate.domains.speech.priors import sample_prior
from latent_xlate.domains.speech.spectrogram_discriminator import SpectrogramDiscriminator
from latent_xlate.domains.speech.speech_encoder import SpeechEncoder
from latent_xlate.domains.speech.wavegan_discriminator import WaveGANDiscriminator
from latent_xlate.domains.speech.wavegan_generator import WaveGANGenerator
from latent_xlate.domains.speech.wavegan_settings import WaveGANSettings
from latent_xlate.domains.speech.wavegan_trainer import (
    GENERATOR_PRIOR,
    PENALTY_AUGMENTATION,
    POSTERIOR_NOISE,
    WaveGANTrainer,
)
from latent_xlate.optimizer import FusedAdam
from tests.support.model_checks import check_mirrored
from tests.support.tolerances import assert_close

BATCH = 4


def trainer(discriminator="waveform", encoder=False, learning_rate=1e-3, seed=0, **options):
    keras.utils.set_random_seed(0)
    networks = [WaveGANGenerator(3, 2, half_rate=True) for _ in range(2)]
    networks.append(
        WaveGANDiscriminator(2, half_rate=True)
        if discriminator == "waveform"
        else SpectrogramDiscriminator(2, num_classes=2)
        if discriminator
        else None
    )
    networks.append(SpeechEncoder(3, dim=2) if encoder else None)
    for network in networks:
        if network is not None:
            network.build()
    networks[1].set_weights(networks[0].get_weights())
    kind = discriminator or "waveform"
    settings = WaveGANSettings(discriminator=kind, half_rate=True, encoder=encoder, seed=seed, **options)
    made = WaveGANTrainer(settings, *networks)
    made.compile_optimizers(FusedAdam(learning_rate, beta_1=0.5), FusedAdam(learning_rate, beta_1=0.5))
    return made


def data(steps=1, seed=0):
    """Noise, in the first half of the slice of class 0 and in the second of class 1, at random loudness."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(2, size=(steps, BATCH))
    sounding = np.arange(16384) // 8192 == labels[..., None]
    x = rng.uniform(0.05, 0.2, (steps, BATCH, 1)) * sounding * rng.normal(size=(steps, BATCH, 16384))
    return tf.constant(x, tf.float32), tf.constant(labels)


def train(made, num_steps, train_step=None):
    """Trains on one batch, and gives the trackers' values of the first step and of the last.

    Tracing takes longer than training: give `train_step` where a model is trained twice.
    """
    train_step = train_step or tf.function(made.train_step)
    results = []
    for _ in range(num_steps):
        made.reset_metrics()
        results.append({name: float(value) for name, value in train_step(data()).items()})
    return results[0], results[-1]


def step(made):
    made.reset_metrics()
    return {name: float(value) for name, value in made.train_step(data()).items()}


def scale_scores(made, factor):
    """Multiplies the discriminator's scores, but for their bias, and their gradients with them."""
    kernel = made.discriminator.layers[-1].kernel
    kernel.assign(factor * kernel)


@pytest.mark.parametrize(("prior", "kurtosis", "largest"), [("uniform", 1.8, 1.0), ("normal", 3.0, np.inf)])
def test_prior(prior, kurtosis, largest):
    z = sample_prior(prior, (20000, 3), tf.constant([1, 2])).numpy()
    assert np.abs(z).max() <= largest
    assert np.abs(z.mean()) < 0.01
    assert (z**4).mean() / (z**2).mean() ** 2 == pytest.approx(kurtosis, rel=0.03)


def test_the_wasserstein_critics_penalty_is_of_gradients_whose_norm_is_not_one():
    penalties = []
    for factor in (0.0, 1.0, 2.0, 3.0):
        made = trainer(discriminator_steps=1, learning_rate=0.0)
        scale_scores(made, 10 * factor)
        results = step(made)
        assert results["discriminator"] == pytest.approx(results["fake"] - results["real"], abs=1e-5)
        penalties.append(results["penalty"])
    # 10 (factor |g| - 1)^2 on the mean: a parabola that begins at 10.
    assert penalties[0] == pytest.approx(10, rel=1e-4)
    assert penalties[3] - 3 * penalties[2] + 3 * penalties[1] - penalties[0] == pytest.approx(0, abs=1e-3)
    assert penalties[3] - 2 * penalties[2] + penalties[1] > 1e-3


@pytest.mark.long
def test_r1_is_of_gradients_at_real_sounds_every_sixteenth_step():
    penalties = []
    for factor in (1.0, 2.0):
        made = trainer("spectrogram", objective="r1", discriminator_steps=1, penalty=3.0, learning_rate=0.0)
        scale_scores(made, factor)
        x = made.discriminator.represent(data()[0][0][..., tf.newaxis])
        with tf.GradientTape() as tape:
            tape.watch(x)
            scores = made.discriminator(x, seed=made._seed(tf.constant(0), PENALTY_AUGMENTATION, 0))[:, 0]
        expected = 0.5 * 3 * 16 * np.mean(np.sum(np.square(tape.gradient(scores, x)), axis=(1, 2, 3)))
        penalties.append(step(made)["penalty"])
        assert penalties[-1] == pytest.approx(expected, rel=1e-3)
        assert [step(made)["penalty"] for _ in range(2)] == [0, 0]
        made.optimizer.iterations.assign(32)
        assert step(made)["penalty"] > 0
    assert penalties[1] == pytest.approx(4 * penalties[0], rel=1e-3)


@pytest.mark.parametrize(("discriminator", "objective"), [("waveform", "wgan_gp"), ("spectrogram", "r1")])
def test_a_step_against_the_penalty_flattens_the_discriminator(discriminator, objective):
    made = trainer(discriminator, objective=objective, discriminator_steps=1, penalty=1e4, learning_rate=1e-5)
    made.optimizer.learning_rate = 0.0  # The same sounds again.
    rng = np.random.default_rng(0)
    for variable in made.discriminator.trainable_variables:
        if len(variable.shape) == 1:  # With biases of zero, silence lies on the kinks of the leaky ReLUs.
            variable.assign(rng.normal(0.0, 0.1, variable.shape))
    scale_scores(made, 100)
    before = step(made)["penalty"]
    made.optimizer.iterations.assign(0)
    assert step(made)["penalty"] < before


@pytest.mark.long
def test_discriminator_generator_and_encoder_learn_together():
    made = trainer(
        "spectrogram",
        encoder=True,
        objective="r1",
        prior="normal",
        discriminator_steps=1,
        kl_warmup=0,
        learning_rate=3e-3,
    )
    networks = (made.generator, made.encoder, made.discriminator)
    before = [network.get_weights() for network in networks]
    first, last = train(made, 30)
    assert last["reconstruction"] < 0.8 * first["reconstruction"]
    assert last["real_class"] < 0.5 * first["real_class"]
    assert last["fake"] < last["real"]
    for network, weights in zip(networks, before, strict=True):
        assert all(
            np.abs(ours - theirs).max() > 1e-4 for ours, theirs in zip(network.get_weights(), weights, strict=True)
        )


@pytest.mark.long
def test_class_logits_ask_the_generator_for_sounds_that_are_sure():
    made = trainer("spectrogram", objective="r1", discriminator_steps=1, beta_class=10.0, learning_rate=3e-3)
    made.discriminator_optimizer.learning_rate = 0.0
    # Decided classes, where an untrained discriminator is in doubt of all sounds alike; and no scores, which would
    # draw the generator elsewhere.
    kernel = made.discriminator.judgement.kernel
    kernel.assign(1e3 * kernel * [0.0, 1.0, 1.0])
    first, last = train(made, 15)
    assert last["fake_class"] < 0.5 * first["fake_class"]


@pytest.mark.long
def test_sounds_made_of_recordings_come_to_have_their_classes_and_activations():
    weights = {"beta_reconstruction": 0.0, "beta_kl": 0.0, "beta_class": 1.0, "beta_features": 1.0}
    options = {"objective": "vae", "prior": "normal", "discriminator_steps": 1, "learning_rate": 3e-3}
    made = trainer("spectrogram", encoder=True, **options, **weights)
    train_step = tf.function(made.train_step)
    first, last = train(made, 30, train_step)
    assert last["real_class"] < 0.5 * first["real_class"]
    assert last["reconstruction_class"] < 0.8 * first["reconstruction_class"]
    # A network trained meanwhile is no measure; an untouched one is.
    made.discriminator_optimizer.learning_rate = 0.0
    first, last = train(made, 30, train_step)
    assert last["features"] < 0.9 * first["features"]


def class_trainer(**options):
    defaults = {"objective": "vae", "prior": "normal", "discriminator_steps": 1, "beta_class": 1.0}
    return trainer("spectrogram", encoder=True, **(defaults | {"beta_reconstruction": 0.0, "beta_kl": 0.0} | options))


@pytest.mark.long
def test_class_latents_say_the_class_of_recordings_and_of_what_the_prior_gives():
    made = class_trainer(class_latents=True, learning_rate=3e-3)
    train_step = tf.function(made.train_step)
    first, last = train(made, 40, train_step)
    assert last["latent_class"] < 0.3 * first["latent_class"]
    x, labels = data()
    mu, _ = made.encoder(x[0])
    np.testing.assert_array_equal(np.argmax(mu[:, :2], axis=1), labels[0])
    # By the classes that the discriminator has learned, a latent's sound comes to have the latent's class.
    made.discriminator_optimizer.learning_rate = 0.0
    first, last = train(made, 40, train_step)
    assert last["fake_class"] < 0.9 * first["fake_class"]


def test_what_is_made_of_the_prior_is_compared_with_its_latents_class():
    made = class_trainer(class_latents=True, learning_rate=0.0)
    scale_scores(made, 10)
    z = sample_prior("normal", (BATCH, 3), made._seed(tf.constant(0), GENERATOR_PRIOR))
    logits = made.discriminator(made.discriminator.represent(made.generator(z)))[:, 1:].numpy().astype(np.float64)
    logits -= np.log(np.exp(logits).sum(axis=1, keepdims=True))
    expected = -np.mean(logits[np.arange(BATCH), np.argmax(z[:, :2], axis=1)])
    assert step(made)["fake_class"] == pytest.approx(expected, rel=1e-4)


@pytest.mark.long
def test_sliced_wasserstein_distance_draws_latents_to_the_prior():
    options = {"objective": "vae", "prior": "normal", "beta_reconstruction": 0.0, "beta_kl": 0.0}
    made = trainer(None, encoder=True, beta_swd=1.0, learning_rate=3e-3, **options)
    made.encoder.mu.bias.assign([3.0, -2.0, 1.0])
    first, last = train(made, 60)
    assert last["swd"] < 0.5 * first["swd"]


def test_the_distance_between_activations_is_relative_to_the_recordings():
    made = trainer("spectrogram", encoder=True, objective="vae", prior="normal", discriminator_steps=1,
                   beta_class=1.0, beta_features=1.0, learning_rate=0.0)  # fmt: skip
    x = data()[0][0]
    mu, sigma = made.encoder(x)
    z = mu + sigma * tf.random.stateless_normal(mu.shape, made._seed(tf.constant(0), POSTERIOR_NOISE))
    theirs, ours = (
        [np.array(part, np.float64) for part in made.discriminator.activations(made.discriminator.represent(sounds))]
        for sounds in (x[..., tf.newaxis], made.generator(z))
    )
    expected = np.mean(
        [
            sum(np.abs(a[i] - b[i]).mean() / np.abs(b[i]).mean() for a, b in zip(ours, theirs, strict=True))
            for i in range(BATCH)
        ]
    )
    assert step(made)["features"] == pytest.approx(expected, rel=1e-4)


def test_kl_divergence_is_that_of_the_posterior_and_its_weight_grows_from_zero():
    after = {}
    for beta_kl, kl_warmup in ((0.0, 100), (50.0, 100), (50.0, 0)):
        made = trainer(None, True, objective="vae", prior="normal", beta_kl=beta_kl, kl_warmup=kl_warmup)
        mu, sigma = made.encoder(data()[0][0])
        results = step(made)
        expected = 0.5 * np.mean(np.sum(mu**2 + sigma**2 - 1 - 2 * np.log(sigma), axis=1))
        assert results["kl"] == pytest.approx(expected, rel=1e-4)
        after[beta_kl, kl_warmup] = np.concatenate([weight.ravel() for weight in made.encoder.get_weights()])
    assert_close(after[50.0, 100], after[0.0, 100], atol=1e-6)
    assert np.abs(after[50.0, 0] - after[0.0, 100]).max() > 1e-4


def test_the_average_follows_the_generator_and_is_not_trained():
    made = trainer("spectrogram", objective="r1", discriminator_steps=1, decay=0.3)
    assert made.average.trainable_variables == []
    average = made.average.get_weights()
    for number in range(6):
        made.train_step(data(seed=number))
        decay = min(0.3, (1 + number) / (10 + number))
        weights = made.generator.get_weights()
        average = [decay * a + (1 - decay) * w for a, w in zip(average, weights, strict=True)]
    for ours, theirs in zip(made.average.get_weights(), average, strict=True):
        assert_close(ours, theirs, atol=1e-6)


def test_the_discriminator_is_updated_so_many_times_a_step():
    made = trainer(discriminator_steps=3)
    made.train_step(data(3))
    assert int(made.optimizer.iterations) == 1
    assert int(made.discriminator_optimizer.iterations) == 3


CONFIGURATIONS = {
    "wgan_gp": {"discriminator_steps": 2},
    "r1": {"discriminator": "spectrogram", "objective": "r1", "discriminator_steps": 2},
    "classes": {
        "discriminator": "spectrogram",
        "objective": "r1",
        "discriminator_steps": 2,
        "encoder": True,
        "prior": "normal",
        "beta_class": 1.0,
        "beta_features": 1.0,
        "beta_swd": 1.0,
        "class_latents": True,
    },
    "vae": {"discriminator": None, "objective": "vae", "encoder": True, "prior": "normal"},
}


@pytest.fixture
def compiles(monkeypatch):
    """What is chosen by device is that of a GPU."""
    monkeypatch.setattr(distribution, "compiles_steps", lambda: True)


def test_steps_are_compiled_where_the_device_gains_by_it(compiles):
    assert trainer().jit_compile


def test_steps_are_not_compiled_on_a_cpu():
    assert trainer().jit_compile == bool(tf.config.list_physical_devices("GPU"))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["wgan_gp", "classes"])
def test_xla_takes_every_operation_of_a_step_and_one_update_of_the_discriminator(name):
    sizes = []
    for steps in (2, 4):
        made = trainer(**CONFIGURATIONS[name] | {"discriminator_steps": steps})
        step = xla.compiled(made.train_step)
        sizes.append(step.experimental_get_compiler_ir(data(steps))(stage="hlo").count("\n"))
    assert sizes[1] < 1.01 * sizes[0]


@pytest.mark.slow
@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_a_compiled_step_gives_the_numbers_of_the_step(name):
    options = CONFIGURATIONS[name]
    results = []
    for jit_compile in (False, True):
        made = trainer(learning_rate=0.1, **options)
        start = made.get_weights()
        for optimizer in filter(None, (made.optimizer, made.discriminator_optimizer)):
            optimizer.epsilon = 0.1  # Adam's steps are then nearly proportional to gradients.
        step = xla.compiled(made.train_step) if jit_compile else tf.function(made.train_step)
        for seed in range(2):
            metrics = step(data(options.get("discriminator_steps", 1), seed))
        results.append(({key: float(value) for key, value in metrics.items()}, made.get_weights()))
    (metrics, weights), (compiled_metrics, compiled_weights) = results
    assert compiled_metrics == pytest.approx(metrics, rel=1e-4, abs=1e-5)
    for ours, theirs in zip(compiled_weights, weights, strict=True):
        assert_close(ours, theirs, rtol=1e-4, atol=1e-5)
    assert max(np.abs(theirs - began).max() for theirs, began in zip(weights, start, strict=True)) > 1e-2


@pytest.mark.slow
def test_two_replicas_train_as_one_device_does():
    x, labels = (tf.concat([part[0] for part in parts], 0) for parts in zip(*map(data, [1] * 8, range(8)), strict=True))

    def make():
        made = trainer("spectrogram", objective="r1", discriminator_steps=2, encoder=True, prior="normal")
        made.discriminator_optimizer = FusedAdam(0.01, epsilon=0.1)
        made.discriminator_optimizer.build(made.discriminator.trainable_variables)
        return made

    def make_batch(positions):
        positions = (positions * 2 + tf.range(2, dtype=tf.int64)[:, tf.newaxis]) % 32
        return tf.gather(x, positions), tf.gather(labels, positions)

    # The logarithm of what is hardly to be heard magnifies rounding.
    check_mirrored(make, make_batch, atol=1e-5)
