import re

import pytest

from latent_xlate.data.class_sizes import check_enough
from latent_xlate.modalities.image import Image

IMAGE = Image(16, 16)


def write(folder, **counts):
    """Files that no one reads: class folders with as many each."""
    for name, count in counts.items():
        (folder / name).mkdir(parents=True)
        for number in range(count):
            (folder / name / f"{number}.png").touch()
    return folder


@pytest.mark.parametrize(
    ("counts", "said"),
    [
        ({"a": 1, "b": 1, "c": 0}, "2 images (a 1, b 1, c 0), of which 0 are to train on and 2 to test"),
        ({"a": 20, "b": 1}, "21 images (a 20, b 1), of which 17 are to train on and 4 to test"),
        ({"a": 6, "b": 6}, "12 images (a 6, b 6), of which 10 are to train on and 2 to test"),
    ],
)
def test_too_few_of_a_class_or_in_all_are_refused_with_their_numbers(counts, said, tmp_path):
    with pytest.raises(ValueError, match=re.escape(f"{tmp_path} has {said}: at least 12 are needed to train on")):
        check_enough(write(tmp_path, **counts), IMAGE)


def test_enough_pass_with_and_without_splits_and_classes(tmp_path):
    check_enough(write(tmp_path / "classes", a=7, b=7), IMAGE)
    write(tmp_path / "splits" / "train", a=6, b=6)
    write(tmp_path / "splits" / "test", a=1, b=1)
    check_enough(tmp_path / "splits", IMAGE)
    check_enough(write(tmp_path, flat=14) / "flat", IMAGE)
    (tmp_path / "classes" / "labels.csv").write_text(
        "file,class\n" + "".join(f"{name}/{number}.png,{name}\n" for name in "ab" for number in range(7))
    )
    check_enough(tmp_path / "classes", IMAGE)


def test_class_without_a_picture_in_one_split_is_refused(tmp_path):
    write(tmp_path / "train", a=20, b=20)
    write(tmp_path / "test", a=2)
    with pytest.raises(ValueError, match=r"42 images \(a 22, b 20\), of which 40 are to train on and 2 to test"):
        check_enough(tmp_path, IMAGE)


def test_few_unlabelled_pictures_are_refused(tmp_path):
    with pytest.raises(ValueError, match="2 images, of which 1 are .* and 1 to test. Add images.$"):
        check_enough(write(tmp_path, flat=2) / "flat", IMAGE)
