"""The loaded Keras models against TensorFlow 1 sessions: of graphs written here, and of the original's MetaGraphs."""

import functools
import os
import re
import shutil
import warnings
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from latent_xlate.domains.speech.tf1_checkpoint import load_tf1_classifier, load_tf1_discriminator, load_tf1_generator
from latent_xlate.domains.speech.wavegan_discriminator import PhaseShuffle
from tests.support import tf1_graphs

METAGRAPHS = "LATENT_XLATE_WAVEGAN_METAGRAPHS"
"""Environment variable: a folder with the original's sc09_generator_infer.meta and inception_infer.meta."""

needs_metagraphs = pytest.mark.skipif(METAGRAPHS not in os.environ, reason=f"{METAGRAPHS} names no folder")


def latents(size=6, batch=3):
    return np.random.default_rng(1).uniform(-1, 1, (batch, size)).astype(np.float32)


def waveforms(*shape):
    return np.random.default_rng(1).normal(size=shape, scale=0.2).astype(np.float32)


def load(loader, prefix, unused="global_step", **kwargs):
    """Loads, with a warning that names what is unused, and where it was loaded."""
    with pytest.warns(UserWarning) as caught:
        model = loader(prefix, **kwargs)
    message = f"Checkpoint {prefix}: not used are {unused}."
    assert [(str(warning.message), warning.filename) for warning in caught] == [(message, __file__)]
    return model


def assert_equal(ours, theirs):
    """To 1e-5, of an output that a wrong network could not have."""
    assert theirs.std() > 0.01
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-5 * np.abs(theirs).max())


GENERATORS = {
    "plain": {},
    "filter": {"filter_length": 16},
    "batch norm": {"norm": True},
    "two channels": {"channels": 2},
    "32768 samples": {"slice_length": 32768},
    "65536 samples": {"slice_length": 65536},
    "everything": {
        "dim": 3,
        "channels": 2,
        "slice_length": 32768,
        "kernel_length": 10,
        "norm": True,
        "filter_length": 7,
    },
}


def wanted_slice(options):
    return {"slice_length": options["slice_length"]} if "slice_length" in options else {}


@pytest.mark.parametrize("options", GENERATORS.values(), ids=GENERATORS)
def test_generator_equals_the_originals_graph(options, tmp_path):
    z = latents()
    prefix, expected = tf1_graphs.save(tmp_path, tf1_graphs.generator(**options), z)
    assert np.mean(np.abs(expected) > 0.99) < 0.1
    generator = load(load_tf1_generator, prefix, **wanted_slice(options))
    assert_equal(generator(z), expected)


DISCRIMINATORS = {
    "plain": {},
    "batch norm": {"norm": True},
    "32768 samples": {"slice_length": 32768},
    "65536 samples": {"slice_length": 65536},
    "everything": {"dim": 3, "slice_length": 32768, "kernel_length": 10, "norm": True},
}


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("options", DISCRIMINATORS.values(), ids=DISCRIMINATORS)
def test_discriminator_equals_the_originals_graph(options, channels, tmp_path):
    x = waveforms(3, options.get("slice_length", 16384), channels)
    prefix, expected = tf1_graphs.save(tmp_path, tf1_graphs.discriminator(**options), x)
    discriminator = load(load_tf1_discriminator, prefix, **wanted_slice(options))
    assert_equal(discriminator(x), expected)
    unshuffled = load(load_tf1_discriminator, prefix, phase_shuffle=0, **wanted_slice(options))
    assert_equal(unshuffled(x, seed=tf.constant([0, 0])), expected)


@pytest.mark.parametrize("radius", [2, 5])
def test_shuffled_discriminator_equals_the_originals_graph_with_the_same_shifts(radius, tmp_path):
    x, seed = waveforms(3, 16384, 1), tf.constant([3, 4])
    shifts = [int(PhaseShuffle(radius).shift(tf.random.fold_in(seed, i))) for i in range(4)]
    assert min(shifts) < 0 < max(shifts)
    prefix, expected = tf1_graphs.save(tmp_path, tf1_graphs.discriminator(shifts=shifts), x)
    discriminator = load(load_tf1_discriminator, prefix, phase_shuffle=radius)
    assert_equal(discriminator(x, seed=seed), expected)
    assert np.abs(discriminator(x) - expected).max() > 1e-3


