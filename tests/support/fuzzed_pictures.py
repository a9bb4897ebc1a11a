"""Reads pictures whose headers are damaged at random, and prints what came of them as JSON: a process of its own.

Usage: python -m tests.support.fuzzed_pictures FORMAT COUNT SEED
"""

import collections
import json
import sys
import time

import numpy as np
import tensorflow as tf

from latent_xlate import checks
from latent_xlate.modalities import image_files
from tests.support import pictures, processes

EDGES = (0, 1, 2, 3, 7, 8, 12, 16, 24, 32, 40, 64, 108, 124, 127, 128, 254, 255)


def damaged(content: bytes, generator: np.random.Generator) -> bytes:
    """Changes, inserts or removes a few bytes, mostly among the first, or cuts the file."""
    result = bytearray(content)
    for _ in range(generator.integers(1, 6)):
        reach = min(len(result), int(generator.choice([32, 64, 200, len(content)])))
        place, value = int(generator.integers(2, max(reach, 3))), int(generator.choice(EDGES))
        value = value if generator.random() < 0.6 else int(generator.integers(256))
        kind = generator.random()
        if kind < 0.8:
            result[place : place + 1] = bytes([value])
        elif kind < 0.9:
            result[place:place] = bytes([value] * int(generator.integers(1, 5)))
        elif kind < 0.97:
            del result[place : place + int(generator.integers(1, 5))]
        else:
            del result[int(generator.integers(2, len(result) + 1)) :]
            result += b"\0" * (3 - len(result))
    return bytes(result)


def main(kind: str, count: int, seed: int) -> None:
    decode = tf.function(image_files.decode, [tf.TensorSpec([], tf.string)], autograph=False)
    files = [content for name, content, _ in pictures.everything() if name.endswith(kind)]
    said: collections.Counter[str] = collections.Counter()
    slowest = 0.0
    for number in range(count):
        generator = np.random.default_rng([seed, number])
        content = damaged(files[number % len(files)], generator)
        start = time.monotonic()
        try:
            decode(content)
            said["read"] += 1
        except tf.errors.InvalidArgumentError as error:
            said[checks.sentence(error)] += 1
        slowest = max(slowest, time.monotonic() - start) if number else 0.0
    peak = processes.peak_memory() / 2**30
    print(json.dumps({"said": said, "slowest_seconds": slowest, "peak_gigabytes": peak}))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
