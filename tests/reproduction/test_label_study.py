"""Few labels along a graph, on small domains."""

import csv
import json
import shutil

import numpy as np
import pytest

from latent_xlate.bridge.bridge_config import BridgeConfig
from latent_xlate.domains import pretrained
from latent_xlate.latents.latents import Latents
from latent_xlate.reproduction import experiments, label_study
from latent_xlate.reproduction.experiments import Settings
from latent_xlate.reproduction.reproduce import reproduce
from tests.support import small_domains

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def reproduced(tmp_path_factory):
    """A folder of domains in `savedmodels`, and of their reproduction in `out`."""
    folder = tmp_path_factory.mktemp("reproduced")
    with pytest.MonkeyPatch.context() as patch:
        small_domains.write_domains(folder / "savedmodels", patch)
        reproduce(["few_labels"], folder / "out", small_domains.SETTINGS)
    return folder


def test_runs_are_of_each_pair_and_number_with_sets_of_their_own():
    runs = experiments.graph_labels(Settings(num_label_seeds=2, num_steps=7))
    assert list(runs) == [
        *(("mnist_mnist", count) for count in (1, 10, 100, 1000)),
        ("mnist_fashion_mnist", 10),
        ("mnist_spoken_digit", 10),
    ]
    for (_, count), configs in runs.items():
        for seed, config in enumerate(configs):
            BridgeConfig.of(config)
            assert (config.labels_per_class, config.label_seed, config.seed, config.num_steps) == (count, seed, seed, 7)
            assert config.pseudo_labels == "poisson_mbo"


def test_suggested_sets_are_filled_in_as_the_data_say_and_trained_on(reproduced):
    savedmodels, out = reproduced / "savedmodels", reproduced / "out"
    latents = {name: Latents.load(savedmodels / name / "latents_train.npz") for name in ("mnist", "mnist_b")}
    with (out / "labels" / "mnist_mnist_10_0.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 2 * 10 * 10
    for row in rows:
        assert row["class"] == str(latents[row["domain"]].labels[int(row["index"])])
    metrics = [json.loads(path.read_text()) for path in (out / "runs").glob("*/metrics.json")]
    of_file = [run for run in metrics if run["labels_seen"]["label_file"]]
    of_sets = [run for run in metrics if not run["labels_seen"]["label_file"]]
    assert (len(of_file), [run["labels_seen"]["label_seed"] for run in of_sets].count(0)) == (1, 1)
    suggested = sorted(int(row["index"]) for row in rows if row["domain"] == "mnist")
    assert sorted(of_file[0]["labels_seen"]["instances"]["mnist"]) == suggested
    random = np.mean([run["transfers"]["mnist_to_mnist_b"]["accuracy"] for run in of_sets])
    chosen = of_file[0]["transfers"]["mnist_to_mnist_b"]["accuracy"]
    (line,) = (line for line in (out / "report.md").read_text().splitlines() if line.startswith("| mnist to mnist_b |"))
    assert line.startswith(f"| mnist to mnist_b | 10 | 0.524 | {random:.4f} ± ")
    assert line.endswith(f" | {chosen:.4f} |")


def test_sets_that_miss_a_class_are_left_out_and_told(reproduced, tmp_path, monkeypatch):
    monkeypatch.setenv(pretrained.SAVEDMODELS, str(reproduced / "savedmodels"))
    shutil.copytree(reproduced / "out" / "runs", tmp_path / "out" / "runs")
    labels = [0] * 100

    def suggest(study, name, latents):
        return {"10 0": {"indices": list(range(100)), "labels": labels}}

    monkeypatch.setattr(label_study, "_suggest", suggest)
    reproduce(["few_labels"], tmp_path / "out", small_domains.SETTINGS)
    text = (tmp_path / "out" / "report.md").read_text()
    assert text.count(" | – (1 more missed a class) |") == 2
    assert not (tmp_path / "out" / "labels").exists()
