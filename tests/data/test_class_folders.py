"""Folders whose classes a table tells, or nothing; those with class folders are in test_image_folder.py."""

import os
import shutil

import numpy as np
import pytest

from latent_xlate.data import class_folders, images, sources
from latent_xlate.data.synthetic import digits_like
from latent_xlate.modalities.image import Image
from tests.support import oddities, raw

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
    with pytest.warns(UserWarning, match="left out: not in labels.csv"):
        assert sum(map(len, class_folders.read_folder(tmp_path, MODALITY).values())) == 30


@pytest.mark.parametrize(
    ("columns", "row", "message"),
    [
        ("file", ("0.png",), "labels.csv has no column class: its columns are 'file'"),
        ("file", ("0.png",), "The first line names the columns: file, class."),
        ("file,class,split", ("2.png", "0", "validation"), "this one has the class '0' and the split 'validation'"),
        ("file,class", ("nothing.png", "0"), "labels.csv, line 4: 'nothing.png' names no file of images"),
        ("file,class", ("labels.csv", "0"), "line 4: 'labels.csv' names no file of images"),
        ("file,class", ("2.png", ""), "line 4: every row needs a class"),
        ("file,class", ("../2.png", "0"), "line 4: '../2.png' names no file of images"),
        ("file,class", ("0.png", "1"), "line 4: '0.png' is '1' here and '0' in line 2: leave one"),
        ("file,class", ("./within/../0.png", "1"), "line 4: './within/../0.png' is '1' here and '0' in line 2"),
        ("file,class", ("2.png", "1,2"), "line 4: '2' is to the right of all columns"),
        ("file,class,split", ("0.png", "0", "test"), "line 4: '0.png' is 'test' here and 'train' in line 2: leave one"),
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


@pytest.mark.parametrize("form", ["{folder}/../outside.png", "../outside.png"])
def test_file_outside_of_the_folder_is_refused(form, tmp_path):
    (tmp_path / "in").mkdir()
    write_flat(tmp_path / "in")
    shutil.copy(tmp_path / "in" / "0.png", tmp_path / "outside.png")
    named = form.format(folder=tmp_path / "in")
    write_table(tmp_path / "in", [("0.png", "a"), ("1.png", "b"), (named, "a")])
    with pytest.raises(ValueError, match=f"line 4: '{named}' is outside of {tmp_path / 'in'}: move it there"):
        class_folders.read_folder(tmp_path / "in", MODALITY)


def test_file_that_is_named_twice_is_read_once(tmp_path):
    files = write_flat(tmp_path)
    rows = [(file, str(label)) for file, label in zip(files, DATA.labels, strict=True)]
    twice = [("within\\7.png", str(DATA.labels[7])), (str(tmp_path / "0.png"), str(DATA.labels[0]))]
    write_table(tmp_path, rows + twice)
    assert raw.same_content(raw.joined(class_folders.read_folder(tmp_path, MODALITY)), DATA)


def test_table_that_a_spreadsheet_saved_is_read(tmp_path):
    files = write_flat(tmp_path)
    lines = [f"{file}\t{label}\tTrain\t" for file, label in zip(files[1:], DATA.labels[1:], strict=True)]
    text = "\r\n".join(["File\tClass\tSplit\t", f"0.png\t{DATA.labels[0]}\tTest\t", *lines, "\t\t\t", ""])
    (tmp_path / "Labels.CSV").write_bytes(text.encode("utf-16"))
    splits = class_folders.read_folder(tmp_path, MODALITY)
    assert raw.same_content(splits["test"], DATA.take(slice(0, 1)))
    assert raw.same_content(splits["train"], DATA.take(slice(1, None)))
    assert class_folders.holds_files(tmp_path, (".png",))
    assert not class_folders.holds_files(tmp_path, (".wav",))


@pytest.mark.parametrize("form", ["class folders", "unlabelled"])
def test_litter_is_skipped_and_what_is_no_file_is_warned_of(form, tmp_path):
    if form == "unlabelled":
        write_flat(tmp_path)
        shutil.rmtree(tmp_path / "within")
        inside = [tmp_path]
    else:
        raw.write_image_folder(tmp_path, DATA)
        inside = [tmp_path, tmp_path / "1"]
        (tmp_path / "around").symlink_to("around")
        (tmp_path / "1" / ("x" * 250 + ".PNG")).symlink_to(next((tmp_path / "1").iterdir()).name)
    for folder in inside:
        oddities.add_litter(folder)
        said = oddities.add_oddities(folder, ".png")
    with pytest.warns(UserWarning, match="is left out") as warned:
        splits = class_folders.read_folder(tmp_path, MODALITY)
    assert sum(map(len, splits.values())) == (58 if form == "unlabelled" else 61)
    assert splits["train"].class_names == (() if form == "unlabelled" else DATA.class_names)
    for name, reason in said.items():
        assert (
            sum(f"{inside[-1] / name} is left out: " in str(w.message) and reason in str(w.message) for w in warned)
            == 1
        )
    assert class_folders.holds_files(tmp_path, (".png",))
    assert not class_folders.holds_files(tmp_path, (".wav",))


@pytest.mark.parametrize(("left_out", "more"), [(1, " is"), (3, " and 2 other files are")])
def test_files_that_the_table_lacks_are_warned_of(left_out, more, tmp_path):
    names = sorted(write_flat(tmp_path))
    write_table(tmp_path, [(name, "ab"[place % 2]) for place, name in enumerate(names[left_out:])])
    with pytest.warns(UserWarning, match=f"{names[0]}{more} left out: not in labels.csv"):
        class_folders.list_files(tmp_path, MODALITY)


def test_class_that_is_no_text_is_refused(tmp_path):
    raw.write_image_folder(tmp_path, DATA)
    (tmp_path / os.fsdecode(b"caf\xe9")).mkdir()
    with pytest.raises(ValueError, match=r"The name of the class 'caf\\udce9' is not UTF-8"):
        class_folders.read_folder(tmp_path, MODALITY)


def test_file_whose_name_is_no_text_is_read(tmp_path):
    raw.write_image_folder(tmp_path, DATA)
    file = next((tmp_path / "1").iterdir())
    file.rename(file.with_name(os.fsdecode(b"caf\xe9.png")))
    assert raw.same_content(raw.joined(class_folders.read_folder(tmp_path, MODALITY)), DATA)


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
