"""Pictures made by composition, and the benchmark on them; what it measures is no quick test's business."""

import io
from pathlib import Path

import matplotlib
import numpy as np
import pytest
from PIL import Image

from latent_xlate.benchmarks import export_growth, photo_accuracy, photos
from latent_xlate.data.synthetic import digits_like
from tests.support import small_domains

FONTS = Path(matplotlib.get_data_path()) / "fonts" / "ttf"


def pixels(content):
    return np.asarray(Image.open(io.BytesIO(content)).convert("L"), np.float32)


def test_photos_depend_on_their_seed_alone_and_hold_dark_strokes_on_paper():
    digits = digits_like(4).content[..., 0]
    made = [photos.photo(digit, seed) for seed, digit in enumerate(digits)]
    assert made[0] == photos.photo(digits[0], 0) != photos.photo(digits[0], 1)
    for content in made:
        grey = pixels(content)
        assert Image.open(io.BytesIO(content)).format == "JPEG"
        assert grey.shape in photos.FRAMES
        assert grey.min() < 0.6 * np.median(grey)


def test_prints_have_any_place_and_at_least_a_fifth_of_the_frame():
    boxes = []
    for seed in range(12):
        grey = pixels(photos.printed("8", str(FONTS / "DejaVuSans.ttf"), seed))
        ground = np.median(grey)
        rows, columns = np.where(np.abs(grey - ground) > 0.5 * np.abs(grey - ground).max())
        boxes.append((rows.min() / grey.shape[0], columns.min() / grey.shape[1]))
        assert (np.ptp(rows) + 2) / min(grey.shape) >= photos.SHARES[0]
    assert np.ptp(boxes, axis=0).min() > 0.2


def test_all_fonts_come_with_matplotlib():
    assert len(set(photo_accuracy.FONTS)) == 20
    assert all((FONTS / f"{font}.ttf").is_file() for font in photo_accuracy.FONTS)


@pytest.mark.slow
def test_digits_in_print_are_read_right_and_what_is_kept_is_counted(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(photo_accuracy, "FONTS", ("DejaVuSans", "cmr10"))
    data_dir = small_domains.write_datasets(tmp_path / "data", monkeypatch)
    export_growth.make_translator(export_growth.SHIPPED, 2).save(tmp_path / "translator")
    results = photo_accuracy.benchmark(
        tmp_path / "translator", "mnist_0", "fashion_mnist_1", num_photos=5, prints_per_font=10, data_dir=data_dir
    )
    assert results["photos"]["instances"] == 5
    for font in ("DejaVuSans", "cmr10"):
        assert results["printed"][font]["instances"] == 10
        assert results["printed"][font]["read"] >= 0.9
        assert 0 <= results["printed"][font]["translated"] <= 1  # By a bridge that has learnt nothing.
    assert results["unlike"]["noise"] == results["unlike"]["pictures of the target"] == 1.0
    printed = capsys.readouterr().out
    assert "| printed, mean |" in printed
    assert "| noise | 1.0000 |" in printed
    assert "| the same, 4 times as large | " in printed
