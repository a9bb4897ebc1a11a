"""A file is the same x wherever it is read: in a training set, by `translate_path`, and by the exported signature."""

import io
import struct

import numpy as np
import pytest
import soundfile
import tensorflow as tf
from PIL import Image as Pillow

from latent_xlate.data import sources, stored
from latent_xlate.data.class_folders import read_folder
from latent_xlate.file_translation import translate_path
from latent_xlate.modalities.array import Array
from latent_xlate.modalities.audio import Audio
from latent_xlate.modalities.image import Image
from latent_xlate.serving.export import export_translator, load_export
from tests.support import identity, sounds

SIZES = [(1, 1), (9, 9), (20, 20), (7, 50), (61, 13)]
MODES = {
    "png": ("1", "L", "LA", "P", "RGB", "RGBA", "I;16"),
    "jpg": ("L", "RGB", "CMYK"),
    "gif": ("L", "P"),
    "bmp": ("L", "RGB"),
}


def random_picture(mode: str, size: tuple[int, int], seed: int) -> Pillow.Image:
    generator = np.random.default_rng(seed)
    if mode == "I;16":
        return Pillow.fromarray(generator.integers(0, 65536, size[::-1], np.uint16))
    return Pillow.fromarray(generator.integers(0, 256, (*size[::-1], 4), np.uint8), "RGBA").convert(mode)


def top_down(content: bytes) -> bytes:
    """A bitmap of 24 bits with its rows from top to bottom, the same picture turned upside down."""
    return content[:22] + struct.pack("<i", -struct.unpack("<i", content[22:26])[0]) + content[26:]


def write_pictures(folder):
    """Pictures of all formats, modes and sizes, a third of them dark on bright."""
    number = 0
    for ending, modes in MODES.items():
        for mode in modes:
            for size in SIZES:
                picture = random_picture(mode, size, number)
                if number % 3 == 0 and mode in ("L", "RGB"):
                    picture = Pillow.eval(picture, lambda value: 255 - value // 4)
                picture.save(folder / f"{number:03}_{mode.replace(';', '')}.{ending}")
                number += 1
    content = io.BytesIO()
    random_picture("RGB", (9, 14), number).save(content, "BMP")
    (folder / "top_down.bmp").write_bytes(top_down(content.getvalue()))


def write_sounds(folder):
    """Words of several rates, formats and numbers of channels, all within a slice."""
    for number, (rate, subtype, channels) in enumerate(
        [(16000, None, 1), (16000, None, 2), (8000, None, 1), (22050, None, 1), (44100, None, 2), (16000, "PCM_24", 1)]
    ):
        tones = [0.8 * sounds.tone(200 + 100 * number, 0.5, rate) * np.hanning(rate // 2) for _ in range(channels)]
        sounds.write(folder / f"{number}.wav", np.stack(tones, axis=1), rate, subtype)
    sounds.write(folder / "long.flac", np.tile(sounds.tone(300, 1.0, 16000), 6), 16000)


def write_arrays(folder):
    x = np.random.default_rng(0).normal(0, 100, (5, 3, 5))
    for number, dtype in enumerate((np.float32, np.float64, np.float16, np.int16)):
        np.save(folder / f"{number}.npy", x[number].astype(dtype))
    np.savez(folder / "4.npz", x=x[4], labels=np.arange(3))


CASES = {
    "grey images": (Image(20, 20, 1, "never"), write_pictures, 1 / 255),
    "colour images, inverted": (Image(16, 24, 3, "auto"), write_pictures, 1 / 255),
    "sounds": (Audio(), write_sounds, 1 / 255),
    "arrays": (Array((3, 5)), write_arrays, 0.0),
}


def read_result(path) -> np.ndarray:
    """What a translation holds, as x."""
    if path.suffix == ".npy":
        return np.load(path)
    if path.suffix == ".wav":
        return soundfile.read(path, dtype="float32")[0]
    return tf.io.decode_png(path.read_bytes()).numpy() / np.float32(255)


@pytest.mark.parametrize("case", CASES)
@pytest.mark.long
def test_training_set_translation_and_signature_see_the_same(case, tmp_path):
    modality, write, tolerance = CASES[case]
    folder = tmp_path / "files"
    folder.mkdir()
    write(folder)
    splits = read_folder(folder, modality)
    trained = np.concatenate([data.floats for data in splits.values()])
    assert trained.shape[1:] == modality.shape and trained.dtype == np.float32
    exported = export_translator(identity.translator(modality), tmp_path)
    expected = {path: modality.read(tf.constant([modality.prepare(path)])) for path in sorted(folder.iterdir())}
    for path, x in expected.items():
        distances = np.abs(trained - x).reshape(len(trained), -1).max(axis=1)
        assert distances.min() <= tolerance / 2 + 1e-6, path
    signatures = load_export(exported).signatures
    for path, x in expected.items():
        # What the graph cannot read as it is, a client prepares.
        if path.suffix in (".flac", ".npz"):
            continue
        given = signatures["here_to_there"](data_bytes=tf.constant([path.read_bytes()]))["data_bytes"]
        np.testing.assert_allclose(modality.with_settings(invert="never").read(given), x, atol=tolerance)
    for path in folder.glob("*.npz"):  # To translation it holds a batch.
        del expected[path]
        path.unlink()
    assert translate_path(exported, "here", "there", folder, tmp_path / "out") == (len(expected), 0)
    for path, x in expected.items():
        result = read_result(tmp_path / "out" / f"{path.stem}{modality.file_suffix}")
        np.testing.assert_allclose(result, x[0], atol=tolerance, err_msg=path.name)


def test_a_data_set_of_pictures_keeps_how_they_were_read(tmp_path):
    for name in ("bright", "dark"):
        (tmp_path / "raw" / name).mkdir(parents=True)
        for number in range(8):
            picture = Pillow.new("L", (30, 12), (220 if name == "bright" else 30) + number)
            picture.save(tmp_path / "raw" / name / f"{number}.png")
    sources.prepare("shades", "local", tmp_path / "raw", tmp_path / "data", image=Image(10, 10, 1, invert="never"))
    data = stored.load("shades", "test", tmp_path / "data")
    assert data.modality == Image(10, 10, 1, invert="never")
    assert sorted(data.content.max(axis=(1, 2, 3)) > 200) == [False, True]  # Nothing was inverted.
    assert (data.content[:, [0, -1]] == 0).all()  # Proportions were kept.


def test_arrays_are_stored_as_a_data_set(tmp_path):
    from latent_xlate.data import tfds_sets
    from latent_xlate.data.labelled import Labelled

    modality = Array((2, 3))
    x = np.random.default_rng(0).normal(size=(30, 2, 3)).astype(np.float32)
    data = Labelled(x, np.arange(30) % 2, ("a", "b"), modality)
    tfds_sets.store("arrays", {"train": data, "test": data.take(slice(6))}, tmp_path)
    read = stored.load("arrays", "test", tmp_path)
    assert read.modality == modality
    assert {row.tobytes() for row in read.content} == {row.tobytes() for row in x[:6]}
    with pytest.raises(ValueError, match="'arrays' .* has no labelled images"):
        stored.load("arrays", "test", tmp_path, Image)
