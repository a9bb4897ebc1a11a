import numpy as np
import pytest

from latent_xlate.data import images, labelled, sources, speech, tfds_sets
from latent_xlate.data.class_folders import read_folder
from latent_xlate.modalities.audio import Audio
from tests.support import raw, sounds


def read_speech_folder(folder):
    return read_folder(folder, Audio())


def write_folder(folder, per_class=9, ending=".wav"):
    """Tones of a pitch for each class, CLASS/*.wav."""
    for label, name in enumerate(("high", "low", "middle")):
        for number in range(per_class):
            tone = sounds.tone((3000, 300, 1000)[label] + 10 * number, rate=22050)
            sounds.write(folder / name / f"{number}{ending}", tone, 22050)
    return folder


def test_any_folder_of_sounds_is_prepared_and_read(tmp_path):
    folder = write_folder(tmp_path / "raw", ending=".flac")
    preparation = sources.prepare("tones", "local", folder, tmp_path / "data")
    assert preparation.source == "local"
    splits = read_speech_folder(folder)
    assert {split: len(data) for split, data in splits.items()} == {"train": 24, "test": 3}
    assert np.bincount(splits["test"].labels).tolist() == [1, 1, 1]
    for split, data in splits.items():
        there = speech.read_split("tones", split, tmp_path / "data")
        np.testing.assert_array_equal(there.content, labelled.in_canonical_order(data)[0].content)
        assert there.class_names == ("high", "low", "middle")
    train, validation, test = (speech.load("tones", split, tmp_path / "data") for split in labelled.SPLITS)
    assert (len(train), len(validation), len(test)) == (22, 2, 3)
    assert np.abs(train.floats).max() == pytest.approx(0.5, abs=0.01)
    assert sources.prepare("tones", "auto", folder, tmp_path / "data").source == "prepared"


def test_folders_of_splits_are_heeded(tmp_path):
    write_folder(tmp_path / "train", 5)
    write_folder(tmp_path / "test", 2)
    splits = read_speech_folder(tmp_path)
    assert {split: len(data) for split, data in splits.items()} == {"train": 15, "test": 6}


@pytest.mark.parametrize(
    ("file", "said"),
    [
        ("notes.txt", "notes.txt is not a sound .*: move it out of the class folder"),
        ("broken.wav", "broken.wav cannot be read as a sound"),
    ],
)
def test_a_file_that_is_no_sound_is_named_and_nothing_is_stored(file, said, tmp_path):
    folder = write_folder(tmp_path / "raw")
    (folder / "low" / file).write_text("Not a sound.")
    with pytest.raises(ValueError, match=said):
        sources.prepare("tones", "local", folder, tmp_path / "data")
    assert not (tmp_path / "data" / "tones" / "1.0.0").exists()


def test_images_and_recordings_are_not_mistaken_for_each_other(tmp_path):
    tfds_sets.store("shapes", raw.small_splits(), tmp_path)
    tfds_sets.store("tones", read_speech_folder(write_folder(tmp_path / "raw")), tmp_path)
    with pytest.raises(ValueError, match="'shapes' .* has no labelled sounds"):
        speech.load("shapes", "train", tmp_path)
    with pytest.raises(ValueError, match="'tones' .* has no labelled images"):
        images.load("tones", "train", tmp_path)
