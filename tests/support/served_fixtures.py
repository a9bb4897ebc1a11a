"""Fixtures: one export of a tiny translator, and a server of it, for all tests that leave both as they are."""

import pytest

from latent_xlate.domains.novelty import NoveltyScale
from latent_xlate.serving import export
from tests.support import tiny
from tests.support.served import serving


@pytest.fixture(scope="session")
def served_translator():
    translator = tiny.translator()
    translator.domain("digits").novelty_scale = NoveltyScale(variance=0.01, data=2.0, latent=0.04)
    return translator


@pytest.fixture(scope="session")
def served_base(served_translator, tmp_path_factory):
    base = tmp_path_factory.mktemp("served")
    export.export_translator(served_translator, base)
    return base


@pytest.fixture(scope="session")
def server(served_base):
    with serving(served_base) as server:
        yield server
