import keras
import numpy as np
import pytest

from latent_xlate.benchmarks import own_pictures
from latent_xlate.benchmarks.own_pictures_data import coloured_letters, coloured_shapes


class Identity:
    """A translator that leaves pictures as they are, or turns their colours round."""

    def __init__(self, turned=False):
        self.turned = turned

    def translate(self, x, source, target):
        return 1 - x if self.turned else x


@pytest.fixture(scope="module")
def judge():
    keras.utils.set_random_seed(0)
    layers = [keras.Input((16, 16, 3)), keras.layers.Flatten(), keras.layers.Dense(8), keras.layers.Dense(3)]
    return keras.Sequential(layers)


def test_pictures_that_stay_keep_everything_and_those_turned_round_their_size_alone(judge):
    held_out = {"shapes": coloured_shapes(6, 0, 16), "letters": coloured_letters(6, 0, 16)}
    measured = own_pictures.measure(Identity(), "shapes", "shapes", held_out, judge)
    x, labels = held_out["shapes"].floats, held_out["shapes"].labels
    assert measured["right"] == np.mean(np.argmax(judge(x), axis=1) == labels)
    assert [measured[name] for name in ("ground", "figure", "size")] == pytest.approx([1, 1, 1])
    turned = own_pictures.measure(Identity(turned=True), "shapes", "shapes", held_out, judge)
    assert [turned[name] for name in ("ground", "figure", "size")] == pytest.approx([-1, -1, 1], abs=1e-4)
    assert turned["kid"] > measured["kid"]


def test_table_has_means_and_deviations_over_the_seeds():
    numbers = {"right": 0.5, "kid": 0.25, "ground": 1.0, "figure": 0.75, "size": 0.5}
    results = [
        {
            "seed": seed,
            "seconds": 100.4 + seed,
            "judges": {"shapes": 0.9 + seed / 10, "letters": 1.0},
            "novel": {name: {"own": 0.01, "other": 0.5 + seed / 10, "noise": 1.0} for name in ("shapes", "letters")},
            "pairs": {"shapes_to_letters": numbers | {"right": 0.5 + seed / 2}},
        }
        for seed in (0, 1)
    ]
    lines = own_pictures.table(results).splitlines()
    assert "| shapes | 0.950 ± 0.071 | 0.010 ± 0.000 | 0.550 ± 0.071 | 1.000 ± 0.000 |" in lines
    assert "| letters | 1.000 ± 0.000 | 0.010 ± 0.000 | 0.550 ± 0.071 | 1.000 ± 0.000 |" in lines
    assert (
        "| shapes_to_letters | 0.750 ± 0.354 | 0.250 ± 0.000 | 1.000 ± 0.000 | 0.750 ± 0.000 | 0.500 ± 0.000 |" in lines
    )
    assert lines[-1] == "Seconds from the folders to the translator: 100, 101"
