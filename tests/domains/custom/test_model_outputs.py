"""Which outputs are taken for mu and sigma. A function's result stands in as a structure of its outputs' names."""

import collections
import itertools
import json

import keras
import numpy as np
import pytest
import tensorflow as tf

from latent_xlate.domains.custom.keras_domain import KerasDomain
from latent_xlate.domains.custom.model_outputs import chosen, main_key, posterior_keys
from latent_xlate.domains.custom.saved_model_domain import SavedModelDomain
from latent_xlate.domains.domain import Domain
from tests.support import own_models
from tests.support.tolerances import assert_close


def mapping(*names):
    return {name: name for name in names}


def taken(result, sigma_kind="log_variance", **options):
    return chosen(result, posterior_keys(result, sigma_kind, **options))


@pytest.mark.parametrize("mu", ["z_mean", "mean", "mu", "loc", "z_mu", "Z_MEAN", "zMean", "latent_mean", "z_mean_1"])
@pytest.mark.parametrize(
    ("sigma_kind", "sigma"),
    [
        *(("log_variance", name) for name in ("z_log_var", "log_var", "logvar", "log_variance", "z_logvar", "LogVar")),
        *(("sigma", name) for name in ("sigma", "std", "stddev", "scale", "z_std", "z_sigma", "Std")),
    ],
)
def test_usual_names_decide_in_every_order(mu, sigma_kind, sigma):
    for names in itertools.permutations((mu, sigma, "z")):
        assert taken(mapping(*names), sigma_kind) == [mu, sigma]
        assert taken(list(names), sigma_kind, names=names) == [mu, sigma]
    assert taken(mapping(sigma, mu), sigma_kind) == [mu, sigma]
    assert taken(mapping("sample", mu), sigma_kind) == [mu]


@pytest.mark.parametrize(
    ("result", "options", "expected"),
    [
        (mapping("mu", "logvar", "sigma"), {}, ["mu", "logvar"]),
        (mapping("mu", "logvar", "sigma"), {"sigma_kind": "sigma"}, ["mu", "sigma"]),
        (mapping("dense", "z_log_var"), {}, ["dense", "z_log_var"]),
        (mapping("z"), {}, ["z"]),
        (mapping("code"), {}, ["code"]),
        (mapping("mu", "log_var", "features"), {}, ["mu", "log_var"]),
        (mapping("a", "b"), {"mu_output": "b"}, ["b"]),
        (mapping("a", "b"), {"mu_output": "b", "sigma_output": "a"}, ["b", "a"]),
        (mapping("a", "b"), {"sigma_output": "a"}, ["b", "a"]),
        (mapping("z", "z_log_var"), {"mu_output": "z"}, ["z", "z_log_var"]),
        (["first", "second", "third"], {}, ["first", "second"]),
        (("first", "second"), {}, ["first", "second"]),
        (["first", "second"], {"names": ("dense", "dense")}, ["first", "second"]),
        (["first", "second"], {"mu_output": "output_1"}, ["second"]),
        (["first", "second"], {"names": ("dense", "z_mean"), "mu_output": "dense"}, ["first"]),
        ({f"output_{number}": number for number in (10, 2, 1, 0)}, {}, [0, 1]),
        (collections.namedtuple("Posterior", "log_var mean")("log_var", "mean"), {}, ["mean", "log_var"]),
        (collections.namedtuple("Posterior", "b a")("b", "a"), {}, ["b", "a"]),
    ],
)
def test_flags_names_and_order_decide_in_this_order(result, options, expected):
    assert taken(result, **options) == expected


