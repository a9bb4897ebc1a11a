"""Files of other file systems, of which a folder of this machine plays one."""

import os
from pathlib import Path

import pytest

pytest.importorskip("apache_beam", reason="needs the extra beam")

from apache_beam.io.localfilesystem import LocalFileSystem

from latent_xlate.bulk import storage
from latent_xlate.bulk.datasets import translate_dataset
from latent_xlate.bulk.pipeline import beam_options
from tests.support import bulk

SCHEME = "elsewhere"


class Elsewhere(LocalFileSystem):
    """A file system of Beam whose paths `elsewhere://a/b` are /a/b."""

    @classmethod
    def scheme(cls):
        return SCHEME

    def join(self, basepath, *paths):
        return "/".join([basepath.rstrip("/"), *paths])

    def mkdirs(self, path):
        super().mkdirs(_here(path))

    def _url_dirname(self, url_or_path):
        return url_or_path.rpartition("/")[0]

    def _list(self, dir_or_prefix):
        for metadata in super()._list(_here(dir_or_prefix)):
            metadata.path = _there(metadata.path)
            yield metadata

    def create(self, path, *args, **kwargs):
        return super().create(_here(path), *args, **kwargs)

    def open(self, path, *args, **kwargs):
        return super().open(_here(path), *args, **kwargs)

    def rename(self, source_file_names, destination_file_names):
        super().rename(*([_here(path) for path in paths] for paths in (source_file_names, destination_file_names)))

    def exists(self, path):
        return super().exists(_here(path))

    def delete(self, paths):
        super().delete([_here(path) for path in paths])


def _here(path: str) -> str:
    return path.removeprefix(f"{SCHEME}:/") if path.startswith(f"{SCHEME}://") else path


def _there(path: Path | str) -> str:
    return f"{SCHEME}:/{path}"


def test_files_are_written_whole_and_replaced(tmp_path):
    for path in (str(tmp_path / "a" / "b.txt"), _there(tmp_path / "c" / "d.txt")):
        assert not storage.exists(path)
        for text in ("first", "second"):
            storage.write(path, lambda local, text=text: local.write_text(text))
            assert storage.read(path) == text.encode()
        with pytest.raises(RuntimeError, match="half"):
            storage.write(path, _fail)
        assert storage.read(path) == b"second"
    assert set(bulk.contents(tmp_path)) == {"a/b.txt", "c/d.txt"}


def _fail(local: Path) -> None:
    local.write_text("th")
    raise RuntimeError("half")


def test_files_are_found_below_the_fixed_part_of_a_pattern(tmp_path, monkeypatch):
    for name in ("a/1.png", "a/b/2.png", "c/3.png", "a/4.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    monkeypatch.chdir(tmp_path)
    for root, pattern in ((f"{tmp_path}", "{}"), (str(tmp_path), _there("{}")), ("", "{}")):
        where = f"{root}/" if root else ""
        begin = _there(f"{tmp_path}/") if pattern.startswith(SCHEME) else f"{tmp_path}/"
        for wild, below, found in [
            ("a/*.png", "a/", ["a/1.png"]),
            ("a/**.png", "a/", ["a/1.png", "a/b/2.png"]),
            ("?/*.png", "", ["a/1.png", "c/3.png"]),
        ]:
            paths = storage.matching(pattern.format(where + wild))
            assert paths == (begin + below, [begin + each for each in found])
    assert storage.matching("a")[1] == [str(tmp_path / each) for each in ("a/1.png", "a/4.txt", "a/b/2.png")]
    with pytest.raises(ValueError, match="Unable to get filesystem from specified path.*nowhere"):
        storage.matching("nowhere://a/*.png")


@pytest.mark.parametrize("output_format", ["tfrecord", "files"])
def test_a_data_set_elsewhere_is_translated_to_elsewhere(output_format, translator, pictures, tmp_path):
    for n, each in enumerate(pictures[:5]):
        (tmp_path / "in" / f"{n}.png").parent.mkdir(exist_ok=True)
        (tmp_path / "in" / f"{n}.png").write_bytes(each)

    def run(path):
        options = beam_options(["--direct_running_mode=in_memory"])
        inputs, output = path(tmp_path / "in" / "*.png"), path(tmp_path / path.__name__)
        return translate_dataset(
            translator, "digits", "clothes", inputs, output, options, output_format=output_format, part_size=3
        )

    assert run(_there).written == run(os.fspath).written == 5
    expected, found = (bulk.contents(tmp_path / each.__name__) for each in (os.fspath, _there))
    assert len(found) == len(expected)
    assert all(found[name] == expected[name] for name in expected if name != "job.json")
