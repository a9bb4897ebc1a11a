import dataclasses
import functools
import itertools
import json

import numpy as np
import pytest

from latent_xlate.batching import BATCH_SIZE
from latent_xlate.bridge.class_map import ClassMap
from latent_xlate.evaluation.accuracy import evaluate, transfer_meter
from latent_xlate.evaluation.fid import frechet_distance
from latent_xlate.latents.latents import Latents
from latent_xlate.translator import Translator
from tests.support import oracle, tiny

# Of the 10 instances of "near", 3 are of the two classes that the oracle's bridge swaps on the way to "far".
NEAR, FAR = [4, 3, 2, 1], [5, 1, 3, 3]


def both(sigma=0.0, repeats=1):
    return {
        "near": oracle.latents([repeats * count for count in NEAR], 4, sigma, seed=0),
        "far": oracle.latents([repeats * count for count in FAR], 5, sigma, seed=1),
    }


@functools.cache
def plain_result():
    return evaluate(oracle.translator(), both())


def test_accuracies_of_a_bridge_that_swaps_two_classes():
    result = plain_result()
    there, back = result["transfers"]["near_to_far"], result["transfers"]["far_to_near"]
    assert (there["accuracy"], there["label_accuracy"]) == pytest.approx((0.7, 0.7))
    assert (back["accuracy"], back["label_accuracy"]) == pytest.approx((1.0, 1.0))
    assert result["domains"]["near"]["bridge_reconstruction"] == pytest.approx(1.0)
    assert result["domains"]["far"]["bridge_reconstruction"] == pytest.approx(0.5)
    assert result["instances"] == {"near": 10, "far": 12}


def mapped(pairs):
    plain = oracle.translator()
    domains = list(plain.domains.values())
    return Translator(domains, plain.bridge, ClassMap.read(pairs, domains))


def test_accuracies_are_of_the_classes_that_the_map_puts_together():
    swapped = evaluate(mapped("a=a,b=b,c=d,d=c"), both())["transfers"]
    there, back = swapped["near_to_far"], swapped["far_to_near"]
    assert (there["accuracy"], there["label_accuracy"]) == pytest.approx((1.0, 1.0))
    # Of the 12 instances of "far", 6 are of c and d, which come back as themselves.
    assert (back["accuracy"], back["label_accuracy"]) == pytest.approx((0.5, 0.5))
    merged = evaluate(mapped("a=a,b=b,c=c,d=c,d=d"), both())["transfers"]
    assert merged["near_to_far"]["accuracy"] == merged["far_to_near"]["label_accuracy"] == 1.0


def test_classes_that_nothing_belongs_to_do_not_count():
    scores = evaluate(mapped("a=a,b=b,c=c"), both())["transfers"]["near_to_far"]
    # Of the 9 that count, 2 of class c become d.
    assert scores["accuracy"] == scores["label_accuracy"] == pytest.approx(7 / 9)
    assert scores["confusion"] == [[4, 0, 0, 0], [0, 3, 0, 0], [0, 0, 0, 2], [0, 0, 1, 0]]
    translator = mapped("a=a,b=b,c=c")
    assert transfer_meter(translator, both()["near"], "near", "far")() == pytest.approx(7 / 9)


def test_confusion_has_the_source_in_rows():
    transfers = plain_result()["transfers"]
    assert transfers["near_to_far"]["confusion"] == [[4, 0, 0, 0], [0, 3, 0, 0], [0, 0, 0, 2], [0, 0, 1, 0]]
    assert transfers["far_to_near"]["confusion"] == np.diag(FAR).tolist()


def test_accuracy_compares_judgements_and_label_accuracy_labels():
    latents = both()
    wrong = latents["far"].labels.copy()
    wrong[:3] = (wrong[:3] + 1) % oracle.NUM_CLASSES
    wrong[3] = -1  # Unlabelled, so it does not count.
    latents["far"] = dataclasses.replace(latents["far"], labels=wrong)
    scores = evaluate(oracle.translator(), latents)["transfers"]["far_to_near"]
    assert scores["accuracy"] == 1.0
    assert scores["label_accuracy"] == pytest.approx(8 / 11)


def test_unlabelled_latents_have_no_label_accuracy():
    latents = {name: dataclasses.replace(of, labels=np.full(len(of), -1, np.int32)) for name, of in both().items()}
    scores = evaluate(oracle.translator(), latents)["transfers"]["near_to_far"]
    assert "label_accuracy" not in scores
    assert scores["accuracy"] == pytest.approx(0.7)


def test_fid_is_to_the_decoded_latents_of_the_target():
    latents = both()
    transferred = np.pad(latents["near"].mu[:, [0, 1, 3, 2]], [(0, 0), (0, 1)])
    result = plain_result()
    expected = frechet_distance(transferred, latents["far"].mu)
    assert result["transfers"]["near_to_far"]["fid"] == pytest.approx(expected, rel=1e-5)
    assert result["domains"]["far"]["fid_reference"] == "decoded"


