import json

import keras
import numpy as np
import pytest
import scipy.stats
import tensorflow as tf

from latent_xlate.data import speech, tfds_sets
from latent_xlate.domains.speech.encoder_trainer import EncoderTrainer, log_likelihoods
from latent_xlate.domains.speech.encoder_training import make_batches, train_speech_encoder
from latent_xlate.domains.speech.latent_mixture import LatentMixture
from latent_xlate.domains.speech.wavegan_generator import WaveGANGenerator
from latent_xlate.domains.speech.wavegan_settings import WaveGANSettings
from latent_xlate.domains.speech.wavegan_training import train_wavegan
from latent_xlate.domains.speech.word_encoder import WordEncoder
from latent_xlate.modalities.alignment import align
from latent_xlate.optimizer import FusedAdam
from tests.support import sounds

SETTINGS = WaveGANSettings(
    objective="vae", num_steps=60, batch_size=8, latent_dim=3, prior="normal", dim=1, half_rate=True, align=True,
    learning_rate=3e-3, beta_kl=0.01,
)  # fmt: skip
OPTIONS = {"epochs": 1, "batch_size": 8, "filters": 2, "learning_rate": 1e-2}


def tones(count, octave):
    labels = np.arange(count) % 2
    waveforms = [np.pad(sounds.tone(octave * (1 + 3 * k), 0.4, 16000), (1000, 16384 - 7400)) for k in labels]
    return speech.labelled_sounds(np.round(32767 * np.stack(waveforms)).astype(np.int16), labels, ("low", "high"))


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory):
    """Data sets "tones", and "others" at another pitch."""
    folder = tmp_path_factory.mktemp("data")
    tfds_sets.store("tones", {"train": tones(24, 300), "test": tones(6, 300)}, folder)
    tfds_sets.store("others", {"train": tones(24, 350), "test": tones(6, 350)}, folder)
    return str(folder)


