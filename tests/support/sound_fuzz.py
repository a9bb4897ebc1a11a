"""Reads damaged WAV files in a process of its own: python -m tests.support.sound_fuzz COUNT SEED"""

from __future__ import annotations

import collections
import json
import re
import sys

import numpy as np
import tensorflow as tf

from latent_xlate import checks
from latent_xlate.modalities.audio import Audio
from tests.support import processes, sounds, wav_layouts

EXTREMES = (0, 1, 2, 3, 7, 8, 16, 24, 255, 0x7FFF, 0x8000, 0xFFFE, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)


def files() -> list[bytes]:
    """Small files of several codecs and layouts."""
    tone = sounds.tone(seconds=0.01)
    codecs = [("PCM_U8", "WAV"), ("PCM_16", "WAV"), ("PCM_24", "WAVEX"), ("DOUBLE", "WAV"), ("ALAW", "WAV")]
    plain = [wav_layouts.encode(np.stack([tone, tone], axis=1), 8000, *codec) for codec in codecs]
    chosen = [
        wav_layouts.LAYOUTS[name] for name in ("as it is", "chunk of odd size first", "from ffmpeg's pipe", "long")
    ]
    return [layout(wav_layouts.chunks_of(file)) for file in plain for layout in chosen]


def damaged(file: bytes, random: np.random.Generator) -> bytes:
    """A file with one to three faults, most of them in its header."""
    content = bytearray(file)
    for _ in range(random.integers(1, 4)):
        at = int(random.integers(0, min(len(content), 100) + 1))
        match random.integers(5):
            case 0:
                content[at : at + 1] = random.bytes(1)
            case 1:
                width = int(random.choice([2, 4]))
                value = int(random.choice(EXTREMES)) % 256**width
                content[at : at + width] = value.to_bytes(width, "little")
            case 2:
                del content[at : at + int(random.integers(1, 20))]
            case 3:
                content[at:at] = content[at : at + int(random.integers(1, 40))]
            case _:
                del content[int(random.integers(len(content) + 1)) :]
    return bytes(content)


def outcomes(contents: list[bytes]) -> collections.Counter:
    """Reads files one by one; counts what is said of them, without its numbers."""
    read = tf.function(Audio().read, [tf.TensorSpec([None], tf.string)], autograph=False)
    counts: collections.Counter = collections.Counter()
    for content in contents:
        try:
            x = read(tf.constant([content])).numpy()
            assert x.shape == (1, 16384) and np.isfinite(x).all() and np.abs(x).max() <= 1.0, content
            counts["read"] += 1
        except tf.errors.InvalidArgumentError as error:
            said = checks.sentence(error)
            assert said.startswith(("The sound ", "The file ", "The WAV file ", "The channels ", "The first ")), said
            counts[re.sub(r"\d+", "#", said)] += 1
    return counts


def main(count: int, seed: int) -> None:
    random, originals = np.random.default_rng(seed), files()
    outcomes(originals)
    before = processes.peak_memory()
    counts = outcomes([damaged(originals[int(random.integers(len(originals)))], random) for _ in range(count)])
    grown = (processes.peak_memory() - before) // 2**20
    print(json.dumps({"counts": dict(counts.most_common()), "megabytes_grown": grown}))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
