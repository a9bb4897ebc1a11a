"""How often words by people and machines are understood, as they are, with noise, and in a longer recording."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf
from tqdm import tqdm

from latent_xlate import tables
from latent_xlate.batching import good_rows
from latent_xlate.data import speech
from latent_xlate.data.labelled import Labelled
from latent_xlate.domains.speech import acoustics
from latent_xlate.evaluation.predictions import predictor
from latent_xlate.modalities import wav_files
from latent_xlate.modalities.alignment import THRESHOLD
from latent_xlate.modalities.audio_files import SAMPLE_RATE
from latent_xlate.translator import Translator

SNR = 10.0
"""Ratio of a word to the noise, in decibels."""

SECONDS = 3.0
"""Length of a longer recording."""

FAINT = 1e-3
"""Amplitude of the noise of a longer recording, relative to full scale: -60 dB."""

SEED = 2026

CONDITIONS = ("as it is", f"noise at {SNR:.0f} dB", f"in {SECONDS:.0f} s")

_BATCH = 50


def benchmark(
    translator: str | os.PathLike,
    source: str,
    target: str,
    datasets: Sequence[str],
    *,
    data_dir: str | os.PathLike | None = None,
) -> dict[str, Any]:
    """Measures and prints how often words are heard and translated as what they are.

    Words are the test recordings of data sets. Each is read from a WAV file, as it is; with pink noise at `SNR`; and
    in the midst of a recording of `SECONDS` with faint noise.

    Args:
        translator: A folder that `Translator.save` wrote.
        source: Name of its domain of speech.
        target: Name of the domain to translate to, whose judge says what the translation is.
        datasets: Prepared data sets, each with the classes of the source.
        data_dir: Folder of TFDS data sets; None for the default.

    Returns:
        By data set and condition: `instances`, `refused` (how many are not read), and the shares `heard` (by the
        source's judge), `encoded` (by that judge when encoded and decoded) and `translated` (by the target's judge) as
        the right class. What is refused counts as wrong.

    Raises:
        ValueError: The translator or a data set cannot be read, or its classes are not the source's.
    """
    listener = _Listener(Translator.load(translator), source, target)
    results: dict[str, Any] = {}
    for name in tqdm(datasets, "voices"):
        data = speech.read_split(name, "test", data_dir)
        if data.class_names != listener.class_names:
            raise ValueError(f"Data set {name!r} has the classes {data.class_names}, not those of {source!r}.")
        results[name] = {
            condition: listener.measure(sounds, data.labels)
            for condition, sounds in zip(CONDITIONS, _conditions(data), strict=True)
        }
    print(table(results))
    return results


def _conditions(data: Labelled) -> list[np.ndarray]:
    """The recordings in each of `CONDITIONS`, float32 [n, samples]."""
    rng = np.random.default_rng(SEED)
    pink = acoustics.noises(rng, 1 << 20)[acoustics.NOISE_SLOPES.index(-3.0)]
    x = data.floats
    return [x, with_noise(x, pink, SNR, rng), in_longer(x, pink, rng)]


def with_noise(x: np.ndarray, noise: np.ndarray, snr: float, rng: np.random.Generator) -> np.ndarray:
    """Adds noise to recordings.

    Args:
        x: float32 [n, samples].
        noise: Noise of mean square 1, longer than a recording, float32 [length].
        snr: Ratio of the word, the samples that are not silent, to the noise in decibels.
        rng: Source of the places in the noise.

    Returns:
        float32 [n, samples], at the peak of x.
    """
    peaks = np.abs(x).max(axis=1, keepdims=True)
    loud = np.abs(x) > THRESHOLD * peaks
    power = np.sum(np.square(x) * loud, axis=1, keepdims=True) / np.maximum(loud.sum(axis=1, keepdims=True), 1)
    starts = rng.integers(0, len(noise) - x.shape[1], len(x))
    parts = noise[starts[:, np.newaxis] + np.arange(x.shape[1])]
    noisy = x + np.sqrt(power) * 10 ** (-snr / 20) * parts
    return (noisy * peaks / np.maximum(np.abs(noisy).max(axis=1, keepdims=True), 1e-9)).astype(np.float32)


def in_longer(x: np.ndarray, noise: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Puts each recording anywhere in `SECONDS` of faint noise; arguments as those of `with_noise`."""
    length = round(SECONDS * SAMPLE_RATE)
    starts = rng.integers(0, len(noise) - length, len(x))
    longer = FAINT * noise[starts[:, np.newaxis] + np.arange(length)]
    places = rng.integers(0, length - x.shape[1], len(x))
    for row, sound, place in zip(longer, x, places, strict=True):
        row[place : place + len(sound)] += sound
    return longer.clip(-1, 1).astype(np.float32)


class _Listener:
    """Reads, judges, encodes, translates and judges again."""

    def __init__(self, translator: Translator, source: str, target: str) -> None:
        self.translator, self.source, self.target = translator, source, target
        self.domain = translator.domain(source)
        self.class_names = self.domain.class_names
        self.judge = predictor(self.domain, tf.identity)
        self.judge_of_encoded = predictor(self.domain, lambda x: self.domain.decode(self.domain.encode(x)[0]))
        self.judge_of_target = predictor(translator.domain(target), tf.identity)

    def measure(self, x: np.ndarray, labels: np.ndarray) -> dict[str, Any]:
        files = np.array(wav_files.write_wav(tf.constant(x), SAMPLE_RATE))
        kept, read, refused = good_rows(lambda batch: self.domain.read(tf.constant(batch)), files, batch_size=_BATCH)
        shared = self.translator.shared_classes
        known = labels[kept]
        translated = self.judge_of_target(self.translator.translate(read, self.source, self.target)).classes
        right = {
            "heard": self.judge(read).classes == known,
            "encoded": self.judge_of_encoded(read).classes == known,
            "translated": shared(translated, self.target) == shared(known, self.source),
        }
        shares = {name: float(np.sum(each) / len(labels)) for name, each in right.items()}
        return {"instances": len(labels), "refused": len(refused)} | shares


def table(results: dict[str, Any]) -> str:
    """Formats the results of `benchmark` as a Markdown table."""
    shares = ("heard", "encoded", "translated")
    rows = [
        [name, condition, str(each["instances"]), str(each["refused"]), *(f"{each[share]:.3f}" for share in shares)]
        for name, conditions in results.items()
        for condition, each in conditions.items()
    ]
    return tables.markdown(["voices of", "recorded", "words", "refused", *shares], rows)