@pytest.fixture(scope="module")
def wavegan(data_dir, tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "wavegan"
    train_wavegan("tones", folder, SETTINGS, data_dir=data_dir, steps_per_log=30)
    return folder


def run(workdir, wavegan, data_dir, **options):
    return train_speech_encoder("tones", workdir, wavegan, data_dir=data_dir, also=["others"], **(OPTIONS | options))


def gaussians(seed=0):
    generator = np.random.default_rng(seed)
    classes = LatentMixture(2, 3)
    classes.build()
    labels = np.arange(40) % 2
    mu = generator.normal(size=(40, 3)) + 3 * labels[:, np.newaxis]
    classes.fit_posteriors(mu, 0.3 + generator.uniform(size=(40, 3)), labels)
    return classes


def test_likelihoods_are_those_of_scipy_but_for_a_constant():
    classes = gaussians()
    z = np.random.default_rng(1).normal(size=(5, 3)).astype(np.float32)
    means, factors = classes.get_weights()
    exact = np.stack(
        [scipy.stats.multivariate_normal(m, f @ f.T).logpdf(z) for m, f in zip(means, factors, strict=True)]
    )
    ours = log_likelihoods(classes, tf.constant(z)).numpy()
    np.testing.assert_allclose(ours - 1.5 * np.log(2 * np.pi), exact.T, rtol=1e-4)


def trainer(**betas):
    keras.utils.set_random_seed(0)
    generator, encoder = WaveGANGenerator(3, 1, slice_length=16384, half_rate=True), WordEncoder(3, 2)
    generator.build()
    encoder.build()
    none = {"beta_teacher": 0.0, "beta_reconstruction": 0.0, "beta_class": 0.0, "beta_prior": 0.0}
    made = EncoderTrainer(generator, encoder, gaussians(), **(none | betas), seed=0)
    made.compile(optimizer=FusedAdam(1e-2), jit_compile=False)
    return made


def step_data(known=1.0):
    data = tones(8, 300)
    x = align(data.content).astype(np.float32) / 32768
    mu = np.where(data.labels[:, np.newaxis], 3.0, 0.0) + np.zeros((8, 3))
    arrays = x, x, data.labels, mu.astype(np.float32), np.full((8, 3), 0.5, np.float32), np.full(8, known, np.float32)
    return tuple(map(tf.constant, arrays))


@pytest.mark.parametrize("term", ["teacher", "reconstruction", "class", "prior"])
@pytest.mark.long
def test_each_term_is_learnt_and_the_generator_is_not(term):
    model = trainer(**{f"beta_{term}": 1.0})
    before = model.generator.get_weights()
    values = []
    for _ in range(12):
        for metric in model.metrics:
            metric.reset_state()
        values.append(float(model.train_step(step_data())[term]))
    assert np.mean(values[-3:]) < values[0]
    for ours, theirs in zip(model.generator.get_weights(), before, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_a_teacher_who_knows_nobody_teaches_nothing():
    model = trainer(beta_teacher=1.0)
    before = model.encoder.mu.get_weights()
    assert float(model.train_step(step_data(known=0.0))["teacher"]) == 0.0
    for ours, theirs in zip(model.encoder.mu.get_weights(), before, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_batches_pair_recordings_with_their_teachers_posteriors(data_dir):
    data = speech.joined(speech.load("tones", "train", data_dir), [speech.load("others", "train", data_dir)])
    count = len(speech.load("tones", "train", data_dir))
    mu = np.arange(3 * count, dtype=np.float32).reshape(count, 3)
    changed, x, labels, theirs, _, known = make_batches(data, (mu, mu + 1), 0)(tf.range(len(data), dtype=tf.int64))
    assert changed.shape == x.shape == (len(data), 16384)
    assert float(tf.reduce_sum(known)) == count
    rows = np.asarray(theirs)[:, 0].astype(int) // 3
    originals = align(data.content).astype(np.float32) / 32768
    for row, sound, label, is_known in zip(rows, np.asarray(x), np.asarray(labels), np.asarray(known), strict=True):
        if is_known:
            np.testing.assert_array_equal(sound, originals[row])
            assert label == data.labels[row]


@pytest.mark.long
def test_training_writes_an_encoder_and_goes_on_from_a_checkpoint(wavegan, data_dir, tmp_path, monkeypatch):
    path = run(tmp_path / "unbroken", wavegan, data_dir, epochs=2)
    unbroken = keras.saving.load_model(path)
    assert unbroken.latent_dim == 3 and unbroken.dtype_policy.name == "float32"
    assert 0 <= json.loads((path.parent / "metrics.json").read_text())["validation_accuracy"] <= 1
    save = tf.train.CheckpointManager.save

    def stopping(*args, **kwargs):
        save(*args, **kwargs)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(tf.train.CheckpointManager, "save", stopping)
        with pytest.raises(KeyboardInterrupt):
            run(tmp_path / "broken", wavegan, data_dir, epochs=2)
    resumed = keras.saving.load_model(run(tmp_path / "broken", wavegan, data_dir, epochs=2))
    for ours, theirs in zip(resumed.get_weights(), unbroken.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"precision": "bfloat16"}, "Unknown precision 'bfloat16'"),
        ({"learning_rate": float("nan")}, "learning_rate is nan"),
        ({"also": ["tone"]}, "Did you mean 'tones'|'tone'"),
    ],
)
def test_bad_arguments_are_refused_and_nothing_is_written(arguments, message, wavegan, data_dir, tmp_path):
    with pytest.raises(ValueError, match=message):
        train_speech_encoder("tones", tmp_path / "run", wavegan, data_dir=data_dir, **arguments)
    assert not (tmp_path / "run").exists()


def test_a_wavegan_without_an_encoder_is_refused(wavegan, data_dir, tmp_path):
    (tmp_path / "gan").mkdir()
    (tmp_path / "gan" / "generator.keras").write_bytes((wavegan / "generator.keras").read_bytes())
    with pytest.raises(ValueError, match="There is no encoder of speech"):
        train_speech_encoder("tones", tmp_path / "run", tmp_path / "gan", data_dir=data_dir)
