import dataclasses

import numpy as np
import pytest

from latent_xlate.benchmarks import voices
from latent_xlate.data import speech, tfds_sets
from latent_xlate.translator import Translator
from tests.support import sounds, tiny

NOISE = np.random.default_rng(0).normal(size=1 << 18).astype(np.float32)


def words(count=20):
    """Tones of 0.3 s in the midst of silence, float32 [count, 16384]."""
    return np.stack([np.pad(sounds.tone(300 + 20 * i, 0.3, 16000), (5000, 16384 - 9800)) for i in range(count)])


def test_noise_has_the_ratio_to_the_word_that_is_asked_for():
    x = words().astype(np.float32)
    noisy = voices.with_noise(x, NOISE, 10.0, np.random.default_rng(1))
    np.testing.assert_allclose(np.abs(noisy).max(axis=1), np.abs(x).max(axis=1), rtol=1e-5)
    inside, outside = noisy[:, 5100:9700], noisy[:, :4900]
    noise = np.square(outside).mean(axis=1)
    snr = 10 * np.log10((np.square(inside).mean(axis=1) - noise) / noise)
    np.testing.assert_allclose(snr, 10.0, atol=1.0)


def test_a_longer_recording_holds_the_whole_word_somewhere_in_faint_noise():
    x = words().astype(np.float32)
    longer = voices.in_longer(x, NOISE, np.random.default_rng(1))
    assert longer.shape == (20, 48000)
    places = []
    for row, sound in zip(longer, x, strict=True):
        place = int(np.argmax(np.correlate(row, sound, "valid")))
        np.testing.assert_allclose(row[place : place + 16384], sound, atol=6 * voices.FAINT)
        places.append(place)
        beside = np.delete(row, np.arange(place, place + 16384))
        assert np.std(beside) == pytest.approx(voices.FAINT, rel=0.05)
    assert np.ptp(places) > 10000


@pytest.fixture
def translator(tmp_path):
    domains = [tiny.speech_domain("speech", align=True), tiny.image_domain("digits")]
    Translator(domains, tiny.bridge((4, 6))).save(tmp_path / "translator")
    return tmp_path / "translator"


def stored(folder, name, content, names=tiny.CLASS_NAMES):
    data = speech.labelled_sounds(content, np.arange(len(content)) % len(names), names)
    train = dataclasses.replace(data, content=data.content[::-1].copy())
    tfds_sets.store(name, {"train": train, "test": data}, folder)


@pytest.mark.long
def test_what_is_heard_is_counted_in_each_condition_and_what_is_refused_is_wrong(translator, tmp_path, capsys):
    content = np.round(20000 * words()).astype(np.int16)
    content[3] = 0  # Silence is refused, but for the noise.
    stored(tmp_path / "data", "strangers", content)
    results = voices.benchmark(translator, "speech", "digits", ["strangers"], data_dir=tmp_path / "data")
    assert list(results["strangers"]) == list(voices.CONDITIONS)
    assert results["strangers"]["as it is"]["refused"] == 1
    for each in results["strangers"].values():
        assert each["instances"] == 20
        assert all(0 <= each[share] <= 1 - each["refused"] / 20 for share in ("heard", "encoded", "translated"))
    rows = [line for line in capsys.readouterr().out.splitlines() if line.startswith("| strangers")]
    assert len(rows) == len(voices.CONDITIONS)


def test_data_of_other_classes_are_refused(translator, tmp_path):
    stored(tmp_path / "data", "words", np.round(20000 * words()).astype(np.int16), ("yes", "no"))
    with pytest.raises(ValueError, match="Data set 'words' has the classes"):
        voices.benchmark(translator, "speech", "digits", ["words"], data_dir=tmp_path / "data")
