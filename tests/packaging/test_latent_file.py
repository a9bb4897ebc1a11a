"""Latents of a user are read as they are, or refused in one sentence."""

import os

import numpy as np
import pytest

from latent_xlate.packaging.latent_file import LEAST_LATENTS, MOST_CLASSES, read_latents

N = 20
MU = np.random.default_rng(0).normal(size=(N, 3)).astype(np.float32)
LABELS = np.arange(N) % 2
WORDS = np.where(LABELS, "on", "off")
OBJECTS = np.array([None] * N, object)


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
@pytest.mark.parametrize("name", ["mu", "z"])
def test_arrays_in_every_form_are_the_same(save, name, tmp_path):
    given = {name: MU.astype(np.float64), "sigma": np.abs(MU), "labels": WORDS.astype("S"), "split": ["train"] * N}
    save(tmp_path / "a.npz", **given)
    (tmp_path / "folder").mkdir()
    for each, array in given.items():
        np.save(tmp_path / "folder" / f"{each}.npy", array)
    for source in (tmp_path / "a.npz", str(tmp_path / "folder"), given):
        found = read_latents(source)
        mu, sigma = found.rows(slice(None))
        np.testing.assert_array_equal(mu, MU)
        np.testing.assert_array_equal(sigma, np.abs(MU))
        assert found.class_names == ("off", "on")
        np.testing.assert_array_equal(found.labels, LABELS)
        assert set(found.split) == {"train"}
        assert (found.latent_shape, found.ignored, len(found)) == ((3,), (), N)


@pytest.mark.parametrize("large", [1 << 26, 50])
def test_npz_files_of_a_folder_are_one_in_the_order_of_their_names(large, tmp_path, monkeypatch):
    monkeypatch.setattr("latent_xlate.data.disk_arrays.LARGE", large)
    monkeypatch.setattr("latent_xlate.data.array_files.BLOCK", 40)
    for name, rows in (("b", slice(8, None)), ("a", slice(0, 8))):
        arrays = {"mu": MU[rows], "labels": LABELS[rows], "class_names": ["off", "on"]}
        np.savez(tmp_path / f"{name}.npz", **arrays)
    found = read_latents(tmp_path)
    np.testing.assert_array_equal(found.rows(slice(None))[0], MU)
    np.testing.assert_array_equal(found.labels, LABELS)
    assert found.class_names == ("off", "on")
    np.savez(tmp_path / "c.npz", mu=MU, labels=LABELS, class_names=["on", "off"])
    with pytest.raises(ValueError, match="class_names is not the same in all files"):
        read_latents(tmp_path)
    np.savez(tmp_path / "c.npz", mu=MU[:, :2], labels=LABELS, class_names=["off", "on"])
    with pytest.raises(ValueError, match=r"mu is \[20, 2\] in c.npz and \[8, 3\] in a.npz: all rows"):
        read_latents(tmp_path)
    np.savez(tmp_path / "c.npz", mu=MU)
    with pytest.raises(ValueError, match="c.npz has the arrays mu, and a.npz has the arrays mu, labels, class_names"):
        read_latents(tmp_path)
    np.save(tmp_path / "z.npy", MU)
    with pytest.raises(ValueError, match="has npz files and npy files, z.npy say: give a folder of one kind"):
        read_latents(tmp_path)


def test_an_npy_file_and_latents_of_many_axes_without_labels(tmp_path):
    z = np.arange(N * 24).reshape(N, 2, 3, 4)
    np.save(tmp_path / "z.npy", np.asfortranarray(z))
    found = read_latents(tmp_path / "z.npy")
    mu, sigma = found.rows(np.array([3, 1]))
    np.testing.assert_array_equal(mu, z[[3, 1]].reshape(2, 24))
    assert (found.latent_shape, sigma, found.class_names, found.split) == ((2, 3, 4), None, (), None)
    assert set(found.labels.tolist()) == {-1}


def test_labels_are_numbers_or_names_and_may_be_missing():
    def of(**labels):
        found = read_latents({"mu": MU, **labels})
        return found.class_names, found.labels.tolist()

    numbers = np.where(np.arange(N) < 3, -1, LABELS)
    assert of(labels=numbers) == (("0", "1"), numbers.tolist())
    assert of(labels=numbers, class_names=["no", "yes"]) == (("no", "yes"), numbers.tolist())
    words = np.where(np.arange(N) < 3, "", WORDS)
    assert of(labels=words) == (("off", "on"), numbers.tolist())
    assert of(labels=words, class_names=["on", "off"])[1] == np.where(numbers < 0, -1, 1 - numbers).tolist()


def test_what_nothing_is_made_of_is_named():
    assert read_latents({"mu": MU, "z": MU, "paths": WORDS}).ignored == ("paths", "z")


