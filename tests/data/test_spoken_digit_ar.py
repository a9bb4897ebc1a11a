import csv
import io
import shutil

import numpy as np
import pytest

from latent_xlate.data import labelled, sources, speech, spoken_digit_ar
from latent_xlate.data.sc09 import DIGITS
from latent_xlate.modalities import audio_files as audio
from tests.support import sounds

TAKES = {"train": 2, "val": 1, "test": 1}
"""Recordings of a digit in each table."""


def write_commands(folder):
    """The data set as its authors publish it: tones, by the digit, and a command that is no digit."""
    speaker = 0
    for table, takes in TAKES.items():
        rows = [("dataset/rotate/00000001_NO_01.wav", "rotate")]
        for take in range(takes):
            speaker += 1
            for digit, word in enumerate(DIGITS):
                name = f"dataset/{word}/{speaker:08}_NO_{take + 1:02}.wav"
                sounds.write(folder / name, sounds.tone(300 + 100 * digit + speaker, 1.0, 16000), 16000)
                rows.append((name, word))
        text = io.StringIO()
        csv.writer(text).writerows([("file", "class"), *rows])
        (folder / f"{table}.csv").write_text(text.getvalue())
    return folder


def test_the_splits_are_those_of_the_tables_and_are_stored(tmp_path):
    folder = write_commands(tmp_path / "raw")
    nested = tmp_path / "nested"
    shutil.copytree(folder, nested / "arabic-main")
    archives = [sounds.zipped(each, tmp_path / f"{each.name}.zip") for each in (folder, nested)]
    splits, *others = (spoken_digit_ar.read_recordings(path) for path in (folder, *archives))
    for split, takes in zip(labelled.SPLITS, TAKES.values(), strict=True):
        assert np.bincount(splits[split].labels).tolist() == [takes] * 10
        for other in others:
            np.testing.assert_array_equal(other[split].content, splits[split].content)
    expected = np.pad(np.round(32768 * sounds.tone(300 + 1, 1.0, 16000)), (0, 384))
    np.testing.assert_allclose(splits["train"].content[0], expected, atol=1)

    data_dir = tmp_path / "data"
    assert sources.prepare("spoken_digit_ar", "local", archives[0], data_dir).source == "local"
    for split in labelled.SPLITS:
        there = speech.load("spoken_digit_ar", split, data_dir)
        assert there.class_names == tuple("0123456789")
        assert labelled.checksum(there) == labelled.checksum(splits[split])
    assert sources.prepare("spoken_digit_ar", "local", folder, data_dir).source == "prepared"
    wav = next((folder / "dataset" / "three").iterdir())
    sounds.write(wav, sounds.tone(80, 1.0, 16000), 16000)
    with pytest.raises(ValueError, match="holds other data than"):
        sources.prepare("spoken_digit_ar", "local", folder, data_dir)


def test_what_is_missing_or_of_another_kind_is_named(tmp_path):
    folder = write_commands(tmp_path / "raw")
    wav = folder / "dataset" / "three" / "00000001_NO_01.wav"
    sounds.write(wav, sounds.tone(rate=8000), 8000)
    with pytest.raises(ValueError, match=r"three/00000001_NO_01.wav of .* cannot be read \(its rate is 8000"):
        spoken_digit_ar.read_recordings(folder)
    wav.unlink()
    for path in (folder, sounds.zipped(folder, tmp_path / "raw.zip")):
        with pytest.raises(ValueError, match=r"has no dataset/three/00000001_NO_01.wav that can be read"):
            spoken_digit_ar.read_recordings(path)
    (folder / "val.csv").write_text("file,class\ndataset/rotate/00000001_NO_01.wav,rotate\n")
    (folder / "train.csv").unlink()
    with pytest.raises(ValueError, match=r"has no train.csv that can be read"):
        spoken_digit_ar.read_recordings(folder)
    shutil.copy(folder / "test.csv", folder / "train.csv")
    with pytest.raises(ValueError, match="val.csv of .* lists no digits"):
        spoken_digit_ar.read_recordings(folder)
    with pytest.raises(ValueError, match="File is not a zip file"):
        spoken_digit_ar.read_recordings(folder / "train.csv")


def test_it_cannot_be_downloaded_nor_divided_otherwise(tmp_path):
    with pytest.raises(ValueError, match=r"download it from its authors and take --source=local"):
        sources.prepare("spoken_digit_ar", data_dir=tmp_path)
    with pytest.raises(ValueError, match="under another --dataset name than spoken_digit and spoken_digit_ar"):
        sources.prepare("spoken_digit_ar", "local", tmp_path, tmp_path, held_out_speakers=["00000001"])


def test_a_slice_is_padded(tmp_path):
    data = spoken_digit_ar.read_recordings(write_commands(tmp_path / "raw"))["test"]
    assert data.content.shape == (10, audio.NUM_SAMPLES) and not data.content[:, 16000:].any()
