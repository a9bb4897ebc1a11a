"""Labelled recordings of words in memory, read from TensorFlow Datasets or from a folder of sound files."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Collection
from typing import ClassVar

import numpy as np
import tensorflow_datasets as tfds

from latent_xlate import checks
from latent_xlate.checks import reason
from latent_xlate.data import spoken_digit
from latent_xlate.data.class_folders import read_class_folders
from latent_xlate.data.labelled import SPLITS, Labelled, cut_validation, in_canonical_order
from latent_xlate.data.stored import PREPARE_AGAIN, check_prepared, quiet, resolve_data_dir
from latent_xlate.modalities.audio import ENDINGS, NUM_SAMPLES, SPEEDS, change_speed, read_audio, to_slice


@dataclasses.dataclass(frozen=True)
class LabelledSpeech(Labelled):
    """Recordings with their classes.

    Attributes:
        waveforms: int16 [n, 16384], at 16 kHz.
        labels: int64 [n].
        class_names: Name of each class, by label.
    """

    noun: ClassVar[str] = "recording"
    full_scale: ClassVar[float] = 32768.0

    waveforms: np.ndarray
    labels: np.ndarray
    class_names: tuple[str, ...]

    def augmented(self) -> list[LabelledSpeech]:
        """All recordings at each of `audio.SPEEDS`: as of more voices."""
        return [self.with_content(change_speed(self.waveforms, speed)) for speed in SPEEDS]


def load(dataset: str, split: str, data_dir: str | os.PathLike | None = None) -> LabelledSpeech:
    """Reads a prepared data set.

    Args:
        dataset: Name of a TFDS data set of labelled recordings, prepared by `prepare_data`.
        split: "train", "validation" (cut from the training recordings) or "test".
        data_dir: Folder of TFDS data sets; None for the default.

    Returns:
        The split's recordings in canonical order.

    Raises:
        ValueError: There is no such split, the data set is unknown or not prepared, or it is damaged.
    """
    checks.known(split, SPLITS, "split")
    if split == "test":
        return read_split(dataset, "test", data_dir)
    return cut_validation(read_split(dataset, "train", data_dir), split)


@quiet()
def read_split(dataset: str, split: str, data_dir: str | os.PathLike | None = None) -> LabelledSpeech:
    """Reads one split, "train" (that for validation included) or "test". Otherwise as `load`."""
    data_dir = resolve_data_dir(data_dir)
    folder = check_prepared(dataset, data_dir)
    try:
        builder = tfds.builder(dataset, data_dir=data_dir)
        features = builder.info.features
        # TFDS's spoken_digit has one split, which the names of its files divide.
        undivided = dataset == spoken_digit.NAME and list(builder.info.splits) == ["train"]
        records = [
            (to_slice(record["audio"] / np.float32(32768), features["audio"].sample_rate), record["label"])
            for record in tfds.as_numpy(builder.as_dataset(split="train" if undivided else split))
            if not undivided or spoken_digit.split_of(record["audio/filename"].decode()) == split
        ]
        names = tuple(features["label"].names)
    except Exception as error:  # Each kind of damage, and of foreign data, has an exception of its own.
        raise ValueError(
            f"Data set {dataset!r} in {folder} cannot be read ({reason(error)}): it is damaged, "
            f"or has no labelled recordings split into train and test. {PREPARE_AGAIN}"
        ) from None
    waveforms, labels = zip(*records, strict=True) if records else ((), ())
    return in_canonical_order(_labelled(waveforms, labels, names))[0]


def from_spoken_digit(
    recordings: spoken_digit.Recordings, held_out_speakers: Collection[str] = ()
) -> dict[str, LabelledSpeech]:
    """Divides the recordings of the Free Spoken Digit Dataset into the splits "train" and "test".

    Args:
        recordings: As `spoken_digit.read_recordings` gives them.
        held_out_speakers: Whose recordings, all of them, are the test split, and no others; none for the
            data set's own convention, by which both have the same speakers.

    Raises:
        ValueError: A speaker who is not there.
    """
    speakers = {spoken_digit.speaker_of(name) for name in recordings}
    for speaker in held_out_speakers:
        checks.known(speaker, speakers, "speaker")

    def is_test(name):
        if held_out_speakers:
            return spoken_digit.speaker_of(name) in held_out_speakers
        return spoken_digit.split_of(name) == "test"

    return {
        split: _from_recordings(recordings, [name for name in recordings if is_test(name) == (split == "test")])
        for split in ("train", "test")
    }


def _from_recordings(recordings, chosen):
    waveforms = [to_slice(recordings[name] / np.float32(32768), spoken_digit.SAMPLE_RATE) for name in chosen]
    return _labelled(waveforms, [spoken_digit.label_of(name) for name in chosen], spoken_digit.CLASS_NAMES)


def read_speech_folder(folder: str | os.PathLike) -> dict[str, LabelledSpeech]:
    """Reads a data set from a folder of labelled sound files.

    Args:
        folder: Holds `CLASS/*.wav` (flac, ogg, opus, mp3, aif, aiff, au), or `train/CLASS/*.wav` and
            `test/CLASS/*.wav`; see `class_folders.read_class_folders`.

    Returns:
        The splits "train" and "test".

    Raises:
        ValueError: Fewer than two class folders, or more than 256, or a file that is not a sound.
    """
    return read_class_folders(folder, ENDINGS, read_audio, _labelled, LabelledSpeech.noun)


def _labelled(waveforms, labels, names):
    return LabelledSpeech(
        np.reshape(waveforms, (len(waveforms), NUM_SAMPLES)).astype(np.int16), np.array(labels, np.int64), tuple(names)
    )