REFUSED = {
    "no latents": ({"mean": MU, "std": MU}, "has the arrays mean, std: name the array of latents mu, or z."),
    "nothing": ({}, "has no array: name the array of latents mu, or z."),
    "misspelt": ({"mu": MU, "sigmas": MU}, "has an array 'sigmas'. Did you mean 'sigma'? Name it so, or leave it out."),
    "objects": ({"mu": MU, "labels": OBJECTS}, "holds Python objects: save it as an array of numbers, or of strings"),
    "strings": ({"mu": np.full((N, 3), "a")}, "mu is of type <U1; latents are real numbers, float32 say."),
    "complex": ({"z": MU + 1j}, "z is of type complex64; latents are real numbers, float32 say."),
    "one axis": ({"mu": MU[:, 0]}, "mu is [20]; it must be [n, size of a latent]."),
    "no number": ({"mu": MU[:, :0]}, "mu is [20, 0]; it must be [n, size of a latent]."),
    "few": ({"mu": MU[: LEAST_LATENTS - 1]}, f"mu has {LEAST_LATENTS - 1} latents; a domain takes {LEAST_LATENTS} at"),
    "empty": ({"mu": MU[:0]}, f"mu has 0 latents; a domain takes {LEAST_LATENTS} at least"),
    "sigma": ({"mu": MU, "sigma": MU[:, :2]}, "mu is [20, 3] and sigma [20, 2]; they must have one shape."),
    "few labels": ({"mu": MU, "labels": LABELS[:5]}, "labels is [5]; it must be [20], one for each latent."),
    "one-hot": ({"mu": MU, "labels": np.eye(N)}, "labels is [20, 20]; it must be [20], one for each latent."),
    "floats": ({"mu": MU, "labels": LABELS / 2}, "labels is of type float64; they are whole numbers, or names of"),
    "negative": ({"mu": MU, "labels": LABELS - 2}, "labels has -2; they are 0 or more, and -1 where unlabelled."),
    "range": ({"mu": MU, "labels": LABELS, "class_names": ["a"]}, "labels has 1, outside 0 to 0: class_names has 1"),
    "no class": ({"mu": MU, "labels": WORDS, "class_names": ["on", "of"]}, "Unknown class 'off'. Did you mean 'of'?"),
    "twice": ({"mu": MU, "labels": LABELS, "class_names": ["a", "a"]}, "class_names has an empty name, or one twice"),
    "numbers": ({"mu": MU, "labels": LABELS, "class_names": [1, 2]}, "class_names is int64 [2]; it must be a list of"),
    "names alone": ({"mu": MU, "class_names": ["a"]}, "class_names names classes, and there are no labels: give"),
    "ids": ({"mu": MU, "labels": MOST_CLASSES * LABELS}, "labels has 10,001 classes; a domain has 10,000 at most."),
    "split": ({"mu": MU, "split": ["train", "tset"] * 10}, "Unknown split 'tset'. Did you mean 'test'?"),
    "no train": ({"mu": MU, "split": ["test"] * N}, "split has no 'train': nothing could be learnt from."),
    "number of split": ({"mu": MU, "split": LABELS}, "split is of type int64; it must hold the words train,"),
    "latin": ({"mu": MU, "labels": np.full(N, "é".encode("latin1"))}, "strings that are bytes must be UTF-8"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_does_not_fit_is_refused_in_one_sentence(case, tmp_path):
    arrays, sentence = REFUSED[case]
    np.savez(tmp_path / "a.npz", **arrays)
    for source in (tmp_path / "a.npz", arrays):
        with pytest.raises(ValueError) as error:
            read_latents(source)
        assert sentence in str(error.value)
        assert str(error.value).startswith(str(source) if isinstance(source, type(tmp_path)) else "The latents")
        assert "\n" not in str(error.value)


def test_files_that_are_none(tmp_path):
    with pytest.raises(ValueError, match="There is no file or folder .*nowhere.npz"):
        read_latents(tmp_path / "nowhere.npz")
    (tmp_path / "cut.npz").write_bytes(b"PK\3\4 and no more")
    with pytest.raises(ValueError, match="cut.npz is no npz file, or a damaged one"):
        read_latents(tmp_path / "cut.npz")
    os.mkfifo(tmp_path / "pipe.npz")
    with pytest.raises(ValueError, match="pipe.npz cannot be read: it is a .*pipe, not a file."):
        read_latents(tmp_path / "pipe.npz")
    np.save(tmp_path / "o.npy", OBJECTS)
    with pytest.raises(ValueError, match="o.npy is no npy file, or a damaged one .it holds Python objects"):
        read_latents(tmp_path / "o.npy")
    with pytest.raises(ValueError, match=r"latents is 3; it must be an npz or npy file, a folder of npy files"):
        read_latents(3)
