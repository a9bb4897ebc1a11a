import dataclasses
import json
from typing import ClassVar

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image as PillowImage

from latent_xlate.modalities import modality as modalities
from latent_xlate.modalities.array import Array
from latent_xlate.modalities.audio import Audio
from latent_xlate.modalities.image import Image

SOUNDS = [Audio(), Audio(4096, 8000, align=True), Audio(65536, 44100), Audio(3000, 22050, channels=2)]
ALL = [Image(6, 9), Image(4, 4, 3, "always"), *SOUNDS, Array((3, 5)), Array((7,))]


def some(modality, count=3):
    x = np.random.default_rng(0).uniform(-0.9, 0.9, (count, *modality.shape)).astype(np.float32)
    return x if modality.kind != "image" else np.abs(x)


@pytest.mark.parametrize("modality", ALL, ids=str)
def test_settings_come_back_from_json(modality):
    assert modalities.from_config(json.loads(json.dumps(modality.get_config()))) == modality


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"kind": "video"}, "Unknown kind of data 'video'. Did|Known: array, audio, image"),
        ({}, "Unknown kind of data 'None'"),
        ({"kind": "image", "width": 3}, "not the settings of data of kind 'image'"),
        ({"kind": "image", "height": 3, "width": 3, "invert": "no"}, "Unknown invert 'no'"),
    ],
)
def test_unknown_kinds_and_settings_are_named(config, message):
    with pytest.raises(ValueError, match=message):
        modalities.from_config(config)


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ((28, 28, 1), Image(28, 28, 1)),
        ((4, 6, 3), Image(4, 6, 3)),
        ((16384,), Audio()),
        ((4, 6, 2), None),
        ((5,), None),
        ((4, 6), None),
    ],
)
def test_shape_tells_images_and_sounds(shape, expected):
    assert modalities.of_shape(shape) == expected


@pytest.mark.parametrize("modality", ALL, ids=str)
def test_what_is_checked_written_read_and_stored_is_the_same(modality):
    x = modality.check(some(modality))
    assert x.dtype == np.float32
    step = 0 if modality.full_scale == 1 else 1 / modality.full_scale
    stored = modality.to_stored(x)
    assert stored.dtype == modality.stored_dtype
    np.testing.assert_allclose(modality.from_stored(stored), x, atol=step)
    np.testing.assert_array_equal(modality.to_stored(modality.from_stored(stored)), stored)
    plain = modality.with_settings(invert="never", align=False)
    files = plain.write(tf.constant(x))
    np.testing.assert_allclose(plain.read(files), x, atol=step + 1e-6)
    graph = tf.function(plain.read, input_signature=[tf.TensorSpec([None], tf.string)], autograph=False)
    np.testing.assert_allclose(graph(files), plain.read(files), atol=1e-6)
    assert graph(tf.constant([], tf.string)).shape == (0, *modality.shape)


@pytest.mark.parametrize("modality", ALL, ids=str)
def test_pictures_are_pictures_also_of_nothing(modality):
    pictures = modality.pictures(tf.constant(some(modality))).numpy()
    assert pictures.dtype == np.float32 and pictures.ndim == 4 and pictures.shape[-1] in (1, 3)
    assert pictures.min() >= 0 and pictures.max() <= 1
    assert modality.pictures(tf.zeros((0, *modality.shape))).shape == (0, *pictures.shape[1:])
    content = modality.write(tf.constant(some(modality)))[0].numpy()
    assert modality.picture_of_file(content).ndim == 3


@pytest.mark.parametrize("modality", ALL, ids=str)
def test_foreign_data_and_files_are_refused(modality, tmp_path):
    with pytest.raises(ValueError, match="shape"):
        modality.check(np.zeros((2, 2, *modality.shape), np.float32))
    with pytest.raises(ValueError, match="NaN"):
        modality.check(some(modality) + np.nan)
    for content in (b"no data at all", modality.write(tf.constant(some(modality)))[0].numpy()[:50]):
        with pytest.raises(tf.errors.InvalidArgumentError):
            modality.read(tf.constant([content]))
    (tmp_path / "empty").write_bytes(b"")
    with pytest.raises((ValueError, tf.errors.InvalidArgumentError), match="is empty"):
        modality.read(tf.constant([modality.prepare(tmp_path / "empty")]))


