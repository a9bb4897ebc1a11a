"""An independent speech recogniser, CMU PocketSphinx (extra `recogniser`)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
"""English names of the digits, in their order."""

PADDING = 1600
"""Samples of faint noise before and after a sound. A recogniser of running speech needs a pause there."""


def recognise(x: np.ndarray, words: Sequence[str] = DIGITS) -> np.ndarray:
    """Recognises which of some English words each sound holds.

    Args:
        x: Sounds, float32 [n, samples] at 16 kHz in [-1, 1].
        words: The words in lower case, each in the recogniser's dictionary.

    Returns:
        Indices into `words`, int64 [n], -1 where none is recognised.

    Raises:
        ValueError: The recogniser is not installed, or does not know a word.
    """
    try:
        from pocketsphinx import Decoder
    except ImportError:
        raise ValueError("The recogniser is not installed: pip install 'latent_xlate[recogniser]'.") from None
    # No language model: each word is as likely as silence.
    decoder = Decoder(lm=None, lw=1.0, silprob=0.3, loglevel="FATAL")
    unknown = [word for word in words if decoder.lookup_word(word) is None]
    if unknown:
        raise ValueError(f"The recogniser does not know the word {unknown[0]!r}.")
    decoder.add_jsgf_string("words", f"#JSGF V1.0;\ngrammar words;\npublic <word> = {' | '.join(words)};\n")
    decoder.activate_search("words")
    noise = np.random.default_rng(0).integers(-3, 4, PADDING)
    heard = np.full(len(x), -1)
    for i, sound in enumerate(x):
        # At half of full scale no resampled peak is clipped.
        samples = np.concatenate([noise, np.round(sound * 16384), noise]).astype(np.int16)
        decoder.start_utt()
        decoder.process_raw(samples.tobytes(), full_utt=True)
        decoder.end_utt()
        hypothesis = decoder.hyp()
        if hypothesis is not None and hypothesis.hypstr in words:
            heard[i] = words.index(hypothesis.hypstr)
    return heard


def pronounced(class_names: Sequence[str]) -> list[str]:
    """Returns the word for each class: the English name of a digit, otherwise the class name in lower case."""
    return [DIGITS[int(name)] if name.isdecimal() and int(name) < len(DIGITS) else name.lower() for name in class_names]


def share_understood(x: np.ndarray, labels: np.ndarray, class_names: Sequence[str]) -> float:
    """Returns the share of sounds in which the word for their class is recognised.

    Args:
        x: Sounds, as `recognise` takes them.
        labels: Their classes, integers [n].
        class_names: Names of all classes.

    Raises:
        ValueError: As `recognise`.
    """
    return float(np.mean(recognise(x, pronounced(class_names)) == labels))
