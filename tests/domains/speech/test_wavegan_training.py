import dataclasses
import functools

import keras
import numpy as np
import pytest
import soundfile
import tensorflow as tf

from latent_xlate.data import speech, tfds_sets
from latent_xlate.domains import pretrained
from latent_xlate.domains.speech.speech_domain import SpeechDomain
from latent_xlate.domains.speech.wavegan_batches import make_batches
from latent_xlate.domains.speech.wavegan_generator import WaveGANGenerator, load_keras_generator
from latent_xlate.domains.speech.wavegan_settings import WaveGANSettings
from latent_xlate.domains.speech.wavegan_training import train_wavegan
from tests.support import sounds
from tests.support.tolerances import assert_close

SETTINGS = WaveGANSettings(
    objective="vae", num_steps=8, batch_size=4, latent_dim=3, prior="normal", dim=2, half_rate=True, align=True,
    learning_rate=1e-3,
)  # fmt: skip
CLASSES = dataclasses.replace(
    SETTINGS, batch_size=20, latent_dim=12, discriminator="spectrogram", discriminator_dim=2, beta_class=0.5,
    beta_features=1.0, beta_swd=1.0, class_latents=True, schedule="cosine",
)  # fmt: skip
ADVERSARIAL = dataclasses.replace(
    SETTINGS, objective="r1", discriminator="spectrogram", discriminator_dim=2, discriminator_steps=1, beta_class=0.5
)


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    tfds_sets.store_spoken_digit(sounds.digits(), folder)
    return folder


def run(workdir, settings, data_dir, **kwargs):
    options = {"steps_per_log": 2, "logs_per_checkpoint": 2} | kwargs
    return train_wavegan("spoken_digit", workdir, settings, data_dir=str(data_dir), **options)


def loudness(x):
    assert x.shape == (500, 16384)
    return {"loudness": float(np.std(x))}


@pytest.fixture(scope="module")
def unbroken(data_dir, tmp_path_factory):
    """Trains by settings, once, and gives the folder; the loudness is measured if they are `ADVERSARIAL`."""

    @functools.cache
    def train(settings):
        evaluate = loudness if settings is ADVERSARIAL else None
        return run(tmp_path_factory.mktemp("unbroken"), settings, data_dir, evaluate=evaluate).parent

    return train


@pytest.mark.parametrize("settings", [SETTINGS, CLASSES, ADVERSARIAL], ids=["vae", "class latents", "adversarial"])
@pytest.mark.long
def test_a_killed_run_goes_on_as_if_it_had_not_been(settings, unbroken, data_dir, tmp_path):
    def stop(x):
        raise KeyboardInterrupt

    def load(path):
        return keras.saving.load_model(path).get_weights()

    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "broken", settings, data_dir, steps_per_log=3, logs_per_checkpoint=1, evaluate=stop)
    if settings is SETTINGS:  # As all whose schedule is constant it can be made longer.
        run(tmp_path / "broken", dataclasses.replace(settings, num_steps=4), data_dir)
    resumed = load(run(tmp_path / "broken", settings, data_dir))
    for ours, theirs in zip(resumed, load(unbroken(settings) / "generator.keras"), strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.long
def test_a_run_whose_learning_rate_ends_cannot_be_made_longer(data_dir, tmp_path):
    settings = dataclasses.replace(SETTINGS, schedule="cosine", num_steps=1)
    run(tmp_path, settings, data_dir)
    with pytest.raises(ValueError, match="num_steps: 1 there, 2 here"):
        run(tmp_path, dataclasses.replace(settings, num_steps=2), data_dir)


def test_classes_that_latents_cannot_tell_are_refused_and_nothing_is_written(data_dir, tmp_path):
    with pytest.raises(ValueError, match="class_latents needs a latent_dim of 10 or more"):
        run(tmp_path / "run", dataclasses.replace(CLASSES, latent_dim=9), data_dir)
    assert not (tmp_path / "run").exists()


@pytest.mark.long
def test_previews_are_sounds_of_the_generator(unbroken):
    folder = unbroken(ADVERSARIAL)
    assert sorted(file.name for file in (folder / "previews").iterdir()) == ["00000004.wav", "00000008.wav"]
    samples, rate = soundfile.read(folder / "previews" / "00000008.wav")
    assert (len(samples), rate) == (16 * 16384, 16000)
    generator = load_keras_generator(folder / "generator.keras")
    z = tf.random.stateless_normal([16, 3], [0, 0])
    np.testing.assert_allclose(samples, np.clip(generator(z), -1, 1).ravel(), atol=1e-4)
    tags = [
        value.tag.partition("/")[0]
        for file in (folder / "events").iterdir()
        for event in tf.compat.v1.train.summary_iterator(str(file))
        for value in event.summary.value
    ]
    assert {"generated", "loudness", "discriminator", "penalty", "real_class", "fake_class"} <= set(tags)
    assert tags.count("loudness") == 2


@pytest.mark.long
def test_a_second_stage_starts_from_the_first(unbroken, data_dir, tmp_path):
    first_stage = unbroken(SETTINGS)
    second = dataclasses.replace(ADVERSARIAL, encoder=True, learning_rate=0.0)
    run(tmp_path / "second", second, data_dir, initial=first_stage)
    for name in ("generator", "encoder"):
        first, second = (
            keras.saving.load_model(folder / f"{name}.keras") for folder in (first_stage, tmp_path / "second")
        )
        for ours, theirs in zip(first.get_weights(), second.get_weights(), strict=True):
            assert_close(ours, theirs, rtol=1e-5, atol=1e-7)
    other = dataclasses.replace(ADVERSARIAL, dim=1)
    with pytest.raises(ValueError, match=f"Cannot start from {first_stage}/generator.keras"):
        run(tmp_path / "third", other, data_dir, initial=first_stage)
    with pytest.raises(ValueError, match="Cannot start from .*: There is no generator"):
        run(tmp_path / "fourth", ADVERSARIAL, data_dir, initial=tmp_path / "nowhere")


@pytest.mark.long
def test_a_run_starts_from_a_pretrained_domain(unbroken, data_dir, tmp_path, monkeypatch):
    folder = unbroken(SETTINGS)
    generator, encoder = (keras.saving.load_model(folder / f"{name}.keras") for name in ("generator", "encoder"))
    domain = SpeechDomain("words", generator, encoder=encoder, prior="normal")
    domain.save(tmp_path / "savedmodels" / "words")
    monkeypatch.setenv(pretrained.SAVEDMODELS, str(tmp_path / "savedmodels"))
    settings = dataclasses.replace(ADVERSARIAL, encoder=True, learning_rate=0.0)
    run(tmp_path / "run", settings, data_dir, initial="words")
    for name in ("generator", "encoder"):
        ours = keras.saving.load_model(tmp_path / "run" / f"{name}.keras").get_weights()
        for mine, theirs in zip(ours, domain.networks[name].get_weights(), strict=True):
            assert_close(mine, theirs, rtol=1e-5, atol=1e-7)


@pytest.mark.long
def test_the_originals_recipe_takes_a_step(data_dir, tmp_path):
    settings = WaveGANSettings(num_steps=1, batch_size=2, dim=1, latent_dim=3)
    generator = load_keras_generator(run(tmp_path, settings, data_dir, steps_per_log=1))
    assert isinstance(generator, WaveGANGenerator)
    assert not generator.half_rate


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"objective": "wgan"}, "Unknown objective 'wgan'. Did you mean 'wgan_gp'"),
        ({"discriminator": "spectogram"}, "Did you mean 'spectrogram'"),
        ({"prior": "gaussian"}, "Unknown prior 'gaussian'"),
        ({"prior": "uniform"}, "An encoder needs prior=normal"),
        ({"discriminator": "spectrogram", "half_rate": False}, "needs half_rate"),
        ({"beta_class": 1.0}, "Only discriminator=spectrogram has class logits"),
        ({"beta_features": 1.0}, "beta_features needs an encoder, and class logits"),
        ({"objective": "r1", "beta_swd": 1.0}, "beta_swd needs an encoder"),
        ({"class_latents": True}, "class_latents needs an encoder, and class logits"),
        ({"speeds": (0.9, 0.4)}, r"speeds are \(0.9, 0.4\); each must be from 0.5 to 2"),
        ({"schedule": "linear"}, "Unknown schedule 'linear'"),
    ],
)
def test_settings_that_do_not_fit_are_refused(changes, said):
    with pytest.raises(ValueError, match=said):
        dataclasses.replace(SETTINGS, **changes)


