"""The exported SavedModel against the translator, in this process and in one that knows neither Keras nor us."""

import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
from collections import Counter

import keras
import numpy as np
import pytest
import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2

from latent_xlate import checks
from latent_xlate.bridge.bridge_config import TransportConfig
from latent_xlate.bridge.transport_fitting import with_transport
from latent_xlate.latents.latents import Latents
from latent_xlate.modalities.array import Array
from latent_xlate.serving import export
from latent_xlate.translator import Translator
from tests.support import identity, predict_requests, tiny
from tests.support.decoders import decoders
from tests.support.paths import ROOT
from tests.support.tolerances import assert_close

PAIRS = list(itertools.product(["digits", "clothes"], repeat=2))


@pytest.fixture(scope="module")
def translator(served_translator):
    return served_translator


@pytest.fixture(scope="module")
def folder(served_base):
    return served_base / "translator" / "1"


@pytest.fixture(scope="module")
def model(folder):
    return export.load_export(folder)


def images(count: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).random((count, 28, 28, 1), np.float32)


def files(count: int) -> tf.Tensor:
    return tiny.image_domain().write(tf.constant(images(count)))


def test_signatures_are_those_of_every_pair_and_the_default(model):
    kinds = ["", "_arrays", "_latents"]
    names = {f"{s}_to_{t}{kind}{end}" for s, t in PAIRS for kind in kinds for end in ("", "_sampled")}
    assert set(model.signatures) == names | {"serving_default", "novelty_digits", "novelty_digits_arrays"}


@pytest.mark.parametrize("count", [0, 1, 5])
@pytest.mark.parametrize(("source", "target"), PAIRS)
def test_arrays_equal_the_translators(translator, model, source, target, count):
    x = images(count)
    y = model.signatures[f"{source}_to_{target}_arrays"](x=tf.constant(x))["x"]
    assert_close(y, translator.translate(x, source, target), atol=1e-6)


@pytest.mark.parametrize(("source", "target"), PAIRS)
def test_latents_equal_the_translators(translator, model, source, target):
    z = np.random.default_rng(0).normal(size=(4, translator.domain(source).latent_dim)).astype(np.float32)
    translated = model.signatures[f"{source}_to_{target}_latents"](z=tf.constant(z))["z"]
    assert_close(translated, translator.translate_latents(tf.constant(z), source, target), atol=1e-6)


@pytest.mark.parametrize(("source", "target"), PAIRS)
@pytest.mark.long
def test_files_equal_the_translators(translator, model, source, target):
    contents = files(5)
    translated = model.signatures[f"{source}_to_{target}"](data_bytes=contents)["data_bytes"]
    x = translator.domain(source).read(contents).numpy()
    expected = translator.translate(x, source, target)
    decoded = np.stack([tf.io.decode_png(content).numpy() for content in translated])
    np.testing.assert_array_equal(decoded, np.round(expected * 255).astype(np.uint8))


@pytest.mark.parametrize("count", [0, 1, 5])
@pytest.mark.long
def test_novelty_equals_the_translators(translator, model, count):
    x = images(count)
    novelty = translator.novelty(x, "digits")
    assert novelty.shape == (count,)
    answer = model.signatures["novelty_digits_arrays"](x=tf.constant(x))
    assert_close(answer["novelty"], novelty, rtol=1e-5)
    contents = files(count)
    of_files = model.signatures["novelty_digits"](data_bytes=contents)["novelty"]
    read = translator.domain("digits").read(contents).numpy()
    assert_close(of_files, translator.novelty(read, "digits"), rtol=1e-5)


def test_default_takes_files_of_the_first_domain_to_the_second(model):
    default, named = (model.signatures[name](data_bytes=files(2)) for name in ("serving_default", "digits_to_clothes"))
    np.testing.assert_array_equal(default["data_bytes"], named["data_bytes"])


def test_sampled_latents_are_the_bridges_with_the_noise_of_each_rows_seed(translator, model):
    z = tf.constant(np.random.default_rng(0).normal(size=(3, 6)).astype(np.float32))
    seed = tf.constant([[7, 0], [7, 1], [-5, 2**31 - 1]])
    noise = tf.stack([tf.random.stateless_normal([3], row) for row in seed])
    function = model.signatures["digits_to_clothes_latents_sampled"]
    for temperature in ([1.0, 1.0, 1.0], [0.5, 0.0, 2.0]):
        sampled = function(z=z, seed=seed, temperature=tf.constant(temperature))["z"]
        scaled = tf.constant(temperature)[:, tf.newaxis] * noise
        assert_close(sampled, translator.translate_latents(z, "digits", "clothes", scaled), atol=1e-6)
    mean = model.signatures["digits_to_clothes_latents"](z=z)["z"]
    np.testing.assert_array_equal(function(z=z, seed=seed, temperature=tf.zeros([3]))["z"], mean)


