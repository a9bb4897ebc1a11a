"""Arrays are those that numpy wrote, whether they are mapped, inflated or read."""

import io
import zipfile

import numpy as np
import pytest

from latent_xlate.data import array_files, disk_arrays


@pytest.fixture(params=[0, 1 << 40], ids=["mapped", "read"])
def large(request, monkeypatch):
    """Every array counts as large, or none."""
    monkeypatch.setattr(disk_arrays, "LARGE", request.param)
    monkeypatch.setattr(array_files, "BLOCK", 100)
    return request.param == 0


ARRAYS = {
    "c": np.arange(60, dtype=np.float32).reshape(20, 3),
    "columns": np.asfortranarray(np.arange(60, dtype=np.float64).reshape(20, 3)),
    "big_endian": np.arange(24, dtype=">i2").reshape(2, 3, 4),
    "strings": np.array(["a", "longer", ""]),
    "empty": np.zeros((0, 4), np.float32),
    "scalar": np.array(3.5),
}


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_arrays_of_an_npz_file_are_those_that_numpy_wrote(save, large, tmp_path):
    save(tmp_path / "a.npz", **ARRAYS)
    assert array_files.array_names(tmp_path / "a.npz") == list(ARRAYS)
    array_files.check_members(tmp_path / "a.npz")
    for name, array in ARRAYS.items():
        opened = array_files.open_array(tmp_path / "a.npz", name)
        assert opened.dtype == array.dtype
        np.testing.assert_array_equal(opened, array)
        assert isinstance(opened, np.memmap) == (large and array.size > 0)


def test_arrays_of_a_folder_are_those_that_numpy_wrote(large, tmp_path):
    for name, array in ARRAYS.items():
        np.save(tmp_path / f"{name}.npy", array)
    (tmp_path / "notes.txt").write_text("nothing")
    assert array_files.array_names(tmp_path) == sorted(ARRAYS)
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(array_files.open_array(tmp_path, name), array)


def test_what_comes_in_parts_is_one_array_for_numpy_and_the_same_bytes_each_time(large, tmp_path):
    whole = np.random.default_rng(0).normal(size=(50, 3))
    parts = {"z": (whole.shape, np.dtype(np.float32), np.array_split(whole, 7)), "n": ((), np.dtype(int), [[5]])}
    first, second = (array_files.write_npz(tmp_path / name, dict(parts)) for name in ("a.npz", "b.npz"))
    assert first.read_bytes() == second.read_bytes()
    with np.load(first) as loaded:
        np.testing.assert_array_equal(loaded["z"], whole.astype(np.float32))
        assert loaded["n"] == 5
    np.testing.assert_array_equal(array_files.open_array(first, "z"), whole.astype(np.float32))


def damaged(content: bytes, where: int) -> bytes:
    return content[:where] + bytes([content[where] ^ 255]) + content[where + 1 :]


def test_damage_is_one_sentence(large, tmp_path):
    path = tmp_path / "a.npz"
    np.savez(path, c=ARRAYS["c"])
    content = path.read_bytes()
    place = content.index(ARRAYS["c"].tobytes())
    path.write_bytes(damaged(content, place + 5))
    with pytest.raises(ValueError, match=r"a.npz is damaged \(Bad CRC-32"):
        array_files.check_members(path)
    for other in (content[: len(content) // 2], b"", b"PK\3\4", b"not a zip"):
        path.write_bytes(other)
        with pytest.raises(ValueError, match="a.npz is no npz file, or a damaged one"):
            array_files.array_names(path)
    npy = io.BytesIO()
    np.save(npy, ARRAYS["c"])
    (tmp_path / "c.npy").write_bytes(npy.getvalue()[:-1])
    with pytest.raises(ValueError, match="c.npy is no npy file, or a damaged one .it has 239 bytes of 240"):
        array_files.open_array(tmp_path, "c")
    (tmp_path / "c.npy").write_bytes(b"nothing of the kind")
    with pytest.raises(ValueError, match="c.npy is no npy file, or a damaged one"):
        array_files.open_array(tmp_path, "c")


def test_objects_and_members_that_are_no_arrays_are_refused_unread(large, tmp_path):
    path = tmp_path / "a.npz"
    np.savez(path, objects=np.array([{}, None], object), good=ARRAYS["c"])
    with pytest.raises(ValueError, match="its array objects cannot be read .it holds Python objects: save it as"):
        array_files.open_array(path, "objects")
    np.testing.assert_array_equal(array_files.open_array(path, "good"), ARRAYS["c"])
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("text", b"words")
    with pytest.raises(ValueError, match="its array text cannot be read"):
        array_files.open_array(path, "text")


def test_blocks_cover_all_rows_once(monkeypatch):
    monkeypatch.setattr(array_files, "BLOCK", 100)
    for count, size in ((0, 8), (7, 1000), (40, 8), (13, 0)):
        rows = np.arange(count)
        parts = [rows[part] for part in array_files.in_blocks(count, size)]
        assert np.concatenate([rows[:0], *parts]).tolist() == rows.tolist()
        assert all(len(part) * size <= 100 or len(part) == 1 for part in parts)
