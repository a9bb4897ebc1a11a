"""The data set of letters, drawn with fonts that matplotlib brings."""

import shutil
from pathlib import Path

import matplotlib
import numpy as np
import pytest

from latent_xlate.data import letters

FONTS = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
NAMES = ("DejaVuSans", "DejaVuSerif", "STIXGeneral", "cmr10", "cmss10", "cmtt10", "DejaVuSansMono")


def test_letters_are_drawn_in_a_colour_of_their_own_on_white():
    splits = letters.draw_letters([FONTS / f"{name}.ttf" for name in NAMES])
    train, test = splits["train"], splits["test"]
    assert train.class_names == test.class_names == tuple("BCDFGHPSVZ")
    assert train.labels.tolist() == list(range(10)) * 6
    assert test.labels.tolist() == list(range(10))  # The sixth font.
    for picture in train.content.reshape(-1, 64 * 64, 3).astype(float):
        ink = 255 - picture
        strongest = ink[ink.sum(axis=1).argmax()]
        share = ink @ strongest / (strongest @ strongest)
        assert np.abs(ink - share[:, np.newaxis] * strongest).max() <= 2  # One colour.
        assert strongest.max() > 255 * 0.4
    extents = [np.ptp(np.argwhere((picture < 255).any(axis=-1)), axis=0).max() + 1 for picture in train.content]
    assert 0.5 * 64 <= min(extents) < max(extents) <= 0.95 * 64
    assert len(np.unique(extents)) > 10


def test_letters_follow_from_the_seed():
    fonts = [FONTS / f"{name}.ttf" for name in NAMES]
    first, again, other = (letters.draw_letters(fonts, seed) for seed in (1, 1, 2))
    for split in first:
        np.testing.assert_array_equal(first[split].content, again[split].content)
        assert (first[split].content != other[split].content).any()


@pytest.fixture
def debian(tmp_path, monkeypatch):
    """Programs in the place of Debian's, which find the fonts unpacked."""
    (tmp_path / "bin").mkdir()
    for name in ("apt-get", "dpkg-deb"):
        (tmp_path / "bin" / name).write_text("#!/bin/sh\n")
        (tmp_path / "bin" / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    folder = tmp_path / "root" / "usr" / "share" / "fonts"
    folder.mkdir(parents=True)
    return folder


def test_fonts_of_symbols_are_left_out(debian):
    for name in (*NAMES, "STIXSizOneSymReg"):
        shutil.copy(FONTS / f"{name}.ttf", debian)
    splits = letters.read_letters(debian.parents[2])
    assert sum(map(len, splits.values())) == 10 * len(NAMES)


@pytest.mark.network
def test_packages_of_fonts_are_there(tmp_path):
    splits = letters.read_letters(tmp_path)
    counts = np.bincount(splits["train"].labels)
    assert counts.min() == counts.max() >= 100
