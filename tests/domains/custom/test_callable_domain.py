"""Functions of Python as a domain, in this process, and what is left of it in an export."""

import numpy as np
import pytest
import tensorflow as tf

from latent_xlate.domains.custom import callable_domain
from latent_xlate.domains.custom.callable_domain import CallableDomain
from latent_xlate.domains.domain import Domain
from latent_xlate.modalities.array import Array
from latent_xlate.packaging.model_packaging import package_model_domain
from latent_xlate.serving.export import export_translator, load_export
from latent_xlate.serving.pair import load_pair
from latent_xlate.translator import Translator
from tests.support import tiny
from tests.support.tolerances import assert_close

MATRIX = np.random.default_rng(0).normal(size=(15, 4)).astype(np.float32)


def encode(x):
    mu = x.reshape(len(x), 15).astype(np.float64) @ MATRIX
    return {"z_log_var": np.full_like(mu, -2.0), "z_mean": mu}


def decode(z):
    return (z @ MATRIX.T).reshape(-1, 3, 5)


def classify(x):
    return x[:, :2, 0]


@pytest.fixture
def domain():
    return CallableDomain.of(
        "signals", decode, encode, classify, latent_shape=(4,), modality=Array((3, 5)), sigma_kind="log_variance"
    )


X = np.random.default_rng(1).normal(size=(70, 3, 5)).astype(np.float32)


def test_functions_are_called_with_arrays_eagerly_and_in_a_graph(domain):
    expected = X.reshape(70, 15) @ MATRIX
    for function in (domain.encode, tf.function(domain.encode)):
        mu, sigma = function(tf.constant(X))
        assert_close(mu, expected, rtol=1e-5, atol=1e-5)
        assert_close(sigma, np.full_like(expected, np.exp(-1)), rtol=1e-6)
    assert_close(domain.decode(tf.constant(expected)), decode(expected), rtol=1e-5)
    assert_close(tf.function(domain.classify)(tf.constant(X)), X[:, :2, 0])
    graph = tf.function(domain.decode).get_concrete_function(tf.TensorSpec([None, 4]))
    assert graph.outputs[0].shape.as_list() == [None, 3, 5]


def test_batches_are_no_larger_than_asked_for():
    seen = []

    def counted(z):
        seen.append(len(z))
        return decode(z)

    domain = CallableDomain.of("counted", counted, encode, latent_shape=(4,), modality=Array((3, 5)), batch_size=16,
                               sigma_kind="log_variance")  # fmt: skip
    seen.clear()
    translator = Translator([domain, tiny.image_domain("digits")], tiny.bridge((4, 6)))
    translator.translate(X, "counted", "counted")
    assert seen == [16, 16, 16, 16, 6]


def test_a_folder_is_loaded_where_the_functions_are(domain, tmp_path, monkeypatch):
    folder = tmp_path / "data"
    folder.mkdir()
    for number, x in enumerate(X):
        np.save(folder / f"{number}.npy", x)
    package_model_domain(domain, tmp_path / "signals", folder)
    again = Domain.load(tmp_path / "signals")
    assert_close(again.encode(tf.constant(X))[0], domain.encode(tf.constant(X))[0])
    assert (again.batch_size, again.num_classes, again.class_names) == (64, 2, ("0", "1"))
    monkeypatch.setattr(callable_domain, "_MADE", {})
    with pytest.raises(
        ValueError, match="Domain 'signals' in .* is made of functions of Python, which no folder holds"
    ):
        Domain.load(tmp_path / "signals")


def test_export_has_latents_and_says_so(domain, tmp_path, capsys):
    digits = tiny.image_domain("digits")
    translator = Translator([domain, digits], tiny.bridge((4, 6)))
    model = load_export(export_translator(translator, tmp_path))
    said = capsys.readouterr().err
    assert "The models of signals are functions of Python, which cannot be served" in said
    signatures = set(model.signatures)
    assert {"signals_to_digits_latents", "digits_to_signals_latents_sampled", "digits_to_digits"} <= signatures
    assert not {"signals_to_digits", "digits_to_signals_arrays", "signals_to_signals"} & signatures
    z = domain.encode(tf.constant(X))[0]
    ours = model.signatures["signals_to_digits_latents"](z=z)["z"]
    assert_close(ours, translator.translate_latents(z, "signals", "digits"), rtol=1e-4, atol=1e-5)
    with pytest.raises(ValueError, match="Domain 'signals' was exported without its decoder"):
        load_pair(tmp_path / "translator" / "1", "digits", "signals", None)
    assert b"PyFunc" not in (tmp_path / "translator" / "1" / "saved_model.pb").read_bytes()


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="decode is 3; it must be a function of an array"):
        CallableDomain.of("signals", 3, latent_shape=(4,))
    with pytest.raises(ValueError, match="decode cannot be called with float32 .2, 5."):
        CallableDomain.of("signals", decode, latent_shape=(5,), modality=Array((3, 5)))
    shrinking = CallableDomain.of(
        "shrinking", lambda z: decode(z)[: 1 + (len(z) == 2)], latent_shape=(4,), modality=Array((3, 5))
    )
    with pytest.raises(ValueError, match="must keep the number of rows"):
        shrinking.decode(tf.zeros([5, 4]))
