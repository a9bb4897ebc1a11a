"""Measures speed on this machine.

    bin/benchmark.py bridge --output=out/benchmark.json

`bridge`: training steps a second of the bridge for a batch of 128 + 128 latents, by this project's loop
(float32 and bfloat16), by Keras's `fit` as it comes, and of the same network in PyTorch (where it is
installed: extra `benchmark`), each also as a share of the roofline, the sum of the shortest times of the
step's own matrix products. The contenders take turns; the best round of each counts. Run it on a quiet
machine.
"""

from pathlib import Path

from absl import flags

from latent_xlate import checks, training
from latent_xlate.cli import _app
from latent_xlate.evaluation import bridge_speed

BENCHMARKS = {"bridge": bridge_speed.benchmark}

_SECONDS = flags.DEFINE_float("seconds", 3.0, "Length of a round, about.", lower_bound=0.01)
_ROUNDS = flags.DEFINE_integer("rounds", 7, "Rounds; the best of each contender counts.", lower_bound=1)
_OUTPUT = flags.DEFINE_string("output", None, "File for the numbers, JSON.")


def main(argv):
    if len(argv) != 2:
        raise ValueError(f"Name one benchmark: {', '.join(BENCHMARKS)}.")
    results = BENCHMARKS[checks.known(argv[1], BENCHMARKS, "benchmark")](_SECONDS.value, _ROUNDS.value)
    if _OUTPUT.value:
        training.write_json(Path(_OUTPUT.value), results)


def console_entry_point():
    _app.run(main, takes_arguments=True)


if __name__ == "__main__":
    console_entry_point()
