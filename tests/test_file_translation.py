"""Files in, files out, against the translator's own answers on what it reads from them."""

import errno
import functools
import io
import os
import signal
import threading
import time
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from latent_xlate import checks, file_translation, modalities
from latent_xlate.baselines.linear_maps import AffineBridge
from latent_xlate.domains.novelty import NoveltyScale
from latent_xlate.file_translation import translate_path
from latent_xlate.modalities import image as image_modality
from latent_xlate.modalities import image_files
from latent_xlate.serving import export
from latent_xlate.translator import Translator
from tests.support import oddities, pictures, tiny
from tests.support.decoders import decoders
from tests.support.tolerances import assert_close

pytestmark = pytest.mark.usefixtures("translators_loaded_once")


@pytest.fixture(scope="module")
def translator():
    return tiny.translator()


@pytest.fixture(scope="module")
def saved(translator, tmp_path_factory):
    return translator.save(tmp_path_factory.mktemp("saved"))


@pytest.fixture(scope="module")
def exported(translator, tmp_path_factory):
    return export.export_translator(translator, tmp_path_factory.mktemp("exported"))


@pytest.fixture(params=["saved", "exported"])
def either(request):
    return request.getfixturevalue(request.param)


def picture(seed: int = 0, kind: str = "png", mode: str = "L", size: tuple[int, int] = (28, 28)) -> bytes:
    bands = Image.new(mode, size).getbands()
    pixels = np.random.default_rng(seed).integers(0, 256, (*size[::-1], len(bands)), np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels.squeeze(-1) if len(bands) == 1 else pixels).save(file, kind)
    return file.getvalue()


def drawing() -> Image.Image:
    """A black square on white."""
    image = Image.new("L", (64, 64), 255)
    image.paste(0, (20, 20, 40, 44))
    return image


def fill(folder, contents: dict[str, bytes]):
    folder.mkdir()
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    return folder


def names(folder) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def expected(translator: Translator, content: bytes, source: str = "digits", target: str = "clothes") -> np.ndarray:
    """What the picture of a translation should be, uint8."""
    x = translator.domain(source).read(tf.constant([content])).numpy()
    return np.round(translator.translate(x, source, target)[0] * 255).astype(np.uint8)


def pixels(path) -> np.ndarray:
    return tf.io.decode_png(path.read_bytes()).numpy()


@pytest.mark.long
def test_pictures_of_every_kind_are_translated_under_their_names(translator, either, tmp_path, monkeypatch):
    monkeypatch.setattr(file_translation, "BATCH_SIZE", 2)
    contents = {
        "a.png": picture(0),
        "b.JPG": picture(1, "jpeg", "RGB", (40, 90)),
        "c.gif": picture(2, "gif", "L", (7, 5)),
        "d.bmp": picture(3, "bmp", "RGB"),
        "e.jpeg": picture(4, "jpeg"),
        "f.png": picture(5, "png", "RGBA", (200, 100)),
    }
    folder = fill(tmp_path / "in", contents)
    assert translate_path(either, "digits", "clothes", folder, tmp_path / "out") == (6, 0)
    assert names(tmp_path / "out") == [*(f"{letter}.png" for letter in "abcdef"), "grid.png"]
    for name, content in contents.items():
        result = pixels(tmp_path / "out" / f"{name[0]}.png")
        # Batches of another size may round a sum of floats another way.
        assert np.abs(result.astype(int) - expected(translator, content)).max() <= 1


def test_a_domain_is_translated_to_itself(translator, exported, tmp_path):
    folder = fill(tmp_path / "in", {"a.png": picture()})
    translate_path(exported, "digits", "digits", folder / "a.png", tmp_path / "out")
    np.testing.assert_array_equal(
        pixels(tmp_path / "out" / "a.png"), expected(translator, picture(), "digits", "digits")
    )


