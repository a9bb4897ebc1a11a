"""Everything that takes a person's bytes: samples of them, and what is asked with a damaged one."""

from __future__ import annotations

import base64
import contextlib
import dataclasses
import io
import json
import os
import shutil
import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import grpc
import keras
import numpy as np
import requests
import soundfile
import tensorflow as tf
from ml_collections import ConfigDict
from PIL import Image as Pillow
from tensorflow_serving.apis import predict_pb2

from latent_xlate import training
from latent_xlate.bridge.bridge_config import BridgeConfig
from latent_xlate.bridge.class_map import ClassMap
from latent_xlate.data import class_folders
from latent_xlate.domains.custom.keras_domain import KerasDomain, load_parts
from latent_xlate.domains.custom.saved_model_domain import SavedModelDomain
from latent_xlate.domains.speech.tf1_checkpoint import load_tf1_generator
from latent_xlate.few_labels import label_file
from latent_xlate.latents.latents import Latents
from latent_xlate.modalities import npy_files
from latent_xlate.modalities.array import Array
from latent_xlate.modalities.audio import Audio
from latent_xlate.modalities.image import Image
from latent_xlate.modalities.modality import Modality
from latent_xlate.packaging.training_runs import read_run, read_stages
from latent_xlate.reproduction.kept_numbers import KeptNumbers
from latent_xlate.serving import export
from latent_xlate.serving.exported_modalities import MODALITIES_FILE, read_modalities
from latent_xlate.translator import Translator
from tests.support import own_models, tf1_graphs, tiny
from tests.support.oracle import VectorDomain
from tests.support.served import serving

Refused = (ValueError, OSError, tf.errors.InvalidArgumentError)


@dataclasses.dataclass(frozen=True)
class Kind:
    """One way in.

    Attributes:
        samples: Right inputs.
        ask: Takes the number of a sample and what has become of it; returns the arrays of the answer.
        refused: The documented errors.
    """

    samples: Sequence[bytes]
    ask: Callable[[int, bytes], Any]
    refused: tuple[type[Exception], ...] = (ValueError,)


class ServerEndedError(BaseException):
    """The server that was asked has ended, which counts as a crash."""


# ---- Files of data ---------------------------------------------------------------------------


def _file_kinds(modality: Modality, samples: dict[str, bytes]) -> tuple[Kind, Kind]:
    """Reading of files as commands do, and as a served signature does."""
    names = list(samples)
    read = tf.function(modality.read, [tf.TensorSpec([None], tf.string)])

    def prepared(folder: Path, number: int, content: bytes) -> np.ndarray:
        path = folder / names[number]
        path.write_bytes(content)
        return _within(modality, read(tf.constant([modality.prepare(path)])))

    def served(number: int, content: bytes) -> np.ndarray:
        return _within(modality, read(tf.constant([content])))

    contents = list(samples.values())
    return (
        Kind(contents, lambda number, content: prepared(Path.cwd(), number, content), Refused),
        Kind(contents, served, (tf.errors.InvalidArgumentError,)),
    )


def _within(modality: Modality, x: tf.Tensor) -> np.ndarray:
    assert x.shape == (1, *modality.shape), x.shape
    return modality.check(x.numpy())


def _pictures() -> dict[str, bytes]:
    samples = {}
    pixels = np.random.default_rng(0).integers(0, 256, (13, 9, 4), np.uint8)
    forms = [(mode, "png", {}) for mode in ("1", "L", "LA", "P", "RGB", "RGBA", "I;16")]
    forms += [
        ("L", "jpeg", {}),
        ("RGB", "jpeg", {"progressive": True}),
        ("CMYK", "jpeg", {}),
        ("RGB", "png", {"transparency": (0, 0, 0)}),
    ]
    forms += [(mode, "bmp", {}) for mode in ("1", "L", "P", "RGB")] + [(mode, "gif", {}) for mode in ("L", "P")]
    exif = Pillow.Exif()
    exif[0x0112] = 6
    forms += [("RGB", "jpeg", {"exif": exif}), ("L", "png", {"exif": exif})]
    for number, (mode, kind, options) in enumerate(forms):
        picture = (
            Pillow.fromarray(pixels[..., 0].astype(np.uint16) * 257)
            if mode == "I;16"
            else Pillow.fromarray(pixels).convert(mode)
        )
        file = io.BytesIO()
        picture.save(file, kind, **options)
        samples[f"{number}.{kind}"] = file.getvalue()
    return samples


def pictures() -> Kind:
    return _file_kinds(Image(28, 28), _pictures())[0]


def pictures_served() -> Kind:
    return _file_kinds(Image(28, 28), _pictures())[1]


