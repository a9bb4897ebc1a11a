import dataclasses

import pytest

from latent_xlate.baselines.baseline_config import BASELINES, BaselineConfig
from latent_xlate.bridge.bridge_config import BridgeConfig
from latent_xlate.reproduction import experiments, paper
from latent_xlate.reproduction.experiments import Settings

WHOLE = Settings()


def labels(config):
    return config.labels_per_class, config.sampling


def test_few_labels_come_in_random_sets_and_balance_no_batch_by_what_is_hidden():
    runs = experiments.few_labels(WHOLE)
    assert list(runs) == [0, 1, 10, 100, 1000, None] == list(paper.LABELS_PER_CLASS)
    for count, configs in runs.items():
        assert {labels(config) for config in configs} == {
            (count, {0: "uniform", None: "balanced"}.get(count, "mixed")),
        }
        assert [config.seed for config in configs] == [0, 1, 2, 3, 4]
        assert [config.label_seed for config in configs] == ([0] * 5 if count is None else [0, 1, 2, 3, 4])


def test_rows_of_the_ablation_differ_from_the_whole_in_what_they_say():
    rows = experiments.ablation(WHOLE)
    whole = rows.pop("conditional VAE + SWD")[0]
    assert whole.to_dict() == experiments.bridges(WHOLE, "mnist_mnist")[0].to_dict()
    differences = {}
    for name, (first, *_) in rows.items():
        assert {key: first[key] for key in first if key != "model"} == {k: whole[k] for k in whole if k != "model"}
        differences[name] = {key: first.model[key] for key in first.model if first.model[key] != whole.model[key]}
    assert differences["unconditional VAE"] == {"conditional": False, "beta_swd": 0.0}
    assert differences["conditional VAE"] == {"beta_swd": 0.0}
    assert differences["without the classifier"] == {"beta_cls": 0.0}
    assert differences["without gated mixing"] == {"gated_mixing": False}
    assert differences["without the KL divergence"] == {"beta_kl": 0.0}
    assert differences["projections: 8"] == {"num_projections": 8}
    assert differences["shared latent of 2"] == {"shared_dim": 2}
    assert all(differences.values())


@pytest.mark.parametrize("settings", [WHOLE, Settings(mode="paper"), Settings(quick=True)])
def test_every_configuration_is_one_that_training_takes(settings):
    runs = [run for rows in (experiments.few_labels(settings), experiments.ablation(settings)) for run in rows.values()]
    runs += [experiments.bridges(settings, name) for name in ("mnist_fashion_mnist", "mnist_spoken_digit")]
    runs += [experiments.faithful(settings, name) for name in experiments.PAIRS]
    for configs in runs:
        for config in configs:
            BridgeConfig.of(config)
    baselines = [experiments.baselines(settings, name, ("mnist", "fashion_mnist")) for name in BASELINES[:3]]
    baselines += [configs for pairs in experiments.rivals(settings).values() for configs in pairs]
    for configs in baselines:
        for config in configs:
            BaselineConfig.of(config)


def test_each_rival_is_there_for_each_pair_of_images_and_the_unlabelled_one_for_one_kind_of_data():
    rivals = experiments.rivals(WHOLE)
    assert list(rivals) == list(BASELINES[3:])
    for name, pairs in rivals.items():
        domains = [{tuple(config.domains) for config in configs} for configs in pairs]
        expected = ["mnist_mnist"] if name == "gromov_wasserstein" else ["mnist_fashion_mnist", "mnist_mnist"]
        assert domains == [{experiments.PAIRS[pair]} for pair in expected]
        assert all([config.seed for config in configs] == [0, 1, 2] for configs in pairs)


def test_faithful_bridges_differ_in_transport_alone():
    for ours, best in zip(
        *(make(WHOLE, "mnist_mnist") for make in (experiments.faithful, experiments.bridges)), strict=True
    ):
        assert ours.transport.aligned and ours.to_dict() | {"transport": None} == best.to_dict() | {"transport": None}


def test_steps_and_seeds_are_as_asked():
    settings = dataclasses.replace(WHOLE, num_seeds=2, num_baseline_seeds=3, num_steps=7, baseline_steps=9)
    assert [(run.seed, run.num_steps) for run in experiments.bridges(settings, "all_domains")] == [(0, 7), (1, 7)]
    runs = experiments.baselines(settings, "cyclegan", ("mnist", "fashion_mnist"))
    assert [(run.seed, run.num_steps) for run in runs] == [(0, 9), (1, 9), (2, 9)]


def test_baseline_of_speech_takes_samples_as_the_paper_does():
    (config, *_) = experiments.baselines(WHOLE, "latent_cyclegan", ("mnist", experiments.SPEECH))
    assert (config.latents, tuple(config.domains)) == ("dataset,samples", ("mnist", "spoken_digit"))
