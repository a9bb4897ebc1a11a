import math

import numpy as np
import pytest

from latent_xlate.evaluation.coverage import NEIGHBOURS, density_and_coverage


def features(count, seed, shift=0.0):
    return np.random.default_rng(seed).normal(size=(count, 4)) + shift


def values(x, y):
    return tuple(statistic.value for statistic in density_and_coverage(x, y))


def by_loops(x, y):
    radii = [sorted(np.linalg.norm(a - b) for j, b in enumerate(y) if j != i)[4] for i, a in enumerate(y)]
    inside = [[np.linalg.norm(a - b) < radius for b, radius in zip(y, radii, strict=True)] for a in x]
    return np.sum(inside) / (5 * len(x)), np.mean(np.any(inside, axis=0))


def test_values_are_those_of_the_definition():
    x, y = features(20, 0, 0.5), features(30, 1)
    assert values(x, y) == pytest.approx(by_loops(x, y))
    assert 0 < values(x, y)[1] < 1


def test_known_values():
    y = features(40, 0)
    assert values(np.random.default_rng(1).permutation(y), y)[1] == 1.0
    assert values(y + 100, y) == (0.0, 0.0)
    # A prototype lies in the neighbourhoods of many, but covers only these.
    density, coverage = values(np.tile(y.mean(axis=0), (40, 1)), y)
    assert density > 1.5
    assert coverage == pytest.approx(density * NEIGHBOURS / 40)


def test_of_one_distribution_they_are_what_the_paper_expects():
    pairs = [values(features(40, 2 * seed), features(40, 2 * seed + 1)) for seed in range(150)]
    missed = math.comb(39, NEIGHBOURS) / math.comb(79, NEIGHBOURS)
    density, coverage = np.mean(pairs, axis=0)
    assert coverage == pytest.approx(1 - missed, abs=0.01)
    assert density == pytest.approx(1.0, abs=0.05)


def test_generated_ones_are_resampled_for_density_and_real_ones_for_coverage():
    x, y = features(20, 0, 0.5), features(30, 1)
    density, coverage = density_and_coverage(x, y)
    assert (density.sizes, coverage.sizes) == ((20,), (30,))
    assert density.of(np.eye(20)).mean() == pytest.approx(density.value)
    assert set(coverage.of(np.eye(30))) == {0.0, 1.0}


def test_too_few_real_instances_are_refused():
    with pytest.raises(ValueError, match="5 real instances; coverage needs more than 5"):
        density_and_coverage(features(10, 0), features(5, 1))
