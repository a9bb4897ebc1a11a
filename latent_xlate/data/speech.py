"""Data sets of labelled recordings of words."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Collection, Sequence

import numpy as np

from latent_xlate import checks
from latent_xlate.data import spoken_digit, stored
from latent_xlate.data.labelled import Labelled
from latent_xlate.modalities.audio import Audio
from latent_xlate.modalities.audio_files import NUM_SAMPLES, to_slice


def labelled_sounds(waveforms: Sequence[np.ndarray], labels: Sequence[int], class_names: Sequence[str]) -> Labelled:
    """Makes labelled recordings from n waveforms, int16 [NUM_SAMPLES] at 16 kHz, and n labels."""
    content = np.reshape(waveforms, (len(waveforms), NUM_SAMPLES)).astype(np.int16)
    return Labelled(content, np.array(labels, np.int64), tuple(class_names), Audio())


def load(dataset: str, split: str, data_dir: str | os.PathLike | None = None) -> Labelled:
    """Reads a prepared data set of recordings; see `stored.load`."""
    return stored.load(dataset, split, data_dir, Audio)


def read_split(dataset: str, split: str, data_dir: str | os.PathLike | None = None) -> Labelled:
    """Reads one split of recordings as it is stored; see `stored.read_split`."""
    return stored.read_split(dataset, split, data_dir, Audio)


def joined(first: Labelled, others: Sequence[Labelled]) -> Labelled:
    """Returns the recordings of several data sets of the same classes as one, in memory.

    Raises:
        ValueError: The classes differ.
    """
    for other in others:
        if other.class_names != first.class_names:
            raise ValueError(
                f"Data sets to train on together have the classes {first.class_names} and {other.class_names}: "
                "they must be the same, in the same order."
            )
    if not others:
        return first
    everything = [first, *others]
    content = np.concatenate([data.content for data in everything])
    return dataclasses.replace(first, content=content, labels=np.concatenate([data.labels for data in everything]))


def from_spoken_digit(
    recordings: spoken_digit.Recordings, held_out_speakers: Collection[str] = ()
) -> dict[str, Labelled]:
    """Divides the recordings of the Free Spoken Digit Dataset into the splits "train" and "test".

    Args:
        recordings: The recordings, from `spoken_digit.read_recordings`.
        held_out_speakers: Speakers whose recordings make up the test split. If empty, the splits follow the data set's
            own convention, by which both have the same speakers.

    Raises:
        ValueError: There are no recordings of a held-out speaker.
    """
    speakers = {spoken_digit.speaker_of(name) for name in recordings}
    for speaker in held_out_speakers:
        checks.known(speaker, speakers, "speaker")

    def is_test(name: str) -> bool:
        if held_out_speakers:
            return spoken_digit.speaker_of(name) in held_out_speakers
        return spoken_digit.split_of(name) == "test"

    return {
        split: _from_recordings(recordings, [name for name in recordings if is_test(name) == (split == "test")])
        for split in ("train", "test")
    }


def _from_recordings(recordings: spoken_digit.Recordings, chosen: Sequence[str]) -> Labelled:
    waveforms = [to_slice(recordings[name] / np.float32(32768), spoken_digit.SAMPLE_RATE) for name in chosen]
    return labelled_sounds(waveforms, [spoken_digit.label_of(name) for name in chosen], spoken_digit.CLASS_NAMES)