def test_given_data_are_the_reference_and_measure_base_model_and_judge():
    data = oracle.latents([3, 3, 3, 3], 5, seed=2)
    labels = data.labels.copy()
    labels[:3] = (labels[:3] + 1) % oracle.NUM_CLASSES
    latents = both()
    translator = oracle.translator(misread=1)
    result = evaluate(translator, latents, data={"far": (data.mu, labels)})
    far = result["domains"]["far"]
    assert far["base_reconstruction"] == pytest.approx(0.75)
    assert far["judge_accuracy"] == pytest.approx(0.75)
    assert far["fid_reference"] == "data"
    assert far["base_fid"] == pytest.approx(frechet_distance(latents["far"].mu, data.mu), rel=1e-5)
    transferred = np.pad(latents["near"].mu[:, [0, 1, 3, 2]], [(0, 0), (0, 1)])
    assert result["transfers"]["near_to_far"]["fid"] == pytest.approx(frechet_distance(transferred, data.mu), rel=1e-5)
    assert "base_reconstruction" not in result["domains"]["near"]


def test_fid_floor_shrinks_with_more_instances_of_one_distribution():
    few, many = (
        result["domains"]["far"] for result in (plain_result(), evaluate(oracle.translator(), both(repeats=100)))
    )
    assert 0 < many["fid_floor"] < 0.2 * few["fid_floor"]


def test_held_out_ignores_sigma_and_seed():
    sampled = {name: dataclasses.replace(of, sigma=of.sigma + 5) for name, of in both().items()}
    noisy = evaluate(oracle.translator(shared_sigma=50.0), sampled, seed=1)
    assert noisy["transfers"] == plain_result()["transfers"]


def test_reference_samples_z_alike_for_source_and_transfer():
    transfers = evaluate(oracle.translator(), both(sigma=50.0, repeats=50), "reference")["transfers"]
    # The class drawn is any, and comes through as such.
    assert transfers["far_to_near"]["label_accuracy"] == pytest.approx(0.25, abs=0.08)
    # The judge of "far" sees its first four values alone, as the bridge does.
    assert transfers["far_to_near"]["accuracy"] == 1.0


def test_reference_samples_the_shared_latent():
    transfers = evaluate(oracle.translator(shared_sigma=50.0), both(repeats=50), "reference")["transfers"]
    assert transfers["far_to_near"]["accuracy"] == pytest.approx(0.25, abs=0.08)


def test_reference_takes_a_thousand_instances_of_any_class():
    of = oracle.latents([400, 400, 400, 400])
    in_order = of.take(np.argsort(of.labels, kind="stable"))
    result = evaluate(oracle.translator(), {"near": in_order, "far": both()["far"]}, "reference")
    counts = np.sum(result["transfers"]["near_to_far"]["confusion"], axis=1)
    assert result["instances"] == {"near": 1000, "far": 12}
    assert counts.sum() == 1000
    assert counts == pytest.approx(250, abs=50)


@pytest.mark.long
def test_same_seed_same_numbers():
    latents = both(sigma=0.3, repeats=20)
    first, again, other = (evaluate(oracle.translator(), latents, "reference", seed=s) for s in (3, 3, 4))
    assert first == again
    assert first["transfers"]["near_to_far"]["fid"] != other["transfers"]["near_to_far"]["fid"]
    assert other["seeds"]["evaluation"] == 4


def test_domain_without_judge():
    result = evaluate(oracle.translator(classifier=False), both())
    assert result["domains"]["far"] == {}
    assert list(result["transfers"]) == ["far_to_near"]
    scores = result["transfers"]["far_to_near"]
    assert scores.keys() == {"source", "target", "label_accuracy", "fid"}
    assert scores["label_accuracy"] == 1.0


def test_domain_without_encoder_has_no_base_reconstruction():
    latents = both()
    data = {"far": (latents["far"].mu, latents["far"].labels)}
    result = evaluate(oracle.translator(encoder=False), latents, data=data)
    assert result["domains"]["far"]["judge_accuracy"] == 1.0
    assert "base_reconstruction" not in result["domains"]["far"]
    assert result["transfers"]["near_to_far"]["accuracy"] == pytest.approx(0.7)


def test_three_domains_give_every_ordered_pair():
    names = ["near", "far", "farther"]
    domains = [oracle.VectorDomain(name, 4 + i) for i, name in enumerate(names)]
    translator = oracle.Translator(domains, oracle.bridge((4, 5, 6)))
    latents = both() | {"farther": oracle.latents([2, 2, 2, 2], 6)}
    transfers = evaluate(translator, latents)["transfers"]
    assert [(s["source"], s["target"]) for s in transfers.values()] == list(itertools.permutations(names, 2))
    assert {pair: scores["accuracy"] for pair, scores in transfers.items()} == pytest.approx(
        {
            "near_to_far": 0.7,
            "near_to_farther": 1.0,
            "far_to_near": 1.0,
            "far_to_farther": 1.0,
            "farther_to_near": 1.0,
            "farther_to_far": 0.5,
        }
    )


