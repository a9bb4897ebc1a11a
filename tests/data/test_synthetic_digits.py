import dataclasses
import shutil

import numpy as np
import pytest

from latent_xlate.data import sources, synthetic_digits
from latent_xlate.data.synthetic_digits import ENGINES, read_synthetic_digits

PROGRAMS = ("espeak-ng", "flite", "festival")

needs_programs = pytest.mark.skipif(
    any(shutil.which(program) is None for program in PROGRAMS), reason="needs eSpeak NG, Flite and Festival"
)


@pytest.fixture
def said_once(monkeypatch):
    once = {name: dataclasses.replace(engine, per_digit=1) for name, engine in ENGINES.items()}
    monkeypatch.setattr(synthetic_digits, "ENGINES", once)


def test_programs_that_are_missing_are_named_with_how_to_install_them(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(
        ValueError, match="espeak-ng, flite, festival are not on the PATH: `sudo apt-get install espeak"
    ):
        read_synthetic_digits(tmp_path)
    with pytest.raises(ValueError, match="not on the PATH"):
        sources.prepare("synthetic_digits", "packages", data_dir=tmp_path / "data")
    (tmp_path / "espeak-ng").touch(0o755)
    (tmp_path / "festival").touch(0o755)
    with pytest.raises(ValueError, match="^flite is not on the PATH: `sudo apt-get install flite` installs"):
        read_synthetic_digits(tmp_path)


def test_no_engine_is_of_both_splits_and_all_voices_can_be_drawn():
    assert {engine.split for engine in ENGINES.values()} == {"train", "test"}
    spoken = {
        split: {voice for e in ENGINES.values() if e.split == split for voice in e.voices}
        for split in ("train", "test")
    }
    assert not spoken["train"] & spoken["test"]
    assert len(spoken["train"]) > 500 and len(spoken["test"]) > 40


@needs_programs
def test_each_engine_says_each_digit(said_once, tmp_path):
    (tmp_path / "a").mkdir()
    splits = read_synthetic_digits(tmp_path / "a")
    assert {split: len(data) for split, data in splits.items()} == {"train": 20, "test": 30}
    for data in splits.values():
        assert data.class_names == tuple("0123456789")
        assert np.bincount(data.labels).tolist() == [len(data) // 10] * 10
        peaks = np.abs(data.floats).max(axis=1)
        np.testing.assert_allclose(peaks, synthetic_digits.PEAK, atol=0.1)
        loud = np.abs(data.floats) > 0.1 * peaks[:, np.newaxis]
        assert np.argmax(loud, axis=1).max() < 0.2 * 16000, "a word begins late"
        seconds = loud.sum(axis=1) / 16000
        assert seconds.min() > 0.02


@needs_programs
def test_what_is_said_depends_on_nothing_but_the_seed(said_once, tmp_path):
    said = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        said.append(read_synthetic_digits(tmp_path / name)["train"])
    np.testing.assert_array_equal(said[0].content, said[1].content)


def test_a_program_that_fails_is_named(said_once, tmp_path, monkeypatch):
    for program in PROGRAMS:
        (tmp_path / program).write_text("#!/bin/sh\necho no voice >&2\nexit 3\n")
        (tmp_path / program).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin")
    (tmp_path / "files").mkdir()
    with pytest.raises(ValueError, match="^`espeak-ng -v .* zero` failed .no voice.: install it again.$"):
        read_synthetic_digits(tmp_path / "files")
