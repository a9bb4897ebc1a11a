import gzip

import numpy as np
import pytest

from latent_xlate.data import idx
from tests.support import raw


@pytest.mark.parametrize(("mark", "end"), [("-", ""), ("-", ".gz"), (".", ""), (".", ".gz")])
def test_folder_round_trip(mark, end, tmp_path):
    splits = raw.small_splits()
    raw.write_idx_folder(tmp_path, splits, mark, end)
    assert idx.holds_idx_files(tmp_path)
    read = idx.read_idx_folder(tmp_path)
    for split, data in splits.items():
        assert np.array_equal(read[split].content, data.content)
        assert np.array_equal(read[split].labels, data.labels)
        assert read[split].class_names == ("0", "1", "2")


def test_class_names_reach_the_highest_label(tmp_path):
    splits = raw.small_splits()
    splits["test"].labels[0] = 255
    assert len(idx.read_idx_folder(raw.write_idx_folder(tmp_path, splits))["train"].class_names) == 256


CONTENT = raw.idx_bytes(np.arange(60).reshape(3, 4, 5))


def test_shape_is_that_of_the_header(tmp_path):
    (tmp_path / "x").write_bytes(CONTENT)
    assert np.array_equal(idx.read_idx(tmp_path / "x"), np.arange(60).reshape(3, 4, 5))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("empty", b""),
        ("cut_in_header", CONTENT[:9]),
        ("cut", CONTENT[:-1]),
        ("too_long", CONTENT + b"\0"),
        ("of_floats", CONTENT[:2] + b"\x0d" + CONTENT[3:]),
        ("not_idx", b"\x89PNG" + CONTENT),
        ("empty.gz", b""),
        # Without the time, by which the tests' names would differ between processes.
        ("cut.gz", gzip.compress(CONTENT, mtime=0)[:-12]),
        ("not_gz.gz", CONTENT),
        ("rotten.gz", gzip.compress(CONTENT, mtime=0)[:12] + b"\xff" * 30),
    ],
)
def test_damaged_file_is_named(name, content, tmp_path):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(ValueError, match=f"{name} .*: get it again"):
        idx.read_idx(path)


def test_missing_file_is_named(tmp_path):
    raw.write_idx_folder(tmp_path, raw.small_splits())
    (tmp_path / "t10k-labels-idx1-ubyte").unlink()
    with pytest.raises(ValueError, match="no file t10k-labels-idx1-ubyte"):
        idx.read_idx_folder(tmp_path)


def test_files_that_do_not_belong_together(tmp_path):
    splits = raw.small_splits()
    fewer = raw.write_idx_folder(tmp_path / "fewer", splits)
    (fewer / "train-labels-idx1-ubyte").write_bytes(raw.idx_bytes(splits["train"].labels[1:]))
    with pytest.raises(ValueError, match="60 train images, but 59 train labels"):
        idx.read_idx_folder(fewer)
    smaller = raw.write_idx_folder(tmp_path / "smaller", splits)
    (smaller / "t10k-images-idx3-ubyte").write_bytes(raw.idx_bytes(splits["test"].content[:, 1:, :, 0]))
    with pytest.raises(ValueError, match="differ in size"):
        idx.read_idx_folder(smaller)
    swapped = raw.write_idx_folder(tmp_path / "swapped", splits)
    (swapped / "train-images-idx3-ubyte").write_bytes(raw.idx_bytes(splits["train"].labels))
    with pytest.raises(ValueError, match="train-images-idx3-ubyte has 1 axes, not 3"):
        idx.read_idx_folder(swapped)