def _sounds() -> dict[str, bytes]:
    samples = {}
    x = np.random.default_rng(0).normal(0, 0.2, (2000, 2)).clip(-0.9, 0.9)
    forms = [
        ("wav", form)
        for form in ("PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE", "ULAW", "ALAW", "IMA_ADPCM")
    ]
    forms += [
        ("flac", "PCM_16"),
        ("ogg", "VORBIS"),
        ("mp3", None),
        ("aiff", "PCM_16"),
        ("au", "FLOAT"),
        ("ogg", "OPUS"),
    ]
    for number, (ending, subtype) in enumerate(forms):
        file = io.BytesIO()
        soundfile.write(file, x[:, : 1 + number % 2], 8000, subtype, format=ending)
        samples[f"{number}.{ending}"] = file.getvalue()
    file = io.BytesIO()
    soundfile.write(file, x, 8000, "PCM_16", format="WAVEX")
    return samples | {"extensible.wav": file.getvalue()}


def sounds() -> Kind:
    return _file_kinds(Audio(), _sounds())[0]


def sounds_served() -> Kind:
    return _file_kinds(Audio(), _sounds())[1]


def _arrays() -> dict[str, bytes]:
    samples = {}
    x = np.random.default_rng(0).normal(size=(4, 3))
    for dtype in ("<f4", ">f8", "<f2", "|u1", "<i8", "?"):
        file = io.BytesIO()
        np.save(file, np.asfortranarray(x.astype(dtype)))
        samples[f"{len(samples)}.npy"] = file.getvalue()
    for save in (np.savez, np.savez_compressed):
        file = io.BytesIO()
        save(file, x=x.astype(np.float32))
        samples[f"{len(samples)}.npz"] = file.getvalue()
    return samples


def arrays() -> Kind:
    return _file_kinds(Array((4, 3)), _arrays())[0]


def arrays_served() -> Kind:
    samples = {}
    for dtype in ("|u1", "<f8", "<f2", "<i8", "<f4"):
        file = io.BytesIO()
        np.save(file, np.ones((4, 3), dtype))
        samples[dtype] = file.getvalue()
    return _file_kinds(Array((4, 3)), samples)[1]


def batches() -> Kind:
    """npz files of many instances."""
    samples = []
    for save in (np.savez, np.savez_compressed):
        file = io.BytesIO()
        save(file, x=np.ones((2, 4, 3), np.float32), y=np.arange(3))
        samples.append(file.getvalue())
    return Kind(samples, lambda number, content: Array((4, 3)).check(npy_files.read_npz(content)))


# ---- Tables and settings ---------------------------------------------------------------------


class _Blank(Array):
    """Does not look into files, so that only tables matter."""

    def prepare(self, path: Path) -> bytes:
        return b""

    def read(self, files: tf.Tensor) -> tf.Tensor:
        return tf.zeros([tf.size(files), *self.shape])


