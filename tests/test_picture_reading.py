"""A picture is the same x by whatever way: a training set, `translate_path`, a signature, a server, the page."""

import csv
import io
import struct

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image as Pillow

from latent_xlate import checks
from latent_xlate.data.class_folders import LABELS_FILE, read_folder
from latent_xlate.file_translation import translate_path
from latent_xlate.modalities.image import Image
from latent_xlate.serving.client import TranslatorClient
from latent_xlate.serving.demo.models import Models
from latent_xlate.serving.demo.player import Player
from latent_xlate.serving.export import export_translator, load_export
from tests.support import identity, pictures
from tests.support.served import serving

pytestmark = pytest.mark.usefixtures("translators_loaded_once")

MODALITY = Image(20, 16, 3, "auto")
DAMAGED = checks.BAD_PICTURE
TOO_LARGE = "The picture has more than 16777216 pixels: scale it down."


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    base = tmp_path_factory.mktemp("served")
    export_translator(identity.translator(MODALITY), base)
    return base


@pytest.fixture(scope="module")
def server(base):
    with serving(base) as server:
        yield server


@pytest.fixture(scope="module")
def player():
    domains = identity.translator(MODALITY).domains
    return Player(Models(domains, {}, lambda z, source, target, seeds: z, False))


def read(content: bytes) -> np.ndarray:
    return MODALITY.read(tf.constant([content]))[0].numpy()


def pixels(content: bytes) -> np.ndarray:
    return tf.io.decode_png(content).numpy() / np.float32(255)


def as_png(pixels: np.ndarray) -> bytes:
    file = io.BytesIO()
    Pillow.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


@pytest.mark.parametrize("step", [12, pytest.param(1, marks=pytest.mark.slow)])
def test_every_way_sees_the_same_picture(step, base, server, player, tmp_path):
    files = list(pictures.everything())[::step]
    expected = np.stack([read(content) for _, content, _ in files])
    for (name, _, written), x in zip(files, expected, strict=True):
        np.testing.assert_allclose(x, read(as_png(written)), atol=1.01 / 255, err_msg=name)
    folder = tmp_path / "files"
    folder.mkdir()
    for name, content, _ in files:
        (folder / name).write_bytes(content)
    translate_path(base / "translator" / "1", "here", "there", folder, tmp_path / "out")
    translated = [pixels((tmp_path / "out" / name).with_suffix(".png").read_bytes()) for name, *_ in files]
    with (folder / LABELS_FILE).open("w", newline="") as table:
        rows = [(name, "ab"[number % 2], ("train", "test")[number == 0]) for number, (name, *_) in enumerate(files)]
        csv.writer(table).writerows([("file", "class", "split"), *rows])
    splits = read_folder(folder, MODALITY)
    contents = [content for _, content, _ in files]
    signature = load_export(base / "translator" / "1").signatures["here_to_there"]
    ways = {
        "training": np.concatenate([splits["test"].floats, splits["train"].floats]),
        "translate": translated,
        "signature": [pixels(each) for each in signature(data_bytes=tf.constant(contents))["data_bytes"].numpy()],
        "page": [player.read("here", str(folder / name))[0].reshape(MODALITY.shape) for name, *_ in files],
    }
    for way in ("rest", "grpc"):
        with TranslatorClient(getattr(server, way)) as client:
            ways[way] = [pixels(each) for each in client.translate_files(contents, "here", "there")]
    for way, seen in ways.items():
        for (name, *_), x, y in zip(files, seen, expected, strict=True):
            np.testing.assert_allclose(x, y, atol=1.01 / 255, err_msg=f"{name} by {way}")


def refused() -> dict[str, tuple[bytes, str]]:
    """Content of files, and what is said of them."""
    bmp, png, gif, jpeg = (
        each[0] for each in (pictures.bmp(8), pictures.png(2, 8), pictures.gif(), pictures.jpeg("L"))
    )
    large = struct.pack(">II", 5000, 5000)
    return {
        "text.png": (b"no picture", DAMAGED),
        "cut.png": (png[: len(png) // 2], DAMAGED),
        "cut.gif": (gif[: len(gif) // 3], DAMAGED),
        "cut.bmp": (bmp[:-40], DAMAGED),
        "cut.jpg": (jpeg[: len(jpeg) // 2], DAMAGED),
        "rle.bmp": (bmp[:30] + b"\1" + bmp[31:], "The BMP is compressed: save it as PNG."),
        "large.png": (png[:16] + large + png[24:], TOO_LARGE),
        "large.gif": (gif[:6] + struct.pack("<HH", 5000, 5000) + gif[10:], TOO_LARGE),
        "large.bmp": (bmp[:18] + struct.pack("<ii", 5000, -5000) + bmp[26:], TOO_LARGE),
        "long.gif": (gif + bytes(2**18), "The GIF is larger than 262144 bytes: save it again as PNG."),
    }


def test_every_way_refuses_with_the_same_sentence(base, server, player, tmp_path):
    for name, (content, sentence) in refused().items():
        path = tmp_path / name
        path.write_bytes(content)
        other = tmp_path / f"{name}_set" / "a"
        other.mkdir(parents=True)
        (other.parent / "b").mkdir()
        (other / name).write_bytes(content)
        said = []
        for way in (
            lambda path=path: translate_path(base / "translator" / "1", "here", "there", path, tmp_path / "out"),
            lambda path=path: player.read("here", str(path)),
            lambda other=other: read_folder(other.parent, MODALITY),
            lambda content=content: TranslatorClient(server.rest).translate_files([content], "here", "there"),
            lambda content=content: TranslatorClient(server.grpc).translate_files([content], "here", "there"),
        ):
            with pytest.raises(ValueError) as raised:
                way()
            said.append(str(raised.value))
        assert all(sentence.rstrip(".") in each for each in said), (name, said)
        assert said[3] == said[4] == sentence
