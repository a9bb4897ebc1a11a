"""Latents alone on a real server: the client gives and gets them at the scale of their model."""

import numpy as np
import pytest

from latent_xlate.file_translation import translate_path
from latent_xlate.serving.client import TranslatorClient
from latent_xlate.serving.export import export_translator
from latent_xlate.serving.transports import RefusedError
from tests.support import latents_alone
from tests.support.served import serving
from tests.support.tolerances import assert_close

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def translator():
    return latents_alone.untrained_translator()


@pytest.fixture(scope="module")
def server(translator, tmp_path_factory):
    base = tmp_path_factory.mktemp("export")
    export_translator(translator, base)
    with serving(base) as server:
        yield server


Z = latents_alone.Z


@pytest.mark.parametrize("protocol", ["rest", "grpc"])
def test_client_translates_latents_of_and_into_latents_alone(protocol, server, translator):
    with TranslatorClient(getattr(server, protocol)) as client:
        for target, tolerance in (("digits", 1e-4), ("faces", 1e-1)):
            z = client.translate_latents(Z, "faces", target)
            assert_close(z, translator.translate_latents(Z, "faces", target), rtol=1e-4, atol=tolerance)
        sampled = client.translate_latents(Z, "faces", "faces", sample=True, seed=2)
        expected = translator.translate_latents(Z, "faces", "faces", sample=True, seed=2)
        assert_close(sampled, expected, rtol=1e-4, atol=1e-1)
        x = Z.reshape(-1, 2, 3)
        assert_close(client.translate(x, "faces", "digits"), translator.translate(x, "faces", "digits"), atol=1e-5)
        with pytest.raises(ValueError, match="The server's domain 'faces' has no scale of novelty"):
            client.novelty(x, "faces")
        with pytest.raises(RefusedError, match="z has 6 NaN or infinite values"):
            client.translate_latents(np.full((1, 6), np.nan), "faces", "digits")


def test_files_are_translated_by_a_server(server, translator, tmp_path):
    np.savez(tmp_path / "z.npz", z=Z.reshape(-1, 2, 3))
    with TranslatorClient(server.grpc) as client:
        translate_path(client, "faces", "faces", tmp_path / "z.npz", tmp_path / "out.npz")
    expected = translator.translate(Z.reshape(-1, 2, 3), "faces", "faces")
    with np.load(tmp_path / "out.npz") as found:
        assert_close(found["x"], expected, rtol=1e-4, atol=1e-1)  # Servers do not say that they are latents.
