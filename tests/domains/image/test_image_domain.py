import io

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image, ImageDraw

from latent_xlate.domains.image.image_classifier import ImageClassifier
from latent_xlate.domains.image.image_domain import ImageDomain
from latent_xlate.domains.image.image_vae import ImageVAE
from tests.support import tiny
from tests.support.tolerances import assert_close

HALF_A_LEVEL = 1 / 510 + 1e-6


def domain(channels=1, invert="auto", size=28):
    vae = ImageVAE((size, size, channels), latent_dim=2, hidden_units=(4,))
    return ImageDomain("images", vae, invert=invert)


def encoded(image, file_format="PNG", **options):
    buffer = io.BytesIO()
    image.save(buffer, file_format, **options)
    return buffer.getvalue()


def read(image, file_format="PNG", target=None, **options):
    return (target or domain()).read(tf.constant([encoded(image, file_format, **options)]))[0].numpy()


def drawing(size=28, colour=255, ground=0, mode="L"):
    """An upright stroke left of the middle, in `colour` on `ground`."""
    image = Image.new(mode, (size, size), ground)
    ImageDraw.Draw(image).rectangle((size * 0.25, size * 0.2, size * 0.4, size * 0.8), fill=colour)
    return image


def grey(image):
    return np.asarray(image, np.float32)[..., None] / 255


def test_models_are_those_of_the_domain():
    digits, x = tiny.image_domain(), np.random.default_rng(0).uniform(size=(3, 28, 28, 1)).astype(np.float32)
    mu, sigma = digits.encode(x)
    np.testing.assert_array_equal(mu, digits.vae.encode(x)[0])
    np.testing.assert_array_equal(sigma, digits.vae.encode(x)[1])
    np.testing.assert_array_equal(digits.decode(mu), digits.vae(x))
    np.testing.assert_array_equal(digits.classify(x), digits.classifier(x))
    np.testing.assert_array_equal(digits.features(x), digits.classifier.features(x))
    assert (digits.latent_dim, digits.data_shape) == (6, (28, 28, 1))


def test_data_set_of_a_domain_is_its_name_unless_another_is_given():
    vae = tiny.image_domain().vae
    assert ImageDomain("mnist", vae).dataset == "mnist"
    assert ImageDomain.from_config(ImageDomain("mnist_b", vae, dataset="mnist").get_config()).dataset == "mnist"


@pytest.mark.parametrize("channels", [1, 3])
def test_png_round_trip_is_exact_to_half_a_level(channels):
    x = np.random.default_rng(0).uniform(size=(4, 28, 28, channels)).astype(np.float32)
    target = domain(channels, invert="never")
    again = target.read(target.write(x)).numpy()
    np.testing.assert_allclose(again, x, rtol=0, atol=HALF_A_LEVEL)
    # What has once been rounded to whole levels comes back as it is.
    assert_close(target.read(target.write(again)), again, rtol=0, atol=1e-6)


def test_written_files_are_png_of_the_pixels():
    x = np.random.default_rng(0).uniform(size=(2, 28, 28, 1)).astype(np.float32)
    for content, pixels in zip(domain().write(x).numpy(), x, strict=True):
        image = Image.open(io.BytesIO(content))
        assert (image.format, image.mode, image.size) == ("PNG", "L", (28, 28))
        np.testing.assert_array_equal(np.asarray(image), np.round(pixels[..., 0] * 255))


def test_no_file_at_all_and_several_at_once():
    target = domain()
    assert target.read(tf.constant([], tf.string)).shape == (0, 28, 28, 1)
    assert target.write(tf.zeros((0, 28, 28, 1))).shape == (0,)
    images = [drawing(), drawing(56), drawing(ground=20)]
    together = target.read(tf.constant([encoded(image) for image in images])).numpy()
    for image, x in zip(images, together, strict=True):
        np.testing.assert_array_equal(x, read(image))


def test_file_of_the_domains_size_gives_the_array_itself():
    pixels = np.random.default_rng(0).integers(256, size=(28, 28), dtype=np.uint8)
    pixels[:4] = pixels[-4:] = 0  # A dark ground.
    assert_close(read(Image.fromarray(pixels)), grey(pixels), rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    ("mode", "file_format", "tolerance"),
    [
        ("1", "PNG", 1e-6),
        ("L", "PNG", 1e-6),
        ("LA", "PNG", 1e-6),
        ("P", "PNG", 1e-6),
        ("RGB", "PNG", 1e-6),
        ("RGBA", "PNG", 1e-6),
        ("I;16", "PNG", 0.01),
        ("L", "BMP", 1e-6),
        ("RGB", "BMP", 1e-6),
        ("L", "GIF", 1e-6),
        ("P", "GIF", 1e-6),
        ("L", "JPEG", 0.06),
        ("RGB", "JPEG", 0.06),
        ("CMYK", "JPEG", 0.06),
    ],
)
def test_every_colour_mode_and_format_is_read(mode, file_format, tolerance):
    original = drawing()
    image = Image.fromarray(np.asarray(original, np.uint16) * 257) if mode == "I;16" else original.convert(mode)
    options = {"quality": 95} if file_format == "JPEG" else {}
    np.testing.assert_allclose(read(image, file_format, **options), grey(original), rtol=0, atol=tolerance)


def test_colours_become_their_luminance():
    image = Image.new("RGB", (28, 28))
    ImageDraw.Draw(image).rectangle((5, 5, 14, 22), fill=(200, 100, 50))
    expected = (0.299 * 200 + 0.587 * 100 + 0.114 * 50) / 255
    np.testing.assert_allclose(read(image)[10, 10], expected, atol=1e-3)
    assert_close(read(image, target=domain(3))[10, 10], np.array([200, 100, 50]) / 255, atol=1e-6)