@pytest.mark.parametrize("options", [{}, {"filters": 3, "num_classes": 4}])
def test_speech_classifier_equals_the_originals_graph(options, tmp_path):
    x = waveforms(5, 16384)
    prefix, expected = tf1_graphs.save(tmp_path, tf1_graphs.classifier(**options), x)
    classifier = load(load_tf1_classifier, prefix)
    assert_equal(tf.nn.softmax(classifier(x)), expected)


@needs_metagraphs
def test_generator_equals_the_originals_metagraph(tmp_path):
    z = latents(100)
    with tf1_graphs.metagraph(Path(os.environ[METAGRAPHS]) / "sc09_generator_infer.meta", tmp_path) as original:
        prefix, session = original
        expected = session.run("G_z:0", {"z:0": z})
    assert np.mean(np.abs(expected) > 0.99) < 0.1
    assert_equal(load(load_tf1_generator, prefix)(z), expected)


@needs_metagraphs
def test_speech_classifier_equals_the_originals_metagraph(tmp_path):
    x = waveforms(5, 16384)
    with tf1_graphs.metagraph(Path(os.environ[METAGRAPHS]) / "inception_infer.meta", tmp_path) as original:
        prefix, session = original
        expected = session.run("scores:0", {"x:0": x})
    assert_equal(tf.nn.softmax(load(load_tf1_classifier, prefix)(x)), expected)


def test_a_checkpoint_of_training_holds_both_networks(tmp_path):
    make, judge = tf1_graphs.generator(dim=2), tf1_graphs.discriminator(dim=2)
    made = []

    def network(z):
        made.append(make(z))
        return judge(made[0])

    z = latents()
    prefix, scores = tf1_graphs.save(tmp_path, network, z, adam=True)
    rest = "beta1_power, beta2_power, global_step, 48 slots of optimizers (Adam, Adam_1)"
    generator = load(load_tf1_generator, prefix, unused=f"{rest}, 12 variables D/...")
    discriminator = load(load_tf1_discriminator, prefix, unused=f"{rest}, 12 variables G/...")
    assert_equal(discriminator(generator(z)), scores)


def test_nothing_is_warned_of_where_all_is_used(tmp_path):
    prefix, _ = tf1_graphs.save(tmp_path, tf1_graphs.generator(dim=2), latents(), step=False)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        load_tf1_generator(prefix)


def test_variables_of_an_unknown_kind_are_named(tmp_path):
    def network(z):
        tf1_graphs.variable("G/gate", [3])
        return tf1_graphs.generator(dim=2)(z) + tf1_graphs.variable("extra/bias", [1])

    prefix, _ = tf1_graphs.save(tmp_path, network, latents())
    load(load_tf1_generator, prefix, unused="G/gate, extra/bias, global_step")


@pytest.mark.parametrize(
    ("loader", "make", "shape"),
    [
        (load_tf1_generator, functools.partial(tf1_graphs.generator, dim=1), (6,)),
        (load_tf1_discriminator, functools.partial(tf1_graphs.discriminator, dim=1), (None, 1)),
    ],
)
def test_lengths_of_slices_that_do_not_fit_are_refused(loader, make, shape, tmp_path):
    for length, fitting in ((16384, "16384"), (32768, "32768 or 65536")):
        folder = tmp_path / str(length)
        folder.mkdir()
        x = waveforms(1, *(length if size is None else size for size in shape))
        prefix, _ = tf1_graphs.save(folder, make(slice_length=length), x)
        refused = 32768 if length == 16384 else 16384
        with pytest.raises(ValueError, match=f"makes slices of {fitting} samples; slice_length is {refused}"):
            loader(prefix, slice_length=refused)
    with pytest.raises(ValueError, match="fits slices of 32768 or 65536 samples alike: set slice_length"):
        loader(prefix)


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    """Prefix of a generator's checkpoint."""
    return tf1_graphs.save(tmp_path_factory.mktemp("original"), tf1_graphs.generator(dim=2), latents())[0]