@pytest.mark.long
def test_image_networks_agree_with_the_translators_own_way():
    translator = tiny.translator()
    x = np.random.default_rng(0).uniform(0, 1, (BATCH_SIZE + 60, 28, 28, 1)).astype(np.float32)
    labels = np.arange(len(x), dtype=np.int32) % 10
    latents = {}
    for name, domain in translator.domains.items():
        mu, sigma = domain.encode(x)
        latents[name] = Latents(mu.numpy(), sigma.numpy(), labels)
    result = evaluate(translator, latents, data={"digits": (x, labels)})

    def classes(name, images):
        return translator.domain(name).classify(images).numpy().argmax(axis=1)

    digits, clothes = translator.domain("digits"), translator.domain("clothes")
    decoded = digits.decode(latents["digits"].mu).numpy()
    transferred = translator.translate(x, "digits", "clothes")
    scores = result["transfers"]["digits_to_clothes"]
    source, target = classes("digits", decoded), classes("clothes", transferred)
    assert scores["accuracy"] == pytest.approx(np.mean(source == target), abs=0.01)
    assert scores["label_accuracy"] == pytest.approx(np.mean(target == labels), abs=0.01)
    reference = clothes.features(clothes.decode(latents["clothes"].mu)).numpy()
    expected = frechet_distance(clothes.features(transferred).numpy(), reference)
    assert scores["fid"] == pytest.approx(expected, rel=1e-3)
    reconstructed = classes("digits", translator.reconstruct(x, "digits"))
    entry = result["domains"]["digits"]
    assert entry["bridge_reconstruction"] == pytest.approx(np.mean(reconstructed == source), abs=0.01)
    assert entry["base_reconstruction"] == pytest.approx(np.mean(source == classes("digits", x)), abs=0.01)
    assert json.loads(json.dumps(result)) == result


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"protocol": "heldout"}, "Unknown protocol 'heldout'. Did you mean 'held_out'"),
        ({"latents": {"near": oracle.latents(NEAR)}}, "no latents of domain 'far'"),
        ({"latents": {name: oracle.latents(NEAR) for name in ("near", "far")}}, "'far' are 4 wide; its model's are 5"),
        ({"latents": both() | {"near": oracle.latents([1, 1, 1, 0])}}, "3 latents of domain 'near'.*at least 4"),
    ],
)
def test_unfit_input_is_refused(change, message):
    with pytest.raises(ValueError, match=message):
        evaluate(oracle.translator(), **({"latents": both()} | change))


def test_labels_that_the_judge_does_not_know_are_refused():
    latents = both()
    latents["near"].labels[0] = 7
    with pytest.raises(ValueError, match="labels of near has 7, outside 0 to 3"):
        evaluate(oracle.translator(), latents)


@pytest.mark.long
def test_temperature_samples_the_shared_latent_alone():
    translator, latents = oracle.translator(shared_sigma=50.0), both(sigma=50.0, repeats=50)
    cold, warm = (evaluate(translator, latents, temperature=temperature, seed=3) for temperature in (0, 0.5))
    assert cold == evaluate(translator, latents, seed=3)
    assert "temperature" not in cold
    assert warm["temperature"] == 0.5
    assert warm == evaluate(translator, latents, temperature=0.5, seed=3)
    transfer = warm["transfers"]["far_to_near"]
    assert transfer["accuracy"] == pytest.approx(0.25, abs=0.08)
    assert transfer["fid"] > 100 * cold["transfers"]["far_to_near"]["fid"]
    assert warm["domains"]["far"]["bridge_reconstruction"] == pytest.approx(0.25, abs=0.08)
    # The judge sees the means of z themselves.
    assert [sum(row) for row in transfer["confusion"]] == [50 * count for count in FAR]
    assert warm["domains"]["far"]["fid_floor"] == cold["domains"]["far"]["fid_floor"]
    hotter = evaluate(translator, latents, temperature=1, seed=3)["transfers"]["far_to_near"]["fid"]
    assert hotter == pytest.approx(4 * transfer["fid"], rel=0.1)


@pytest.mark.parametrize(
    ("protocol", "temperature", "message"),
    [
        ("reference", 0.5, "'reference' samples at temperature 1: leave"),
        ("held_out", 3e38, "The temperature is 3e.38; it"),
    ],
)
def test_a_temperature_that_cannot_be_is_refused(protocol, temperature, message):
    with pytest.raises(ValueError, match=message):
        evaluate(oracle.translator(), both(), protocol, temperature=temperature)


def test_bridge_without_a_shared_latent_is_not_evaluated_at_a_temperature():
    translator = oracle.translator()
    translator.bridge.shared_dim = 0
    with pytest.raises(ValueError, match="The bridge has no shared latent to sample: leave out"):
        evaluate(translator, {}, temperature=0.5)
