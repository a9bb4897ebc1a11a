import numpy as np
import pytest

from latent_xlate.domains import pretrained
from tests.support import tiny


@pytest.fixture
def savedmodels(tmp_path, monkeypatch):
    """A folder of the pretrained domains "digits" and "clothes", and of something else."""
    folder = tmp_path / "savedmodels"
    for seed, name in enumerate(("digits", "clothes")):
        tiny.image_domain(name, seed=seed).save(folder / name)
    (folder / "export").mkdir()
    monkeypatch.setenv(pretrained.SAVEDMODELS, str(folder))
    return folder


def test_pretrained_domains_load_by_name_and_by_folder(savedmodels):
    assert pretrained.list_domains() == ["clothes", "digits"]
    z = np.random.default_rng(0).normal(size=(2, 6)).astype(np.float32)
    expected = tiny.image_domain("digits").decode(z)
    for name in ("digits", str(savedmodels / "digits")):
        loaded = pretrained.load_domain(name)
        assert loaded.name == "digits"
        np.testing.assert_array_equal(loaded.decode(z), expected)


def test_folder_relative_to_the_current_one(savedmodels, monkeypatch):
    monkeypatch.chdir(savedmodels)
    monkeypatch.delenv(pretrained.SAVEDMODELS)
    assert pretrained.load_domain("clothes").name == "clothes"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("digit", "Unknown domain 'digit'. Did you mean 'digits'\\? Known: clothes, digits."),
        ("export", "Unknown domain 'export'"),
        ("out/digits", "There is no domain in out/digits: it has no domain.json"),
    ],
)
def test_unknown_domain_is_refused_with_the_known(name, message, savedmodels):
    with pytest.raises(ValueError, match=message):
        pretrained.load_domain(name)


def test_without_any_pretrained_domain_none_is_known(tmp_path, monkeypatch):
    monkeypatch.setenv(pretrained.SAVEDMODELS, str(tmp_path / "nothing"))
    with pytest.raises(ValueError, match="Known: none"):
        pretrained.load_domain("mnist")
