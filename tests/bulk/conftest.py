"""What the tests of bulk work share; they are skipped where the extra `beam` is not installed."""

import pytest

pytest.importorskip("apache_beam", reason="needs the extra beam")

from tests.support import bulk, tiny


@pytest.fixture(scope="session")
def translator(tmp_path_factory):
    """Folder of a saved translator of tiny domains, "digits" and "clothes"."""
    return str(tiny.translator().save(tmp_path_factory.mktemp("translator")))


@pytest.fixture(scope="session")
def pictures():
    """PNG files of pictures that the tiny domain decodes."""
    return bulk.pictures(40)
