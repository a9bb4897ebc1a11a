import numpy as np
from PIL import Image

from latent_xlate.data.picture_survey import PictureSurvey, survey


def write(folder, sizes, colour=None, kind="png"):
    folder.mkdir(parents=True, exist_ok=True)
    for number, (width, height) in enumerate(sizes):
        picture = Image.new("RGB", (width, height), (90, 90, 90))
        if colour:
            picture.paste(colour, (0, 0, width // 2, height // 2))
        picture.save(folder / f"{number}.{kind}")


def test_pictures_in_classes_are_found_with_their_sizes_and_colours(tmp_path):
    write(tmp_path / "a", [(60, 40), (64, 64), (20, 70)])
    write(tmp_path / "b", [(61, 30), (62, 62)], (200, 30, 30), "jpg")
    found = survey(tmp_path)
    assert found == PictureSurvey([60, 61, 62, 64, 70], True)
    assert (found.image_size, found.channels) == (64, 3)


def test_grey_pictures_are_grey_though_their_files_have_colours_or_transparent_ones(tmp_path):
    write(tmp_path, [(30, 30)] * 3, (91, 90, 88), "jpg")
    transparent = np.zeros((30, 30, 4), np.uint8)
    transparent[..., 0] = 255
    Image.fromarray(transparent).save(tmp_path / "transparent.png")
    assert survey(tmp_path) == PictureSurvey([30] * 4, False)


def test_sizes_are_multiples_of_8_from_16_to_128():
    assert [PictureSurvey([side], False).image_size for side in (1, 16, 17, 28, 64, 65, 4000)] == [
        16, 16, 24, 32, 64, 72, 128,
    ]  # fmt: skip
    assert PictureSurvey([10, 20, 3000], True).image_size == 24


def test_few_coloured_pictures_among_many_do_not_count(tmp_path):
    write(tmp_path / "a", [(8, 8)] * 30)
    write(tmp_path / "b", [(8, 8)], (255, 0, 0))
    assert survey(tmp_path).channels == 1


def test_what_is_no_picture_is_left_to_others(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "0.png").write_bytes(b"no picture")
    (tmp_path / "a" / "1.txt").write_text("text")
    assert survey(tmp_path) is None
    write(tmp_path / "a" / "deeper", [(40, 24)])
    assert survey(tmp_path) == PictureSurvey([40], False)


def test_at_most_200_pictures_of_a_large_folder_are_read(tmp_path):
    write(tmp_path, [(8, 8)] * 450)
    assert len(survey(tmp_path).sides) == 150
