"""SC09 from an archive like that of Speech Commands, which a server on this machine has."""

import hashlib
import io
import tarfile

import numpy as np
import pytest
import soundfile
from tensorflow_datasets.core.download.checksums import UrlInfo

from latent_xlate.data import labelled, sc09, sources, speech
from tests.support import served_shapes, sounds


def wav(samples, rate=16000):
    file = io.BytesIO()
    soundfile.write(file, samples, rate, format="WAV", subtype="PCM_16")
    return file.getvalue()


def files():
    """Sixteen recordings of each of the digits and of another word."""
    recordings = {
        f"./{word}/{speaker:08x}_nohash_0.wav": wav(sounds.tone(200 + 50 * label + speaker, 0.9, 16000))
        for label, word in enumerate([*sc09.DIGITS, "marvin"])
        for speaker in range(16)
    }
    listed = [name.removeprefix("./") for name in recordings if name.endswith("a_nohash_0.wav")]
    noise = {"./_background_noise_/pink.wav": wav(np.ones(40000) * 0.1)}
    return recordings | noise | {"./testing_list.txt": "\n".join(listed).encode(), "./validation_list.txt": b""}


def archive(content):
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as tar:
        for name, data in content.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return file.getvalue()


@pytest.fixture
def prepare(tmp_path, monkeypatch):
    def run(content):
        packed = archive(content)
        with served_shapes.server(content=packed) as port:
            info = UrlInfo(size=len(packed), checksum=hashlib.sha256(packed).hexdigest(), filename="speech.tar.gz")
            monkeypatch.setattr(sc09.Sc09, "url_infos", {f"http://127.0.0.1:{port}/speech.tar.gz": info})
            monkeypatch.setenv("NO_PROXY", "127.0.0.1")
            return sources.prepare("sc09", "tfds", data_dir=tmp_path)

    return run


@pytest.mark.long
def test_digits_alone_are_taken_and_the_test_list_is_heeded(prepare, tmp_path):
    assert prepare(files()).source == "tfds"
    train, validation, test = (speech.load("sc09", split, tmp_path) for split in labelled.SPLITS)
    assert (len(train), len(validation), len(test)) == (138, 12, 10)
    assert train.class_names == sc09.DIGITS
    assert sorted(test.labels.tolist()) == list(range(10))
    for waveform, label in zip(test.floats, test.labels, strict=True):
        expected = np.pad(sounds.tone(200 + 50 * label + 10, 0.9, 16000), (0, 1984))
        np.testing.assert_allclose(waveform, expected, atol=1e-4)


def test_it_is_the_archive_of_tfds():
    (url, info), = sc09.Sc09.url_infos.items()  # fmt: skip
    assert url.endswith("/speech_commands_v0.02.tar.gz")
    assert info.checksum == "af14739ee7dc311471de98f5f9d2c9191b18aedfe957f4a6ff791c709868ff58"
