"""Latents alone as a domain: all of a user's latents, standardised, and what may be wrong with them."""

import numpy as np
import pytest

from latent_xlate.bridge import latent_classifier
from latent_xlate.data import array_files, disk_arrays
from latent_xlate.domains.domain import Domain
from latent_xlate.latents.latents import Latents
from latent_xlate.packaging.latent_packaging import package_latents
from tests.support import latents_alone, tiny
from tests.support.tolerances import assert_close

SPLITS = ("train", "validation", "test")


@pytest.fixture(autouse=True)
def few_steps(monkeypatch):
    monkeypatch.setattr(latent_classifier, "NUM_STEPS", 150)


def stored(folder):
    return {split: np.load(folder / f"latents_{split}.npz") for split in SPLITS}


@pytest.mark.parametrize(("scale", "offset"), [(1e-3, 0.0), (1.0, 5.0), (1e3, -2e3)])
@pytest.mark.long
def test_each_latent_is_there_once_and_comes_back_at_its_own_scale(scale, offset, tmp_path):
    given = latents_alone.arrays(scale=scale, offset=offset)
    domain = package_latents("faces", given, tmp_path / "faces")
    found = stored(tmp_path / "faces")
    rows = np.concatenate([found[split]["rows"] for split in SPLITS])
    assert sorted(rows.tolist()) == list(range(300))
    for each in found.values():
        own = each["rows"]
        np.testing.assert_allclose(domain.from_bridge(each["mu"]), given["mu"][own], rtol=1e-5, atol=1e-5 * scale)
        np.testing.assert_allclose(each["sigma"] * domain.standardisation.scale, given["sigma"][own], rtol=1e-5)
        np.testing.assert_array_equal(each["labels"], given["labels"][own])
    train = found["train"]
    np.testing.assert_allclose(train["mu"].mean(axis=0), 0, atol=1e-4)
    np.testing.assert_allclose(train["mu"].var(axis=0) + (train["sigma"] ** 2).mean(axis=0), 1, rtol=1e-4)
    assert [len(each["mu"]) for each in found.values()] == [230, 20, 50]
    assert set(np.bincount(found["test"]["labels"])) == {5}  # One in six of each class.
    assert "| accuracy of the judge" in (tmp_path / "faces" / "MODEL_CARD.md").read_text()


@pytest.mark.long
def test_latents_that_are_copied_in_parts_from_disk_are_the_same(monkeypatch, tmp_path):
    np.savez_compressed(tmp_path / "a.npz", **latents_alone.arrays())
    domains = [package_latents("faces", tmp_path / "a.npz", tmp_path / "whole")]
    monkeypatch.setattr(disk_arrays, "LARGE", 0)
    monkeypatch.setattr(array_files, "BLOCK", 500)
    domains.append(package_latents("faces", tmp_path / "a.npz", tmp_path / "parts"))
    (whole, parts) = (each.standardisation for each in domains)
    np.testing.assert_allclose(whole.shift, parts.shift, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(whole.scale, parts.scale, rtol=1e-5)
    for split in SPLITS:
        first, second = (Latents.load(tmp_path / name / f"latents_{split}.npz") for name in ("whole", "parts"))
        np.testing.assert_allclose(first.mu, second.mu, rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(first.sigma, second.sigma, rtol=1e-4)
        np.testing.assert_array_equal(first.labels, second.labels)


def test_a_split_is_kept_and_unlabelled_latents_have_no_judge(tmp_path):
    z = np.random.default_rng(0).normal(size=(60, 2, 3)).astype(np.float32)
    split = np.array(["train", "test", "validation"] * 20)
    domain = package_latents("rooms", {"z": z, "split": split}, tmp_path / "rooms")
    found = stored(tmp_path / "rooms")
    for name, each in found.items():
        assert set(split[each["rows"]]) == {name}
        assert set(each["labels"].tolist()) == {-1}
        assert "sigma" not in each
    assert (Latents.load(tmp_path / "rooms" / "latents_test.npz").sigma == 0).all()
    again = Domain.load(tmp_path / "rooms")
    assert (again.data_shape, again.latent_dim, again.has_classifier, again.class_names) == ((2, 3), 6, False, ())
    assert_close(again.decode(again.encode(z)[0]), z)
    assert domain.get_config() == again.get_config()


def test_the_judge_tells_latents_of_the_users_scale_apart(tmp_path):
    domain = latents_alone.package(tmp_path / "faces", scale=1e3, offset=50.0)
    others = latents_alone.arrays(count=200, scale=1e3, offset=50.0)
    classes = np.argmax(domain.classify(domain.decode(others["mu"])), axis=1)
    assert np.mean(classes == others["labels"]) > 0.95
    again = Domain.load(tmp_path / "faces")
    assert_close(again.features(others["mu"]), domain.features(others["mu"]), rtol=1e-5)


def with_value(name, value):
    given = latents_alone.arrays()
    given[name][7, 2] = value
    return given


REFUSED = {
    "nan": (with_value("mu", np.nan), "mu has NaN or infinite values, or some too large for float32, in row 7."),
    "infinite": (with_value("sigma", np.inf), "sigma has NaN or infinite values"),
    "large": (latents_alone.arrays() | {"mu": np.full((300, 6), 1e300), "sigma": np.ones((300, 6))}, "too large for"),
    "negative": (with_value("sigma", -1), "sigma is below 0 in row 7: it is a standard deviation, which np.exp("),
    "constant": ({"mu": np.ones((300, 6))}, "The training latents are all the same: there is nothing to learn from."),
    "class": (
        latents_alone.arrays() | {"class_names": np.array([*tiny.CLASS_NAMES, "hat"])},
        "Class hat has no latent to train on",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_does_not_fit_leaves_nothing_behind(case, tmp_path):
    arrays, sentence = REFUSED[case]
    with pytest.raises(ValueError) as error:
        package_latents("faces", arrays, tmp_path / "faces")
    assert sentence in str(error.value)
    assert list(tmp_path.iterdir()) == []


def test_names_and_folders_that_do_not_fit(tmp_path):
    with pytest.raises(ValueError, match="Domain name 'My faces' must consist of"):
        package_latents("My faces", latents_alone.arrays(), tmp_path / "faces")
    (tmp_path / "a.txt").write_text("mine")
    with pytest.raises(ValueError, match="holds something else than a domain"):
        package_latents("faces", latents_alone.arrays(), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]


def test_what_may_be_wrong_is_said_and_told_by_the_card(tmp_path, capsys):
    given = latents_alone.arrays(count=120) | {"paths": np.array(["a"] * 120)}
    given["mu"][:, 4] = given["sigma"][:, 4] = 0
    given["labels"] = np.random.default_rng(0).permutation(given["labels"])  # Chance.
    package_latents("faces", given, tmp_path / "faces")
    said, card = capsys.readouterr().err, (tmp_path / "faces" / "MODEL_CARD.md").read_text()
    for doubt in (
        "Nothing is made of the arrays paths.",
        "1 of the latent's 6 numbers do not change.",
        "There are fewer than 20 training latents of 0 (",
        "A classifier of the latents recognises",
    ):
        assert f"Warning: {doubt}" in said
        assert f"\n- {doubt}" in card