@pytest.mark.parametrize("name", ["model.ckpt", "model.ckpt-100.index", ""])
def test_a_missing_checkpoint_is_named_with_what_is_asked_for(name, original):
    prefix = Path(original).with_name(name) if name else Path(original).parent
    with pytest.raises(ValueError, match=re.escape(f"There is no checkpoint {prefix}: no file {prefix}.index. Give")):
        load_tf1_generator(prefix)


@pytest.mark.parametrize(
    ("ending", "damage"),
    [
        ("index", lambda content: content[:-20]),
        ("index", lambda content: b""),
        ("data-00000-of-00001", lambda content: content[: len(content) // 2]),
        ("data-00000-of-00001", lambda content: content[:1000] + bytes(100) + content[1100:]),
        ("data-00000-of-00001", None),
    ],
    ids=["truncated index", "empty index", "truncated data", "changed data", "no data"],
)
def test_a_damaged_checkpoint_is_one_sentence(ending, damage, original, tmp_path):
    shutil.copytree(Path(original).parent, tmp_path, dirs_exist_ok=True)
    prefix = tmp_path / Path(original).name
    file = Path(f"{prefix}.{ending}")
    if damage is None:
        file.unlink()
    else:
        file.write_bytes(damage(file.read_bytes()))
    with pytest.raises(ValueError, match=re.escape(f"Checkpoint {prefix} is damaged or incomplete (")) as raised:
        load_tf1_generator(prefix)
    assert "\n" not in str(raised.value)


def test_a_foreign_checkpoint_is_refused_with_the_variable_that_tells(original, tmp_path):
    model = keras.Sequential([keras.layers.Dense(2)])
    model.build((None, 3))
    kerases = tf.train.Checkpoint(model=model).save(tmp_path / "model")
    for loader, prefix, reason in (
        (load_tf1_generator, kerases, "generator: it has 0 layers like G/upconv_0/conv2d_transpose/kernel"),
        (load_tf1_discriminator, original, "discriminator: it has 0 layers like D/downconv_0/conv1d/kernel"),
        (load_tf1_classifier, original, "speech classifier: it has no variable classifier/conv2d/bias"),
    ):  # fmt: skip
        with pytest.raises(ValueError, match=re.escape(f"Checkpoint {prefix} does not hold a WaveGAN {reason}")):
            loader(prefix)


@pytest.mark.parametrize(
    ("name", "shape", "reason"),
    [
        ("G/upconv_2/conv2d_transpose/bias", [5], "its {name} has shape [5], not [4]"),
        ("G/upconv_1/conv2d_transpose/kernel", [25, 8, 16], "its {name} has shape [25, 8, 16]"),
        ("G/z_project/dense/kernel", [512], "its {name} has shape [512]"),
        ("G/upconv_3/conv2d_transpose/bias", None, "it has no variable {name}"),
        ("G/batch_normalization/gamma", [32], "it has no variable G/z_project/batch_normalization/gamma"),
    ],
)  # fmt: skip
def test_a_generator_of_another_build_is_refused(name, shape, reason, tmp_path):
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        tf1_graphs.generator(dim=2)(tf.zeros([1, 6]))
        variables = {variable.op.name: variable for variable in tf.compat.v1.global_variables()}
        variables.pop(name, None)
        if shape is not None:
            variables[name] = tf1_graphs.variable("other", shape)
        tf1_graphs.randomise(session)
        prefix = tf.compat.v1.train.Saver(variables).save(session, str(tmp_path / "model.ckpt"))
    message = f"Checkpoint {prefix} does not hold a WaveGAN generator: {reason.format(name=name)}."
    with pytest.raises(ValueError, match=re.escape(message)):
        load_tf1_generator(prefix)