def test_saved_and_exported_sample_alike_and_a_file_whatever_the_batch(saved, exported, tmp_path, monkeypatch):
    folder = fill(tmp_path / "in", {f"{i}.png": picture() for i in range(5)})
    outputs = []
    for out, where, size, seed in (("a", saved, 64, 3), ("b", exported, 2, 3), ("c", saved, 64, 4)):
        monkeypatch.setattr(file_translation, "BATCH_SIZE", size)
        translate_path(where, "digits", "clothes", folder, tmp_path / out, sample=True, seed=seed)
        outputs.append(np.stack([pixels(tmp_path / out / f"{i}.png") for i in range(5)]).astype(int))
    first, again, other = outputs
    assert np.abs(first - again).max() <= 1
    assert np.abs(first - other).max() > 1
    assert len(np.unique(first, axis=0)) == 5  # One picture five times, five samples.


def test_files_and_rows_are_sampled_at_a_temperature(translator, either, tmp_path):
    x = np.repeat(np.random.default_rng(0).random((1, 28, 28, 1), np.float32), 3, axis=0)
    np.savez(tmp_path / "data.npz", x=x)
    (tmp_path / "a.png").write_bytes(picture())
    for name, where in (("data.npz", "rows"), ("a.png", "files")):
        for temperature in (0, 0.5, 1):
            out = tmp_path / where / str(temperature)
            translate_path(either, "digits", "clothes", tmp_path / name, out, seed=3, temperature=temperature)
    for temperature in (0, 0.5, 1):
        expected_rows = translator.translate(x, "digits", "clothes", seed=3, temperature=temperature)
        rows = np.load(tmp_path / "rows" / str(temperature) / "data.npz")["x"]
        assert_close(rows, expected_rows, atol=1e-6)
        read = translator.domain("digits").read(tf.constant([picture()])).numpy()
        levels = np.round(255 * translator.translate(read, "digits", "clothes", seed=3, temperature=temperature)[0])
        seen = pixels(tmp_path / "files" / str(temperature) / "a.png").astype(int)
        assert np.abs(seen.reshape(levels.shape) - levels).max() <= 1
    with pytest.raises(ValueError, match="The temperature is -1; it must lie in"):
        translate_path(either, "digits", "clothes", tmp_path / "a.png", tmp_path / "out", temperature=-1)
    with pytest.raises(ValueError, match="Give sample or a temperature, not both"):
        translate_path(either, "digits", "clothes", tmp_path / "a.png", tmp_path / "out", sample=True, temperature=0)
    assert not (tmp_path / "out").exists()


@pytest.mark.long
def test_bridge_without_a_shared_latent_is_not_sampled(tmp_path):
    plain = Translator([tiny.image_domain("digits"), tiny.image_domain("clothes")], AffineBridge((6, 6), 10))
    folders = [plain.save(tmp_path / "saved"), export.export_translator(plain, tmp_path / "exported")]
    (tmp_path / "a.png").write_bytes(picture())
    for where in folders:
        assert translate_path(where, "digits", "clothes", tmp_path / "a.png", tmp_path / where.name, temperature=0)
        for way in ({"sample": True}, {"temperature": 0.5}):
            with pytest.raises(ValueError, match="no shared latent to sample: leave out sample and temperature"):
                translate_path(where, "digits", "clothes", tmp_path / "a.png", tmp_path / "out", **way)
            assert not (tmp_path / "out").exists()


@pytest.mark.long
def test_drawing_on_white_is_inverted_unless_told_not_to(saved, exported, tmp_path):
    drawing().save(tmp_path / "drawing.png")
    Image.eval(drawing(), lambda value: 255 - value).save(tmp_path / "negative.png")

    def translated(name, where, invert=None):
        output = tmp_path / f"{name}_{where.name}_{invert}"
        translate_path(where, "digits", "clothes", tmp_path / f"{name}.png", output, invert=invert)
        return pixels(output / f"{name}.png")

    negative = translated("negative", saved)
    np.testing.assert_array_equal(translated("drawing", saved), negative)
    np.testing.assert_array_equal(translated("drawing", exported), negative)
    as_it_is = translated("drawing", saved, "never")
    assert (as_it_is != negative).any()
    np.testing.assert_array_equal(translated("negative", saved, "always"), as_it_is)


