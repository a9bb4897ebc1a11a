import shutil

import numpy as np
import pytest
from PIL import Image

from latent_xlate.data.class_folders import read_folder
from latent_xlate.data.synthetic import digits_like
from latent_xlate.modalities import image
from tests.support import raw


def read_image_folder(folder, image_size=28):
    return read_folder(folder, image.Image(image_size, image_size, invert="never"))


def read_image(path, image_size=28):
    """A file as it is read among others of a folder, uint8 [image_size, image_size, 1]."""
    folder = path.parent / f"folder_of_{path.name}"
    for name in ("it", "other"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    Image.new("L", (9, 9)).save(folder / "other" / "black.png")
    shutil.copy(path, folder / "it")
    return read_image_folder(folder, image_size)["test"].content[0]


PALETTE = Image.new("P", (9, 9), 1)
PALETTE.putpalette([0, 0, 0, 10, 200, 30])

# Grey is 0.299 red + 0.587 green + 0.114 blue.
PLAIN_COLOURS = [
    ("grey.png", Image.new("L", (50, 20), 100), 100),
    ("bits.png", Image.new("1", (3, 70), 1), 255),
    ("colour.png", Image.new("RGB", (28, 29), (10, 200, 30)), 124),
    ("colour.bmp", Image.new("RGB", (1, 1), (10, 200, 30)), 124),
    ("palette.gif", PALETTE, 124),
    ("palette.png", PALETTE, 124),
    ("grey.jpeg", Image.new("L", (64, 64), 100), 100),
    ("ink.JPG", Image.new("CMYK", (64, 64), (0, 0, 0, 155)), 100),
    ("deep.png", Image.fromarray(np.full((40, 40), 100 * 256 + 5, np.uint16)), 100),
    ("clear.png", Image.new("RGBA", (30, 30), (0, 0, 0, 0)), 255),
    ("veil.png", Image.new("RGBA", (30, 30), (0, 0, 0, 155)), 100),
    ("veil_grey.png", Image.new("LA", (30, 30), (0, 155)), 100),
]


@pytest.mark.parametrize(("name", "picture", "grey"), PLAIN_COLOURS, ids=[name for name, *_ in PLAIN_COLOURS])
def test_any_size_and_colour_becomes_a_grey_picture_that_fits_a_small_square(name, picture, grey, tmp_path):
    picture.save(tmp_path / name)
    read = read_image(tmp_path / name)
    assert read.shape == (28, 28, 1)
    height, width = (max(1, round(28 * side / max(picture.size))) for side in picture.size[::-1])
    top, left = (28 - height) // 2, (28 - width) // 2
    expected = np.zeros((28, 28, 1), int)
    expected[top : top + height, left : left + width] = grey
    assert np.abs(read.astype(int) - expected).max() <= 1


def test_clear_palette_colour_counts_as_white(tmp_path):
    PALETTE.save(tmp_path / "x.png", transparency=1)
    assert np.all(read_image(tmp_path / "x.png") == 255)


def test_first_picture_of_an_animation(tmp_path):
    frames = [Image.new("L", (28, 28), grey) for grey in (10, 200, 250)]
    frames[0].save(tmp_path / "x.gif", save_all=True, append_images=frames[1:])
    assert np.all(read_image(tmp_path / "x.gif") == 10)


def test_grey_image_of_the_right_size_is_not_changed(tmp_path):
    data = digits_like(3)
    raw.write_image_folder(tmp_path, data)
    for number, label in enumerate(data.labels):
        read = read_image(tmp_path / data.class_names[label] / f"{number}.png")
        assert np.array_equal(read, data.content[number])


def test_shrinking_averages_and_keeps_the_orientation(tmp_path):
    halves = np.zeros((56, 56), np.uint8)
    halves[:28] = 200
    Image.fromarray(halves).save(tmp_path / "x.png")
    read = read_image(tmp_path / "x.png", image_size=14)[..., 0]
    assert np.all(read[:6] == 200)
    assert np.all(read[8:] == 0)
    assert read.mean() == pytest.approx(100, abs=1)


def test_orientation_that_a_camera_notes_is_followed(tmp_path):
    halves = np.zeros((56, 56), np.uint8)
    halves[:28] = 200
    exif = Image.Exif()
    exif[0x0112] = 3  # Upside down.
    Image.fromarray(halves).save(tmp_path / "x.jpg", exif=exif)
    read = read_image(tmp_path / "x.jpg")
    assert read[:13].max() < 10
    assert read[15:].min() > 190


def png_bytes(tmp_path):
    Image.fromarray(digits_like(1, 1, image_size=100).content[0, ..., 0]).save(tmp_path / "whole.png")
    return (tmp_path / "whole.png").read_bytes()


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda png: b"", "The picture is empty: the file has no bytes"),
        (lambda png: b"No image at all.", "not a PNG, JPEG, GIF or BMP picture"),
        (lambda png: png[: len(png) // 2], "damaged"),
        (lambda png: png[:20], "damaged"),
        (lambda png: png[:1000] + b"\0\0\0\0" + png[1004:], "damaged"),
        (lambda png: b"RIFF\x1a\0\0\0WEBPVP8L" + png, "not a PNG, JPEG, GIF or BMP picture"),
    ],
)
def test_file_that_is_no_image_is_named(damage, reason, tmp_path):
    path = tmp_path / "x.png"
    path.write_bytes(damage(png_bytes(tmp_path)))
    with pytest.raises(ValueError, match=rf"x\.png cannot be read as an image \(.*{reason}.*\): replace or remove it"):
        read_image(path)


