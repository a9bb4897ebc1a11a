"""Training of a bridge by a configuration, in this process and by the real command."""

import functools
import json
import os
import signal
import subprocess
import sys
import time

import keras
import numpy as np
import pytest
import tensorflow as tf

from latent_xlate import configs
from latent_xlate.bridge import latent_classifier
from latent_xlate.bridge.bridge_config import BridgeConfig
from latent_xlate.bridge.training_data import prepare_training
from latent_xlate.bridge_training import load_trained, train_bridge
from latent_xlate.domains import pretrained
from latent_xlate.domains.image.conv_vae import ConvVAE
from latent_xlate.domains.image.image_domain import ImageDomain
from latent_xlate.latents.latents import Latents
from latent_xlate.randomness import hash_of_stream
from latent_xlate.translator import Translator, load_bridge
from tests.support import shipped, tiny
from tests.support.paths import ROOT
from tests.support.processes import WITHOUT_GPU, finish, free_ports


@pytest.fixture(scope="module")
def savedmodels(tmp_path_factory):
    return shipped.write(tmp_path_factory.mktemp("savedmodels"))


@pytest.fixture(scope="module")
def trained(savedmodels, tmp_path_factory):
    """Trains by `shipped.config` with other values of its fields, once for the same: gives the bridge and its folder.

    What is in the folder must stay.
    """

    @functools.cache
    def train(**fields):
        folder = tmp_path_factory.mktemp("trained")
        return train_bridge(shipped.config(savedmodels, **fields), folder).bridge, folder

    return train