def test_each_epoch_has_every_recording_once_in_whatever_steps():
    rng = np.random.default_rng(0)
    data = speech.labelled_sounds(rng.integers(-99, 99, (12, 16384)).astype(np.int16), np.arange(12), ("a",) * 12)
    settings = WaveGANSettings(discriminator_steps=3)
    make_batch = make_batches(data, settings)
    x, labels = make_batch(tf.range(4, dtype=tf.int64))
    assert x.shape == (3, 4, 16384)
    assert sorted(labels.numpy().ravel().tolist()) == list(range(12))
    np.testing.assert_array_equal(x, data.floats[labels])
    # The same whichever replica it falls to.
    np.testing.assert_array_equal(make_batch(tf.range(2, 4, dtype=tf.int64))[1], labels[:, 2:])


@pytest.mark.parametrize("class_latents", [False, True])
def test_recordings_come_at_other_speeds_too(class_latents):
    tones = [np.round(32767 * sounds.tone(hertz, 0.5, 16000)).astype(np.int16) for hertz in (300, 500)]
    data = speech.labelled_sounds(np.pad(tones, ((0, 0), (0, 8384))), np.array([1, 0]), ("a", "b"))
    settings = dataclasses.replace(CLASSES, class_latents=class_latents, speeds=(0.8, 1.25))
    x, labels = make_batches(data, settings)(tf.range(6, dtype=tf.int64))
    pitches = np.abs(np.fft.rfft(x[0])).argmax(axis=1) * 16000 / 16384
    expected = {1: (240, 300, 375), 0: (400, 500, 625)}
    for label, pitch in expected.items():
        np.testing.assert_allclose(np.sort(pitches[labels[0] == label]), pitch, atol=2)


def test_with_class_latents_batches_hold_as_many_of_each_class():
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1, 2], [2, 4, 6])
    data = speech.labelled_sounds(rng.integers(-99, 99, (12, 16384)).astype(np.int16), labels, tuple("abc"))
    settings = dataclasses.replace(CLASSES, objective="r1", encoder=True, discriminator_steps=2)
    x, drawn = make_batches(data, settings)(tf.range(12, dtype=tf.int64))
    np.testing.assert_array_equal(drawn, [[0, 1, 2] * 4] * 2)
    for label, count in enumerate((2, 4, 6)):
        # Of the two batches of a step together each class has 8: whole epochs but for the last.
        sounds_of_class = x.numpy()[:, label::3].transpose(1, 0, 2).reshape(8, -1)
        assert len(np.unique(sounds_of_class[:count], axis=0)) == count
