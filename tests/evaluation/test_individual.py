import dataclasses
import functools
import json

import numpy as np
import pytest

from latent_xlate.bridge.class_map import ClassMap
from latent_xlate.evaluation import individual
from latent_xlate.evaluation.accuracy import evaluate
from latent_xlate.translator import Translator
from tests.support import oracle

LIKENESS = {"diversity", "kept_diversity", "density", "coverage", "class_kid"}
LOCALITY = {"trustworthiness", "rank_correlation"}
CYCLE = {"cycle_accuracy", "cycle_distance"}
ALL = LIKENESS | LOCALITY | CYCLE | {"sample_diversity"}


def both(count=40, seed=0):
    """Latents of both domains, `count` of each of the four classes."""
    return {"near": oracle.latents([count] * 4, 4, seed=seed), "far": oracle.latents([count] * 4, 5, seed=seed + 1)}


@functools.cache
def plain():
    return evaluate(oracle.translator(), both())["individual"]


def values(row):
    return {key: number["value"] for key, number in row.items()}


def test_a_domain_translated_to_itself_unchanged_is_perfect():
    row = values(plain()["reconstructions"]["near"])
    assert row.keys() == ALL
    assert [row[key] for key in ("trustworthiness", "rank_correlation", "cycle_accuracy")] == pytest.approx([1] * 3)
    assert row["cycle_distance"] == pytest.approx(0.0, abs=1e-6)
    assert row["sample_diversity"] == pytest.approx(0.0, abs=1e-6)
    # Its translations are those of one half, and compared with the other.
    assert row["coverage"] == pytest.approx(0.97, abs=0.06)
    halves = values(plain()["halves"]["near"])
    assert {key: row[key] for key in LIKENESS} == pytest.approx(halves, rel=1e-4)
    assert row["diversity"] == pytest.approx(1.0, abs=0.3)


def test_classes_that_change_places_are_unlike_and_do_not_come_back():
    there, back = (values(plain()["transfers"][name]) for name in ("near_to_far", "far_to_near"))
    # Two of the four classes become each other on the way to "far" alone.
    assert there["cycle_accuracy"] == pytest.approx(0.5)
    assert there["cycle_distance"] > 10
    assert back["cycle_accuracy"] == pytest.approx(0.5)
    assert there["coverage"] <= 0.5
    # The heat map of an array with one value more is another, if little.
    assert there["trustworthiness"] > 0.85
    assert back["coverage"] == pytest.approx(0.97, abs=0.06)
    assert abs(back["class_kid"]) < 0.05 < there["class_kid"]
    assert back["diversity"] == pytest.approx(1.0, abs=0.15)
    # "far" has a fifth value that varies, which no translation to it does.
    assert 0.6 < there["diversity"] < 0.95


def test_sampling_of_the_shared_latent_makes_one_instance_varied():
    rows = [evaluate(oracle.translator(shared_sigma=sigma), both())["individual"] for sigma in (0.0, 1.0)]
    fixed, sampled = (values(each["transfers"]["far_to_near"]) for each in rows)
    assert fixed["sample_diversity"] == pytest.approx(0.0, abs=1e-6)
    # Four values of standard deviation softplus(1), over three that are uniform in [0, 0.2].
    assert sampled["sample_diversity"] == pytest.approx(4 * np.log1p(np.e) ** 2 / (3 * 0.2**2 / 12), rel=0.25)
    # Nothing else is sampled under this protocol.
    assert {k: v for k, v in sampled.items() if k in LOCALITY} == {k: v for k, v in fixed.items() if k in LOCALITY}


def test_decoded_data_are_compared_with_other_data():
    data = oracle.latents([100] * 4, 5, seed=5)
    result = evaluate(oracle.translator(), both(), data={"far": (data.mu, data.labels)})["individual"]
    assert list(result["decoded"]) == ["far"]
    row = values(result["decoded"]["far"])
    assert row.keys() == LIKENESS | LOCALITY | {"sample_diversity"}
    assert [row[key] for key in LOCALITY] == pytest.approx([1.0, 1.0])
    assert {key: row[key] for key in LIKENESS} == pytest.approx(values(result["halves"]["far"]))
    assert row["coverage"] < 1
    assert result["halves"]["far"] != plain()["halves"]["far"]
    without_encoder = evaluate(oracle.translator(encoder=False), both(), data={"far": (data.mu, data.labels)})
    assert without_encoder["individual"]["decoded"]["far"].keys() == LIKENESS