def test_transparent_gif_is_read_as_the_same_drawing_in_png(either, tmp_path):
    image = Image.new("RGBA", (64, 64))
    image.paste((0, 0, 0, 255), (20, 20, 40, 44))
    folder = fill(tmp_path / "in", {})
    for name in ("a.gif", "b.png"):
        image.save(folder / name)
    assert translate_path(either, "digits", "clothes", folder, tmp_path / "out") == (2, 0)
    np.testing.assert_array_equal(pixels(tmp_path / "out" / "a.png"), pixels(tmp_path / "out" / "b.png"))


def test_exported_translator_refuses_another_way_to_invert(exported, tmp_path):
    (tmp_path / "a.png").write_bytes(picture())
    with pytest.raises(ValueError, match="leave invert at 'auto', not 'never'"):
        translate_path(exported, "digits", "clothes", tmp_path / "a.png", tmp_path / "out", invert="never")


@pytest.mark.parametrize("arrays", [{"x": 0, "labels": 1}, {"arr_0": 0}, {"images": 0}])
@pytest.mark.parametrize("count", [0, 5])
def test_arrays_are_translated_as_the_translator_does(translator, either, arrays, count, tmp_path, monkeypatch):
    monkeypatch.setattr(file_translation, "BATCH_SIZE", 2)
    x = np.random.default_rng(0).random((count, 28, 28, 1))
    np.savez(tmp_path / "data.npz", **{name: np.arange(3) if other else x for name, other in arrays.items()})
    translate_path(either, "digits", "clothes", tmp_path / "data.npz", tmp_path / "out")
    with np.load(tmp_path / "out" / "data.npz") as result:
        assert result.files == ["x"]
        assert_close(result["x"], translator.translate(x, "digits", "clothes"), atol=1e-6)


def test_rows_of_an_array_are_samples_of_their_own(saved, tmp_path):
    np.savez(tmp_path / "data.npz", x=np.full((3, 28, 28, 1), 0.5, np.float32))
    for out, seed in (("a", 1), ("b", 1), ("c", 2)):
        translate_path(saved, "digits", "clothes", tmp_path / "data.npz", tmp_path / out, sample=True, seed=seed)
    a, b, c = (np.load(tmp_path / out / "data.npz")["x"] for out in "abc")
    np.testing.assert_array_equal(a, b)
    assert np.abs(a - c).max() > 1e-3
    assert min(np.abs(a[i] - a[j]).max() for i, j in ((0, 1), (0, 2), (1, 2))) > 1e-3


BAD = {
    "empty.png": (b"", "The picture is empty: the file has no bytes"),
    "cut.png": (picture(1, size=(90, 90))[:500], "damaged"),
    "cut.jpg": (picture(2, "jpeg", size=(90, 90))[:500], "damaged"),
    "cut.gif": (picture(3, "gif", size=(90, 90))[:500], "damaged"),
    "cut.bmp": (picture(4, "bmp", size=(90, 90))[:500], "damaged"),
    "words.png": (b"no picture at all", "damaged"),
    "words.npz": (b"no arrays at all", "not an npz file"),
    "empty.npz": (b"", "not an npz file"),
}


def test_the_rest_of_a_folder_is_translated_and_each_bad_file_has_a_line(translator, either, tmp_path, capsys):
    good = {"a.png": picture(10), "m.png": picture(11), "z.png": picture(12)}
    folder = fill(tmp_path / "in", good | {name: content for name, (content, _) in BAD.items()})
    (folder / "gone.png").symlink_to(tmp_path / "nowhere")
    (folder / "notes.txt").write_text("to be skipped")
    (folder / "inside.png").mkdir()
    assert translate_path(either, "digits", "clothes", folder, tmp_path / "out") == (3, len(BAD) + 1)
    assert names(tmp_path / "out") == ["a.png", "grid.png", "m.png", "z.png"]
    for name, content in good.items():
        assert np.abs(pixels(tmp_path / "out" / name).astype(int) - expected(translator, content)).max() <= 1
    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith(("Not translated", "Skipped"))]
    assert len(lines) == len(BAD) + 2
    for name, what in [(name, what) for name, (_, what) in BAD.items()] + [("gone.png", "No such file")]:
        assert sum(line.startswith(f"Not translated: {folder / name}: ") and what in line for line in lines) == 1
    assert "Skipped, neither images nor npz files: notes.txt" in lines


