import io

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image as Pillow
from PIL import ImageDraw, ImageFilter

from latent_xlate import checks
from latent_xlate.domains import pretrained
from latent_xlate.file_translation import translate_path
from latent_xlate.modalities import framing
from latent_xlate.modalities import modality as modalities
from latent_xlate.modalities.drawing import NO_DRAWING, SEVERAL_DRAWINGS
from latent_xlate.modalities.image import Image
from latent_xlate.serving.demo.models import Models
from latent_xlate.serving.demo.player import Player
from latent_xlate.serving.export import export_translator, load_export
from tests.support import identity

INK = Image(28, 28, framing="ink")
SEVEN = ((0.05, 0.1), (0.75, 0.1), (0.3, 0.9), (0.45, 0.5), (0.1, 0.55))


def strokes(size=(300, 400), place=(0.3, 0.2), side=150, points=SEVEN, width=0.12):
    """Lines through points, as shares of a square of `side` pixels at `place`: float32 [*size, 1], in [0, 1]."""
    canvas = Pillow.new("L", (2 * size[1], 2 * size[0]))
    at = [(2 * (place[1] * size[1] + side * x), 2 * (place[0] * size[0] + side * y)) for x, y in points]
    ImageDraw.Draw(canvas).line(at, fill=255, width=max(1, round(2 * side * width)), joint="curve")
    return np.asarray(canvas.resize(size[::-1], Pillow.Resampling.BOX), np.float32)[..., np.newaxis] / 255


def scene(ink, colour=0.1, ground=0.9):
    return np.clip(ink * colour + (1 - ink) * ground, 0, 1)


def encoded(picture, file_format="PNG"):
    pixels = np.round(255 * np.broadcast_to(picture, (*picture.shape[:2], 3))).astype(np.uint8)
    file = io.BytesIO()
    Pillow.fromarray(pixels).save(file, file_format)
    return file.getvalue()


def read(*pictures, modality=INK):
    return modality.read(tf.constant([encoded(picture) for picture in pictures])).numpy()


def light(size=(300, 400)):
    y, x = np.mgrid[: size[0], : size[1]] / max(size)
    return (1 - 0.6 * x - 0.2 * y * y)[..., np.newaxis]


def paper(seed=0, size=(300, 400)):
    return 0.85 + np.random.default_rng(seed).normal(0, 0.02, (*size, 1))


def variants():
    shadow = 1 - 0.35 / (1 + np.exp(-(np.arange(400) - 220) / 12))[:, np.newaxis]
    blurred = Pillow.fromarray(np.uint8(255 * scene(strokes())[..., 0])).filter(ImageFilter.GaussianBlur(2))
    return {
        "bright on dark": scene(strokes(), 0.9, 0.1),
        "moved": scene(strokes(place=(0.45, 0.6))),
        "small": scene(strokes(side=60, place=(0.7, 0.1))),
        "large": scene(strokes(side=280, place=(0.03, 0.2))),
        "few pixels": scene(strokes((40, 30), side=24)),
        "upright frame": scene(strokes((500, 200))),
        "light from one side": scene(strokes(), ground=paper()) * light(),
        "shadow": scene(strokes(), ground=paper()) * shadow,
        "chalk": scene(strokes(), 0.9, 0.15) * light(),
        "faint pencil": scene(strokes(), 0.62, paper()),
        "red on white": scene(strokes(), np.array([0.8, 0.1, 0.1]), 0.95),
        "yellow on blue": scene(strokes(), np.array([0.9, 0.9, 0.1]), np.array([0.1, 0.2, 0.7])),
        "blurred": np.asarray(blurred, np.float32)[..., np.newaxis] / 255,
    }


def test_a_drawing_is_the_same_wherever_and_however_it_is_drawn():
    given = variants()
    expected = read(scene(strokes()))[0]
    for name, x in zip(given, read(*given.values()), strict=True):
        assert np.corrcoef(x.ravel(), expected.ravel())[0, 1] > 0.95, name
        assert np.abs(x - expected).mean() < 0.035, name