def files(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def assert_same_weights(ours, theirs):
    for a, b in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


# ---- Training ---------------------------------------------------------------------------------


@pytest.mark.long
def test_transport_is_computed_after_training_and_is_no_part_of_it(savedmodels, trained, tmp_path):
    plain, _ = trained()
    transport = {"points": 20, "certainty": 0.0, "smoothing": 0.01}
    config = BridgeConfig.of(shipped.config(savedmodels)).replaced({"transport": transport})
    translator = train_bridge(config, tmp_path)
    bridge, count = translator.bridge, len(plain.weights)
    for ours, theirs in zip(bridge.weights[:count], plain.weights, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    z = tf.constant(shipped.latents("digits", 30, seed=3).mu)
    assert not np.allclose(bridge.translate(z, 0, 1), plain.translate(z, 0, 1), atol=1e-3)
    np.testing.assert_array_equal(load_trained(config, tmp_path).bridge.translate(z, 0, 1), bridge.translate(z, 0, 1))
    translator.save(tmp_path / "translator")
    np.testing.assert_array_equal(
        Translator.load(tmp_path / "translator").translate_latents(z, "digits", "clothes"), bridge.translate(z, 0, 1)
    )
    assert_same_weights(train_bridge(config, tmp_path).bridge, bridge)


COLOURED = {"letters": 3, "shapes": 3, "scans": 1}
"""Domains of coloured and of grey pictures, by their number of channels."""


def write_coloured(folder):
    """Writes convolutional domains, untrained, with latents of 360 instances in clusters, one a class."""
    for seed, (name, channels) in enumerate(COLOURED.items()):
        keras.utils.set_random_seed(seed)
        vae = ConvVAE((16, 16, channels), latent_dim=12, width=4)
        vae.build()
        ImageDomain(name, vae, class_names=("a", "b", "c")).save(folder / name)
        generator, labels = np.random.default_rng(seed), np.arange(360, dtype=np.int32) % 3
        mu = generator.normal(size=(360, 12)).astype(np.float32)
        mu[:, 9:] += 4.0 * np.eye(3, dtype=np.float32)[labels]
        Latents(mu, np.full_like(mu, 0.1), labels).save(folder / name / "latents_train.npz")
    return folder


def own_domains(folder, *names, **fields):
    config = configs.load("own_domains:quick")
    config.model.hidden_units = (16, 16)
    config.update(domains=tuple(str(folder / name) for name in names), num_steps=100, learning_rate=0.01, **fields)
    return config


@pytest.mark.filterwarnings("error:Transport")
@pytest.mark.long
def test_own_pictures_keep_their_colours_place_and_size_under_transport(tmp_path):
    folder = write_coloured(tmp_path / "domains")
    config = own_domains(folder, "letters", "shapes")
    translator = train_bridge(config, tmp_path / "run")
    bridge, z = translator.bridge, tf.constant(np.random.default_rng(5).normal(size=(20, 12)), tf.float32)
    assert (bridge.num_measured, bridge.transport_maps.num_points) == (9, 110)
    for source, target in ((0, 1), (1, 0)):
        ours, plain = bridge.translate(z, source, target), bridge.decode(bridge.encode(z, source)[0], target)
        np.testing.assert_array_equal(ours[:, :9], plain[:, :9])
        assert not np.allclose(ours[:, 9:], plain[:, 9:], atol=1e-2)
    again = Translator.load(translator.save(tmp_path / "translator"))
    np.testing.assert_array_equal(again.bridge.translate(z, 0, 1), bridge.translate(z, 0, 1))
    grey = prepare_training(BridgeConfig.of(own_domains(folder, "letters", "scans")))
    assert grey.num_measured == 0

    stored = json.loads((tmp_path / "run" / "config.json").read_text())
    del stored["transport"]  # As of an earlier version.
    earlier = train_bridge(BridgeConfig.from_dict(stored), tmp_path / "run").bridge
    np.testing.assert_array_equal(earlier.translate(z, 1, 0), plain)
    # The same run with transport again: nothing is trained, and the same maps are computed.
    resumed = train_bridge(config, tmp_path / "run").bridge
    np.testing.assert_array_equal(resumed.translate(z, 1, 0), ours)
    assert json.loads((tmp_path / "run" / "config.json").read_text())["transport"]["certainty"] == 0.9


@pytest.mark.long
def test_bridge_learns_which_classes_belong_together_and_leaves_the_domains_alone(savedmodels, tmp_path):
    before = files(savedmodels)
    config = shipped.config(savedmodels, num_steps=600, batch_size=50, learning_rate=0.02, steps_per_log=300)
    config.model.update({"beta_cls": 3.0, "hidden_units": (32, 32)})
    translator = train_bridge(config, tmp_path)
    domains, bridge = list(translator.domains.values()), translator.bridge
    source, target = shipped.latents("digits", 100, seed=3), shipped.latents("clothes", 100, seed=4)
    z = np.asarray(bridge.translate(source.mu, 0, 1))
    centres = np.stack([target.mu[target.labels == label].mean(axis=0) for label in range(shipped.NUM_CLASSES)])
    nearest = np.argmin(np.linalg.norm(z[:, None] - centres, axis=-1), axis=1)
    assert np.mean(nearest == source.labels) > 0.9

    assert [domain.name for domain in domains] == ["digits", "clothes"]
    for domain in domains:
        for name, network in domain.networks.items():
            assert_same_weights(network, pretrained.load_domain(str(savedmodels / domain.name)).networks[name])
    assert files(savedmodels) == before
    assert_same_weights(load_bridge(tmp_path / "bridge.keras"), bridge)
    assert json.loads((tmp_path / "config.json").read_text()) == json.loads(json.dumps(config.to_dict()))


@pytest.mark.long
def test_seed_decides_the_weights(savedmodels, trained, tmp_path):
    first, _ = trained(num_steps=10)
    again, other = (
        train_bridge(shipped.config(savedmodels, num_steps=10, seed=seed), tmp_path / name).bridge
        for name, seed in (("again", 0), ("other", 2))
    )
    assert_same_weights(first, again)
    assert min(np.abs(a - b).max() for a, b in zip(first.weights, other.weights, strict=True) if a.ndim > 1) > 0.01


def test_settings_reach_the_bridge(savedmodels, tmp_path):
    config = shipped.config(savedmodels, num_steps=10, learning_rate=0.25, schedule="constant", seed=7)
    config.precision = "mixed_bfloat16"
    config.model.update({"shared_dim": 4, "beta_swd": 0.5, "classifier": "frozen"})
    bridge = train_bridge(config, tmp_path).bridge
    settings = bridge.get_config()
    assert {name: settings[name] for name in config.model} == config.model.to_dict()
    assert (settings["latent_dims"], settings["num_classes"], settings["seed"]) == ((6, 5), 10, 7)
    assert bridge.dtype_policy.name == "mixed_bfloat16"
    assert float(bridge.optimizer.learning_rate) == 0.25
    assert int(bridge.optimizer.iterations) == 10


def test_cosine_schedule_ends_at_zero(trained):
    bridge, folder = trained(num_steps=10)
    assert json.loads((folder / "config.json").read_text())["schedule"] == "cosine"
    assert float(bridge.optimizer.learning_rate) == pytest.approx(0, abs=1e-9)


# ---- Few labels -------------------------------------------------------------------------------


FEW_LABELS = {"labels_per_class": 3, "label_seed": 5, "sampling": "mixed"}
PSEUDO_LABELS = FEW_LABELS | {"labels_per_class": 1, "sampling": "balanced", "pseudo_labels": "poisson"}


def few_labels(folder, **fields):
    return shipped.config(folder, **(FEW_LABELS | fields))


def relabelled_copy(savedmodels, folder, relabel):
    """The domains, with other labels of their training latents: `relabel` takes a domain's name and its labels."""
    for name in shipped.LATENT_DIMS:
        path = copy_of(savedmodels, folder, name) / "latents_train.npz"
        latents = Latents.load(path)
        Latents(latents.mu, latents.sigma, relabel(name, latents.labels)).save(path)
    return folder


def permuting(seen, label_seed=5):
    """Permutes labels that nobody asked for.

    The order in which labels are asked for reaches some hidden ones, of classes that had enough: those stay.
    """

    def permute(name, labels):
        order = np.random.default_rng(hash_of_stream(label_seed, list(seen).index(name))).permutation(len(labels))
        never_asked = order[np.flatnonzero(np.isin(order, seen[name])).max() + 1 :]
        permuted = labels.copy()
        permuted[never_asked] = np.random.default_rng(0).permutation(labels[never_asked])
        assert (permuted != labels).sum() > 50
        return permuted

    return permute


@pytest.mark.long
def test_few_labels_are_those_of_the_file_and_hidden_labels_play_no_part(savedmodels, trained, tmp_path):
    bridge, folder = trained(**FEW_LABELS)
    seen = json.loads((folder / "labelled.json").read_text())
    for name, indices in seen.items():
        labels = shipped.latents(name, 200, seed=1).labels[indices]
        assert np.bincount(labels).tolist() == [3] * shipped.NUM_CLASSES

    def hide(name, labels):
        hidden = np.full_like(labels, -1)
        hidden[seen[name]] = labels[seen[name]]
        return hidden

    without = few_labels(relabelled_copy(savedmodels, tmp_path / "hidden", hide), labels_per_class=None)
    assert_same_weights(train_bridge(without, tmp_path / "run_without").bridge, bridge)
    wrong = few_labels(relabelled_copy(savedmodels, tmp_path / "permuted", permuting(seen)))
    assert_same_weights(train_bridge(wrong, tmp_path / "run_wrong").bridge, bridge)
    assert not (tmp_path / "run_without" / "labelled.json").exists()
    assert json.loads((tmp_path / "run_wrong" / "labelled.json").read_text()) == seen


@pytest.mark.long
def test_pseudo_labels_are_of_the_seen_labels_alone_and_stand_in_for_the_others(savedmodels, trained, tmp_path):
    bridge, folder = trained(**PSEUDO_LABELS)
    seen = json.loads((folder / "labelled.json").read_text())
    assert {name: len(indices) for name, indices in seen.items()} == dict.fromkeys(seen, shipped.NUM_CLASSES)

    wrong = few_labels(relabelled_copy(savedmodels, tmp_path / "permuted", permuting(seen)), **PSEUDO_LABELS)
    assert_same_weights(train_bridge(wrong, tmp_path / "run_wrong").bridge, bridge)

    data = prepare_training(BridgeConfig.of(few_labels(savedmodels, **PSEUDO_LABELS)))
    for name, labelled, pseudo, weights in zip(seen, data.labelled, data.latents, data.sample_weights, strict=True):
        assert labelled.tolist() == seen[name]
        assert np.mean(pseudo.labels == shipped.latents(name, 200, seed=1).labels) > 0.9
        np.testing.assert_array_equal(weights[seen[name]], 1)
        assert 0 <= weights.min() < 1


def test_transport_with_one_label_a_class_is_between_all_that_it_was_propagated_to(savedmodels, tmp_path):
    config = BridgeConfig.of(few_labels(savedmodels, **PSEUDO_LABELS, num_steps=2))
    config = config.replaced({"transport": {"points": 100, "certainty": 0.0, "smoothing": 0.01}})
    counts = [np.bincount(own.labels, minlength=shipped.NUM_CLASSES) for own in prepare_training(config).latents]
    maps = train_bridge(config, tmp_path).bridge.transport_maps
    assert maps.num_points == np.max(counts) >= 20
    distinct = [[len(np.unique(points, axis=0)) for points in of_domain] for of_domain in maps.points.numpy()]
    np.testing.assert_array_equal(distinct, counts)


@pytest.mark.long
def test_terms_that_labels_add_see_the_seen_labels_alone_and_a_cut_run_ends_with_the_same_bits(
    savedmodels, trained, tmp_path, monkeypatch
):
    monkeypatch.setattr(latent_classifier, "NUM_STEPS", 100)
    fields = PSEUDO_LABELS | {"label_terms": {"beta_class_swd": 1.0, "beta_translation": 0.5, "ramp_steps": 10}}
    bridge = train_bridge(few_labels(savedmodels, **fields), tmp_path / "run").bridge
    seen = json.loads((tmp_path / "run" / "labelled.json").read_text())
    wrong = few_labels(relabelled_copy(savedmodels, tmp_path / "permuted", permuting(seen)), **fields)
    assert_same_weights(train_bridge(wrong, tmp_path / "run_wrong").bridge, bridge)

    checkpoints = tmp_path / "run" / "checkpoints"
    tf.compat.v1.train.update_checkpoint_state(
        str(checkpoints), str(checkpoints / "ckpt-30")
    )  # As if cut before the last one.
    resumed = train_bridge(few_labels(savedmodels, **fields), tmp_path / "run").bridge
    assert_same_weights(resumed, bridge)
    plain, folder = trained(**PSEUDO_LABELS)
    assert "label_terms" not in json.loads((folder / "config.json").read_text())
    assert any(np.abs(a - b).max() > 1e-3 for a, b in zip(plain.get_weights(), bridge.get_weights(), strict=True))


@pytest.mark.long
def test_label_file_gives_the_labels(savedmodels, trained, tmp_path):
    bridge, folder = trained(**FEW_LABELS)
    seen = json.loads((folder / "labelled.json").read_text())
    rows = [
        f"{name},shipped,{index},{shipped.latents(name, 200, seed=1).labels[index]}"
        for name, indices in seen.items()
        for index in indices
    ]
    (tmp_path / "labels.csv").write_text("\n".join(["domain,latents,index,class", *rows]) + "\n")
    config = few_labels(savedmodels, labels_per_class=1, label_file=str(tmp_path / "labels.csv"))
    assert_same_weights(train_bridge(config, tmp_path / "run").bridge, bridge)
    assert json.loads((tmp_path / "run" / "labelled.json").read_text()) == seen


def unlabelled_clothes(savedmodels, folder):
    """Writes "clothes" as if its data had no classes, and a table of a label a class, "bag" for 0 and so on."""
    clothes = tiny.image_domain("clothes", shipped.LATENT_DIMS["clothes"], 1, classifier=False)
    clothes.class_names = ()
    clothes.save(folder / "clothes")
    of = shipped.latents("clothes", 200, seed=1)
    Latents(of.mu, of.sigma, np.full(200, -1, np.int32)).save(folder / "clothes" / "latents_train.npz")
    names = [f"{letter}ag" for letter in "bghjlnrstw"]
    rows = [f"digits,shipped,{index},{index}" for index in range(10)]
    rows += [f"clothes,shipped,{index},{names[index]}" for index in range(10)]  # Index is label: see `shipped`.
    (folder / "labels.csv").write_text("\n".join(["domain,latents,index,class", *rows]) + "\n")
    return names


@pytest.mark.long
def test_table_labels_data_that_came_without_classes(savedmodels, tmp_path):
    names = unlabelled_clothes(savedmodels, tmp_path)
    config = few_labels(savedmodels, label_file=str(tmp_path / "labels.csv"), pseudo_labels="poisson_mbo")
    config.domains = (str(savedmodels / "digits"), str(tmp_path / "clothes"))
    with pytest.raises(ValueError, match="digits has 0, 1, .*; clothes has bag, gag, .*--class_map='0=bag,1=gag,"):
        train_bridge(config, tmp_path / "run")
    assert not (tmp_path / "run").exists()
    with config.unlocked():
        config.class_map = ",".join(f"{label}={name}" for label, name in enumerate(names))
    translator = train_bridge(config, tmp_path / "run")
    assert [domain.class_names for domain in translator.domains.values()] == [tiny.CLASS_NAMES, tuple(names)]
    assert translator.class_map.groups == (tuple(range(10)), tuple(range(10)))
    again = load_trained(config, tmp_path / "run")
    assert [domain.class_names for domain in again.domains.values()] == [tiny.CLASS_NAMES, tuple(names)]
    assert again.class_map == translator.class_map
    assert_same_weights(again.bridge, translator.bridge)
    # As if the data had come with classes.
    config.domains = tuple(str(savedmodels / name) for name in shipped.LATENT_DIMS)
    text = (tmp_path / "labels.csv").read_text()
    for label, name in enumerate(names):
        text = text.replace(name, str(label))
    (tmp_path / "labels.csv").write_text(text)
    config.class_map = ",".join(f"{label}={label}" for label in range(10))
    assert_same_weights(train_bridge(config, tmp_path / "labelled").bridge, translator.bridge)


@pytest.mark.long
def test_label_seed_chooses_the_labels_and_leaves_the_rest_of_the_run_alone(savedmodels, tmp_path):
    runs = {}
    for seed in (0, 1):
        config = few_labels(savedmodels, label_seed=seed, sampling="uniform", num_steps=1)
        config.model.beta_cls = 0.0
        runs[seed] = train_bridge(config, tmp_path / str(seed)).bridge
    first, second = (json.loads((tmp_path / str(seed) / "labelled.json").read_text()) for seed in runs)
    assert all(first[name] != second[name] for name in shipped.LATENT_DIMS)
    assert first["digits"] != first["clothes"]
    assert_same_weights(runs[0], runs[1])


def test_without_any_label_the_classifier_learns_nothing(savedmodels, tmp_path):
    config = few_labels(savedmodels, labels_per_class=0, sampling="uniform")
    bridge = train_bridge(config, tmp_path / "run").bridge
    assert json.loads((tmp_path / "run" / "labelled.json").read_text()) == {"digits": [], "clothes": []}
    np.testing.assert_array_equal(bridge.classifier.bias, 0)


# ---- Bad settings -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"schedule": "cosin"}, "Unknown schedule 'cosin'. Did you mean 'cosine'\\? Known: constant, cosine."),
        ({"latents": "shiped"}, "Unknown kind of latents 'shiped'. Did you mean 'shipped'"),
        ({"sampling": "balance"}, "Unknown sampling 'balance'. Did you mean 'balanced'"),
        ({"domains": ("mnis", "mnist")}, "Unknown domain 'mnis'. Did you mean 'mnist'"),
        ({"latents": "dataset"}, "Unknown data set 'digits'|Data set 'digits' is not prepared"),
        ({"model": {"classifier": "liner"}}, "Unknown classifier 'liner'. Did you mean 'linear'"),
        ({"num_steps": 0}, "num_steps is 0; it must be 1 or more"),
        ({"steps_per_log": 0}, "steps_per_log is 0; it must be 1 or more"),
        ({"batch_size": -1}, "batch_size is -1; it must be 1 or more"),
        ({"learning_rate": float("nan")}, "learning_rate is nan"),
        ({"model": {"beta_swd": -0.5}}, "model.beta_swd is -0.5; it must be 0 or more"),
        ({"model": {"hidden_units": ()}}, "model.hidden_units is 0; it must be 1 or more"),
        ({"seed": -1}, "seed is -1; it must be 0 or more"),
        ({"label_seed": -1}, "label_seed is -1; it must be 0 or more"),
        ({"labels_per_class": -1}, "labels_per_class is -1; it must be 0 or more"),
        ({"labels_per_class": 21}, "not fit domain 'digits': Class 0 has 20 labelled instances, fewer than 21"),
        ({"labels_per_class": 3}, "^domain 'digits' has 170 unlabelled instances; use sampling 'uniform' or 'mixed'"),
        ({"pseudo_labels": "poison"}, "Unknown method of pseudo_labels 'poison'. Did you mean 'poisson'"),
        (
            {"pseudo_labels": "poisson", "labels_per_class": 0},
            "pseudo_labels does not fit domain 'digits': Class 0 has no labelled instance",
        ),
        ({"label_terms": {"beta_clas_swd": 1}}, "Unknown setting of label_terms 'beta_clas_swd'. Did you mean"),
        ({"label_terms": {"beta_translation": -1}}, "label_terms.beta_translation is -1; it must be 0 or more"),
        ({"label_terms": {"beta_consistency": 0.5}}, "label_terms.beta_consistency is 0.5, but it no longer exists"),
        ({"label_terms": {"ramp_steps": 0}}, "label_terms.ramp_steps is 0; it must be 1 or more"),
        (
            {"label_terms": {"beta_class_swd": 1}, "sampling": "mixed"},
            "label_terms.beta_class_swd needs sampling 'balanced', not 'mixed'",
        ),
        ({"label_file": "nowhere.csv"}, "There is no file nowhere.csv"),
        ({"domains": (1, 2)}, "domains is \\(1, 2\\); it must hold names"),
    ],
)
def test_bad_settings_are_refused_and_nothing_is_written(fields, message, savedmodels, tmp_path):
    with pytest.raises(ValueError, match=message):
        train_bridge(shipped.config(savedmodels, **fields), tmp_path / "run", data_dir=str(tmp_path))
    assert not (tmp_path / "run").exists()


