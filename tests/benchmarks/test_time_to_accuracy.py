import json

import keras
import numpy as np
import pytest

from latent_xlate.benchmarks.time_to_accuracy import benchmark, table
from latent_xlate.bridge_training import train_bridge
from latent_xlate.configs.base import image_bridge
from latent_xlate.evaluation.accuracy import evaluate
from latent_xlate.latents.latents import Latents
from tests.support import oracle

pytestmark = pytest.mark.long

STEPS, SEEDS = (10, 20, 30), [4, 5]
DOMAINS = {"near": 4, "far": 5}


@keras.saving.register_keras_serializable(package="tests")
class StoredDomain(oracle.VectorDomain):
    """An oracle, which knows the classes of its latents, that can be stored."""

    def get_config(self):
        config = {"name": self.name, "latent_dim": self.latent_dim, "classifier": self.has_classifier}
        return config | {"class_names": list(self.class_names)}

    @classmethod
    def from_config(cls, config):
        class_names = tuple(config.pop("class_names"))
        domain = cls(**config)
        domain.class_names = class_names
        return domain


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    folder = tmp_path_factory.mktemp("domains")
    for name, size in DOMAINS.items():
        StoredDomain(name, size).save(folder / name)
        for seed, split in enumerate(("train", "test")):
            oracle.latents([20] * 4, size, 0.1, seed).save(folder / name / f"latents_{split}.npz")
    return folder


def config(stored, num_steps=STEPS[-1]):
    # At a constant rate a shorter run is the beginning of a longer one.
    config = image_bridge([str(stored / name) for name in DOMAINS], "quick")
    config.model.update({"shared_dim": 4, "hidden_units": (16,)})
    config.update({"num_steps": num_steps, "batch_size": 20, "steps_per_log": 10, "seed": SEEDS[0]})
    config.update({"schedule": "constant", "learning_rate": 0.01})
    return config


@pytest.fixture(scope="module")
def accuracies(stored, tmp_path_factory):
    """By step, the accuracy of each seed there and back, from training and evaluation of their own."""
    held_out = {name: Latents.load(stored / name / "latents_test.npz") for name in DOMAINS}

    def measure(step, seed):
        settings = config(stored, step)
        settings.seed = seed
        translator = train_bridge(settings, tmp_path_factory.mktemp("run"))
        transfers = evaluate(translator, held_out)["transfers"]
        return [transfers[pair]["accuracy"] for pair in ("near_to_far", "far_to_near")]

    return {step: np.transpose([measure(step, seed) for seed in SEEDS]) for step in STEPS}


def test_reported_step_is_the_first_whose_mean_accuracy_measured_elsewhere_is_the_target(stored, accuracies, capsys):
    means = {step: there.mean() for step, (there, _) in accuracies.items()}
    target = means[20]
    assert means[10] < target  # Else it could not be missed.
    result = benchmark(config(stored), len(SEEDS), target)
    assert result["seeds"] == SEEDS
    assert [point["step"] for point in result["curve"]] == list(STEPS)
    for point in result["curve"]:
        np.testing.assert_allclose(point["accuracy"], accuracies[point["step"]][0], atol=1e-9)
    for seconds in np.transpose([point["seconds"] for point in result["curve"]]):
        assert seconds[0] > 0 and np.all(np.diff(seconds) > 0)
    reached = result["reached"]
    assert (reached["step"], reached["accuracy"]) == (20, pytest.approx(target))
    assert reached["seconds"] == pytest.approx(np.mean(result["curve"][1]["seconds"]))
    for pair, of_seeds in zip(("near_to_far", "far_to_near"), accuracies[30], strict=True):
        np.testing.assert_allclose(result["final"][pair], of_seeds, atol=1e-9)
    assert json.loads(json.dumps(result))["reached"] == reached
    assert f"{target:g} is reached after 20 steps" in capsys.readouterr().out


def test_target_that_is_not_reached_is_said_to_be_missed(stored):
    settings = config(stored, 10)
    result = benchmark(settings, 1, 1.0)
    assert result["reached"] is None
    assert "1 is NOT reached in 10 steps" in table(result)
    assert settings.seed == SEEDS[0]


def test_labels_are_prepared_as_for_training_classes_that_a_table_names_too(stored, tmp_path):
    domain = StoredDomain("far", 5)
    domain.class_names = ()
    domain.save(tmp_path / "far")
    for split in ("train", "test"):
        latents = Latents.load(stored / "far" / f"latents_{split}.npz")
        unlabelled = np.full_like(latents.labels, -1) if split == "train" else latents.labels
        Latents(latents.mu, latents.sigma, unlabelled).save(tmp_path / "far" / f"latents_{split}.npz")
    rows = ["domain,latents,index,class"]
    for name in DOMAINS:
        labels = Latents.load(stored / name / "latents_train.npz").labels
        rows += [f"{name},shipped,{np.flatnonzero(labels == label)[0]},{'abcd'[label]}" for label in range(4)]
    (tmp_path / "labels.csv").write_text("\n".join(rows) + "\n")
    settings = config(stored, 10)
    settings.domains = (str(stored / "near"), str(tmp_path / "far"))
    settings.update({"label_file": str(tmp_path / "labels.csv"), "sampling": "mixed"})
    result = benchmark(settings, 1, 1.0)
    held_out = {name: Latents.load(stored / name / "latents_test.npz") for name in DOMAINS}
    transfers = evaluate(train_bridge(settings, tmp_path / "run"), held_out)["transfers"]
    for pair in ("near_to_far", "far_to_near"):
        assert result["final"][pair] == pytest.approx([transfers[pair]["accuracy"]], abs=1e-9)


def test_domain_without_a_judge_is_refused(stored, tmp_path):
    StoredDomain("far", 5, classifier=False).save(tmp_path / "far")
    for split in ("train", "test"):
        oracle.latents([20] * 4, 5).save(tmp_path / "far" / f"latents_{split}.npz")
    settings = config(stored)
    settings.domains = (str(stored / "near"), str(tmp_path / "far"))
    with pytest.raises(ValueError, match="Domain 'far' has no classifier to judge translations by"):
        benchmark(settings, 1, 0.9)
