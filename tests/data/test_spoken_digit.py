import re

import numpy as np
import pytest

from latent_xlate.data import labelled, sources, speech, spoken_digit, stored, tfds_sets
from latent_xlate.modalities import audio_files as audio
from tests.support import sounds


def test_folder_and_archive_give_the_same_recordings(tmp_path):
    written = sounds.digits()
    folder = sounds.write_digits(tmp_path / "repository", written)
    archive = sounds.zipped(folder, tmp_path / "recordings.zip")
    for path in (folder, folder / "recordings", archive):
        read = spoken_digit.read_recordings(path)
        assert read.keys() == written.keys()
        assert all(np.array_equal(read[name], written[name]) for name in written)


def test_the_first_five_of_each_digit_and_speaker_are_the_test_split():
    splits = speech.from_spoken_digit(sounds.digits(8))
    assert {split: len(data) for split, data in splits.items()} == {"train": 60, "test": 100}
    assert all(np.bincount(data.labels).tolist() == [len(data) // 10] * 10 for data in splits.values())
    assert splits["test"].class_names == tuple("0123456789")


def test_speakers_are_held_out_under_another_name(tmp_path):
    recordings = sounds.digits()
    folder = sounds.write_digits(tmp_path / "raw", recordings)

    def prepare(dataset="without_bob", source="local", speakers=("bob",)):
        return sources.prepare(dataset, source, folder, tmp_path / "data", held_out_speakers=speakers)

    assert prepare().source == "local"
    for split, speaker in (("train", "ann"), ("test", "bob")):
        data = speech.read_split("without_bob", split, tmp_path / "data")
        expected = [
            audio.to_slice(samples / np.float32(32768), 8000)
            for name, samples in recordings.items()
            if f"_{speaker}_" in name
        ]
        assert {waveform.tobytes() for waveform in data.content} == {waveform.tobytes() for waveform in expected}
        assert np.bincount(data.labels).tolist() == [8] * 10
    assert prepare().source == "prepared"
    with pytest.raises(ValueError, match="holds other data than"):
        prepare(speakers=("ann",))
    with pytest.raises(ValueError, match="Unknown speaker 'bobb'. Did you mean 'bob'"):
        prepare("other", speakers=("bobb",))
    for arguments in ({"dataset": "spoken_digit"}, {"dataset": "other", "source": "auto"}):
        with pytest.raises(ValueError, match="Speakers are held out of --source=local alone"):
            prepare(**arguments)


def test_recordings_are_stored_as_tfds_has_them_and_load_as_slices(tmp_path):
    recordings = sounds.digits()
    folder = sounds.write_digits(tmp_path / "raw", recordings)
    data_dir = tmp_path / "data"
    assert sources.prepare("spoken_digit", "local", folder, data_dir).source == "local"
    assert (data_dir / "spoken_digit" / "1.0.9").is_dir()
    for split, data in speech.from_spoken_digit(recordings).items():
        ordered = labelled.in_canonical_order(data)[0]
        there = speech.read_split("spoken_digit", split, data_dir)
        np.testing.assert_array_equal(there.content, ordered.content)
        np.testing.assert_array_equal(there.labels, ordered.labels)
    train, validation, test = (speech.load("spoken_digit", split, data_dir) for split in labelled.SPLITS)
    assert (len(train), len(validation), len(test)) == (55, 5, 100)
    # The pitch tells the digit.
    for waveform, label in zip(test.floats, test.labels, strict=True):
        spectrum = np.abs(np.fft.rfft(waveform * np.hanning(16384)))
        assert 190 + 100 * label < np.argmax(spectrum) * audio.SAMPLE_RATE / 16384 < 240 + 100 * label
    assert sources.prepare("spoken_digit", "local", folder, data_dir).source == "prepared"
    recordings["3_ann_1.wav"] = recordings["3_ann_1.wav"] // 2
    sounds.write_digits(folder, recordings)
    with pytest.raises(ValueError, match="holds other data than"):
        sources.prepare("spoken_digit", "local", folder, data_dir)


@pytest.mark.parametrize(
    ("name", "samples", "rate", "said"),
    [
        ("3_ann_1.wav", np.zeros((5, 2)), 8000, "3_ann_1.wav of .* cannot be read (it has 2 channels): get it again"),
        ("3_ann_1.wav", np.zeros(5), 16000, "cannot be read (its rate is 16000, not 8000)"),
    ],
)
def test_a_recording_of_another_kind_is_named(name, samples, rate, said, tmp_path):
    sounds.write(tmp_path / name, samples, rate)
    with pytest.raises(ValueError, match=re.escape(said).replace(r"\.\*", ".*")):
        spoken_digit.read_recordings(tmp_path)


def test_no_recordings(tmp_path):
    (tmp_path / "other.wav").write_bytes(b"")
    with pytest.raises(ValueError, match="has no recordings named DIGIT_SPEAKER_NUMBER.wav"):
        spoken_digit.read_recordings(tmp_path)
    with pytest.raises(ValueError, match=r"other.wav cannot be read \(File is not a zip file\)"):
        spoken_digit.read_recordings(tmp_path / "other.wav")


def test_a_set_that_is_not_of_recordings_is_not_read_as_one(tmp_path):
    recordings = {name: samples for name, samples in sounds.digits().items() if "_ann_" in name}
    tfds_sets.store_spoken_digit(recordings, tmp_path)
    assert stored.prepared_datasets(tmp_path) == ["spoken_digit"]
    assert stored.read_split("spoken_digit", "train", tmp_path).modality.kind == "audio"
    (tmp_path / "spoken_digit" / "1.0.9" / "spoken_digit-train.tfrecord-00000-of-00001").write_bytes(b"")
    with pytest.raises(ValueError, match="cannot be read .* Remove that folder"):
        speech.load("spoken_digit", "test", tmp_path)