@pytest.mark.parametrize(("kept", "residual_axes"), [(0, 0), (2, 0), (0, 3), (2, 3)])
@pytest.mark.long
def test_transport_between_shared_latents_is_exported(tmp_path, kept, residual_axes):
    translator = tiny.translator()
    generator = np.random.default_rng(0)
    latents = [
        Latents(
            generator.normal(size=(60, size)).astype(np.float32), np.ones((60, size), np.float32), np.arange(60) % 10
        )
        for size in translator.bridge.latent_dims
    ]
    config = TransportConfig(points=5, certainty=0.0, aligned=residual_axes > 0, residual_axes=residual_axes)
    bridge = with_transport(translator.bridge, latents, config, kept)
    carrying = Translator(translator.domains.values(), bridge)
    folder = export.export_translator(carrying, tmp_path)
    signatures = export.load_export(folder).signatures
    z, seed = tf.constant(generator.normal(size=(4, 6)), tf.float32), tf.zeros([4, 2], tf.int32)
    exported = signatures["digits_to_clothes_latents"](z=z)["z"]
    assert_close(exported, carrying.translate_latents(z, "digits", "clothes"), atol=1e-6)
    assert not np.allclose(exported, translator.translate_latents(z, "digits", "clothes"), atol=1e-3)
    sampled = signatures["digits_to_clothes_latents_sampled"](z=z, seed=seed, temperature=tf.fill([4], 0.5))["z"]
    noise = carrying.noise(seed, tf.fill([4], 0.5))
    assert_close(sampled, carrying.translate_latents(z, "digits", "clothes", noise), atol=1e-6)
    itself = signatures["digits_to_digits_latents"](z=z)["z"]
    assert_close(itself, translator.translate_latents(z, "digits", "digits"), atol=1e-6)
    without = translator.translate_latents(z, "digits", "clothes").numpy()
    assert_close(exported[:, :kept], without[:, :kept], atol=1e-6)
    x = tf.constant(images(2))
    of_arrays = signatures["digits_to_clothes_arrays"](x=x)["x"]
    assert_close(of_arrays, carrying.translate(x.numpy(), "digits", "clothes"), atol=1e-6)
    content = (folder / "saved_model.pb").read_bytes()
    functions = saved_model_pb2.SavedModel.FromString(content).meta_graphs[0].graph_def.library.function
    assert sum("decode_latents" in function.signature.name for function in functions) == 2  # One a target.


@pytest.mark.parametrize("number", [0, 5])
@pytest.mark.parametrize("temperature", [0.0, 0.7, 1.0])
def test_sampled_arrays_equal_the_translators(translator, model, number, temperature):
    x = images(number)
    seed = tf.constant(np.array([(11, row) for row in range(number)], np.int32).reshape(number, 2))
    sampled = model.signatures["digits_to_clothes_arrays_sampled"]
    y = sampled(x=tf.constant(x), seed=seed, temperature=tf.fill([number], temperature))["x"]
    expected = translator.translate(x, "digits", "clothes", seed=11, temperature=temperature)
    assert_close(y, expected, atol=1e-6)


@pytest.mark.parametrize(("seeds", "temperatures", "what"), [(1, 3, "seed"), (3, 1, "temperature"), (2, 2, "seed")])
def test_each_instance_has_a_seed_and_a_temperature_of_its_own(model, seeds, temperatures, what):
    signature = model.signatures["digits_to_clothes_arrays_sampled"]
    inputs = {"seed": tf.zeros([seeds, 2], tf.int32), "temperature": tf.ones([temperatures])}
    with pytest.raises(tf.errors.InvalidArgumentError) as raised:
        signature(x=tf.constant(images(3)), **inputs)
    assert f"{what} needs a row for each instance: it has {min(seeds, temperatures)} for 3." in raised.value.message


@pytest.mark.parametrize("temperature", [-1.5, 101.0, 3e38, float("nan"), float("inf")])
def test_a_temperature_that_is_none_is_refused_in_one_sentence(model, temperature):
    sampled, x, seed = model.signatures["digits_to_clothes_arrays_sampled"], images(3), tf.zeros([3, 2], tf.int32)
    with pytest.raises(tf.errors.InvalidArgumentError) as raised:
        sampled(x=tf.constant(x), seed=seed, temperature=tf.constant([1.0, temperature, -2.0]))
    said = checks.sentence(raised.value)
    number = said.removeprefix("The temperature is ").removesuffix("; it must lie in [0, 100]")
    assert float(number) == pytest.approx(temperature, nan_ok=True)