def test_without_a_judge_locality_and_the_distance_of_cycles_remain():
    result = evaluate(oracle.translator(classifier=False), both())["individual"]
    assert result["transfers"]["near_to_far"].keys() == LOCALITY | CYCLE
    assert result["transfers"]["far_to_near"].keys() == ALL - {"cycle_accuracy"}
    assert result["reconstructions"]["far"].keys() == LOCALITY | {"cycle_distance"}
    assert result["halves"].keys() == {"near"}


def test_unlabelled_instances_are_of_the_class_that_the_judge_gives():
    latents = {name: dataclasses.replace(of, labels=np.full(len(of), -1, np.int32)) for name, of in both().items()}
    assert evaluate(oracle.translator(), latents)["individual"] == plain()
    without_judge = evaluate(oracle.translator(classifier=False), latents)["individual"]
    assert without_judge["reconstructions"]["far"] == {}


def test_classes_of_one_group_are_one_class():
    domains = list(oracle.translator().domains.values())
    class_map = ClassMap.read("a=a,b=b,c=d,d=c", domains)
    mapped = evaluate(Translator(domains, oracle.translator().bridge, class_map), both())["individual"]
    row, unmapped = (values(each["transfers"]["near_to_far"]) for each in (mapped, plain()))
    assert row["coverage"] > 1.7 * unmapped["coverage"]
    assert row["class_kid"] < 0.1 * unmapped["class_kid"]


def test_small_classes_are_left_out_and_counted():
    latents = {"near": oracle.latents([30, 30, 20, 2], 4), "far": oracle.latents([30, 20, 30, 30], 5)}
    result = evaluate(oracle.translator(), latents)["individual"]
    row = result["transfers"]["near_to_far"]
    assert {key: number["classes"] for key, number in row.items()} == (
        dict.fromkeys(LOCALITY | CYCLE, 2) | dict.fromkeys(LIKENESS | {"sample_diversity"}, 1)
    )
    tiny = evaluate(oracle.translator(), both(5))["individual"]
    assert tiny == {
        "transfers": {"near_to_far": {}, "far_to_near": {}},
        "reconstructions": {"near": {}, "far": {}},
        "decoded": {},
        "halves": {"near": {}, "far": {}},
    }


def test_large_classes_are_subsampled_alike_for_one_seed(monkeypatch):
    monkeypatch.setattr(individual, "MOST_PER_CLASS", 25)
    first, again, other = (evaluate(oracle.translator(), both(), seed=seed)["individual"] for seed in (3, 3, 4))
    assert first == again
    assert first["transfers"]["far_to_near"] != other["transfers"]["far_to_near"]
    assert json.loads(json.dumps(first)) == first


def test_intervals_contain_their_numbers():
    for rows in plain().values():
        for row in rows.values():
            for key, number in row.items():
                low, high = number["interval"]
                slack = 0.25 if key == "class_kid" else 0.05  # Percentiles may be off the number itself, if skew.
                assert low - slack <= number["value"] <= high + slack, key
    assert np.ptp(plain()["transfers"]["far_to_near"]["diversity"]["interval"]) > 0.05


def test_at_a_temperature_all_is_sampled_and_samples_vary_by_its_square():
    translator = oracle.translator(shared_sigma=1.0)
    results = [evaluate(translator, both(), temperature=temperature)["individual"] for temperature in (0, 0.1, 1)]
    cold, warm, hot = (values(result["transfers"]["far_to_near"]) for result in results)
    of_posterior = 4 * np.log1p(np.e) ** 2 / (3 * 0.2**2 / 12)
    assert [row["sample_diversity"] for row in (cold, hot)] == pytest.approx([of_posterior] * 2, rel=0.25)
    assert warm["sample_diversity"] == pytest.approx(0.1**2 * of_posterior, rel=0.25)
    # The variance of the instances of a class, plus that of their samples. There and back it is added twice.
    assert warm["diversity"] == pytest.approx(cold["diversity"] + 0.1**2 * of_posterior, rel=0.2)
    there_and_back = values(results[1]["reconstructions"]["near"])["cycle_distance"]
    assert there_and_back == pytest.approx(2 * 0.1**2 * of_posterior, rel=0.2)
    for key in LOCALITY:
        assert cold[key] > warm[key] > hot[key]
