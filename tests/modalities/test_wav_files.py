import io
import re
import struct

import numpy as np
import pytest
import soundfile
import soxr
import tensorflow as tf

from latent_xlate import checks
from latent_xlate.modalities import alignment, wav_faults, wav_files
from latent_xlate.modalities.audio_files import NUM_SAMPLES, SAMPLE_RATE

graph = tf.function(wav_files.read_wavs, autograph=False)


def read_wav(file, aligned):
    return graph(tf.constant([file]), aligned)[0]


def wav(samples, rate, subtype="PCM_16", form="WAV"):
    file = io.BytesIO()
    soundfile.write(file, samples, rate, subtype, format=form)
    return file.getvalue()


def set_bytes(file, at, form, *values):
    """A file with other integers at a position."""
    content = struct.pack(form, *values)
    return file[:at] + content + file[at + len(content) :]


def word(rate, seconds=0.9, begins=0.2, ends=0.7, loudness=0.3, seed=0):
    """A voice below 3 kHz, louder in the middle, between silences."""
    count = int(seconds * rate)
    t = np.arange(count) / rate
    harmonics = np.random.default_rng(seed).normal(size=(24, 2))
    tones = sum(a * np.sin(2 * np.pi * 125 * (i + 1) * t + b) for i, (a, b) in enumerate(harmonics))
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
    long = np.concatenate([left, np.random.default_rng(0).uniform(-1e-3, 1e-3, 16000 * 20)])
    kept = np.concatenate([left, long[len(left) : 16000 * wav_faults.SECONDS_READ]])
    np.testing.assert_allclose(
        read_wav(wav(long, 16000), aligned=True), read_wav(wav(kept, 16000), aligned=True), atol=1e-4
    )


@pytest.mark.parametrize("rate", [16000, 44100])
def test_channels_are_kept_where_the_sound_has_as_many(rate):
    left, right = word(rate, seed=1), word(rate, seed=2)

    def read(*channels):
        return wav_files.read_wavs(tf.constant([wav(np.stack(channels, axis=1), rate)]), False, 8000, channels=2)[0]

    expected = [wav_files.read_wavs(tf.constant([wav(x, rate)]), False, 8000)[0] for x in (left, right)]
    np.testing.assert_allclose(read(left, right), np.stack(expected, axis=1), atol=1e-6)
    np.testing.assert_allclose(read(right), np.stack([expected[1]] * 2, axis=1), atol=1e-6)
    average = (expected[0] + expected[1]) / 3
    np.testing.assert_allclose(read(left, right, 0 * left), np.stack([average] * 2, axis=1), atol=1e-4)
    np.testing.assert_allclose(read(left, -left), np.stack([expected[0], -expected[0]], axis=1), atol=1e-4)
    with pytest.raises(tf.errors.InvalidArgumentError, match="cancel each other out"):
        read(left, -left, 0 * left)


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


def without_format(file):
    return file[:12] + file[36:]


@pytest.mark.parametrize(
    ("file", "message"),
    [
        (b"", "The sound is empty"),
        (b"RIFF of nothing", "The file is not a sound that is known: send a WAV file."),
        (b"\x89PNG\r\n\x1a\n" + bytes(50), "The file is not a sound that is known: send a WAV file."),
        (wav(word(16000), 16000)[:30], "The sound is cut off before its first sample: get the whole file."),
        (wav(word(16000), 16000)[:42], "The sound is cut off before its first sample"),
        (wav(word(16000), 16000)[:44], "The sound is cut off: its header says 28800 bytes of samples, but 0 follow"),
        (wav(word(16000), 16000)[:999], "The sound is cut off: its header says 28800 bytes of samples, but 955 follow"),
        (without_format(wav(word(16000), 16000)), "The sound is cut off before its first sample"),
        (without_format(wav(word(16000), 16000)) + bytes(24), "lacks a whole chunk fmt or data"),
        (set_bytes(wav(word(16000), 16000), 40, "<I", 0), "has 0 bytes of samples by its header, though bytes follow"),
        (wav(np.zeros(0), 16000), "The sound has no samples"),
        (wav(np.zeros(1600), 16000), "The sound is silent"),
        (wav(np.append(np.zeros(160000), word(16000)), 16000), "The first 10 seconds of the sound are silent"),
        (wav(np.random.default_rng(0).normal(0, 0.1, 24000), 16000), "The sound holds no word that stands out"),
        (
            wav(np.append(np.random.default_rng(0).normal(0, 0.1, 160000), word(16000)), 16000),
            "The first 10 seconds of the sound hold no word that stands out from their noise: cut them off, or",
        ),
        (wav(np.stack([word(16000), -word(16000)], 1), 16000), "channels of the sound cancel each other out: send one"),
        (wav(np.where(np.arange(99) == 9, np.nan, 0.1), 16000, "FLOAT"), "The sound has NaN or infinite values"),
        (wav(np.where(np.arange(99) == 9, 1e300, 0.1), 16000, "DOUBLE"), "The sound has NaN or infinite values"),
        (
            wav(word(16000), 16000, "MS_ADPCM"),
            "samples of 4 bits in WAV format 2, which is not read: convert it to PCM",
        ),
        (wav(word(16000), 16000, form="FLAC"), "The sound is a FLAC file: convert it to WAV."),
        (wav(word(16000), 16000, "VORBIS", "OGG"), "The sound is an Ogg file: convert it to WAV."),
        (wav(word(16000), 16000, form="AIFF"), "The sound is an AIFF file: convert it to WAV."),
        (wav(word(16000), 16000, form="AU"), "The sound is an AU file: convert it to WAV."),
        (wav(word(16000), 16000, form="CAF"), "The sound is a CAF file: convert it to WAV."),
        (wav(word(16000), 16000, "MPEG_LAYER_III", "MP3"), "The sound is an MP3 file: convert it to WAV."),
        (b"\0\0\0\x20ftypM4A ", "The sound is an MP4 or M4A file: convert it to WAV."),
        (b"\x1a\x45\xdf\xa3\x9f", "The sound is a WebM or Matroska file: convert it to WAV."),
        (wav(word(16000), 1000), "fewer than 4000 samples a second"),
        (wav(word(16000), 400_000), "more than 192000 samples a second"),
        (set_bytes(wav(word(16000), 16000), 22, "<H", 0), "The sound has 0 channels: send 1 to 64."),
        (set_bytes(wav(word(16000), 16000), 22, "<H", 65535), "The sound has 65535 channels: send 1 to 64."),
        (set_bytes(wav(word(16000), 16000), 32, "<H", 3), "frames of 3 bytes, which do not hold 1 times 16 bits"),
        (set_bytes(wav(word(16000), 16000), 16, "<I", 14), "."),
        (b"RIFF" + bytes(4) + b"WAVE" + b"junk\0\0\0\0" * 100_000, "lacks a whole chunk fmt or data"),
    ],
    # libsndfile writes the time into files of floats, and the names of tests must not change.
    ids=range(34),
)
def test_what_is_no_sound_is_refused_in_one_sentence(file, message):
    sentences = []
    for read in (read_wav, lambda file, aligned: wav_files.read_wavs(tf.constant([file]), aligned)):
        with pytest.raises(tf.errors.InvalidArgumentError) as raised:
            read(file, True)
        sentences.append(checks.sentence(raised.value))
    assert sentences[0] == sentences[1] and re.search(message.rstrip("."), sentences[0]), sentences
    assert len(sentences[0]) < 200 and "\n" not in sentences[0]