@pytest.mark.parametrize(
    ("result", "options", "message"),
    [
        (mapping("dense", "dense_1"), {}, "the outputs dense, dense_1, .* --mu_output=NAME, and --sigma_output=NAME"),
        (mapping("mu", "dense"), {}, "the outputs mu, dense, whose names"),
        (mapping("z", "z_log_var"), {}, "the outputs z, z_log_var, whose names"),
        (mapping("mu_0", "mu_1"), {}, "whose names do not say what they are"),
        (["first", "second"], {"names": ("z_log_var", "dense")}, None),
        (["first", "second"], {"names": ("z", "dense")}, "the outputs z, dense, whose names"),
        (mapping("z_mean", "z_log_var"), {"sigma_kind": "sigma"}, "logarithm of the variance, .*sigma_kind=log_var"),
        (mapping("mu", "sigma"), {}, "the standard deviation, and sigma_kind is log_variance: give --sigma_kind=sigma"),
        (["first", "second"], {"names": ("mu", "std")}, "give --sigma_kind=sigma"),
        (mapping("mu", "log_std"), {}, "the logarithm of the standard deviation, .* let encode return"),
        (mapping("mu", "var"), {}, "is by its name the variance, .* let encode return"),
        (mapping("mu", "log_var"), {"mu_output": "log_var", "sigma_output": "mu"}, "so it is not mu"),
        (mapping("mu", "log_var"), {"sigma_output": "mu", "mu_output": "mu"}, "both mu and sigma"),
        (mapping("a", "b"), {"mu_output": "c"}, "Unknown output of encode 'c'.* Known: a, b"),
        ("tensor", {"mu_output": "c"}, "Unknown output of encode 'c'"),
    ],
)
def test_what_nothing_decides_is_asked_and_contradictions_are_refused(result, options, message):
    if message is None:  # The name says what the second is, so the other one is mu.
        assert taken(result, **options) == ["second", "first"]
        return
    with pytest.raises(ValueError, match=message) as raised:
        taken(result, **options)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("function", "names", "expected"),
    [
        ("decode", ["x_hat", "z"], "x_hat"),
        ("decode", ["logits", "probs"], "probs"),
        ("decode", ["log_var", "mean"], "mean"),
        ("decode", ["attention", "reconstruction"], "reconstruction"),
        ("decode", ["anything"], "anything"),
        ("classify", ["features", "logits"], "logits"),
        ("classify", ["probabilities", "logits"], "logits"),
        ("classify", ["output_1", "output_0"], "output_0"),
    ],
)
def test_output_of_decoders_and_classifiers_is_known_by_its_name(function, names, expected):
    result = mapping(*names)
    assert chosen(result, main_key(result, function)) == [expected]


def test_decoder_of_unknown_outputs_is_refused():
    with pytest.raises(ValueError, match="decode has the outputs a, b, whose names do not say which counts"):
        main_key(mapping("a", "b"), "decode")
    assert chosen(["first", "second"], main_key(["first", "second"], "decode")) == ["first"]


def test_early_versions_took_outputs_in_the_order_of_their_names():
    assert chosen({"z_mean": 1, "z_log_var": 2}, ()) == [2, 1]
    assert chosen({"sigma": 1, "mu": 2, "a": 3}, ()) == [2, 1]
    assert chosen("tensor", ()) == ["tensor"]


# ---- Whole models -----------------------------------------------------------------------------


def encoder_of(*names, as_list=False):
    """A Keras encoder of several outputs; returns it and, by name, the model of each."""
    keras.utils.set_random_seed(0)
    x = keras.Input(own_models.SHAPE)
    flat = keras.layers.Flatten()(x)
    outputs = {name: keras.layers.Dense(own_models.LATENT_DIM, name=name)(flat) for name in names}
    parts = {name: keras.Model(x, output) for name, output in outputs.items()}
    return keras.Model(x, list(outputs.values()) if as_list else outputs), parts


def saved_model_of(encoder, folder):
    archive = keras.export.ExportArchive()
    decoder = own_models.decoder()
    archive.track(encoder)
    archive.track(decoder)
    archive.add_endpoint("encode", encoder, [tf.TensorSpec([None, *own_models.SHAPE], tf.float32)])
    archive.add_endpoint("decode", decoder, [tf.TensorSpec([None, own_models.LATENT_DIM], tf.float32)])
    archive.write_out(str(folder), verbose=False)
    return folder