def test_grey_files_fill_the_channels_of_a_colour_domain():
    assert_close(read(drawing(), target=domain(3)), np.repeat(grey(drawing()), 3, axis=-1), atol=1e-6)


def test_animated_gif_gives_its_first_frame():
    frames = [drawing(), drawing(colour=0, ground=255)]
    x = read(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert_close(x, grey(drawing()), atol=1e-6)


@pytest.mark.parametrize("colour", [0, 60])
def test_dark_drawing_on_bright_ground_is_inverted(colour):
    image = drawing(colour=colour, ground=255)
    assert_close(read(image), 1 - grey(image), atol=1e-6)
    assert_close(read(image, target=domain(invert="never")), grey(image), atol=1e-6)
    assert_close(read(image, target=domain(invert="always")), 1 - grey(image), atol=1e-6)


def test_bright_drawing_on_dark_ground_stays():
    assert_close(read(drawing()), grey(drawing()), atol=1e-6)
    assert_close(read(drawing(), target=domain(invert="always")), 1 - grey(drawing()), atol=1e-6)


@pytest.mark.parametrize("colour", [(0, 0, 0), (255, 255, 255), (200, 30, 30), (250, 240, 90)])
def test_transparent_ground_contrasts_with_the_drawing(colour):
    # Whatever its colour, what was drawn ends up brighter than the ground, which is black.
    x = read(drawing(mode="RGBA", colour=(*colour, 255), ground=(*colour, 0)))
    stroke = grey(drawing()) > 0
    assert_close(x[~stroke], 0, atol=1e-6)
    assert x[stroke].min() > 0.5


def test_half_transparent_stroke_is_halfway():
    x = read(drawing(mode="LA", colour=(255, 128), ground=(0, 0)))
    np.testing.assert_allclose(x, grey(drawing()) * 128 / 255, atol=1e-3)


@pytest.mark.parametrize("file_format", ["PNG", "JPEG"])
@pytest.mark.parametrize("size", [20, 28, 56, 100, 301])
def test_any_size_is_scaled(size, file_format):
    original = drawing(2800)
    x = read(original.resize((size, size), Image.Resampling.BOX), file_format)[..., 0]
    expected = grey(original.resize((28, 28), Image.Resampling.BOX))[..., 0]
    assert x.mean() == pytest.approx(expected.mean(), abs=0.005)
    assert np.abs(x - expected).mean() < 0.03


@pytest.mark.parametrize(
    ("width", "height", "columns", "rows"),
    [(100, 50, 28, 14), (50, 100, 14, 28), (28, 7, 28, 7), (10, 20, 14, 28), (1000, 3, 28, 1), (3, 1000, 1, 28)],
)
def test_proportions_are_kept(width, height, columns, rows):
    x = read(Image.new("L", (width, height), 200), target=domain(invert="never"))[..., 0]
    filled = np.argwhere(x > 0.5)
    np.testing.assert_array_equal(filled.max(axis=0) - filled.min(axis=0) + 1, [rows, columns])
    assert_close(x[x > 0], 200 / 255, atol=1e-5)
    # In the middle, to a pixel.
    assert np.abs(filled.max(axis=0) + filled.min(axis=0) - 27).max() <= 1


@pytest.mark.parametrize(("width", "height"), [(1, 1), (2, 1), (29, 27), (641, 479)])
def test_odd_sizes_are_read(width, height):
    x = read(Image.new("L", (width, height), 255), target=domain(invert="never"))
    assert x.max() == pytest.approx(1)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not an image",
        encoded(drawing())[:-40],
        encoded(drawing())[:20],
        encoded(drawing(), "JPEG")[:300],
        encoded(drawing(), "GIF")[:60],
        encoded(drawing(), "BMP")[:100],
        encoded(drawing(), "TIFF"),
    ],
    ids=["empty", "text", "png", "png header", "jpeg", "gif", "bmp", "tiff"],
)
def test_damaged_and_foreign_files_raise_an_error_of_tensorflow(content):
    with pytest.raises(tf.errors.InvalidArgumentError):
        domain().read(tf.constant([encoded(drawing()), content]))


def test_reading_and_writing_work_in_a_graph_without_python():
    target = domain()
    graph = tf.function(
        lambda files: target.write(target.read(files)), input_signature=[tf.TensorSpec([None], tf.string)]
    )
    files = tf.constant([encoded(drawing()), encoded(drawing(60, colour=0, ground=255))])
    np.testing.assert_array_equal(graph(files), target.write(target.read(files)))


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (np.zeros((2, 28, 27, 1), np.float32), "x has shape"),
        (np.full((1, 28, 28, 1), 2.0), "must lie in"),
        (np.full((1, 28, 28, 1), np.nan), "NaN"),
        (np.zeros((1, 28, 28, 1), np.uint8), "uint8"),
    ],
)
def test_check_refuses_what_are_no_images_of_the_domain(x, message):
    with pytest.raises(ValueError, match=message):
        domain().check(x)


def test_classifier_must_judge_images_of_the_same_shape():
    with pytest.raises(ValueError, match=r"images are \(28, 28, 1\), the classifier's \(28, 28, 3\)"):
        ImageDomain("digits", domain().vae, ImageClassifier((28, 28, 3), hidden_units=(4,)))


def test_unknown_invert_is_refused():
    with pytest.raises(ValueError, match="Unknown invert 'autom'. Did you mean 'auto'"):
        domain(invert="autom")