def tables() -> Kind:
    head, files = ["file", "class", "split"], [f"{number}.npy" for number in range(4)]
    rows = [head, *([name, "ab"[number % 2], ("train", "test")[number // 2]] for number, name in enumerate(files))]
    folder = Path("data")
    folder.mkdir()
    for name in files:
        (folder / name).touch()
    domains = [VectorDomain("digits", 4), VectorDomain("words", 4)]
    for domain, names in zip(domains, (("0", "1"), ("zero", "one")), strict=True):
        domain.class_names = names

    def labels(content: bytes) -> Any:
        (folder / "labels.csv").write_bytes(content)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            splits = class_folders.read_folder(folder, _Blank((1,)))
        return [data.labels for data in splits.values()]

    def class_map(content: bytes, name: str) -> Any:
        Path(name).write_bytes(content)
        return [np.array(groups) for groups in ClassMap.read(name, domains).groups]

    def few(content: bytes) -> Any:
        Path("few.csv").write_bytes(content)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return label_file.read("few.csv", domains, ["shipped", "dataset"], [5, 4])

    text = "\n".join(",".join(row) for row in rows)
    asks = [
        (text.encode(), labels),
        (("sep=;\n" + text.replace(",", ";")).encode(), labels),
        (text.replace(",", "\t").encode("utf-16"), labels),
        (b"digits,words\n0,zero\n1,one\n", lambda content: class_map(content, "map.csv")),
        (b'{"0": "zero", "1": ["one", "zero"]}', lambda content: class_map(content, "map.json")),
        (b"domain,latents,index,class\ndigits,shipped,4,1\nwords,dataset,0,zero\ndigits,shipped,1,\n", few),
    ]
    return Kind([content for content, _ in asks], lambda number, content: asks[number][1](content))


def settings() -> Kind:
    """JSON files that runs and exports leave."""
    run, exported = Path("run"), Path("exported")
    (exported / MODALITIES_FILE).parent.mkdir(parents=True)
    run.mkdir()
    kinds = {"a": Image(28, 28), "b": Audio(), "c": Array((2, 3))}
    config = {
        "model": "vae",
        "dataset": "mnist",
        "prior": "normal",
        "align": "none",
        "initial": None,
        "model_size": {"dim": 4},
    }
    modalities = json.dumps({name: kind.get_config() for name, kind in kinds.items()})
    numbers: dict[str, Any] = {"runs": {"a": {"config": {}, "metrics": {}}}, "measurements": {}}
    bridge = json.loads(json.dumps(BridgeConfig(domains=("mnist", "fashion_mnist")).to_dict()))
    for name in ("config.json", "metrics.json"):
        (run / name).write_text(json.dumps(config))

    def write(path: Path, content: bytes, read: Callable[[], Any]) -> None:
        before = path.read_bytes() if path.exists() else None
        path.write_bytes(content)
        try:
            read()
        finally:
            path.unlink() if before is None else path.write_bytes(before)

    asks = [
        (modalities, exported / MODALITIES_FILE, lambda: read_modalities(exported)),
        (json.dumps(config), run / "config.json", lambda: read_run(run, "vae")),
        (json.dumps({"test": {"accuracy": 0.5}}), run / "metrics.json", lambda: read_run(run, "vae")),
        (json.dumps(config), run / "config.json", lambda: read_stages(run)),
        (json.dumps(config), run / "config.json", lambda: training.open_workdir(run, config)),
        (json.dumps(bridge), run / "config.json", lambda: training.open_workdir(run, bridge)),
        (json.dumps(bridge), run / "bridge.json", lambda: BridgeConfig.from_dict(_json(run / "bridge.json"))),
        (json.dumps(numbers), run / "numbers.json", lambda: KeptNumbers.load(run)),
    ]  # fmt: skip
    return Kind(
        [text.encode() for text, *_ in asks], lambda number, content: write(asks[number][1], content, asks[number][2])
    )


def _json(path: Path) -> Any:
    """A configuration's values, which `ml_collections` would refuse if they were no dictionary."""
    try:
        return ConfigDict(json.loads(path.read_text())).to_dict()
    except Exception as error:
        raise ValueError(type(error).__name__) from None


# ---- Models ----------------------------------------------------------------------------------


def _folder_kind(folder: Path, ask: Callable[[], Any], most: int = 40) -> Kind:
    """A kind whose inputs are a folder with one file damaged."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())[:most]

    def damaged(number: int, content: bytes) -> Any:
        before = paths[number].read_bytes()
        paths[number].write_bytes(content)
        try:
            return ask()
        finally:
            paths[number].write_bytes(before)

    return Kind([path.read_bytes() for path in paths], damaged)


def translators() -> Kind:
    folder = tiny.translator().save("translator")
    x = np.zeros((1, 28, 28, 1), np.float32)
    return _folder_kind(folder, lambda: Translator.load(folder).translate(x, "digits", "clothes"))


def keras_files() -> Kind:
    folder = Path("keras")
    folder.mkdir()
    for name, model in {
        "encoder": own_models.encoder(),
        "decoder": own_models.decoder(),
        "classifier": own_models.classifier(),
    }.items():
        model.save(folder / f"{name}.keras")

    def ask() -> Any:
        domain = KerasDomain.of("own", **load_parts(**{path.stem: path for path in folder.iterdir()}))
        x = tf.zeros([1, *domain.data_shape])
        return [*domain.encode(x), domain.decode(tf.zeros([1, domain.latent_dim])), domain.classify(x)]

    return _folder_kind(folder, ask)


def saved_models() -> Kind:
    folder = own_models.saved_model(Path("saved_model"))

    def ask() -> Any:
        domain = SavedModelDomain.of("own", folder)
        return [*domain.encode(tf.zeros([1, *domain.data_shape])), domain.decode(tf.zeros([1, domain.latent_dim]))]

    return _folder_kind(folder, ask)


def tf1_checkpoints() -> Kind:
    folder = Path("tf1")
    folder.mkdir()
    prefix, _ = tf1_graphs.save(folder, tf1_graphs.generator(dim=1), np.zeros((1, 4), np.float32))

    def ask() -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model = load_tf1_generator(prefix)
        return model(tf.zeros([1, model.latent_dim]))

    return _folder_kind(folder, ask)


def checkpoints() -> Kind:
    """Checkpoints from which a training goes on."""
    folder = Path("training")

    def train() -> Any:
        keras.utils.set_random_seed(0)
        model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
        model.compile("adam", "mse")
        x = tf.ones([4, 3]), tf.zeros([4, 2])
        with contextlib.redirect_stderr(io.StringIO()):
            training.train(model, lambda *_: x, num_steps=2, batch_size=4, workdir=folder, steps_per_log=1)
        return model.get_weights()

    train()
    kept = Path("kept")
    shutil.copytree(folder, kept)

    def again() -> Any:
        try:
            return train()
        finally:
            shutil.rmtree(folder)
            shutil.copytree(kept, folder)

    return _folder_kind(folder / "checkpoints", again)


def latents() -> Kind:
    rng = np.random.default_rng(0)
    Latents(rng.normal(size=(5, 3)), np.ones((5, 3)), np.zeros(5, np.int32)).save("latents.npz")

    def ask(number: int, content: bytes) -> Any:
        Path("damaged.npz").write_bytes(content)
        loaded = Latents.load("damaged.npz")
        return [loaded.mu, loaded.sigma, loaded.labels]

    return Kind([Path("latents.npz").read_bytes()], ask)


# ---- A server --------------------------------------------------------------------------------

_running = contextlib.ExitStack()
_servers: list[Any] = []


def _server() -> Any:
    if not _servers:
        export.export_translator(tiny.translator(), Path("served"))
        _servers.append(_running.enter_context(serving(Path("served"))))
    return _servers[0]


def _requests() -> Iterator[tuple[str, dict[str, Any]]]:
    x = np.random.default_rng(0).random((2, 28, 28, 1), np.float32)
    files = tiny.image_domain().write(tf.constant(x)).numpy()
    yield "digits_to_clothes_latents", {"z": np.ones((2, 6), np.float32)}
    yield "digits_to_clothes", {"data_bytes": files}
    yield "digits_to_clothes_arrays", {"x": x[:1]}
    sampling = {"seed": np.zeros((2, 2), np.int32), "temperature": np.ones(2, np.float32)}
    yield "digits_to_clothes_sampled", {"data_bytes": files} | sampling


def rest() -> Kind:
    server = _server()
    bodies = []
    for signature, inputs in _requests():
        lists = {
            key: [{"b64": base64.b64encode(each).decode()} for each in value]
            if value.dtype == object
            else value.round(1).tolist()
            for key, value in inputs.items()
        }
        rows = [dict(zip(lists, row, strict=True)) for row in zip(*lists.values(), strict=True)]
        bodies += [{"signature_name": signature, "inputs": lists}, {"signature_name": signature, "instances": rows}]

    def ask(number: int, content: bytes) -> Any:
        try:
            answer = requests.post(f"{server.rest}/v1/models/translator:predict", data=content, timeout=60)
        except requests.ConnectionError:
            if server.process.poll() is not None:
                raise ServerEndedError(f"exit code {server.process.returncode}") from None
            raise
        said = answer.json()
        if 400 <= answer.status_code < 500:
            raise ValueError(said["error"])
        assert answer.status_code == 200, f"status {answer.status_code}: {said}"
        return [np.array(value, np.float64) for value in _floats(said)]

    return Kind([json.dumps(body).encode() for body in bodies], ask)


def _floats(value: Any) -> Iterator[float]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for each in value:
            yield from _floats(each)
    elif not isinstance(value, str):
        assert value is not None, "null in an answer"
        yield value


def rpc() -> Kind:
    server = _server()
    channel = grpc.insecure_channel(server.grpc)
    _running.callback(channel.close)
    predict = channel.unary_unary("/tensorflow.serving.PredictionService/Predict")
    messages = []
    for signature, inputs in _requests():
        message = predict_pb2.PredictRequest(model_spec={"name": "translator", "signature_name": signature})
        for key, value in inputs.items():
            message.inputs[key].CopyFrom(tf.make_tensor_proto(value))
        messages.append(message.SerializeToString())

    def ask(number: int, content: bytes) -> Any:
        code = grpc.StatusCode
        try:
            answer = predict_pb2.PredictResponse.FromString(predict(content, timeout=60))
        except grpc.RpcError as error:
            if server.process.poll() is not None:
                raise ServerEndedError(f"exit code {server.process.returncode}") from None
            if error.code() in (code.INVALID_ARGUMENT, code.NOT_FOUND, code.UNIMPLEMENTED):
                raise ValueError(error.details()) from None
            raise
        tensors = [tf.make_ndarray(tensor) for tensor in answer.outputs.values()]
        return [tensor for tensor in tensors if tensor.dtype != object]

    return Kind(messages, ask)


LIGHT = (pictures, pictures_served, sounds, sounds_served, arrays, arrays_served, batches, tables, settings, latents)
"""Kinds that take milliseconds an input."""

HEAVY = (rest, rpc, translators, keras_files, saved_models, tf1_checkpoints, checkpoints)

KINDS = {kind.__name__: kind for kind in (*LIGHT, *HEAVY)}


def close() -> None:
    """Stops the server."""
    _running.close()


def change_to(folder: str | os.PathLike) -> None:
    """Makes a folder the current one; kinds write there."""
    os.chdir(folder)
