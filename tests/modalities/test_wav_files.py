import io

import numpy as np
import pytest
import soundfile
import soxr
import tensorflow as tf

from latent_xlate.modalities import alignment, wav_files
from latent_xlate.modalities.audio_files import NUM_SAMPLES, SAMPLE_RATE

graph = tf.function(wav_files.read_wav, autograph=False)


def read_wav(file, aligned):
    return graph(tf.constant(file), aligned)


def wav(samples, rate, subtype="PCM_16", form="WAV"):
    file = io.BytesIO()
    soundfile.write(file, samples, rate, subtype, format=form)
    return file.getvalue()


def word(rate, seconds=0.9, begins=0.2, ends=0.7, loudness=0.3, seed=0):
    """Noise below 3 kHz, louder in the middle, between silences."""
    count = int(seconds * rate)
    t = np.arange(count) / rate
    noise = np.random.default_rng(seed).normal(size=(200, 2))
    tones = sum(a * np.sin(2 * np.pi * 15 * (i + 1) * t + b) for i, (a, b) in enumerate(noise))
    x = tones * np.sin(np.pi * np.clip((t - begins) / (ends - begins), 0, 1)) ** 2
    return loudness * x / np.abs(x).max()


@pytest.mark.parametrize("rate", [8000, 11025, 16000, 22050, 44100, 48000, 96000])
def test_sounds_are_resampled_as_soxr_does(rate):
    x = word(rate)
    ours = read_wav(wav(x, rate), aligned=False).numpy()
    expected = np.zeros(NUM_SAMPLES)
    theirs = soxr.resample(x, rate, SAMPLE_RATE, "VHQ")
    expected[: len(theirs)] = theirs
    np.testing.assert_allclose(ours, expected, atol=3e-4)


def test_channels_are_averaged_and_only_the_beginning_is_read():
    left, right = word(16000, seconds=3, seed=1), word(16000, seconds=3, seed=2)
    ours = read_wav(wav(np.stack([left, right], axis=1), 16000), aligned=False).numpy()
    np.testing.assert_allclose(ours, ((left + right) / 2)[:NUM_SAMPLES], atol=1e-4)
    long = np.concatenate([left, np.random.default_rng(0).uniform(-1, 1, 16000 * 20)])
    kept = np.concatenate([left, long[len(left) : 16000 * wav_files.SECONDS_READ]])
    np.testing.assert_allclose(
        read_wav(wav(long, 16000), aligned=True), read_wav(wav(kept, 16000), aligned=True), atol=1e-4
    )


@pytest.mark.parametrize(("begins", "ends", "loudness"), [(0.2, 0.7, 0.3), (0.0, 1.0, 0.9), (0.8, 0.95, 0.01)])
def test_sounds_are_aligned_as_the_training_data_are(begins, ends, loudness):
    x = word(16000, NUM_SAMPLES / 16000, begins, ends, loudness)
    samples = np.round(x * 32767).astype(np.int16)
    ours = read_wav(wav(samples, 16000), aligned=True).numpy()
    expected = alignment.align(samples[np.newaxis])[0] / 32768
    np.testing.assert_allclose(ours, expected, atol=2e-4)
    assert np.abs(ours).max() == pytest.approx(alignment.PEAK, abs=2e-3)


def test_what_is_written_reads_back():
    x = np.stack([word(16000, NUM_SAMPLES / 16000, seed=seed, loudness=2.0) for seed in range(2)]).astype(np.float32)
    for samples, file in zip(x, wav_files.write_wav(tf.constant(x)).numpy(), strict=True):
        theirs, rate = soundfile.read(io.BytesIO(file), dtype="float32")
        assert (rate, soundfile.info(io.BytesIO(file)).subtype) == (16000, "PCM_16")
        np.testing.assert_allclose(theirs, np.clip(samples, -1, 1), atol=1e-4)
        np.testing.assert_allclose(read_wav(file, aligned=False), np.clip(samples, -1, 1), atol=2e-4)


@pytest.mark.parametrize(
    ("file", "message"),
    [
        (b"", "."),
        (b"RIFF of nothing", "."),
        (wav(word(16000), 16000)[:30], "."),
        (wav(np.zeros(0), 16000), "."),
        (wav(np.zeros(1600), 16000), "empty or silent"),
        (wav(word(16000), 16000, "PCM_24"), "16-bit"),
        (wav(word(16000), 16000, "PCM_U8"), "16-bit"),
        (wav(word(16000), 16000, "FLOAT"), "."),
        (wav(word(16000), 16000, form="FLAC"), "."),
        (wav(word(16000), 1000), "fewer than 4000 samples a second"),
        (wav(word(16000), 400_000), "more than 192000 samples a second"),
    ],
    # libsndfile writes the time into files of floats, and the names of tests must not change.
    ids=["empty", "foreign", "cut", "no samples", "silent", "24 bits", "8 bits", "floats", "FLAC", "low", "high"],
)
def test_what_is_no_sound_is_an_invalid_argument(file, message):
    with pytest.raises(tf.errors.InvalidArgumentError, match=message):
        read_wav(file, aligned=True)
