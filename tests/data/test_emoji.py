"""The data set of emoji, from packages of the right form that a program in the place of npm gives."""

import io
import json
import tarfile

import numpy as np
import pytest
from PIL import Image

from latent_xlate.data import emoji

TONED = {tone: {"image": f"hand-{tone.lower()}.png"} for tone in ("1F3FB", "1F3FC", "1F3FF")}


def described(short_name, subcategory, order, **more):
    image = {"image": f"{short_name}.png", "has_img_google": True, "has_img_twitter": True}
    return {"short_name": short_name, "subcategory": subcategory, "sort_order": order} | image | more


def descriptions():
    """Eight emoji of each class, and some that are left out."""
    found = [
        described(f"{name}{i}", subcategories[0], 10 - i)
        for name, subcategories in emoji._SUBCATEGORIES.items()
        for i in range(8)
    ]
    return [
        *found,
        described("hand", "hand-fingers-open", 99, skin_variations=TONED),
        described("bricks", "place-building", 0),
        described("new_heart", "heart", 0, has_img_twitter=False),
        described("pear", "food-fruit", 0),
    ]


def pack(path, emoji_set, described, size=64):
    """Writes a package: each picture is a disc, red for google and blue for twitter, on a transparent ground."""
    pixels = np.zeros((size, size, 4), np.uint8)
    pixels[16:48, 16:48] = [255, 0, 0, 255] if emoji_set == "google" else [0, 0, 255, 255]
    picture = io.BytesIO()
    Image.fromarray(pixels).save(picture, "PNG")
    with tarfile.open(path, "w:gz") as archive:

        def add(name, content):
            info = tarfile.TarInfo(f"package/{name}")
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))

        add("emoji.json", json.dumps(described).encode())
        add("img/sheet.png", b"large and of no use")
        files = [each["image"] for one in described for each in (one, *one.get("skin_variations", {}).values())]
        for file in files:
            add(f"img/{emoji_set}/64/{file}", picture.getvalue())


@pytest.fixture
def npm(tmp_path, monkeypatch):
    """A folder of archives; the program npm gives that of the package it is asked for."""
    folder = tmp_path / "registry"
    folder.mkdir()
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin" / "npm"
    program.write_text(f'#!/bin/sh\n/bin/cp "{folder}/${{2%@*}}.tgz" .\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    return folder


def test_emoji_are_read_on_white_and_none_is_in_both_splits(npm, tmp_path):
    for emoji_set in emoji.SETS:
        pack(npm / f"emoji-datasource-{emoji_set}.tgz", emoji_set, descriptions())
    splits = emoji.read_emoji(tmp_path / "download")
    train, test = splits["train"], splits["test"]
    assert train.class_names == (
        "building",
        "clock",
        "drink",
        "flag",
        "gesture",
        "heart",
        "person",
        "smiley",
        "vehicle",
        "zodiac",
    )
    # Of eight emoji the sixth is for testing, in two sets; every fourth flag is taken; the hand has three tones.
    assert np.bincount(test.labels, minlength=10).tolist() == [2, 2, 2, 0, 2, 2, 2, 2, 2, 2]
    assert np.bincount(train.labels).tolist() == [14, 14, 14, 4, 14 + 2 * 3, 14, 14, 14, 14, 14]
    assert train.modality.get_config() == {
        "kind": "image", "height": 64, "width": 64, "channels": 3, "invert": "never", "framing": "letterbox",
    }  # fmt: skip
    corners, middles = train.content[:, 0, 0], train.content[:, 32, 32]
    assert (corners == 255).all()
    assert {tuple(colour) for colour in middles.tolist()} == {(255, 0, 0), (0, 0, 255)}
    unpacked = tmp_path / "download" / "google" / "package"
    assert not (unpacked / "img" / "sheet.png").exists()


@pytest.mark.parametrize(
    ("described", "size", "said"),
    [
        ([{"short_name": "a"}], 64, "'subcategory'"),
        (descriptions(), 32, "has 32x32 pixels"),
    ],
)
def test_packages_of_another_form_are_refused(npm, tmp_path, described, size, said):
    whole = [one for one in described if "image" in one]
    for emoji_set in emoji.SETS:
        pack(npm / f"emoji-datasource-{emoji_set}.tgz", emoji_set, whole, size)
    if not whole:
        with tarfile.open(npm / "emoji-datasource-google.tgz", "w:gz") as archive:
            content = json.dumps(described).encode()
            info = tarfile.TarInfo("package/emoji.json")
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    with pytest.raises(ValueError, match=f"hold something else than version 16.0.0 did .*{said}"):
        emoji.read_emoji(tmp_path / "download")


@pytest.mark.network
def test_packages_of_emoji_are_as_they_were(tmp_path):
    splits = emoji.read_emoji(tmp_path)
    assert np.bincount(splits["train"].labels).tolist() == [36, 40, 30, 110, 224, 40, 192, 140, 60, 22]
    assert np.bincount(splits["test"].labels).tolist() == [6, 8, 6, 20, 40, 8, 32, 26, 10, 4]