def test_configuration_of_something_else_is_refused_and_nothing_is_written(savedmodels, tmp_path):
    config = shipped.config(savedmodels)
    del config.latents, config.model.beta_kl
    with pytest.raises(ValueError, match="not one of a bridge: it has no latents, model.beta_kl"):
        train_bridge(config, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_domain_given_twice_is_refused_and_nothing_is_written(savedmodels, tmp_path):
    config = shipped.config(savedmodels, domains=(str(savedmodels / "digits"),) * 2)
    with pytest.raises(ValueError, match="must differ in name; these are digits, digits"):
        train_bridge(config, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_batch_that_replicas_cannot_share_is_refused_and_nothing_is_written(savedmodels, tmp_path):
    with pytest.raises(ValueError, match="Batch size 21 cannot be split evenly over 2 replicas"):
        train_bridge(shipped.config(savedmodels, batch_size=21), tmp_path / "run", strategy="mirrored")
    assert not (tmp_path / "run").exists()


def copy_of(savedmodels, folder, name="clothes"):
    for path in (savedmodels / name).iterdir():
        (folder / name).mkdir(parents=True, exist_ok=True)
        (folder / name / path.name).write_bytes(path.read_bytes())
    return folder / name


def spoilt(savedmodels, folder, spoil):
    """A configuration whose second domain has been spoilt."""
    spoil(copy_of(savedmodels, folder))
    return shipped.config(savedmodels, domains=(str(savedmodels / "digits"), str(folder / "clothes")))


def of_nine_classes(folder):
    domain = tiny.image_domain("clothes", 5)
    domain.class_names = tiny.CLASS_NAMES[:9]
    domain.save(folder)


def with_label(old, new):
    def spoil(folder):
        latents = shipped.latents("clothes", 200)
        latents.labels[latents.labels == old] = new
        latents.save(folder / "latents_train.npz")

    return spoil


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (
            of_nine_classes,
            "digits has 0, 1, .*, 9; clothes has 0, .*, 8.*: say which belong together, .* --class_map='0=0",
        ),
        (with_label(3, 10), "labels of domain .* has 10, outside 0 to 9"),
        (with_label(3, 4), "Class 3 has no labelled instance in domain 'clothes'"),
        (lambda folder: (folder / "latents_train.npz").unlink(), "no file of latents .*clothes/latents_train.npz"),
        (
            lambda folder: (folder / "latents_train.npz").write_bytes(b"PK"),
            "latents_train.npz is not a file of latents",
        ),
        (lambda folder: (folder / "vae.npz").write_bytes(b""), "clothes/vae.npz does not hold the weights"),
        (lambda folder: (folder / "domain.json").unlink(), "no domain in .*clothes"),
        (
            lambda folder: shipped.latents("digits", 200).save(folder / "latents_train.npz"),
            "latents_train.npz are 6 wide; those of domain 'clothes' are 5",
        ),
    ],
    ids=["classes", "label", "no class", "no latents", "cut latents", "empty weights", "no domain", "foreign latents"],
)
def test_domain_that_does_not_fit_is_refused_and_nothing_is_written(spoil, message, savedmodels, tmp_path):
    config = spoilt(savedmodels, tmp_path, spoil)
    with pytest.raises(ValueError, match=message):
        train_bridge(config, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_run_of_another_configuration_is_refused_with_its_fields_and_stays(savedmodels, trained):
    _, folder = trained(num_steps=10)
    before = files(folder)
    config = shipped.config(savedmodels, num_steps=20)
    config.model.beta_kl = 0.25
    message = r"another configuration \(model.beta_kl: 0.005 there, 0.25 here; num_steps: 10 there, 20 here\)"
    with pytest.raises(ValueError, match=message):
        train_bridge(config, folder)
    assert files(folder) == before


@pytest.mark.long
def test_run_of_an_earlier_version_is_resumed_and_a_name_of_today_says_the_same(savedmodels, tmp_path):
    config = shipped.config(savedmodels, num_steps=10, label_terms={"beta_class_swd": 0.5})
    train_bridge(config, tmp_path)
    stored = json.loads((tmp_path / "config.json").read_text())
    earlier = {"beta_class_swd": 0.5, "beta_translation": 0.0, "ramp_steps": 1}
    assert stored["label_terms"] == earlier | {"beta_matching": 0.0, "beta_measured": 0.0}
    stored["label_terms"] = earlier | {"beta_consistency": 0.0}
    (tmp_path / "config.json").write_text(json.dumps(stored))
    train_bridge(config, tmp_path)
    stored["label_terms"]["beta_consistency"] = 0.5
    (tmp_path / "config.json").write_text(json.dumps(stored))
    with pytest.raises(ValueError, match="beta_consistency is 0.5, but it no longer exists"):
        train_bridge(config, tmp_path)


def test_unknown_name_of_a_configuration_is_refused(tmp_path):
    with pytest.raises(ValueError, match="Unknown configuration 'mnist_mnits'. Did you mean 'mnist_mnist'"):
        train_bridge("mnist_mnits:quick", tmp_path / "run")
    with pytest.raises(ValueError, match="Unknown mode 'fast'"):
        train_bridge("mnist_mnist:fast", tmp_path / "run")
    assert not (tmp_path / "run").exists()


# ---- The command ------------------------------------------------------------------------------


@pytest.fixture
def command(savedmodels, tmp_path):
    """Starts `train_bridge` on a configuration that makes TensorFlow deterministic."""
    (tmp_path / "config.py").write_text(
        "import tensorflow as tf\n"
        "from tests.support import shipped\n"
        "def get_config():\n"
        "    tf.config.experimental.enable_op_determinism()\n"
        f"    return shipped.config({str(savedmodels)!r})\n"
    )

    def start(name, num_steps, *more_flags, **environment):
        flags = [
            f"--config={tmp_path / 'config.py'}",
            f"--config.num_steps={num_steps}",
            f"--workdir={tmp_path / name}",
            *more_flags,
        ]
        return subprocess.Popen(
            [sys.executable, str(ROOT / "bin" / "train_bridge.py"), *flags],
            env=os.environ | {"PYTHONPATH": str(ROOT)} | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    return start


@pytest.mark.slow
def test_killed_command_run_again_ends_with_the_bits_of_an_unbroken_run(command, tmp_path):
    steps = 300
    unbroken, killed = command("unbroken", steps), command("killed", steps)
    while not (tmp_path / "killed" / "checkpoints" / "checkpoint").exists():
        assert killed.poll() is None, killed.communicate()[0]
        time.sleep(0.001)
    killed.kill()
    assert finish(killed)[0] == -signal.SIGKILL
    assert not (tmp_path / "killed" / "bridge.keras").exists()
    status, output = finish(command("killed", steps))
    assert status == 0, output
    assert "Resuming from" in output
    status, output = finish(unbroken)
    assert status == 0, output
    ours, theirs = (Translator.load(tmp_path / name / "translator").bridge for name in ("killed", "unbroken"))
    assert_same_weights(ours, theirs)


@pytest.mark.slow
def test_interrupted_command_says_so_in_its_exit_code_and_writes_no_bridge(command, tmp_path):
    process = command("run", 100_000)
    while not (tmp_path / "run" / "checkpoints" / "checkpoint").exists():
        assert process.poll() is None, process.communicate()[0]
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    status, output = finish(process)
    assert (status, output.splitlines()[-1]) == (130, "Stopped.")
    assert "Traceback" not in output
    assert {path.name for path in (tmp_path / "run").iterdir()} == {"checkpoints", "config.json", "events"}


@pytest.mark.slow
def test_two_workers_train_the_bridge_of_one(command, savedmodels, tmp_path):
    workers = [f"localhost:{port}" for port in free_ports(2)]
    processes = [
        command(
            "two",
            40,
            f"--strategy={strategy}",
            TF_CONFIG=json.dumps({"cluster": {"worker": workers}, "task": {"type": "worker", "index": index}}),
            **WITHOUT_GPU,
        )
        for index, strategy in enumerate(("multi_worker", "auto"))  # Which is the same where there is a cluster.
    ]
    alone = train_bridge(shipped.config(savedmodels), tmp_path / "one", strategy="default").bridge
    (chief, said), (worker, said_by_worker) = (finish(process) for process in processes)
    assert (chief, worker) == (0, 0), said + said_by_worker
    assert said.endswith(f"Wrote {tmp_path / 'two' / 'translator'}\n")
    assert said_by_worker == ""
    for ours, theirs in zip(
        Translator.load(tmp_path / "two" / "translator").bridge.get_weights(), alone.get_weights(), strict=True
    ):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-4)
    written = {path.name for path in (tmp_path / "two").iterdir()}
    assert written == {"bridge.keras", "checkpoints", "config.json", "events", "translator"}