def test_missing_file_is_named(tmp_path):
    with pytest.raises(OSError, match=r"No such file.*x\.png"):
        image.Image(28, 28).prepare(tmp_path / "x.png")


def test_folder_without_splits(tmp_path):
    data = digits_like(3 * 13, num_classes=3)
    splits = read_image_folder(raw.write_image_folder(tmp_path, data))
    assert np.bincount(splits["test"].labels).tolist() == [2, 2, 2]
    assert raw.same_content(raw.joined(splits), data)
    assert splits["train"].class_names == splits["test"].class_names == ("0", "1", "2")


def test_split_depends_on_content_and_not_on_names(tmp_path):
    data = digits_like(40, num_classes=2)
    there = read_image_folder(raw.write_image_folder(tmp_path / "a", data))
    back = read_image_folder(raw.write_image_folder(tmp_path / "b", data.take(slice(None, None, -1))))
    for split in there:
        assert raw.same_content(there[split], back[split])


def test_folder_with_splits(tmp_path):
    splits = raw.small_splits()
    for split, data in splits.items():
        raw.write_image_folder(tmp_path / split, data)
    (tmp_path / "train" / "0" / ".DS_Store").write_text("hidden")
    (tmp_path / "README.txt").write_text("beside the classes")
    read = read_image_folder(tmp_path)
    for split, data in splits.items():
        assert raw.same_content(read[split], data)


def test_classes_are_the_sorted_names_of_the_folders(tmp_path):
    for name, grey in (("b", 20), ("a", 10), ("10", 30)):
        (tmp_path / name).mkdir()
        for number in range(2):
            Image.new("L", (8, 8), grey + number).save(tmp_path / name / f"{number}.PNG")
    train = read_image_folder(tmp_path, image_size=8)["train"]
    assert train.class_names == ("10", "a", "b")
    assert dict(zip(train.labels.tolist(), train.content[:, 0, 0, 0] // 10, strict=True)) == {0: 3, 1: 1, 2: 2}
    assert train.content.shape[1:] == (8, 8, 1)


@pytest.mark.parametrize("name", ["notes.txt", "picture.webp", "folder"])
def test_what_is_no_image_in_a_class_folder_is_named(name, tmp_path):
    raw.write_image_folder(tmp_path, digits_like(12, num_classes=2))
    path = tmp_path / "1" / name
    path.mkdir() if name == "folder" else path.write_text("x")
    with pytest.raises(ValueError, match=f"{path} is not an image .*: move it"):
        read_image_folder(tmp_path)


def test_files_that_are_no_images_are_counted(tmp_path):
    raw.write_image_folder(tmp_path, digits_like(12, num_classes=2))
    for name in ("a.txt", "b.webp", "c"):
        (tmp_path / "1" / name).touch()
    with pytest.raises(
        ValueError, match=r"1/a.txt is not an image .*: move it out of the class folder \(3 such files\)"
    ):
        read_image_folder(tmp_path)


def test_pictures_of_other_formats_are_named_with_the_way_out(tmp_path):
    data = digits_like(12, num_classes=2)
    raw.write_image_folder(tmp_path / "classes", data)
    for name in ("a.webp", "b.HEIC", "c.webp", "d.svg", "e.tif", "f.avif", "g.txt"):
        (tmp_path / "classes" / "0" / name).touch()
    with pytest.raises(
        ValueError,
        match=r"0/a.webp is not an image .*: move it out of the class folder \(7 such files\), or save "
        r".avif and .heic and .svg and .tif and .webp files as PNG. The others: b.HEIC, c.webp, d.svg, e.tif, 2 more.",
    ):
        read_image_folder(tmp_path / "classes")
    (tmp_path / "flat").mkdir()
    (tmp_path / "flat" / "a.webp").touch()
    with pytest.raises(ValueError, match=r"flat/a.webp is not an image .*, or save .webp files as PNG\.$"):
        read_image_folder(tmp_path / "flat")
    (tmp_path / "flat" / "labels.csv").write_text("file,class\na.webp,x\nb.png,y\n")
    with pytest.raises(ValueError, match="'a.webp' names no file of images in .*flat: save .webp files as PNG"):
        read_image_folder(tmp_path / "flat")


@pytest.mark.parametrize(("count", "said"), [(0, "no class folders"), (1, "1 class folder:"), (257, "257 class")])
def test_number_of_classes_is_checked(count, said, tmp_path):
    for number in range(count):
        (tmp_path / str(number)).mkdir()
    with pytest.raises(ValueError, match=f"{tmp_path} has {said}"):
        read_image_folder(tmp_path)