def test_strokes_become_as_wide_as_in_mnist():
    areas = [(x > 0.5).sum() for x in read(*[scene(strokes(width=width)) for width in (0.04, 0.08, 0.12, 0.25)])]
    assert 0.7 * areas[2] < min(areas[:2]) and areas[3] < 1.4 * areas[2]


def test_a_drawing_is_framed_as_in_mnist():
    for name, x in zip(variants(), read(*variants().values())[..., 0], strict=True):
        rows, columns = np.where(x > 0.3)
        assert 18 <= max(np.ptp(rows), np.ptp(columns)) + 1 <= 21, name
        y, x_axis = np.mgrid[:28, :28]
        centre = [(each * x).sum() / x.sum() for each in (y, x_axis)]
        np.testing.assert_allclose(centre, 14, atol=0.3, err_msg=name)
        assert x.max() > 0.95 and np.median(x) == 0, name
    # Its proportions are kept.
    wide = read(scene(strokes(points=((0, 0.4), (1, 0.5)))))[0, ..., 0] > 0.3
    assert wide.any(axis=0).sum() >= 18 and wide.any(axis=1).sum() <= 6


def test_what_has_the_form_of_mnist_is_unchanged():
    x = read(*variants().values())
    for files in (INK.write(x), INK.write(1 - x)):  # Bright on black, and dark on white.
        np.testing.assert_allclose(INK.read(files), x, rtol=0, atol=0.51 / 255)
    moved = np.pad(x[:1], ((0, 0), (8, 16), (20, 4), (0, 0)))
    assert np.abs(INK.read(INK.write(moved)) - x[:1]).mean() < 0.03


def test_specks_lines_and_the_edge_of_the_paper_are_left_out():
    expected = read(scene(strokes()))[0]
    specks = strokes()
    specks[20:24, 30:34] = specks[250:253, 300:305] = 1
    ruled = scene(strokes())
    ruled[::25] *= 0.8
    desk = scene(strokes())
    desk[:20], desk[:, :40] = 0.3, 0.3
    for x in read(scene(specks), ruled, desk):
        assert np.abs(x - expected).mean() < 0.02


def nothing():
    soft = 1 - 0.4 / (1 + np.exp(-(np.arange(400) - 150) / 20))[:, np.newaxis] * np.ones((300, 1, 1))
    return {
        "black": np.zeros((28, 28, 1)),
        "white": np.ones((50, 70, 1)),
        "a pixel": np.ones((1, 1, 1)),
        "paper": paper(),
        "light": paper() * light(),
        "shadow": paper() * soft,
        "spot": scene(np.float32(np.hypot(*np.mgrid[-150:150, -200:200]) < 60)[..., np.newaxis]),
    }


def test_a_picture_without_a_drawing_is_refused():
    for name, picture in nothing().items():
        with pytest.raises(tf.errors.InvalidArgumentError) as raised:
            read(scene(strokes()), picture)
        assert checks.sentence(raised.value) == NO_DRAWING.rstrip("."), name


def test_several_drawings_are_refused_and_parts_of_one_are_joined():
    for other in (strokes(place=(0.3, 0.6)), strokes(place=(0.2, 0.56)), strokes(side=90, place=(0.05, 0.75))):
        with pytest.raises(tf.errors.InvalidArgumentError) as raised:
            read(scene(np.maximum(strokes(place=(0.3, 0.1)), other)))
        assert checks.sentence(raised.value) == SEVERAL_DRAWINGS.rstrip(".")
    # The bar of a 5 that does not touch the rest.
    body = ((0.2, 0.25), (0.2, 0.5), (0.7, 0.6), (0.6, 0.95), (0.1, 0.95))
    five = np.maximum(strokes(points=body), strokes(points=((0.25, 0.1), (0.75, 0.1))))
    assert read(scene(five))[0, 4:8].max() > 0.9