def test_settings_of_other_kinds_are_left_out():
    assert Image(2, 3).with_settings(invert="never", align=True) == Image(2, 3, 1, "never")
    assert Audio().with_settings(invert="never", align=True) == Audio(align=True)
    with pytest.raises(ValueError, match="Unknown invert 'no'"):
        Image(2, 3).with_settings(invert="no")
    with pytest.raises(ValueError, match="image size is 0x3; it must be positive"):
        Image(0, 3)


def test_other_rates_and_lengths_of_sounds():
    modality = Audio(num_samples=4096, sample_rate=8000)
    tone = 0.5 * np.sin(2 * np.pi * 440 * np.arange(8192) / 16000)
    content = Audio(8192, 16000).write(tf.constant(tone[np.newaxis].astype(np.float32)))
    expected = 0.5 * np.sin(2 * np.pi * 440 * np.arange(4096) / 8000)
    np.testing.assert_allclose(modality.read(content)[0, 100:-100], expected[100:-100], atol=1e-3)


def test_what_is_left_out_of_a_file_is_said(tmp_path):
    hum = np.sin(np.arange(16000) / 16000 * 2 * np.pi * 150)
    for modality in ALL:
        x = some(modality, 1)
        if modality.kind == "audio":
            x = np.resize(0.5 * hum, x.shape).astype(np.float32)
        assert modality.left_out(modality.write(tf.constant(x))[0].numpy()) == ""
    long = Audio(32000, 16000).write(tf.constant(np.tile(0.5 * hum, 2)[np.newaxis], tf.float32))[0].numpy()
    assert Audio(8000, 16000).left_out(long) == "only its first 0.5 seconds are read"
    frames = [PillowImage.new("L", (9, 6), shade) for shade in (0, 100, 200)]
    frames[0].save(tmp_path / "moving.gif", save_all=True, append_images=frames[1:])
    frames[0].save(tmp_path / "still.gif")
    assert Image(6, 9).left_out((tmp_path / "moving.gif").read_bytes()) == "only the first of its 3 pictures is read"
    assert Image(6, 9).left_out((tmp_path / "still.gif").read_bytes()) == ""
    assert Image(6, 9).left_out((tmp_path / "moving.gif").read_bytes()[:60]) == ""


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"num_samples": 65536, "sample_rate": 4000}, "65536 samples at 4000 a second are 16.384 seconds of sound"),
        ({"num_samples": 0}, "num_samples"),
        ({"sample_rate": 0}, "sample_rate"),
        ({"channels": 0}, "channels"),
        ({"channels": 2, "align": True}, "Sounds of 2 channels are not aligned"),
    ],
)
def test_sounds_that_cannot_be_read_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        Audio(**settings)


def test_a_new_kind_is_a_class_and_its_registration(monkeypatch):
    monkeypatch.setattr(modalities, "_KINDS", dict(modalities._KINDS))

    @modalities.register
    @dataclasses.dataclass(frozen=True)
    class Angle(Array):
        """Angles, one a file."""

        kind = "angle"
        noun = "angle"
        limits: ClassVar = (0.0, 6.3)
        sizes: tuple[int, ...] = (1,)

    assert modalities.from_config(Angle().get_config()) == Angle()
    with pytest.raises(ValueError, match=r"angles must lie in \[0.0, 6.3\]"):
        Angle().check(np.array([[7.0]]))


@pytest.mark.parametrize("sizes", [(-1,), ("a",), (2.5,), (0,), (True,), 5, None])
def test_arrays_of_no_shape_are_refused(sizes):
    with pytest.raises(ValueError, match="^The shape of an array is .*; it must be a tuple of whole numbers above 0"):
        Array(sizes)
    with pytest.raises(ValueError, match="The shape of an array"):
        modalities.from_config({"kind": "array", "sizes": sizes})


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.int64, np.float64])
def test_arrays_of_every_type_of_numbers_are_taken(dtype):
    x = np.array([[True, False]]).astype(dtype)
    checked = Array((2,)).check(x)
    assert checked.dtype == np.float32
    np.testing.assert_array_equal(checked, x)
