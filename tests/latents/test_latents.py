import numpy as np
import pytest

from latent_xlate.data import array_files, disk_arrays
from latent_xlate.latents.latents import Latents, no_sigma
from tests.support.synthetic_latents import latents
from tests.support.tolerances import assert_close


@pytest.mark.parametrize("name", ["latents.npz", "latents"])
def test_latents_come_back_in_half_precision(name, tmp_path):
    original = latents()
    original.save(tmp_path / name)
    assert [path.name for path in tmp_path.iterdir()] == [name]
    again = Latents.load(tmp_path / name)
    np.testing.assert_allclose(again.mu, original.mu, rtol=2**-10)
    assert_close(again.sigma, original.sigma, rtol=2**-10, atol=1e-7)
    np.testing.assert_array_equal(again.labels, original.labels)
    assert (again.mu.dtype, again.sigma.dtype, again.labels.dtype) == (np.float32, np.float32, np.int32)


def test_labels_of_many_classes_and_unlabelled_ones_come_back(tmp_path):
    labels = np.array([-1, 0, 127, 128, 999], np.int32)
    Latents(np.zeros((5, 2), np.float32), np.ones((5, 2), np.float32), labels).save(tmp_path / "latents.npz")
    np.testing.assert_array_equal(Latents.load(tmp_path / "latents.npz").labels, labels)


@pytest.mark.parametrize("with_sigma", [True, False])
def test_large_ones_that_are_stored_uncompressed_stay_on_disk(with_sigma, tmp_path, monkeypatch):
    monkeypatch.setattr(disk_arrays, "LARGE", 0)
    own = latents()
    arrays = {"mu": own.mu, "labels": own.labels} | ({"sigma": own.sigma} if with_sigma else {})
    members = {name: (array.shape, array.dtype, [array]) for name, array in arrays.items()}
    loaded = Latents.load(array_files.write_npz(tmp_path / "latents.npz", members))
    assert loaded.on_disk
    assert loaded.take(slice(3, 9)).on_disk
    assert loaded.take(np.ones(len(own), bool)) is loaded
    some = loaded.take(own.labels == 1)
    assert not some.on_disk
    np.testing.assert_array_equal(some.mu, own.mu[own.labels == 1])
    np.testing.assert_array_equal(loaded.mu, own.mu)
    np.testing.assert_array_equal(loaded.sigma, own.sigma if with_sigma else np.zeros_like(own.mu))
    own.mu[5, 0] = np.nan
    with pytest.raises(ValueError, match="mu has 1 NaN or infinite value"):
        Latents.load(array_files.write_npz(tmp_path / "bad.npz", members))
    assert no_sigma(own.mu).strides == (0, 0)


def test_take_keeps_rows_together():
    taken = latents().take([5, 3])
    assert taken.mu[:, 0].tolist() == [5, 3]
    assert len(taken) == 2
    np.testing.assert_array_equal(taken.sigma, latents().sigma[[5, 3]])
    np.testing.assert_array_equal(taken.labels, latents().labels[[5, 3]])


def test_only_the_labels_asked_for_are_left():
    original = latents()
    seen = original.with_labels_of(np.array([7, 140]))
    np.testing.assert_array_equal(np.flatnonzero(seen.labels >= 0), [7, 140])
    np.testing.assert_array_equal(seen.labels[[7, 140]], original.labels[[7, 140]])
    np.testing.assert_array_equal(seen.mu, original.mu)
    assert (original.labels >= 0).all()


def write_npz(path, **arrays):
    with path.open("wb") as file:
        np.savez_compressed(file, **arrays)


def truncate(path):
    path.write_bytes(path.read_bytes()[:-200])


def corrupt(path):
    content = bytearray(path.read_bytes())
    content[100:140] = b"\xff" * 40
    path.write_bytes(bytes(content))


@pytest.mark.parametrize(
    "spoil",
    [
        truncate,
        corrupt,
        lambda path: path.write_bytes(b""),
        lambda path: path.write_text("not latents"),
        lambda path: path.write_bytes(np.arange(3).tobytes()),
        lambda path: np.save(path.open("wb"), np.zeros((3, 2))),
        lambda path: write_npz(path, mu=np.zeros((3, 2)), sigma=np.ones((3, 2))),
        lambda path: write_npz(path, mu=np.array(["a"]), sigma=np.array(["b"]), labels=np.array([0])),
        lambda path: write_npz(path, mu=np.zeros((3, 2)), sigma=np.ones((2, 2)), labels=np.zeros(3, int)),
        lambda path: write_npz(path, mu=np.full((3, 2), np.nan), sigma=np.ones((3, 2)), labels=np.zeros(3, int)),
    ],
    ids=["truncated", "corrupt", "empty", "text", "bytes", "npy", "no labels", "strings", "sizes", "nan"],
)
def test_damaged_and_foreign_files_are_refused_by_name(spoil, tmp_path):
    path = tmp_path / "latents.npz"
    latents().save(path)
    spoil(path)
    with pytest.raises(ValueError, match="latents.npz"):
        Latents.load(path)


def test_missing_file_is_named(tmp_path):
    with pytest.raises(ValueError, match="There is no file of latents .*nothing.npz"):
        Latents.load(tmp_path / "nothing.npz")


@pytest.mark.parametrize(
    ("mu", "sigma", "labels", "message"),
    [
        (np.array([[np.nan, 1.0]]), np.ones((1, 2)), np.zeros(1, int), "mu has 1 NaN"),
        (np.zeros((1, 2)), np.array([[np.inf, np.inf]]), np.zeros(1, int), "sigma has 2 NaN or infinite"),
        (np.zeros((3, 2)), np.ones((3, 1)), np.zeros(3, int), "must be"),
        (np.zeros((3, 2)), np.ones((3, 2)), np.zeros(2, int), "must be"),
        (np.zeros((3, 2)), np.ones((3, 2)), np.zeros((3, 1), int), "must be"),
        (np.zeros(3), np.ones(3), np.zeros(3, int), "must be"),
    ],
)
def test_arrays_that_are_no_latents_are_refused(mu, sigma, labels, message):
    with pytest.raises(ValueError, match=message):
        Latents(mu, sigma, labels)