@pytest.mark.parametrize(("kind", "key"), [("", "data_bytes"), ("_arrays", "x")])
def test_sample_depends_on_its_own_seed_and_on_no_neighbour(model, kind, key):
    batch = {"data_bytes": files(4), "x": tf.constant(images(4))}[key]
    seed = tf.constant([[3, 0], [3, 1], [3, 0], [4, 0]])
    sampled = model.signatures[f"digits_to_clothes{kind}_sampled"]

    def pixels(batch, seed):
        answer = sampled(**{key: batch}, seed=seed, temperature=tf.ones([len(seed)]))[key]
        return answer.numpy() if key == "x" else np.stack([tf.io.decode_png(a) / 255 for a in answer])

    together = pixels(batch, seed)
    alone = np.concatenate([pixels(batch[i : i + 1], seed[i : i + 1]) for i in range(4)])
    assert_close(together, alone, atol=1e-6)
    same = tf.repeat(batch[:1], 4, axis=0)
    first, second, third, fourth = pixels(same, seed)
    np.testing.assert_array_equal(first, third)
    assert np.abs(first - second).max() > 1e-3
    assert np.abs(first - fourth).max() > 1e-3


@pytest.mark.long
def test_loads_without_keras_and_without_this_package(translator, folder, tmp_path):
    x = images(3)
    np.save(tmp_path / "x.npy", x)
    program = """
import sys, json
sys.modules |= {"keras": None, "latent_xlate": None}  # To import either now fails.
import numpy as np, tensorflow as tf
folder, path = sys.argv[1:]
model = tf.saved_model.load(folder)
x = tf.constant(np.load(path))
files = tf.map_fn(tf.io.encode_png, tf.cast(x * 255, tf.uint8), fn_output_signature=tf.string)
np.save(path, model.signatures["digits_to_clothes_arrays"](x=x)["x"])
png = tf.io.decode_png(model.signatures["serving_default"](data_bytes=files)["data_bytes"][0])
print(json.dumps(png.shape.as_list()))
"""
    command = [sys.executable, "-c", program, str(folder), str(tmp_path / "x.npy")]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout) == [28, 28, 1]
    assert_close(np.load(tmp_path / "x.npy"), translator.translate(x, "digits", "clothes"), atol=1e-6, rtol=0)


@pytest.mark.parametrize(("signature", "inputs", "message"), predict_requests.BAD)
def test_bad_inputs_are_refused_with_a_sentence(model, signature, inputs, message):
    with pytest.raises(tf.errors.InvalidArgumentError) as raised:
        model.signatures[signature](**{key: tf.constant(value) for key, value in inputs.items()})
    assert message in raised.value.message


@pytest.mark.parametrize("value", [np.finfo(np.float32).max, -np.finfo(np.float32).max, np.inf])
@pytest.mark.parametrize("kind", ["arrays", "latents"])
def test_arrays_of_any_range_never_give_nan(value, kind):
    wide = identity.translator(Array((4,)))
    (function,) = [f for name, f in export.trace_signatures(wide, [("here", "there")]).items() if name.endswith(kind)]
    ((key, _),) = function.structured_input_signature[1].items()
    row = np.array([[value, 0, 0, 0]], np.float32)
    if np.isfinite(value):
        np.testing.assert_array_equal(function(**{key: tf.constant(row)})[key], row)
    else:
        with pytest.raises(tf.errors.InvalidArgumentError, match=f"{key} has 1 NaN or infinite value\\."):
            function(**{key: tf.constant(row)})


def test_bridge_without_a_shared_latent_has_no_signature_that_samples(tmp_path):
    pairs = itertools.product(["here", "there"], repeat=2)
    names = {f"{source}_to_{target}{kind}" for source, target in pairs for kind in ("", "_arrays", "_latents")}
    folder = export.export_translator(identity.translator(Array((4,))), tmp_path)
    assert set(export.load_export(folder).signatures) == names | {"serving_default"}


def test_domain_without_encoder_is_a_source_of_latents_alone(tmp_path):
    translator = decoders()
    signatures = export.load_export(export.export_translator(translator, tmp_path)).signatures
    names = {f"{s}_to_{t}_latents{end}" for s, t in PAIRS for end in ("", "_sampled")}
    assert set(signatures) == names | {"serving_default"}
    z = tf.constant(np.random.default_rng(0).normal(size=(2, 6)).astype(np.float32))
    expected = translator.translate_latents(z, "digits", "clothes")
    assert_close(signatures["serving_default"](z=z)["z"], expected, atol=1e-6)


