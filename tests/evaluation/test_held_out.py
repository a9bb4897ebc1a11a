"""Latents and data read for an evaluation, from a translator in memory."""

import json

import numpy as np
import pytest

from latent_xlate.data import tfds_sets
from latent_xlate.data.synthetic import digits_like
from latent_xlate.domains import pretrained
from latent_xlate.evaluation.accuracy import evaluate
from latent_xlate.latents.encoding import encode_data
from latent_xlate.latents.latents import Latents
from tests.support import shipped, tiny


@pytest.fixture
def savedmodels(tmp_path, monkeypatch):
    folder = shipped.write(tmp_path / "savedmodels")
    monkeypatch.setenv(pretrained.SAVEDMODELS, str(folder))
    return folder


@pytest.mark.long
def test_shipped_latents_are_read_by_the_names_of_the_domains(savedmodels):
    translator = tiny.translator()
    latents = {name: Latents.load(savedmodels / name / "latents_test.npz") for name in translator.names}
    assert evaluate(translator) == evaluate(translator, latents)
    assert evaluate(translator, "shipped,shipped", seed=3) == evaluate(translator, latents, seed=3)
    assert evaluate(translator, protocol="reference")["instances"] == {"digits": 200, "clothes": 200}


def test_domains_of_other_folders_are_found_by_the_configuration_beside_the_translator(savedmodels, tmp_path):
    elsewhere = savedmodels.rename(tmp_path / "elsewhere")
    savedmodels.mkdir()
    translator = tiny.translator()
    with pytest.raises(ValueError, match="No latents ship for domain 'digits', only for none. .*--latents=dataset"):
        evaluate(translator)
    (tmp_path / "run").mkdir()
    config = {"domains": [str(elsewhere / name) for name in translator.names]}
    (tmp_path / "run" / "config.json").write_text(json.dumps(config))
    latents = {name: Latents.load(elsewhere / name / "latents_test.npz") for name in translator.names}
    assert evaluate(translator, folder=tmp_path / "run" / "translator") == evaluate(translator, latents)


@pytest.mark.long
def test_data_sets_are_encoded_and_data_that_are_given_take_their_place(savedmodels, tmp_path):
    for seed, name in enumerate(("digits", "clothes")):
        splits = {split: digits_like(40, seed=seed) for split in ("train", "test")}
        tfds_sets.store(name, splits, tmp_path / "data")
    translator = tiny.translator()
    stored = {name: domain.load_data("test", str(tmp_path / "data")) for name, domain in translator.domains.items()}
    latents = {name: encode_data(translator.domain(name), labelled) for name, labelled in stored.items()}
    data = {name: (labelled.floats, labelled.labels) for name, labelled in stored.items()}
    found = evaluate(translator, "dataset", data_dir=str(tmp_path / "data"))
    assert found == evaluate(translator, latents, data=data)
    other = {"digits": (np.zeros_like(data["digits"][0]), data["digits"][1])}
    found = evaluate(translator, "dataset", data=other, data_dir=str(tmp_path / "data"))
    assert found == evaluate(translator, latents, data=data | other)


def test_unknown_kinds_of_latents_are_refused():
    with pytest.raises(ValueError, match="Unknown kind of latents 'shiped'. Did you mean 'shipped'"):
        evaluate(tiny.translator(), "shiped")
    with pytest.raises(ValueError, match="3 kinds for 2 domains"):
        evaluate(tiny.translator(), "shipped,samples,dataset")
