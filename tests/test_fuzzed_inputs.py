"""Damaged inputs of every kind: each is answered or refused in a sentence, and none ends, or holds up, the process.

`FUZZED_INPUTS` says how many in all; `make soak` takes 10,000. `FUZZED_SEED` says with which seed each kind begins.
`python -m tests.support.fuzz_worker KIND SEED` repeats an input that is reported.
"""

import collections
import os

import pytest

from tests.support import fuzz_worker

SHARES = {
    "pictures": 0.15,
    "pictures_served": 0.12,
    "sounds": 0.1,
    "sounds_served": 0.1,
    "arrays": 0.06,
    "arrays_served": 0.04,
    "batches": 0.04,
    "tables": 0.12,
    "settings": 0.07,
    "latents": 0.02,
    "rest": 0.07,
    "rpc": 0.07,
    "translators": 0.01,
    "keras_files": 0.01,
    "saved_models": 0.01,
    "tf1_checkpoints": 0.005,
    "checkpoints": 0.005,
}
"""Share of each kind; the last ones take most of the time."""

QUICK = {"pictures": 25, "sounds": 15, "arrays": 15, "tables": 30, "settings": 15}


def check(folder, counts):
    found = collections.defaultdict(collections.Counter)
    wrong = []
    for name, seed, said in fuzz_worker.outcomes(folder, counts, int(os.environ.get("FUZZED_SEED", "0"))):
        found[name][said.partition(":")[0]] += 1
        if said not in (fuzz_worker.ACCEPTED, fuzz_worker.REFUSED) or (seed < 0 and said != fuzz_worker.ACCEPTED):
            wrong.append(f"{name} {seed}: {said}")
            print(wrong[-1], flush=True)
    for name, counted in found.items():
        print(f"{name:16} {counted.total():6}", ", ".join(f"{number} {what}" for what, number in counted.most_common()))
    assert found.keys() == counts.keys()
    assert not wrong, "\n".join(wrong)


@pytest.mark.long
def test_a_hundred(tmp_path):
    check(tmp_path, QUICK)


@pytest.mark.slow
def test_many(tmp_path):
    number = int(os.environ.get("FUZZED_INPUTS", "1000"))
    check(tmp_path, {name: max(1, round(number * share)) for name, share in SHARES.items()})
