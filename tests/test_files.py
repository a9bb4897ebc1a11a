import keras
import numpy as np
import pytest

from latent_xlate import files
from latent_xlate.optimizer import FusedAdam
from tests.support import tiny


def test_folder_for_results_is_there_or_can_be_made(tmp_path):
    for path in (tmp_path, tmp_path / "new", tmp_path / "new" / "newer"):
        assert files.output_folder(path) == path
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("path", ["file", "file/new", "gone", "gone/new"])
def test_file_or_broken_link_is_no_folder_for_results(path, tmp_path):
    (tmp_path / "file").write_text("mine")
    (tmp_path / "gone").symlink_to("nowhere")
    with pytest.raises(ValueError, match=f"{path}: .*{path.partition('/')[0]} is not a folder"):
        files.output_folder(tmp_path / path)


def test_file_and_folder_are_replaced_whole(tmp_path):
    for text in ("first", "second"):
        assert files.write_atomically(tmp_path / "new" / "a.txt", lambda path, text=text: path.write_text(text))
        assert (tmp_path / "new" / "a.txt").read_text() == text

        def write(folder, text=text):
            folder.mkdir()
            (folder / text).write_text(text)

        files.write_atomically(tmp_path / "new" / "folder", write)
        assert [path.name for path in (tmp_path / "new" / "folder").iterdir()] == [text]
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == ["a.txt", "folder"]


def test_temporary_file_has_the_ending_of_the_final_one(tmp_path):
    files.write_atomically(tmp_path / "a.keras", lambda path: path.write_text(path.suffix))
    assert (tmp_path / "a.keras").read_text() == ".keras"


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
@pytest.mark.parametrize("kind", ["file", "folder"])
def test_failed_write_leaves_what_was_there(kind, error, tmp_path):
    (tmp_path / "target").write_text("old")

    def write(path):
        if kind == "folder":
            path.mkdir()
            path = path / "part"
        path.write_text("half")
        raise error

    with pytest.raises(type(error)):
        files.write_atomically(tmp_path / "target", write)
    assert [path.name for path in tmp_path.iterdir()] == ["target"]
    assert (tmp_path / "target").read_text() == "old"


def test_json_is_indented_and_ends_in_a_newline(tmp_path):
    path = files.write_json(tmp_path / "a.json", {"a": [1]})
    assert path.read_text() == '{\n  "a": [\n    1\n  ]\n}\n'


def test_json_that_cannot_be_read_is_a_value_error(tmp_path):
    assert files.read_json(files.write_json(tmp_path / "a.json", {"a": ["é"]})) == {"a": ["é"]}
    for content in (b"[" * 100000, b"{", b"\xff", b""):
        (tmp_path / "b.json").write_bytes(content)
        with pytest.raises(ValueError):
            files.read_json(tmp_path / "b.json")


def test_model_saved_at_another_time_has_the_same_bytes(tmp_path, monkeypatch):
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3)])
    first = files.write_model(tmp_path / "a.keras", model).read_bytes()
    monkeypatch.setattr("time.time", lambda: 2e9)
    assert files.write_model(tmp_path / "b.keras", model).read_bytes() == first
    weights = keras.saving.load_model(tmp_path / "a.keras").get_weights()
    assert [weight.tolist() for weight in weights] == [weight.tolist() for weight in model.get_weights()]


def test_bytes_of_a_model_do_not_depend_on_what_the_process_has_made_before(tmp_path):
    def make():
        model = tiny.bridge((6, 5))
        model.compile(optimizer=keras.optimizers.LossScaleOptimizer(FusedAdam()))
        return model

    first, second = make(), make()
    assert first.name != second.name
    paths = [files.write_model(tmp_path / f"{i}.keras", model) for i, model in enumerate([first, second])]
    assert paths[0].read_bytes() == paths[1].read_bytes()
    second.save(tmp_path / "counted.keras")  # As older versions wrote it.
    for path in (paths[1], tmp_path / "counted.keras"):
        weights = keras.saving.load_model(path, compile=False, safe_mode=True).get_weights()
        np.testing.assert_equal(weights, first.get_weights())


def test_type_of_weights_that_hdf5_lacks_stays(tmp_path):
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3, dtype="bfloat16")], name="kept")
    loaded = keras.saving.load_model(files.write_model(tmp_path / "a.keras", model))
    assert loaded.name == "kept"
    np.testing.assert_equal(loaded.get_weights(), model.get_weights())