@pytest.mark.parametrize("kind", ["keras", "saved_model"])
def test_dictionary_of_a_keras_encoder_is_read_by_its_names(kind, tmp_path):
    encoder, parts = encoder_of("z_log_var", "z_mean", "z")
    if kind == "keras":
        own = KerasDomain.of("own", own_models.decoder(), encoder, sigma_kind="log_variance")
    else:
        own = SavedModelDomain.of("own", saved_model_of(encoder, tmp_path / "saved"), sigma_kind="log_variance")
    x = own_models.pictures()
    for domain in (own, Domain.load(own.save(tmp_path / "own"))):
        mu, sigma = domain.encode(tf.constant(x))
        assert_close(mu, parts["z_mean"](x), rtol=1e-5, atol=1e-6)
        assert_close(sigma, np.exp(parts["z_log_var"](x) / 2), rtol=1e-5)
    with pytest.raises(ValueError, match="z_log_var of encode .* give --sigma_kind=log_variance"):
        if kind == "keras":
            KerasDomain.of("own", own_models.decoder(), encoder)
        else:
            SavedModelDomain.of("own", tmp_path / "saved")


def test_names_that_are_given_are_saved(tmp_path):
    encoder, parts = encoder_of("first", "second")
    with pytest.raises(ValueError, match="the outputs first, second"):
        KerasDomain.of("own", own_models.decoder(), encoder)
    own = KerasDomain.of(
        "own", own_models.decoder(), encoder, sigma_kind="log_variance", mu_output="second", sigma_output="first"
    )
    x = own_models.pictures()
    mu, sigma = Domain.load(own.save(tmp_path)).encode(tf.constant(x))
    assert_close(mu, parts["second"](x), rtol=1e-5, atol=1e-6)
    assert_close(sigma, np.exp(parts["first"](x) / 2), rtol=1e-5)


def test_domain_saved_without_outputs_behaves_as_before(tmp_path):
    encoder, parts = encoder_of("b", "a")
    own = KerasDomain.of(
        "own", own_models.decoder(), encoder, sigma_kind="log_variance", mu_output="b", sigma_output="a"
    )
    own.save(tmp_path)
    content = json.loads((tmp_path / "domain.json").read_text())
    del content["config"]["outputs"]
    (tmp_path / "domain.json").write_text(json.dumps(content))
    x = own_models.pictures()
    assert_close(Domain.load(tmp_path).encode(tf.constant(x))[0], parts["a"](x), rtol=1e-5, atol=1e-6)


def test_names_of_a_keras_list_count_where_they_say_something():
    encoder, parts = encoder_of("sampling", "z_mean", "z_log_var", as_list=True)
    own = KerasDomain.of("own", own_models.decoder(), encoder, sigma_kind="log_variance")
    x = own_models.pictures()
    assert_close(own.encode(tf.constant(x))[0], parts["z_mean"](x), rtol=1e-5, atol=1e-6)


def test_decoder_and_classifier_of_several_outputs():
    z, x = keras.Input((own_models.LATENT_DIM,)), keras.Input(own_models.SHAPE)
    decoder, judge = own_models.decoder(), own_models.classifier()
    decoded, logits = decoder(z), judge(x)
    own = KerasDomain.of(
        "own",
        keras.Model(z, {"attention": -decoded, "reconstruction": decoded}),
        classifier=keras.Model(x, {"features": -logits, "logits": logits}),
    )
    assert_close(own.decode(tf.ones((2, 3))), decoder(tf.ones((2, 3))), rtol=1e-6)
    pictures = own_models.pictures()
    assert_close(own.classify(pictures), judge(pictures), rtol=1e-5)
    with pytest.raises(ValueError, match="decode has the outputs a, b, .* let it return that alone"):
        KerasDomain.of("own", keras.Model(z, {"a": -decoded, "b": decoded}))
