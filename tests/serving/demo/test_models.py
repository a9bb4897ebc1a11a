"""A translator in this process, exported, and on a server: the page plays with each alike."""

import numpy as np
import pytest

from latent_xlate.serving.client import TranslatorClient
from latent_xlate.serving.demo import models
from latent_xlate.translator import row_seeds
from tests.support import tiny
from tests.support.tolerances import assert_close


@pytest.fixture(scope="module")
def folders(served_translator, tmp_path_factory):
    folder = tmp_path_factory.mktemp("domains")
    return [str(domain.save(folder / name)) for name, domain in served_translator.domains.items()]


@pytest.fixture(scope="module")
def saved(served_translator, tmp_path_factory):
    return models.load_models(served_translator.save(tmp_path_factory.mktemp("saved")))


@pytest.fixture(params=["export", "rest", "grpc"])
def other(request, served_base, folders):
    if request.param == "export":
        yield models.load_models(served_base / "translator" / "1", folders)
        return
    with TranslatorClient(getattr(request.getfixturevalue("server"), request.param)) as client:
        yield models.models_of_functions(client.functions, folders)


def test_all_translate_latents_alike(saved, other):
    assert (list(saved.domains), list(other.domains)) == (["digits", "clothes"], ["clothes", "digits"])
    z = np.random.default_rng(0).normal(size=(3, 6)).astype(np.float32)
    for sampling in ((None,), (row_seeds(5, range(3)),), (row_seeds(5, range(3)), 0.5)):
        expected = saved.translate_latents(z, "digits", "clothes", *sampling)
        assert_close(other.translate_latents(z, "digits", "clothes", *sampling), expected, atol=1e-5)


@pytest.mark.long
def test_export_needs_the_domains_that_it_was_made_of(served_base, folders, tmp_path):
    export = served_base / "translator" / "1"
    with pytest.raises(ValueError, match="'clothes' does not ship .* --domains"):
        models.load_models(export, folders[:1])
    others = {
        "weights": tiny.image_domain("clothes", 5, seed=7),
        "size": tiny.image_domain("clothes", 4),
        "data": tiny.speech_domain("clothes", 5),
    }
    for name, domain in others.items():
        with pytest.raises(ValueError, match="is not the one that was exported"):
            models.load_models(export, [folders[0], str(domain.save(tmp_path / name))])


def test_folder_of_versions_names_the_newest(served_base):
    with pytest.raises(ValueError, match="name one, .*/1 say"):
        models.load_models(served_base / "translator")
