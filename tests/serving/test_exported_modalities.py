import pytest

from latent_xlate.modalities.array import Array
from latent_xlate.serving.exported_modalities import MODALITIES_FILE, read_modalities, write_modalities
from tests.support import identity


def test_modalities_of_an_export_are_noted_and_read(tmp_path):
    write_modalities(tmp_path, identity.translator(Array((2, 3))))
    assert read_modalities(tmp_path) == {"here": Array((2, 3)), "there": Array((2, 3))}


def test_an_export_made_before_notes_nothing(tmp_path):
    assert read_modalities(tmp_path) == {}


@pytest.mark.parametrize("content", ["", "[]", '{"here": {"kind": "smell"}}', '{"here": 3}', '{"here": {}}'])
def test_a_damaged_note_is_named(content, tmp_path):
    path = tmp_path / MODALITIES_FILE
    path.parent.mkdir()
    path.write_text(content)
    with pytest.raises(ValueError, match="modalities.json does not describe kinds of data"):
        read_modalities(tmp_path)
