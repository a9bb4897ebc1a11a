"""Suggestions as a user gets them: a table that names instances of the domains, and pictures in its order."""

import csv

import numpy as np
import pytest
import soundfile
from PIL import Image

from latent_xlate.domains import pretrained
from latent_xlate.few_labels import label_file
from latent_xlate.few_labels.contact_sheet import draw, suggest_labels
from latent_xlate.packaging.latent_packaging import package_latents
from tests.support import latents_alone, shipped


def test_table_and_sheets_are_of_the_training_latents_and_can_be_filled_in(tmp_path):
    savedmodels = shipped.write(tmp_path / "savedmodels")
    folders = [str(savedmodels / name) for name in shipped.LATENT_DIMS]
    path = suggest_labels(folders, tmp_path / "out", 10)
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["domain"] for row in rows] == ["digits"] * 10 + ["clothes"] * 10
    for row in rows:
        row["class"] = str(shipped.latents(row["domain"], 200, seed=1).labels[int(row["index"])])
    # Ten clusters far apart: one of each.
    assert {row["class"] for row in rows[:10]} == {row["class"] for row in rows[10:]} == set("0123456789")
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    domains = [pretrained.load_domain(folder) for folder in folders]
    for name, labels in zip(
        shipped.LATENT_DIMS, label_file.read(path, domains, ["shipped"] * 2, [200] * 2), strict=True
    ):
        known = labels >= 0
        assert known.sum() == 10
        np.testing.assert_array_equal(labels[known], shipped.latents(name, 200, seed=1).labels[known])
    assert {file.name for file in (tmp_path / "out").iterdir()} == {"labels.csv", "digits.png", "clothes.png"}


def test_latents_alone_are_named_by_their_rows(tmp_path, capsys):
    package_latents("faces", {"z": latents_alone.arrays()["mu"]}, tmp_path / "faces")
    path = suggest_labels([str(tmp_path / "faces")], tmp_path / "out", 10)
    assert [file.name for file in (tmp_path / "out").iterdir()] == ["labels.csv"]
    said = capsys.readouterr().err
    assert "Domain 'faces' has latents alone, so nothing can be shown: by index, the array rows of" in said
    with path.open(newline="") as file:
        indices = [int(row["index"]) for row in csv.DictReader(file)]
    with np.load(tmp_path / "faces" / "latents_train.npz") as stored:
        rows = stored["rows"][indices]
    assert len(set(latents_alone.arrays()["labels"][rows].tolist())) == 10  # Ten clusters far apart: one of each.


def test_sounds_can_be_heard_as_well_as_seen(tmp_path):
    savedmodels = shipped.write_words(tmp_path / "savedmodels")
    path = suggest_labels([str(savedmodels / "words")], tmp_path / "out", 3)
    with path.open(newline="") as file:
        indices = [int(row["index"]) for row in csv.DictReader(file)]
    assert {file.name for file in (tmp_path / "out").iterdir()} == {"labels.csv", "words.png", "words"}
    assert {file.name for file in (tmp_path / "out" / "words").iterdir()} == {f"{index}.wav" for index in indices}
    domain = pretrained.load_domain(str(savedmodels / "words"))
    means = shipped.latents("words", 40).mu.astype(np.float16).astype(np.float32)
    for index in indices:
        samples, rate = soundfile.read(tmp_path / "out" / "words" / f"{index}.wav")
        assert rate == 16000
        np.testing.assert_allclose(samples, domain.decode(means[index : index + 1])[0], atol=2 / 32768)


def test_pictures_are_drawn_in_their_order(tmp_path):
    shades = np.linspace(0.05, 0.9, 12, dtype=np.float32)
    path = draw(tmp_path / "sheet.png", np.broadcast_to(shades[:, None, None, None], (12, 8, 8, 1)), ["a"] * 12)
    seen = np.asarray(Image.open(path).convert("L"))
    # The commonest shades but for the white ground are the squares', those of the first row above the others.
    values, counts = np.unique(seen[seen < 240], return_counts=True)
    squares = np.sort(values[np.argsort(-counts)[:12]])
    np.testing.assert_allclose(squares / 255, shades, atol=0.01)
    places = [np.argwhere(seen == value).mean(axis=0) for value in squares]
    rows, columns = zip(*places, strict=True)
    assert max(rows[:10]) < min(rows[10:])
    assert list(columns[:10]) == sorted(columns[:10])
    assert columns[10] == pytest.approx(columns[0], abs=2)