def test_domains_whose_signatures_would_have_one_name_are_refused(tmp_path):
    with pytest.raises(ValueError, match="'a_to_a_to_a_latents': name a domain otherwise"):
        export.export_translator(decoders(("a", "a_to_a")), tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("pair", [("digit", "clothes"), ("digits", "cloths")])
def test_unknown_domain_is_refused(translator, pair):
    with pytest.raises(ValueError, match="Unknown domain .* Did you mean"):
        export.trace_signatures(translator, [pair])


def test_each_export_is_the_next_version_and_leaves_the_earlier_alone(folder, tmp_path):
    base = tmp_path / "base"
    (base / "translator" / "9").mkdir(parents=True)
    (base / "translator" / "notes").mkdir()
    shutil.copytree(folder, base / "translator" / "2")
    made = export.export_translator(decoders(), base)
    assert made == base / "translator" / "10"
    assert sorted(path.name for path in (base / "translator").iterdir()) == ["10", "2", "9", "notes"]
    for path in folder.rglob("*"):
        if path.is_file():
            assert (base / "translator" / "2" / path.relative_to(folder)).read_bytes() == path.read_bytes()


def test_failed_export_leaves_nothing(tmp_path, monkeypatch):
    save = tf.saved_model.save

    def full_disk(module, path, **kwargs):
        save(module, path, **kwargs)
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(tf.saved_model, "save", full_disk)
    with pytest.raises(OSError, match="No space left"):
        export.export_translator(decoders(), tmp_path)
    assert list((tmp_path / "translator").iterdir()) == []


def test_version_taken_meanwhile_is_not_overwritten(tmp_path):
    (tmp_path / "1").mkdir()
    model = tmp_path / ".exporting" / "model"
    for name in ("first", "second"):
        model.mkdir(parents=True)
        (model / name).touch()
        export._publish(model, tmp_path)
    assert [(tmp_path / version / name).exists() for version, name in (("2", "first"), ("3", "second"))] == [True, True]


def truncate(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda folder: (folder / "saved_model.pb").unlink(), "no SavedModel in"),
        (lambda folder: truncate(folder / "saved_model.pb"), "damaged"),
        (lambda folder: (folder / "saved_model.pb").write_text("nonsense"), "damaged"),
        (lambda folder: truncate(folder / "variables" / "variables.index"), "damaged"),
        (lambda folder: truncate(folder / "variables" / "variables.data-00000-of-00001"), "damaged"),
        (lambda folder: shutil.rmtree(folder / "variables"), "damaged"),
    ],
    ids=["no pb", "cut pb", "foreign pb", "cut index", "cut data", "no variables"],
)
def test_damaged_export_is_refused_in_one_line(folder, tmp_path, damage, message):
    copy = tmp_path / "1"
    shutil.copytree(folder, copy)
    damage(copy)
    with pytest.raises(ValueError, match=message) as raised:
        export.load_export(copy)
    assert str(copy) in str(raised.value)
    assert "\n" not in str(raised.value)


def test_foreign_saved_model_is_refused(tmp_path):
    dense = keras.Sequential([keras.layers.Input((2,)), keras.layers.Dense(1)])
    dense.export(tmp_path / "dense", verbose=False)
    with pytest.raises(ValueError, match="not an exported translator"):
        export.load_export(tmp_path / "dense")


KILLED = """
import os, signal, sys, tensorflow as tf
from latent_xlate.modalities.array import Array
from latent_xlate.serving import export
from tests.support.decoders import decoders
from tests.support.paths import ROOT
tf.saved_model.save = lambda module, path, **kwargs: (os.makedirs(path), os.kill(os.getpid(), signal.SIGKILL))
export.export_translator(decoders(), sys.argv[1])
"""


@pytest.mark.long
def test_next_export_removes_what_killed_ones_left(tmp_path):
    killed = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], cwd=ROOT, capture_output=True, check=False)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    folder = tmp_path / "translator"
    (left,) = folder.iterdir()
    assert left.name.startswith(".exporting.")
    old = folder / f".exporting.{os.getpid()}.old"
    unnumbered = folder / ".exporting.unnumbered"
    for path in (old, unnumbered):
        path.mkdir()
        os.utime(path, (0, 0))
    under_way = {folder / f".exporting.{os.getpid()}.new", folder / ".exporting.young"}
    for path in under_way:
        path.mkdir()
    assert export.export_translator(decoders(), tmp_path) == folder / "1"
    assert set(folder.iterdir()) == {folder / "1", *under_way}


def test_what_computes_is_stored_once_a_domain_and_not_once_a_signature(folder):
    content = (folder / "saved_model.pb").read_bytes()
    functions = saved_model_pb2.SavedModel.FromString(content).meta_graphs[0].graph_def.library.function
    bodies = Counter(
        b"".join(node.SerializeToString() for node in function.node_def)
        for function in functions
        if len(function.node_def) > 20
    )
    assert bodies
    assert max(bodies.values()) <= 2  # Both domains read pictures of one size.
    # Each signature has a function that calls others, and TensorFlow's wrapper of it. Readers have one for each branch.
    assert len(functions) - 2 * 24 < 40 * 2
