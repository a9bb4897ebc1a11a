"""A recogniser of speech that nothing here had a part in training: CMU PocketSphinx, extra `recogniser`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
"""How digits are pronounced, by class name."""

PADDING = 1600
"""Samples of faint noise before and after a sound: a recogniser of running speech wants a pause there."""


def recognise(x: np.ndarray, words: Sequence[str] = DIGITS) -> np.ndarray:
    """Which of some English words is heard.

    Args:
        x: float32 [n, samples], at 16 kHz in [-1, 1].
        words: In lower case, each in the recogniser's dictionary.

    Returns:
        int64 [n], indices of `words`, -1 where none is heard.

    Raises:
        ValueError: The recogniser is not installed, or does not know a word.
    """
    try:
        from pocketsphinx import Decoder
    except ImportError:
        raise ValueError("The recogniser is not installed: pip install 'latent_xlate[recogniser]'.") from None
    # All words as likely as silence is: no language model.
    decoder = Decoder(lm=None, lw=1.0, silprob=0.3, loglevel="FATAL")
    unknown = [word for word in words if decoder.lookup_word(word) is None]
    if unknown:
        raise ValueError(f"The recogniser does not know the word {unknown[0]!r}.")
    decoder.add_jsgf_string("words", f"#JSGF V1.0;\ngrammar words;\npublic <word> = {' | '.join(words)};\n")
    decoder.activate_search("words")
    noise = np.random.default_rng(0).integers(-3, 4, PADDING)
    heard = np.full(len(x), -1)
    for i, sound in enumerate(x):
        # Half of full scale, or a resampled peak would be clipped.
        samples = np.concatenate([noise, np.round(sound * 16384), noise]).astype(np.int16)
        decoder.start_utt()
        decoder.process_raw(samples.tobytes(), full_utt=True)
        decoder.end_utt()
        hypothesis = decoder.hyp()
        if hypothesis is not None and hypothesis.hypstr in words:
            heard[i] = words.index(hypothesis.hypstr)
    return heard


def pronounced(class_names: Sequence[str]) -> list[str]:
    """The words for classes: of digits their English names, of others the names themselves, in lower case."""
    return [DIGITS[int(name)] if name.isdecimal() and int(name) < len(DIGITS) else name.lower() for name in class_names]


def share_understood(x: np.ndarray, labels: np.ndarray, class_names: Sequence[str]) -> float:
    """Share of sounds in which the word of their label is heard.

    Args:
        x: As `recognise` takes it.
        labels: Integers [n].
        class_names: By label.

    Raises:
        ValueError: As `recognise`.
    """
    return float(np.mean(recognise(x, pronounced(class_names)) == labels))
