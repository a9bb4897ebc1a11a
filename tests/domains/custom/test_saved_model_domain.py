import json
import shutil

import numpy as np
import pytest
import tensorflow as tf

from latent_xlate.domains.custom.saved_model_domain import FOLDER, SavedModelDomain
from latent_xlate.domains.domain import Domain
from tests.support import own_models
from tests.support.tolerances import assert_close


@pytest.fixture(scope="module", params=[False, True], ids=["functions", "signatures"])
def folder(request, tmp_path_factory):
    return own_models.saved_model(tmp_path_factory.mktemp("model") / "saved", as_signatures=request.param)


def test_functions_are_those_of_the_model(folder):
    own = SavedModelDomain.of("own", folder)
    x = tf.constant(own_models.pictures())
    mu, sigma = own.encode(x)
    assert_close(mu, own_models.encoder()(x), rtol=1e-5)
    np.testing.assert_array_equal(sigma, np.full((5, 3), 0.25))
    assert_close(own.decode(mu), own_models.decoder()(mu) * 0.5, rtol=1e-5)
    assert_close(own.classify(x), own_models.classifier()(x), rtol=1e-5)
    np.testing.assert_array_equal(own.features(x), own.classify(x))
    assert (own.latent_dim, own.data_shape, own.has_prior, own.networks) == (3, (8, 8, 1), True, {})


def test_domain_comes_back_wherever_the_model_was(folder, tmp_path):
    shutil.copytree(folder, tmp_path / "there")
    own = SavedModelDomain.of("own", tmp_path / "there", class_names=("a", "b", "c", "d"))
    own.save(tmp_path / "own")
    shutil.rmtree(tmp_path / "there")
    again = Domain.load(tmp_path / "own")
    assert again.get_config() == own.get_config()
    x = tf.constant(own_models.pictures())
    np.testing.assert_array_equal(again.decode(again.encode(x)[0]), own.decode(own.encode(x)[0]))
    once_more = Domain.load(again.save(tmp_path / "own", "float16"))  # Where it lies, and elsewhere.
    np.testing.assert_array_equal(once_more.classify(x), own.classify(x))
    assert Domain.load(once_more.save(tmp_path / "copy")).has_classifier


def test_decoder_alone_is_enough(tmp_path):
    own_models.saved_model(tmp_path / "saved", with_encoder=False)
    again = Domain.load(SavedModelDomain.of("gan", tmp_path / "saved").save(tmp_path / "gan"))
    assert (again.has_encoder, again.has_classifier, again.has_prior) == (False, True, True)


def test_handle_of_the_hub_is_resolved(folder, tmp_path, monkeypatch):
    hub = pytest.importorskip("tensorflow_hub")
    asked = []
    monkeypatch.setattr(hub, "resolve", lambda handle: asked.append(handle) or str(folder))
    assert SavedModelDomain.of("own", "https://tfhub.dev/someone/vae/1").latent_dim == 3
    assert asked == ["https://tfhub.dev/someone/vae/1"]


def without_decode(folder):
    module = tf.Module()
    module.serve = tf.function(lambda x: x, [tf.TensorSpec((None, 3))])
    tf.saved_model.save(module, str(folder), signatures=module.serve)


def with_one_row(folder):
    module = tf.Module()
    module.decode = tf.function(lambda z: tf.zeros((1, 8, 8, 1)), [tf.TensorSpec((None, 3))])
    tf.saved_model.save(module, str(folder))


def with_text(folder):
    module = tf.Module()
    module.decode = tf.function(tf.strings.as_string, [tf.TensorSpec((None, 3))])
    tf.saved_model.save(module, str(folder))


def with_nothing(folder):
    module = tf.Module()
    module.decode = tf.function(lambda z: {}, [tf.TensorSpec((None, 3))])
    tf.saved_model.save(module, str(folder))


def of_any_width(folder):
    module = tf.Module()
    module.decode = tf.function(lambda z: z, [tf.TensorSpec((None, None))])
    tf.saved_model.save(module, str(folder))


def damaged(folder):
    folder.mkdir()
    (folder / "saved_model.pb").write_bytes(b"words")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (without_decode, "has no function or signature decode; its signatures: serving_default"),
        (with_text, "decode makes a tensor of string: let it return numbers, float32 say"),
        (with_nothing, "decode returns nothing: let it return a tensor"),
        (with_one_row, r"decode makes \[1, 8, 8, 1\] of \[2, 3\]: it must keep the number of rows"),
        (of_any_width, "The decoder takes latents of any size"),
        (damaged, "The SavedModel in .*saved is damaged"),
        (lambda folder: None, "There is no SavedModel in .*saved"),
    ],
)
def test_models_that_do_not_fit_are_refused(make, message, tmp_path):
    make(tmp_path / "saved")
    with pytest.raises(ValueError, match=message) as raised:
        SavedModelDomain.of("own", tmp_path / "saved")
    assert "\n" not in str(raised.value)


def test_missing_and_foreign_models_of_a_domain_are_named(folder, tmp_path):
    SavedModelDomain.of("own", folder).save(tmp_path)
    shutil.rmtree(tmp_path / FOLDER)
    with pytest.raises(ValueError, match=f"There is no SavedModel in .*{FOLDER}"):
        Domain.load(tmp_path)
    own_models.saved_model(tmp_path / FOLDER, with_encoder=False)
    with pytest.raises(ValueError, match="has no function encode"):
        Domain.load(tmp_path)
    assert "encode" in json.loads((tmp_path / "domain.json").read_text())["config"]["functions"]