def test_pictures_of_other_formats_are_named_with_the_way_out(saved, tmp_path, capsys):
    folder = fill(tmp_path / "in", {"a.webp": b"RIFF", "b.tif": b"II"})
    with pytest.raises(ValueError, match="holds no file that ends in .*: save .tif and .webp files as PNG"):
        translate_path(saved, "digits", "clothes", folder, tmp_path / "out")
    with pytest.raises(ValueError, match="a.webp: .*not a PNG, JPEG, GIF or BMP picture.* as PNG"):
        translate_path(saved, "digits", "clothes", folder / "a.webp", tmp_path / "out")
    (folder / "c.png").write_bytes(picture(10))
    assert translate_path(saved, "digits", "clothes", folder, tmp_path / "out") == (1, 0)
    said = capsys.readouterr().err
    assert "Skipped, neither images nor npz files: a.webp, b.tif\n" in said
    assert "To have them translated, save .tif and .webp files as PNG.\n" in said


@pytest.mark.parametrize("kind", ["saved", "exported"])
@pytest.mark.long
def test_inputs_unlike_the_training_data_are_named(kind, tmp_path, capsys, monkeypatch):
    translator = tiny.translator()
    translator.domain("digits").novelty_scale = NoveltyScale(variance=0.01, data=2.0, latent=0.04)
    given = (translator.save if kind == "saved" else functools.partial(export.export_translator, translator))(
        tmp_path / "translator"
    )
    x = np.random.default_rng(0).integers(0, 256, (6, 28, 28, 1)).astype(np.float32) / 255
    contents = {f"{i}.png": content for i, content in enumerate(translator.domain("digits").write(x).numpy())}
    folder = fill(tmp_path / "in", contents)
    read = translator.domain("digits").read(tf.constant(list(contents.values()))).numpy()
    np.savez(folder / "rows.npz", x=read)
    novelty = translator.novelty(read, "digits")
    novel = np.flatnonzero(novelty > 1).tolist()
    assert len(novel) == 3

    def doubts() -> list[str]:
        return [line for line in capsys.readouterr().err.splitlines() if line.startswith(("Do not trust", "Nor of"))]

    assert translate_path(given, "digits", "clothes", folder, tmp_path / "out") == (7, 0)
    first, *lines = doubts()
    start, of = "Do not trust the translation of", "unlike what digits was trained on (novelty"
    for i, line in zip(sorted(novel, key=lambda i: -novelty[i]), lines, strict=True):
        assert line.startswith(f"{start} {folder / f'{i}.png'}: it is {of} {novelty[i]:.1f}")
        assert line.endswith(", where 1 is the limit).")
    assert first.startswith(
        f"{start} {folder / 'rows.npz'}: of 6 rows 3 ({', '.join(map(str, novel))}) are {of} {novelty.max():.1f}"
    )
    monkeypatch.setattr(file_translation, "_MOST_SENTENCES", 1)
    assert translate_path(given, "digits", "clothes", folder, tmp_path / "again") == (7, 0)
    assert doubts() == [first, "Nor of 3 more such files, which are less unlike."]
    assert translate_path(given, "clothes", "digits", folder, tmp_path / "back") == (7, 0)
    assert doubts() == []  # That domain has no scale.


def test_what_is_left_out_of_files_is_said(tmp_path, capsys, monkeypatch):
    given = tiny.translator().save(tmp_path / "translator")
    frames = [Image.new("L", (28, 28), shade) for shade in (0, 200)]
    frames[1].putpixel((14, 14), 0)
    (tmp_path / "in").mkdir()
    for name in ("a", "b", "c"):
        frames[0].save(tmp_path / "in" / f"{name}.gif", save_all=name != "c", append_images=frames[1:])
    monkeypatch.setattr(file_translation, "_MOST_SENTENCES", 1)
    assert translate_path(given, "digits", "clothes", tmp_path / "in", tmp_path / "out") == (3, 0)
    said = [line for line in capsys.readouterr().err.splitlines() if line.startswith("Of ")]
    assert said == [
        f"Of {tmp_path / 'in' / 'a.gif'} only the first of its 2 pictures is read.",
        "Of 1 more of the files only a part is read.",
    ]


