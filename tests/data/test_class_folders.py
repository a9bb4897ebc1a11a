"""Folders whose classes a table tells, or nothing; those with class folders are in test_image_folder.py."""

import numpy as np
import pytest

from latent_xlate.data import class_folders, images, sources
from latent_xlate.data.synthetic import digits_like
from latent_xlate.modalities.image import Image
from tests.support import raw

DATA = digits_like(60, num_classes=3)
MODALITY = Image(28, 28, invert="never")


def write_flat(folder, data=DATA):
    """`<number>.png`, two of a hundred in a folder within."""
    raw.write_image_folder(folder / "by_class", data)
    (folder / "within").mkdir()
    names = []
    for number, label in enumerate(data.labels):
        name = f"within/{number}.png" if number % 50 == 7 else f"{number}.png"
        (folder / "by_class" / data.class_names[label] / f"{number}.png").rename(folder / name)
        names.append(name)
    for name in data.class_names:
        (folder / "by_class" / name).rmdir()
    (folder / "by_class").rmdir()
    return names


def write_table(folder, rows, columns="file,class"):
    (folder / class_folders.LABELS_FILE).write_text("\n".join([columns, *(",".join(row) for row in rows)]) + "\n")


def test_table_tells_the_classes(tmp_path):
    files = write_flat(tmp_path)
    write_table(tmp_path, [(file, f"kind {label}") for file, label in zip(files, DATA.labels, strict=True)])
    splits = class_folders.read_folder(tmp_path, MODALITY)
    assert splits["train"].class_names == ("kind 0", "kind 1", "kind 2")
    assert raw.same_content(raw.joined(splits), DATA)
    assert np.bincount(splits["test"].labels).tolist() == [3, 3, 3]


def test_table_tells_the_splits(tmp_path):
    files = write_flat(tmp_path)
    split = ["test" if number < 9 else "train" for number in range(len(files))]
    write_table(tmp_path, zip(files, map(str, DATA.labels), split, strict=True), "file,class,split")
    splits = class_folders.read_folder(tmp_path, MODALITY)
    assert raw.same_content(splits["test"], DATA.take(slice(0, 9)))
    assert raw.same_content(splits["train"], DATA.take(slice(9, None)))


def test_files_that_are_not_in_the_table_are_not_read(tmp_path):
    files = write_flat(tmp_path)
    write_table(tmp_path, [(file, str(label)) for file, label in zip(files[:30], DATA.labels, strict=False)])
    assert sum(map(len, class_folders.read_folder(tmp_path, MODALITY).values())) == 30


@pytest.mark.parametrize(
    ("columns", "row", "message"),
    [
        ("file", ("0.png",), "labels.csv is not a table of classes: it has no column class"),
        ("file,class", ("nothing.png", "0"), "labels.csv, line 4: 'nothing.png' names no file of images"),
        ("file,class", ("labels.csv", "0"), "line 4: 'labels.csv' names no file of images"),
        ("file,class", ("2.png", ""), "line 4: every row needs a class"),
        ("file,class,split", ("2.png", "0", "validation"), "line 4: every row needs a class, and either every one"),
    ],
)
def test_table_that_does_not_fit_is_refused_with_its_line(columns, row, message, tmp_path):
    write_flat(tmp_path)
    width = columns.count(",") + 1
    rows = [("0.png", "0", "train")[:width], ("1.png", "1", "train")[:width], row]
    write_table(tmp_path, rows, columns)
    with pytest.raises(ValueError, match=message):
        class_folders.read_folder(tmp_path, MODALITY)


def test_table_of_one_class_is_refused(tmp_path):
    write_flat(tmp_path)
    write_table(tmp_path, [("0.png", "a"), ("1.png", "a")])
    with pytest.raises(ValueError, match="labels.csv has 1 class: expected 2 to 256"):
        class_folders.read_folder(tmp_path, MODALITY)


def test_nothing_but_files_are_unlabelled_and_stored_so(tmp_path):
    (tmp_path / "raw").mkdir()
    for number, image in enumerate(DATA.content):
        raw.Image.fromarray(image[..., 0]).save(tmp_path / "raw" / f"{number}.png")
    sources.prepare("plain", "local", tmp_path / "raw", tmp_path / "data")
    again = sources.prepare("plain", "local", tmp_path / "raw", tmp_path / "data")
    assert again.source == "prepared"
    read = {split: images.read_split("plain", split, tmp_path / "data") for split in ("train", "test")}
    assert read["train"].class_names == ()
    assert {len(read["train"]), len(read["test"])} == {50, 10}
    for data in read.values():
        assert (data.labels == -1).all()
    stored = sorted(image.tobytes() for data in read.values() for image in data.content)
    assert stored == sorted(image.tobytes() for image in DATA.content)
