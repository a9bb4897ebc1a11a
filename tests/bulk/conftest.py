"""What the tests of bulk work share."""

import pytest

from tests.support import bulk, tiny


@pytest.fixture(scope="session")
def translator(tmp_path_factory):
    """Folder of a saved translator of tiny domains, "digits" and "clothes"."""
    return str(tiny.translator().save(tmp_path_factory.mktemp("translator")))


@pytest.fixture(scope="session")
def pictures():
    """PNG files of pictures that the tiny domain decodes."""
    return bulk.pictures(40)