def test_files_that_end_in_zeros_are_whole_where_their_novelty_is_measured(tmp_path, capsys):
    translator = tiny.translator()
    translator.domain("digits").novelty_scale = NoveltyScale(variance=0.01, data=1e-3, latent=0.04)
    pixels = np.zeros((28, 28), np.uint8)
    pixels[8:20, 12:16] = 255
    (tmp_path / "in").mkdir()
    Image.fromarray(pixels).save(tmp_path / "in" / "a.bmp")
    content = (tmp_path / "in" / "a.bmp").read_bytes()
    assert content.endswith(bytes(28))
    expected = translator.novelty(translator.domain("digits").read(tf.constant([content])).numpy(), "digits")[0]
    assert expected > 1
    translator.save(tmp_path / "translator")
    assert translate_path(tmp_path / "translator", "digits", "clothes", tmp_path / "in", tmp_path / "out") == (1, 0)
    assert f"a.bmp: it is unlike what digits was trained on (novelty {expected:.3g}," in capsys.readouterr().err


@pytest.mark.parametrize("name", BAD)
def test_single_bad_file_is_one_error_and_nothing_is_written(saved, name, tmp_path):
    (tmp_path / name).write_bytes(BAD[name][0])
    with pytest.raises(ValueError, match=BAD[name][1]) as raised:
        translate_path(saved, "digits", "clothes", tmp_path / name, tmp_path / "out")
    assert str(tmp_path / name) in str(raised.value)
    assert not (tmp_path / "out").exists()


