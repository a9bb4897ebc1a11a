"""WAV files of all codecs and layouts, against soundfile's reading of them, and damaged ones."""

import io
import json
import subprocess
import sys

import numpy as np
import pytest
import soundfile
import tensorflow as tf

from latent_xlate.modalities import wav_files
from latent_xlate.modalities.audio import Audio
from latent_xlate.modalities.wav_faults import SECONDS_READ
from tests.support import sound_fuzz, wav_layouts
from tests.support.paths import ROOT

CODECS = ("PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE", "ULAW", "ALAW")
FORMS = ("WAV", "WAVEX", "RF64")
CHANNELS = (1, 2, 3, 8, 64)


def heard(file: bytes, num_samples: int) -> np.ndarray:
    """The average of the channels as soundfile reads them, at full scale or below."""
    samples, _ = soundfile.read(io.BytesIO(file), dtype="float64", always_2d=True)
    x = (samples / max(1.0, np.abs(samples).max())).mean(axis=1)[:num_samples]
    return np.pad(x, (0, num_samples - len(x)))


@pytest.mark.parametrize("rate", [4000, 16000, 44100, 192000])
def test_every_codec_and_layout_is_read_as_soundfile_does(rate, tmp_path):
    random = np.random.default_rng(rate)
    plain, files = [], []
    for number, codec in enumerate(CODECS):
        for form in FORMS if codec not in ("ULAW", "ALAW") else FORMS[:2]:
            channels = CHANNELS[int(random.integers(len(CHANNELS)))]
            loudness = 3.0 if codec in ("FLOAT", "DOUBLE") else 1.0
            samples = loudness * random.uniform(-1, 1, (300 + 2 * number, channels))
            plain.append(wav_layouts.encode(samples, rate, codec, form))
    expected = []
    for file in plain:
        files.append(file)
        expected.append(heard(file, 400))
        if file.startswith(b"RIFF"):
            files += [layout(wav_layouts.chunks_of(file)) for layout in wav_layouts.LAYOUTS.values()]
            expected += [expected[-1]] * len(wav_layouts.LAYOUTS)
    x = wav_files.read_wavs(tf.constant(files), False, 400, rate)
    np.testing.assert_allclose(x, expected, atol=1e-6)
    for number, file in enumerate(files):
        (tmp_path / f"{number}.wav").write_bytes(file)
        assert Audio().prepare(tmp_path / f"{number}.wav") == file


def test_long_files_are_read_from_their_beginning_alone(tmp_path):
    samples = np.random.default_rng(0).uniform(-0.02, 0.02, ((SECONDS_READ + 1) * 8000, 2))
    seconds = np.arange(4000) / 8000
    vowel = sum(np.sin(2 * np.pi * 130 * k * seconds) / k for k in range(1, 12))
    samples[8000:12000] += 0.4 * (vowel * np.sin(2 * np.pi * seconds))[:, np.newaxis]
    for name, layout in wav_layouts.LAYOUTS.items():
        file = layout(wav_layouts.chunks_of(wav_layouts.encode(samples, 8000)))
        path = tmp_path / "a.wav"
        path.write_bytes(file)
        content = Audio().prepare(path)
        assert file.startswith(content), name
        for modality in (Audio(), Audio(align=True)):
            x = modality.read(tf.constant([content, file]))
            np.testing.assert_array_equal(x[0], x[1], err_msg=name)


def test_a_file_that_is_cut_anywhere_is_refused(tmp_path):
    file = wav_layouts.joined([wav_layouts.LIST, *wav_layouts.chunks_of(wav_layouts.encode(np.ones(9) / 2))])
    counts = sound_fuzz.outcomes([file[:end] for end in range(len(file))])
    assert sum(counts.values()) == len(file) and "read" not in counts


def test_damaged_headers_are_refused_or_read():
    random, originals = np.random.default_rng(0), sound_fuzz.files()
    assert sound_fuzz.outcomes(originals) == {"read": len(originals)}
    counts = sound_fuzz.outcomes([sound_fuzz.damaged(file, random) for file in originals * 5])
    assert sum(counts.values()) == 5 * len(originals) and len(counts) > 5


@pytest.mark.slow
def test_ten_thousand_damaged_headers_end_no_process():
    command = [sys.executable, "-m", "tests.support.sound_fuzz", "10000", "1"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600, check=False)
    assert result.returncode == 0, result.stderr[-2000:]
    said = json.loads(result.stdout)
    print(json.dumps(said, indent=2))
    assert sum(said["counts"].values()) == 10_000
    assert said["megabytes_grown"] < 500
