import resource
import tracemalloc

import numpy as np
import pytest
import tensorflow_datasets as tfds
from PIL import Image as Pillow
from tensorflow_datasets.core import shuffle

from latent_xlate.data import class_folders, disk_arrays, images, labelled, tfds_sets
from latent_xlate.data.synthetic import digits_like
from latent_xlate.modalities.image import Image
from tests.support import raw


@pytest.fixture(autouse=True)
def temporary_folder(tmp_path_factory, monkeypatch):
    folder = tmp_path_factory.mktemp("temporary")
    monkeypatch.setenv("TMPDIR", str(folder))
    return folder


@pytest.mark.parametrize("large", [0, 1 << 30])
def test_rows_are_those_that_were_written_and_no_file_is_left(large, temporary_folder, monkeypatch):
    monkeypatch.setattr(disk_arrays, "LARGE", large)
    expected = np.arange(7 * 2 * 3, dtype=np.int16).reshape(7, 2, 3)
    array = disk_arrays.write([expected[:3], expected[3:3], expected[3:]], (2, 3), np.int16)
    assert not list(temporary_folder.iterdir())
    assert not array.flags.writeable
    for _ in range(2):  # The second time from pages that were given back.
        np.testing.assert_array_equal(disk_arrays.rows(array, slice(1, 5)), expected[1:5])
        np.testing.assert_array_equal(disk_arrays.rows(array[2:], np.array([4, 0, 0])), expected[[6, 2, 2]])
    parts = list(disk_arrays.batches(array, np.array([6, 5, 0]), 2))
    assert [len(part) for part in parts] == [2, 1]
    np.testing.assert_array_equal(np.concatenate(parts), expected[[6, 5, 0]])


def test_no_rows():
    assert disk_arrays.write([], (2, 3), np.uint8).shape == (0, 2, 3)


def test_full_disk_is_an_error_that_names_the_folder(temporary_folder):
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, limits[1]))
    try:
        with pytest.raises(OSError, match=str(temporary_folder)):
            disk_arrays.write([np.zeros(20_000, np.uint8)], (), np.uint8)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def test_instances_in_order_and_in_batches():
    data = digits_like(10)
    reversed_data = data.in_order(np.arange(10)[::-1])
    np.testing.assert_array_equal(reversed_data.content, data.content[::-1])
    np.testing.assert_array_equal(reversed_data.labels, data.labels[::-1])
    parts = list(reversed_data.batches(4))
    assert [len(part) for part in parts] == [4, 4, 2]
    np.testing.assert_array_equal(np.concatenate([part.content for part in parts]), data.content[::-1])
    np.testing.assert_array_equal(np.concatenate([part.labels for part in parts]), data.labels[::-1])
    assert labelled.checksum(reversed_data) == labelled.checksum(data) == labelled.in_canonical_order(data)[1]
    assert labelled.checksum(data.take(slice(9))) != labelled.checksum(data)


def test_all_splits_are_those_that_are_read_alone(tmp_path):
    tfds_sets.store("shapes", raw.small_splits(), tmp_path)
    splits = images.load_splits("shapes", tmp_path)
    assert list(splits) == list(labelled.SPLITS)
    for split, data in splits.items():
        alone = images.load("shapes", split, tmp_path)
        np.testing.assert_array_equal(data.content, alone.content)
        np.testing.assert_array_equal(data.labels, alone.labels)


def test_a_split_that_tfds_sorts_on_disk_has_the_same_records_in_the_same_order(tmp_path, monkeypatch):
    records = []
    for size in (shuffle.MAX_MEM_BUFFER_SIZE, 0):
        monkeypatch.setattr(shuffle, "MAX_MEM_BUFFER_SIZE", size)
        folder = tmp_path / str(size)
        tfds_sets.store("shapes", raw.small_splits(), folder)
        dataset = tfds.builder("shapes", data_dir=folder).as_dataset(split="train", batch_size=-1)
        records.append(tfds.as_numpy(dataset))
    np.testing.assert_array_equal(records[0]["image"], records[1]["image"])
    np.testing.assert_array_equal(records[0]["label"], records[1]["label"])


def write_pictures(folder, count):
    """`count` tiny pictures of two classes, no two alike."""
    for number in range(count):
        path = folder / "ab"[number % 2] / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Pillow.new("RGB", (2, 2), (number % 256, number // 256, number % 2)).save(path)
    return folder


@pytest.mark.long
def test_memory_does_not_grow_with_the_number_of_pictures(tmp_path):
    image = Image(96, 96, 3, invert="never")

    def prepare(count):
        folder = write_pictures(tmp_path / f"pictures_{count}", count)
        tfds_sets.store("many", class_folders.read_folder(folder, image), tmp_path / f"data_{count}")
        assert sum(map(len, images.load_splits("many", tmp_path / f"data_{count}").values())) == count

    def peak(count):
        """Most memory that Python and NumPy take, in bytes, to read and store a folder of pictures and load it."""
        tracemalloc.start()
        try:
            prepare(count)
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    prepare(20)  # What is made once, such as graphs.
    size = int(np.prod(image.shape))
    few, many = 270, 540  # The former exceed a batch.
    assert peak(many) - peak(few) < 0.2 * size * (many - few)