X = np.zeros((2, 28, 28, 1), np.float32)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"x": X[:, 1:]}, r"shape \[2, 27, 28, 1\]; expected \[batch, 28, 28, 1\]"),
        ({"x": X.astype(np.uint8)}, "divide it by 255"),
        ({"x": X + np.nan}, "NaN"),
        ({"x": X + 2}, "must lie in"),
        ({"x": np.array([{}])}, "'x' holds Python objects"),
        ({"y": X, "z": X}, "it holds y, z; name the one to translate 'x'"),
        ({}, "no array"),
    ],
)
def test_unfit_arrays_are_refused(either, arrays, message, tmp_path):
    np.savez(tmp_path / "data.npz", **arrays)
    with pytest.raises(ValueError, match=message):
        translate_path(either, "digits", "clothes", tmp_path / "data.npz", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_inputs_of_one_stem_keep_results_of_their_own(translator, saved, tmp_path):
    contents = {
        name: picture(i, kind)
        for i, (name, kind) in enumerate(
            {"a.png": "png", "A.gif": "gif", "a.gif": "gif", "a.gif.bmp": "bmp", "grid.png": "png"}.items()
        )
    }
    folder = fill(tmp_path / "in", contents)
    np.savez(folder / "a.npz", x=X)
    assert translate_path(saved, "digits", "clothes", folder, tmp_path / "out") == (6, 0)
    results = {"a.gif.bmp": "a.gif.png", "a.png": "a.png.png", "A.gif": "A.gif_.png", "a.gif": "a.gif__.png"}
    results["grid.png"] = "grid.png.png"
    assert names(tmp_path / "out") == sorted([*results.values(), "a.npz", "grid.png"])
    for name, result in results.items():
        difference = pixels(tmp_path / "out" / result).astype(int) - expected(translator, contents[name])
        assert np.abs(difference).max() <= 1


@pytest.mark.parametrize(("given", "output"), [("", ""), ("a.png", ""), ("grid.jpg", "."), ("../in/a.png", "../in")])
def test_results_never_replace_inputs(saved, given, output, tmp_path):
    contents = {"a.png": picture(0), "b.jpg": picture(1, "jpeg"), "grid.jpg": picture(2, "jpeg")}
    folder = fill(tmp_path / "in", contents)
    if given == "grid.jpg":
        assert translate_path(saved, "digits", "clothes", folder / given, folder / output) == (1, 0)
        assert names(folder) == [*contents, "grid.jpg.png", "grid.png"]
    else:
        with pytest.raises(ValueError, match="holds the input a.png"):
            translate_path(saved, "digits", "clothes", folder / given, folder / output)
        assert names(folder) == list(contents)
    assert {name: (folder / name).read_bytes() for name in contents} == contents


def test_grid_shows_sources_above_their_translations(saved, tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    for i in range(12):
        Image.new("RGB", (30, 30), (255, 0, 0)).save(folder / f"{i:02}.png")
    translate_path(saved, "digits", "clothes", folder, tmp_path / "out")
    grid = pixels(tmp_path / "out" / "grid.png")[..., :3].astype(int)
    red = (grid[..., 0] > 200) & (grid[..., 1:].max(-1) < 50)
    rows = np.flatnonzero(np.diff(red.any(axis=1).astype(int)))
    assert len(rows) == 4  # Two rows of sources, apart: between them are the first ten's translations.
    top, bottom = red[rows[0] + 1 : rows[1] + 1].sum(), red[rows[2] + 1 : rows[3] + 1].sum()
    assert top / bottom == pytest.approx(5, rel=0.05)


@pytest.mark.parametrize("size", [(900, 2), (1, 60), (4000, 70), (56, 1)])
def test_very_narrow_pictures_are_translated_and_shown(saved, size, tmp_path):
    folder = fill(tmp_path / "in", {})
    Image.new("L", size, 255).save(folder / "a.png")
    assert translate_path(saved, "digits", "clothes", folder, tmp_path / "out") == (1, 0)
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"a.png", "grid.png"}


def test_transparent_parts_are_white_in_the_grid():
    rgba = np.zeros((2, 2, 4), np.uint8)
    rgba[0, 0] = [255, 0, 0, 255]
    file = io.BytesIO()
    Image.fromarray(rgba).save(file, "png")
    expected = np.ones((2, 2, 3))
    expected[0, 0] = [1, 0, 0]
    np.testing.assert_array_equal(modalities.image.Image(2, 2).picture_of_file(file.getvalue()), expected)


@pytest.mark.parametrize(
    ("source", "target", "message"),
    [
        ("digit", "clothes", "Did you mean 'digits"),
        ("digits", "cloths", "Did you mean '.*clothes'"),
        ("zebra", "clothes", "Known: .*clothes"),
    ],
)
def test_unknown_domain_is_named_with_the_known_ones(either, source, target, message, tmp_path):
    (tmp_path / "a.png").write_bytes(picture())
    with pytest.raises(ValueError, match=message):
        translate_path(either, source, target, tmp_path / "a.png", tmp_path / "out")


def test_absent_input_or_translator_is_named(saved, exported, tmp_path):
    (tmp_path / "a.png").write_bytes(picture())
    (tmp_path / "none").mkdir()
    (tmp_path / "none" / "notes.txt").write_text("words")
    for translator, path, message in (
        (saved, tmp_path / "b.png", "There is no file or folder .*b.png"),
        (saved, tmp_path / "none", "none holds no file that ends in .png"),
        (tmp_path, tmp_path / "a.png", "There is no translator in"),
        (exported.parent, tmp_path / "a.png", f"name one, {exported} say"),
    ):
        with pytest.raises(ValueError, match=message):
            translate_path(translator, "digits", "clothes", path, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_domain_without_encoder_is_no_source_of_files(tmp_path):
    folder = export.export_translator(decoders(), tmp_path)
    (tmp_path / "a.png").write_bytes(picture())
    with pytest.raises(ValueError, match="'digits' has no encoder"):
        translate_path(folder, "digits", "clothes", tmp_path / "a.png", tmp_path / "out")


def test_interrupt_leaves_whole_files_only(saved, tmp_path, monkeypatch):
    monkeypatch.setattr(file_translation, "BATCH_SIZE", 8)
    content = picture()
    folder = fill(tmp_path / "in", {f"{i:04}.png": content for i in range(2000)})
    output = tmp_path / "out"

    def interrupt():
        while threading.main_thread().is_alive() and not (output / "0100.png").exists():
            time.sleep(0.005)
        os.kill(os.getpid(), signal.SIGINT)

    # Where the tests run in the background, an interrupt would be ignored.
    handler = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        threading.Thread(target=interrupt, daemon=True).start()
        with pytest.raises(KeyboardInterrupt):
            translate_path(saved, "digits", "clothes", folder, output)
    finally:
        signal.signal(signal.SIGINT, handler)
    written = names(output)
    assert 100 < len(written) < 2000
    assert written == [f"{i:04}.png" for i in range(len(written))]
    whole = {path.read_bytes() for path in output.iterdir()}
    assert len(whole) == 1


def test_full_disk_leaves_whole_files_only(saved, tmp_path, monkeypatch):
    folder = fill(tmp_path / "in", {name: picture() for name in ("a.png", "b.png", "c.png")})
    write = Path.write_bytes

    def full_after_the_first(path, data):
        if "a.png" not in path.name:
            write(path, data[:10])
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write(path, data)

    monkeypatch.setattr(Path, "write_bytes", full_after_the_first)
    with pytest.raises(OSError, match="No space left"):
        translate_path(saved, "digits", "clothes", folder, tmp_path / "out")
    assert names(tmp_path / "out") == ["a.png"]
    assert pixels(tmp_path / "out" / "a.png").shape == (28, 28, 1)


def test_what_is_no_file_has_a_line_and_litter_none(translator, saved, tmp_path, capsys):
    content = picture()
    long, not_utf8 = "x" * 250 + ".png", os.fsdecode(b"caf\xe9.PNG")
    folder = fill(tmp_path / "in", dict.fromkeys(("a.png", long, not_utf8), content))
    too_long = fill(folder / "z", {"y" * 252 + ".au": b""}) / ("y" * 252 + ".au")
    oddities.add_litter(folder)
    said = oddities.add_oddities(folder, ".png") | oddities.add_oddities(fill(tmp_path / "npz", {}), ".npz")
    for path in (tmp_path / "npz").iterdir():
        path.rename(folder / path.name)
    assert translate_path(saved, "digits", "clothes", folder, tmp_path / "out") == (3, len(said))
    assert names(tmp_path / "out") == sorted(["a.png", os.fsdecode(b"caf\xe9.png"), "grid.png", long])
    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith(("Not translated", "Skipped"))]
    assert len(lines) == len(said)
    for name, reason in said.items():
        assert sum(line.startswith(f"Not translated: {folder / name}: ") and reason in line for line in lines) == 1
    too_long.write_bytes(content)
    with pytest.raises(ValueError, match="the name of its translation would be too long: rename it"):
        translate_path(saved, "digits", "clothes", too_long, tmp_path / "out")


@pytest.mark.parametrize("name", ["pipe.png", "loop.png", "device.png", "socket.png"])
def test_single_input_that_is_no_file_is_one_error(saved, name, tmp_path):
    said = oddities.add_oddities(tmp_path, ".png")
    with pytest.raises(ValueError, match=f"{name} cannot be translated: .*{said[name]}"):
        translate_path(saved, "digits", "clothes", tmp_path / name, tmp_path / "out")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_file_without_permission_does_not_stop_the_rest(saved, tmp_path):
    folder = fill(tmp_path / "in", {"a.png": picture(), "b.png": picture()})
    (folder / "a.png").chmod(0)
    assert translate_path(saved, "digits", "clothes", folder, tmp_path / "out") == (1, 1)


@pytest.fixture(scope="module")
def older(tmp_path_factory):
    """An export as those of earlier releases, whose graph decodes pictures by TensorFlow's decoder alone."""

    def read(files: tf.Tensor) -> tf.Tensor:
        def picture_of(file: tf.Tensor) -> tf.Tensor:
            image = tf.io.decode_image(file, channels=1, dtype=tf.float32, expand_animations=False)
            return tf.ensure_shape(image, [28, 28, 1])

        return tf.map_fn(picture_of, files, fn_output_signature=tf.TensorSpec([28, 28, 1], tf.float32))

    model = tiny.translator()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(image_modality.Image, "read", lambda self, files: read(files))
        return export.export_translator(model, tmp_path_factory.mktemp("older"))


def test_older_exports_translate_bmps_as_todays_decoder_reads_them(translator, older, tmp_path, capsys):
    forms = {"24": (24, False), "1": (1, False), "8": (8, False), "down": (24, True)}
    bmps = {
        f"{name}.bmp": pictures.bmp(depth, top_down=top_down, size=(28, 28))[0]
        for name, (depth, top_down) in forms.items()
    }
    cut = {"cut.png": picture()[:200], "cut.bmp": pictures.bmp(24, top_down=True)[0][:-8]}
    folder = fill(tmp_path / "in", bmps | cut)
    assert translate_path(older, "digits", "clothes", folder, tmp_path / "out") == (4, 2)
    assert names(tmp_path / "out") == sorted([*(f"{name}.png" for name in forms), "grid.png"])
    png = {name: image_files.to_png(content) for name, content in bmps.items()}
    again = fill(tmp_path / "png", {name.replace("bmp", "png"): content for name, content in png.items()})
    translate_path(older, "digits", "clothes", again, tmp_path / "again")
    for name in forms:
        np.testing.assert_array_equal(
            pixels(tmp_path / "out" / f"{name}.png"), pixels(tmp_path / "again" / f"{name}.png")
        )
    lines = capsys.readouterr().err
    assert all(f"{folder / name}: {checks.BAD_PICTURE}" in lines for name in cut)


def test_what_only_an_older_export_reads_is_translated_and_left_out_of_the_grid(older, tmp_path, monkeypatch):
    def refuse(self, content):
        raise tf.errors.InvalidArgumentError(None, None, "Refused today.")

    monkeypatch.setattr(image_modality.Image, "picture_of_file", refuse)
    folder = fill(tmp_path / "in", {"a.png": picture(), "b.png": picture(1)})
    assert translate_path(older, "digits", "clothes", folder, tmp_path / "out") == (2, 0)
    assert names(tmp_path / "out") == ["a.png", "b.png"]


def test_no_instances_are_translated_to_none(either, tmp_path):
    np.savez(tmp_path / "none.npz", x=X[:0])
    assert translate_path(either, "digits", "clothes", tmp_path / "none.npz", tmp_path / "out") == (1, 0)
    assert np.load(tmp_path / "out" / "none.npz")["x"].shape == (0, 28, 28, 1)


def test_what_the_model_refuses_of_an_npz_file_is_one_sentence_about_it(older, tmp_path, monkeypatch):
    def refuse(self, *arguments):
        raise tf.errors.InvalidArgumentError(None, None, "The latents are beyond the model.")

    monkeypatch.setattr(file_translation._Job, "_translate", refuse)
    np.savez(tmp_path / "x.npz", x=X)
    with pytest.raises(ValueError, match=r"x\.npz: The latents are beyond the model\.$"):
        translate_path(older, "digits", "clothes", tmp_path / "x.npz", tmp_path / "out")


def test_a_line_break_in_a_name_does_not_break_the_line_about_it(either, tmp_path, capsys):
    folder = fill(tmp_path / "in", {"a\nb.png": b"no picture", "c.png": picture(), "d\te.txt": b""})
    assert translate_path(either, "digits", "clothes", folder, tmp_path / "out") == (1, 1)
    lines = capsys.readouterr().err.splitlines()
    assert rf"Not translated: {folder}/a\nb.png: {checks.BAD_PICTURE}" in lines
    assert r"Skipped, neither images nor npz files: d\te.txt" in lines


def test_pictures_that_browsers_save_as_jfif_are_translated(translator, either, tmp_path):
    folder = fill(tmp_path / "in", {"a.jfif": picture(2, "jpeg")})
    assert translate_path(either, "digits", "clothes", folder, tmp_path / "out") == (1, 0)
    assert np.abs(pixels(tmp_path / "out" / "a.png").astype(int) - expected(translator, picture(2, "jpeg"))).max() <= 1
