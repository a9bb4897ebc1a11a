"""Latents of a bridge: of files and of data sets, for each domain its own."""

import shutil

import numpy as np
import pytest

from latent_xlate.bridge_training import train_bridge
from latent_xlate.data import images, tfds_sets
from latent_xlate.data.synthetic import digits_like
from latent_xlate.domains import pretrained
from latent_xlate.latents.encoding import encode_data
from latent_xlate.latents.sources import load_domains, load_held_out, load_latents
from latent_xlate.packaging.latent_packaging import package_latents
from tests.support import latents_alone, shipped


@pytest.fixture(scope="module")
def savedmodels(tmp_path_factory):
    return shipped.write(tmp_path_factory.mktemp("savedmodels"))


def test_latents_are_those_of_the_folder_or_of_the_data_set(savedmodels, tmp_path):
    domain = pretrained.load_domain(str(savedmodels / "digits"))
    loaded = load_latents(domain, str(savedmodels / "digits"), "shipped", "test")
    np.testing.assert_allclose(loaded.mu, shipped.latents("digits", 40, seed=2).mu, rtol=2**-10)

    tfds_sets.store("digits", {split: digits_like(60, seed=i) for i, split in enumerate(("train", "test"))}, tmp_path)
    encoded = load_latents(domain, str(savedmodels / "digits"), "dataset", "train", str(tmp_path))
    expected = encode_data(domain, images.load("digits", "train", tmp_path))
    assert len(encoded) == 55  # One in twelve is held out.
    np.testing.assert_array_equal(encoded.mu, expected.mu)
    np.testing.assert_array_equal(encoded.labels, expected.labels)


def test_each_domain_has_its_kind_of_latents(savedmodels, tmp_path):
    folder = shipped.write_words(shutil.copytree(savedmodels, tmp_path / "savedmodels"))
    config = shipped.config_of_all(folder)
    assert config.latents == "shipped,shipped,shipped+samples"
    _, latents = load_domains(config.domains, config.latents, "train")
    assert [len(of) for of in latents] == [200, 200, 80]
    assert (latents[2].sigma == 0).all(axis=1).tolist() == [False] * 40 + [True] * 40
    assert [len(of) for of in load_domains(config.domains, "shipped", "train")[1]] == [200, 200, 40]
    translator = train_bridge(shipped.config_of_all(folder, num_steps=10), tmp_path / "run")
    assert translator.bridge.latent_dims == (6, 5, 4)


@pytest.mark.parametrize(
    ("latents", "message"),
    [
        ("shipped,samples", "latents is 'shipped,samples': 2 kinds for 3 domains"),
        ("shipped+sample", "Unknown kind of latents 'sample'. Did you mean 'samples'"),
        ("samples", "no file of latents .*digits/samples_train.npz"),
    ],
)
def test_kinds_of_latents_that_do_not_fit_are_refused(latents, message, savedmodels, tmp_path):
    folder = shipped.write_words(shutil.copytree(savedmodels, tmp_path / "savedmodels"))
    with pytest.raises(ValueError, match=message):
        train_bridge(shipped.config_of_all(folder, latents=latents), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_latents_alone_are_packaged_ones_whatever_is_asked_for(tmp_path, capsys):
    folder = str(tmp_path / "faces")
    given = latents_alone.arrays(scale=1e3, offset=70.0)
    domain = package_latents("faces", {"mu": given["mu"], "sigma": given["sigma"]}, folder)
    own = load_latents(domain, folder, "shipped", "test")
    assert capsys.readouterr().err == ""
    with np.load(tmp_path / "faces" / "latents_test.npz") as stored:
        rows = stored["rows"]
    np.testing.assert_allclose(own.mu, given["mu"][rows], rtol=1e-5, atol=1e-2)
    np.testing.assert_allclose(own.sigma, given["sigma"][rows], rtol=1e-5)
    again = load_latents(domain, folder, "dataset+augmented", "test")
    np.testing.assert_array_equal(again.mu, own.mu)
    said = "Domain 'faces' has latents alone: those that are packaged stand for latents=dataset+augmented.\n"
    assert capsys.readouterr().err == said
    _, (standardised,) = load_domains([folder], "dataset", "test")
    np.testing.assert_allclose(standardised.mu, domain.to_bridge(own.mu), rtol=1e-4, atol=1e-5)
    assert len(load_held_out(domain, folder, "dataset")) == 20
