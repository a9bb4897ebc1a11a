import os
from pathlib import Path

import numpy as np
import pytest

from latent_xlate.data import idx, images, labelled, tfds_sets
from latent_xlate.data.checksums import CHECKSUMS, check_content
from latent_xlate.data.synthetic import digits_like
from tests.support import raw


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory):
    """Holds "shapes", of 60 training and 20 test images."""
    folder = tmp_path_factory.mktemp("data")
    tfds_sets.store("shapes", raw.small_splits(), folder)
    return folder


def equal(left, right):
    return np.array_equal(left.content, right.content) and np.array_equal(left.labels, right.labels)


def test_canonical_order_does_not_depend_on_the_order_of_the_source():
    data = digits_like(50)
    ordered, checksum = labelled.in_canonical_order(data)
    again, checksum_again = labelled.in_canonical_order(data.take(np.random.default_rng(0).permutation(50)))
    assert equal(ordered, again)
    assert checksum == checksum_again
    assert not equal(ordered, data)
    assert raw.same_content(ordered, data)


@pytest.mark.parametrize("what", ["content", "labels"])
def test_checksum_sees_one_changed_value(what):
    data = digits_like(50)
    before = labelled.in_canonical_order(data)[1]
    getattr(data, what).flat[7] ^= 1
    assert labelled.in_canonical_order(data)[1] != before


def test_only_the_published_content_passes_under_a_published_name():
    for dataset, checksums in CHECKSUMS.items():
        for split, checksum in checksums.items():
            check_content(dataset, split, checksum, "here", "")
    check_content("shapes", "test", "any", "here", "")
    with pytest.raises(ValueError, match="test images in here are not those of 'mnist' .* Do this"):
        check_content("mnist", "test", CHECKSUMS["mnist"]["train"], "here", "Do this.")


@pytest.mark.skipif("LATENT_XLATE_RAW_DATA" not in os.environ, reason="LATENT_XLATE_RAW_DATA is not set")
@pytest.mark.parametrize("dataset", CHECKSUMS)
def test_checksums_are_those_of_the_raw_files(dataset):
    splits = idx.read_idx_folder(Path(os.environ["LATENT_XLATE_RAW_DATA"]) / dataset)
    assert {split: labelled.in_canonical_order(data)[1] for split, data in splits.items()} == CHECKSUMS[dataset]


def test_splits_of_a_stored_set(data_dir):
    written = raw.small_splits()
    train, validation, test = (images.load("shapes", split, data_dir) for split in labelled.SPLITS)
    assert (len(train), len(validation)) == (55, 5)
    assert raw.same_content(test, written["test"])
    assert raw.same_content(raw.joined({"train": train, "validation": validation}), written["train"])
    assert equal(
        raw.joined({"validation": validation, "train": train}), labelled.in_canonical_order(written["train"])[0]
    )
    assert test.class_names == ("0", "1", "2")


def test_default_folder_is_that_of_the_environment(data_dir, monkeypatch):
    monkeypatch.setenv("TFDS_DATA_DIR", str(data_dir))
    assert len(images.load("shapes", "test")) == 20
    monkeypatch.setenv("TFDS_DATA_DIR", f"~/{data_dir.name}")
    monkeypatch.setenv("HOME", str(data_dir.parent))
    assert len(images.load("shapes", "test")) == 20


@pytest.mark.parametrize(
    ("dataset", "split", "said"),
    [
        (
            "shape",
            "test",
            "Unknown data set 'shape'. Did you mean 'shapes'[?] Known: fashion_mnist, mnist, sc09, sha",
        ),
        ("mnits", "test", "Did you mean 'mnist'"),
        ("mnist", "test", "'mnist' is not prepared in .* Run: latent_xlate_prepare_data --dataset=mnist --data_dir=/"),
        ("shapes", "tests", "Unknown split 'tests'. Did you mean 'test'"),
    ],
)
def test_what_is_not_there(dataset, split, said, data_dir):
    with pytest.raises(ValueError, match=said):
        images.load(dataset, split, data_dir)


def test_other_content_under_a_published_name_is_refused(tmp_path):
    tfds_sets.store("fashion_mnist", raw.small_splits(num_classes=10), tmp_path)
    with pytest.raises(ValueError, match=f"train images in {tmp_path}/fashion_mnist are not those of 'fashion_mnist'"):
        images.load("fashion_mnist", "train", tmp_path)


def cut(path):
    path.write_bytes(path.read_bytes()[:-100])


def drop_records(path):
    # A record is its length in 8 bytes, a checksum of 4, itself, and a checksum of 4.
    content = path.read_bytes()
    path.write_bytes(content[: 16 + int.from_bytes(content[:8], "little")])


@pytest.mark.parametrize(
    ("name", "damage"),
    [
        ("shapes-test.tfrecord-00000-of-00001", cut),
        ("shapes-test.tfrecord-00000-of-00001", drop_records),
        ("shapes-test.tfrecord-00000-of-00001", Path.unlink),
        ("shapes-test.tfrecord-00000-of-00001", lambda path: path.write_bytes(b"")),
        ("features.json", cut),
        ("features.json", Path.unlink),
        ("dataset_info.json", cut),
        ("dataset_info.json", lambda path: path.write_text("{}")),
    ],
)
def test_damaged_set_is_named(name, damage, tmp_path):
    tfds_sets.store("shapes", {split: data.take(slice(30)) for split, data in raw.small_splits().items()}, tmp_path)
    damage(tmp_path / "shapes" / "1.0.0" / name)
    with pytest.raises(ValueError, match=f"'shapes' in {tmp_path}/shapes cannot be read .* Remove that folder"):
        images.load("shapes", "test", tmp_path)


@pytest.mark.parametrize(
    "files", [[], ["notes.txt"], ["1.0.0/notes.txt"], ["incomplete.ABCDEF_1.0.0/dataset_info.json"]]
)
def test_folder_without_a_data_set_is_not_one(files, tmp_path):
    (tmp_path / "shapes").mkdir()
    for name in files:
        (tmp_path / "shapes" / name).parent.mkdir(exist_ok=True)
        (tmp_path / "shapes" / name).write_text("")
    with pytest.raises(ValueError, match="Unknown data set 'shapes'"):
        images.load("shapes", "train", tmp_path)
