"""Domains of convolutional models: saved, loaded, packaged and exported."""

import json

import keras
import numpy as np
import pytest
import tensorflow as tf

from latent_xlate.benchmarks.own_pictures_data import coloured_shapes
from latent_xlate.data import tfds_sets
from latent_xlate.domains.domain import Domain
from latent_xlate.domains.image.conv_classifier import ConvClassifier
from latent_xlate.domains.image.conv_vae import ConvVAE
from latent_xlate.domains.image.image_domain import ImageDomain
from latent_xlate.domains.image.image_training import train_image_model
from latent_xlate.latents.latents import Latents
from latent_xlate.packaging.image_packaging import package_image_domain
from latent_xlate.serving import export
from latent_xlate.translator import Translator
from tests.support import tiny
from tests.support.tolerances import assert_close

SHAPE = (16, 16, 3)


def conv_domain(name="shapes", latent_dim=12):
    keras.utils.set_random_seed(0)
    vae = ConvVAE(SHAPE, latent_dim, width=4, num_classes=3)
    classifier = ConvClassifier(SHAPE, 3, width=4)
    for network in (vae, classifier):
        network.build()
    vae.standardise(pictures())
    return ImageDomain(name, vae, classifier, ("circle", "square", "triangle"), invert="never")


def pictures(count=4):
    return coloured_shapes(count, 0, image_size=16).floats


def check_same(ours, theirs):
    x = pictures()
    for a, b in zip((*ours.encode(x), *ours.judge(x)), (*theirs.encode(x), *theirs.judge(x)), strict=True):
        np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(ours.decode(ours.encode(x)[0]), theirs.decode(theirs.encode(x)[0]))


def test_a_domain_is_saved_and_loaded(tmp_path):
    domain = conv_domain()
    again = Domain.load(domain.save(tmp_path))
    assert (type(again.vae), type(again.classifier)) == (ConvVAE, ConvClassifier)
    check_same(again, domain)


def test_a_domain_that_was_saved_before_there_were_kinds_of_networks_is_loaded(tmp_path):
    domain = tiny.image_domain()
    content = json.loads((domain.save(tmp_path) / "domain.json").read_text())
    for network in ("vae", "classifier"):
        del content["config"][network]["kind"]
    (tmp_path / "domain.json").write_text(json.dumps(content))
    x = np.random.default_rng(0).uniform(size=(2, 28, 28, 1)).astype(np.float32)
    np.testing.assert_array_equal(Domain.load(tmp_path).encode(x)[0], domain.encode(x)[0])


@pytest.mark.slow
def test_an_export_translates_as_the_models_do(tmp_path):
    domains = [conv_domain("shapes"), conv_domain("others", 14)]
    translator = Translator(domains, tiny.bridge((12, 14)))
    model = export.load_export(export.export_translator(translator, tmp_path))
    for count in (0, 3):
        x = pictures()[:count]
        y = model.signatures["shapes_to_others_arrays"](x=tf.constant(x))["x"]
        assert_close(y, translator.translate(x, "shapes", "others"), atol=1e-5)


@pytest.mark.slow
def test_trained_models_are_packaged_with_their_commands(tmp_path):
    data_dir = str(tmp_path / "data")
    splits = {"train": coloured_shapes(12, 0, image_size=16), "test": coloured_shapes(4, 1, image_size=16)}
    tfds_sets.store("forms", splits, data_dir)
    for model in ("conv_vae", "conv_classifier"):
        train_image_model(model, "forms", tmp_path / model, data_dir=data_dir, width=4, epochs=2, seed=3)
    folder = tmp_path / "forms"
    domain = package_image_domain(
        "forms", tmp_path / "conv_vae", str(tmp_path / "conv_classifier"), folder, data_dir=data_dir
    )
    check_same(Domain.load(folder), domain)
    assert Latents.load(folder / "latents_test.npz").mu.shape == (12, 32)
    card = (folder / "MODEL_CARD.md").read_text()
    assert "A VAE of 16x16 colour images of `forms`" in card
    assert "best of 2 by validation loss" in card
    assert (
        "bin/train_domain.py --model=conv_vae --dataset=forms --workdir=out/forms_vae --epochs=2 --seed=3 --width=4\n"
        in card
    )
    assert "--classifier=out/forms_classifier" in card
