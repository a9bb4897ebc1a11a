import pytest

from latent_xlate import folders
from tests.support import oddities


def test_content_is_all_but_litter(tmp_path):
    oddities.add_litter(tmp_path)
    for name in ("b.png", "A.png", "x.y"):
        (tmp_path / name).touch()
    (tmp_path / "c").mkdir()
    assert [path.name for path in folders.content(tmp_path)] == ["A.png", "b.png", "c", "x.y"]


def test_what_is_no_file_is_named_by_its_kind(tmp_path):
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to("file")
    for name in ("file", "link"):
        folders.check_file(tmp_path / name)
        assert folders.is_file(tmp_path / name)
    for name, reason in oddities.add_oddities(tmp_path, ".png").items():
        with pytest.raises((OSError, ValueError), match=reason):
            folders.check_file(tmp_path / name)
        assert not folders.is_file(tmp_path / name)
    assert not folders.is_file(tmp_path)
    assert not folders.is_file(tmp_path / ("x" * 300))