def test_ink_may_be_said_to_be_bright_or_dark():
    page = scene(strokes(place=(0.3, 0.1), points=((0.1, 0.1), (0.1, 0.9))), 0.2, 0.5)
    both = page + 0.3 * strokes(place=(0.3, 0.55), points=((0.1, 0.5), (0.9, 0.5)))
    given = tf.constant(both, tf.float32)
    dark, bright = (framing.draw(given, (28, 28, 1), invert)[..., 0].numpy() > 0.5 for invert in ("always", "never"))
    assert dark.any(axis=1).sum() >= 18 and dark.any(axis=0).sum() <= 5
    assert bright.any(axis=0).sum() >= 18 and bright.any(axis=1).sum() <= 5


def test_ink_has_any_shape_and_is_white_in_colour():
    picture = tf.constant(scene(strokes(), 0.9, np.array([0.0, 0.1, 0.5])), tf.float32)
    x = framing.draw(picture, (20, 32, 3), "auto").numpy()
    assert x.shape == (20, 32, 3)
    assert np.ptp(x, axis=-1).max() == 0
    assert np.flatnonzero((x[..., 0] > 0.3).any(axis=1)).size in (13, 14, 15)


def test_stretch_fills_the_frame_and_letterbox_keeps_proportions():
    picture = np.zeros((40, 10, 1))
    picture[:20] = 1
    stretched = read(picture, modality=Image(8, 8, framing="stretch", invert="never"))[0, ..., 0]
    np.testing.assert_allclose(stretched, np.repeat([[1.0], [0.0]], 4, axis=0) * np.ones(8), atol=0.2)
    letterboxed = framing.letterbox(tf.constant(picture, tf.float32), (8, 8, 1))[..., 0].numpy()
    np.testing.assert_array_equal(letterboxed.any(axis=0), [0, 0, 0, 1, 1, 0, 0, 0])


def test_framing_is_a_setting_of_images():
    assert modalities.from_config(INK.get_config()) == INK
    older = {key: value for key, value in INK.get_config().items() if key != "framing"}
    assert modalities.from_config(older).framing == "letterbox"
    with pytest.raises(ValueError, match="Unknown framing 'inc'. Did you mean 'ink'"):
        Image(28, 28, framing="inc")
    assert pretrained.load_domain("mnist").modality == INK


@pytest.mark.long
def test_every_way_frames_and_refuses_alike(tmp_path):
    exported = export_translator(identity.translator(INK), tmp_path)
    pictures = [scene(strokes(), ground=paper()) * light(), scene(strokes(side=60))]
    contents = [encoded(pictures[0], "JPEG"), encoded(pictures[1])]
    expected = INK.read(tf.constant(contents)).numpy()
    signature = load_export(exported).signatures["here_to_there"]
    served = signature(data_bytes=tf.constant(contents))["data_bytes"].numpy()
    np.testing.assert_allclose([tf.io.decode_png(each) / 255 for each in served], expected, atol=1.01 / 255)
    (tmp_path / "files").mkdir()
    for name, content in zip(("0.jpg", "1.png", "2.png"), (*contents, encoded(paper())), strict=True):
        (tmp_path / "files" / name).write_bytes(content)
    assert translate_path(exported, "here", "there", tmp_path / "files", tmp_path / "out") == (2, 1)
    written = [(tmp_path / "out" / f"{number}.png").read_bytes() for number in (0, 1)]
    np.testing.assert_allclose([tf.io.decode_png(each) / 255 for each in written], expected, atol=1.01 / 255)
    player = Player(Models(identity.translator(INK).domains, {}, lambda z, source, target, seeds: z, False))
    shown = [player.read("here", str(tmp_path / "files" / name))[0].reshape(INK.shape) for name in ("0.jpg", "1.png")]
    np.testing.assert_allclose(shown, expected, atol=1e-5)
    with pytest.raises(ValueError, match=f"2.png cannot be read: {NO_DRAWING}"):
        player.read("here", str(tmp_path / "files" / "2.png"))
