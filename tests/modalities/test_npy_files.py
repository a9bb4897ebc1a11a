import io
import zipfile

import numpy as np
import pytest
import tensorflow as tf

from latent_xlate.modalities import npy_files


def npy(x) -> bytes:
    file = io.BytesIO()
    np.save(file, x)
    return file.getvalue()


def random(shape, dtype=np.float32):
    return np.random.default_rng(0).uniform(-100, 100, shape).astype(dtype)


@pytest.mark.parametrize("shape", [(), (1,), (7,), (3, 5), (2, 3, 4), (0,), (300, 300)])
def test_numpy_reads_what_is_written_and_the_other_way_round(shape):
    x = random(shape)
    content = npy_files.write_npy(tf.constant(x), shape).numpy()
    assert content == npy(x)
    np.testing.assert_array_equal(npy_files.read_npy(tf.constant(content), shape), x)


@pytest.mark.parametrize("dtype", npy_files.DTYPES)
def test_numbers_of_every_type_are_read(dtype):
    x = np.abs(random((3, 5))).astype(dtype)
    np.testing.assert_array_equal(npy_files.read_npy(tf.constant(npy(x)), (3, 5)), x.astype(np.float32))


def test_later_versions_of_the_format_are_read():
    x, file = random((3, 5)), io.BytesIO()
    np.lib.format.write_array(file, x, version=(2, 0))
    np.testing.assert_array_equal(npy_files.read_npy(tf.constant(file.getvalue()), (3, 5)), x)


X = random((3, 5))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"PK\x03\x04", "no npy file"),
        (npy(X)[:9], "no array of numbers of shape"),
        (npy(X)[:-3], "."),
        (npy(X)[:-4], "14 values, but the requested shape has 15"),
        (npy(X) + b"\0\0\0\0", "16 values, but the requested shape has 15"),
        (npy(X.T), r"no array of numbers of shape \[3, 5\]"),
        (npy(np.asfortranarray(X)), "C order"),
        (npy(X.astype(">f4")), "no array of numbers"),
        (npy(X > 0), "no array of numbers"),
        (npy(np.where(X > 0, np.nan, X)), "NaN or infinite"),
        (npy(X.astype(np.float64) * 1e40), "NaN or infinite"),
    ],
)
def test_what_is_no_such_array_is_an_invalid_argument(content, message):
    read = tf.function(npy_files.read_npy, autograph=False)
    with pytest.raises(tf.errors.InvalidArgumentError, match=message):
        read(tf.constant(content), (3, 5))


def test_npz_files_become_npy():
    for arrays in ({"x": X, "labels": np.arange(2)}, {"data": X}):
        file = io.BytesIO()
        np.savez(file, **arrays)
        assert npy_files.normalised(file.getvalue()) == npy(X)
    assert npy_files.normalised(npy(X)) == npy(X)
    file = io.BytesIO()
    np.savez(file, a=X, b=X)
    with pytest.raises(ValueError, match="it holds a, b"):
        npy_files.normalised(file.getvalue())
    with pytest.raises(ValueError, match="not an npz file, or a damaged one"):
        npy_files.normalised(file.getvalue()[:-30])


@pytest.mark.parametrize(
    "x",
    [X.T, np.asfortranarray(X), X.astype(">f4"), X.astype(">i2"), X > 0, X.astype(np.uint32), X.astype(np.uint64)],
    ids=["transposed", "fortran", "big-endian", "big-endian integers", "bool", "uint32", "uint64"],
)
def test_numbers_of_any_order_and_type_are_normalised(x):
    content = npy_files.normalised(npy(x))
    np.testing.assert_array_equal(npy_files.read_npy(tf.constant(content), x.shape), x.astype(np.float32))


@pytest.mark.parametrize("x", [np.array(["a"]), X + 1j])
def test_what_is_no_number_stays_and_is_refused(x):
    content = npy_files.normalised(npy(x))
    with pytest.raises(tf.errors.InvalidArgumentError, match="no array of numbers"):
        npy_files.read_npy(tf.constant(content), x.shape)


def test_damaged_npy_stays_as_it_is():
    assert npy_files.normalised(npy(X)[:-3]) == npy(X)[:-3]


def npz(**arrays):
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


def test_only_x_of_an_npz_file_is_read():
    objects = np.array([{"a": 1}, None])
    np.testing.assert_array_equal(npy_files.read_npz(npz(labels=objects, x=X)), X)
    with pytest.raises(ValueError, match="its array 'x' holds Python objects: save it as an array of numbers"):
        npy_files.read_npz(npz(x=objects, y=X))
    with pytest.raises(ValueError, match="its array 'data' holds Python objects"):
        npy_files.read_npz(npz(data=objects))
    with pytest.raises(ValueError, match="it holds labels, y; name the one to translate 'x'"):
        npy_files.read_npz(npz(labels=objects, y=X))
    with pytest.raises(ValueError, match="it holds no array; name"):
        npy_files.read_npz(npz())


def test_what_is_no_npz_file_is_told_how_to_become_one():
    npy = io.BytesIO()
    np.save(npy, X)
    for content, kind in ((npy.getvalue(), "an npy file"), (b"", "not an npz file"), (b"words", "not an npz file")):
        with pytest.raises(ValueError, match=rf"it is {kind}: save the array by np\.savez"):
            npy_files.read_npz(content)


def test_member_of_a_zip_file_that_is_no_array_is_named():
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as file:
        file.writestr("x.npy", "words")
    with pytest.raises(ValueError, match="its member 'x' is no array"):
        npy_files.read_npz(content.getvalue())
