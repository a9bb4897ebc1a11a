import numpy as np
import pytest

from latent_xlate.evaluation.individual_row import OfClass, Row


def features(count, seed, shift=0.0):
    return np.random.default_rng(seed).normal(size=(count, 4)) + shift


def estimates(row):
    return row.estimates(np.random.default_rng(0))


def likeness(generated, real):
    row = Row()
    row.add_likeness(generated, real)
    return estimates(row)


def test_mistakes_add_to_diversity_but_not_to_kept_diversity():
    real = OfClass(features(200, 0), np.ones(200, bool))
    right, wrong = features(180, 1), features(20, 2, 8.0)
    with_mistakes = OfClass(np.concatenate([right, wrong]), np.arange(200) < 180)
    row = likeness(with_mistakes, real)
    assert row["diversity"]["value"] > 3
    assert row["kept_diversity"]["value"] == pytest.approx(
        right.var(0, ddof=1).sum() / real.features.var(0, ddof=1).sum()
    )
    assert row["kept_diversity"]["interval"][0] < 1 < row["kept_diversity"]["interval"][1]
    # Real instances that the judge mistakes are left out likewise.
    assert likeness(with_mistakes, with_mistakes)["kept_diversity"]["value"] == pytest.approx(1.0)


def test_too_few_kept_instances_have_no_kept_diversity():
    real = OfClass(features(30, 0), np.ones(30, bool))
    few, enough = (OfClass(features(30, 1), np.arange(30) < count) for count in (7, 8))
    assert likeness(few, real).keys() == {"diversity", "density", "coverage", "class_kid"}
    assert "kept_diversity" in likeness(enough, real)


def test_real_instances_that_are_all_the_same_are_no_measure_of_diversity():
    alike = OfClass(np.ones((30, 4)), np.ones(30, bool))
    row = likeness(OfClass(features(30, 0), np.ones(30, bool)), alike)
    assert row.keys() == {"density", "coverage", "class_kid"}
    assert row["coverage"]["value"] == 0.0


def test_sets_of_unequal_size_do_not_change_what_coverage_is_expected():
    real = OfClass(features(25, 0), np.ones(25, bool))
    many, few = (OfClass(features(count, 1), np.ones(count, bool)) for count in (200, 25))
    rows = [likeness(generated, real) for generated in (many, few)]
    assert rows[0]["coverage"] == rows[1]["coverage"]
    assert rows[0]["diversity"] != rows[1]["diversity"]


def test_distance_of_cycles_is_in_units_of_the_class():
    z, other = features(4000, 0), features(4000, 1)
    values = []
    for back in (z, np.broadcast_to(z.mean(axis=0), z.shape), other):
        row = Row()
        row.add_cycle(z, back)
        values.append(estimates(row)["cycle_distance"]["value"])
    assert values == pytest.approx([0.0, 1.0, 2.0], abs=0.05)


def test_instances_without_a_class_do_not_count_in_cycles():
    row = Row()
    row.add_cycle_classes(np.array([-1, -1, 2, 2, 3]), np.array([-1, 2, 2, 3, 3]))
    row.add_cycle_classes(np.array([-1]), np.array([0]))
    assert estimates(row)["cycle_accuracy"]["value"] == pytest.approx(2 / 3)
    assert estimates(row)["cycle_accuracy"]["classes"] == 1


def test_locality_needs_21_instances():
    row = Row()
    row.add_locality(np.ones((20, 20)), np.ones((20, 20)))
    assert estimates(row) == {}


def test_latents_that_come_back_infinite_are_refused():
    with pytest.raises(ValueError, match="The way there and back has 20 NaN or infinite values"):
        Row().add_cycle(features(5, 0), np.full((5, 4), np.inf))
