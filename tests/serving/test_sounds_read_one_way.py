"""A sound is the same x, or refused by the same sentence, by every way in which it can be handed in."""

import io

import numpy as np
import pytest
import soundfile
import tensorflow as tf

from latent_xlate import checks
from latent_xlate.data.class_folders import read_folder
from latent_xlate.file_translation import translate_path
from latent_xlate.modalities.audio import Audio
from latent_xlate.serving.client import RefusedError, TranslatorClient
from latent_xlate.serving.export import export_translator, load_export
from tests.support import identity, sounds, wav_layouts
from tests.support.served import serving

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    base = tmp_path_factory.mktemp("one_way")
    export_translator(identity.translator(Audio()), base)
    return base


@pytest.fixture(scope="module")
def server(base):
    with serving(base) as server:
        yield server


def readable() -> dict[str, bytes]:
    tone = sounds.tone(300, 0.7, 16000)
    stereo = np.stack([tone, np.roll(tone, 20) / 2], axis=1)
    codecs = ("PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE", "ULAW", "ALAW")
    files = {
        f"{codec} {form}": wav_layouts.encode(stereo, 16000, codec, form)
        for codec in codecs
        for form in ("WAV", "WAVEX")
    }
    plain = wav_layouts.chunks_of(wav_layouts.encode(tone))
    files |= {name: layout(plain) for name, layout in wav_layouts.LAYOUTS.items()}
    files |= {f"{rate} Hz": wav_layouts.encode(sounds.tone(300, 5.0, rate), rate) for rate in (8000, 44100)}
    return files | {"loud floats": wav_layouts.encode(7 * tone, 16000, "FLOAT")}


def refused() -> dict[str, bytes]:
    plain = wav_layouts.encode(sounds.tone(300, 0.7, 16000))
    chunks = wav_layouts.chunks_of(plain)
    return {
        "nothing": b"",
        "text": b"This is no sound.",
        "cut header": plain[:30],
        "cut samples": plain[:-100],
        "samples of no size": wav_layouts.joined(chunks, data_size=0),
        "no samples": wav_layouts.encode(np.zeros(0)),
        "no format": wav_layouts.joined(chunks[1:]),
        "silence": wav_layouts.encode(np.zeros(999)),
        "late": wav_layouts.encode(np.append(np.zeros(70_000), np.ones(999))),
        "opposite channels": wav_layouts.encode(np.outer(np.ones(99), [0.5, -0.5])),
        "not a number": wav_layouts.encode(np.array([0.1, np.nan]), 16000, "FLOAT"),
        "unknown codec": plain[:20] + b"\x61\x01" + plain[22:],
        "M4A": b"\0\0\0\x20ftypM4A " + bytes(99),
    }


def samples(content: bytes) -> np.ndarray:
    return soundfile.read(io.BytesIO(content), dtype="float32")[0]


def of_folder(path, folder) -> np.ndarray | str:
    """What a training set holds of a file, or what is said of it."""
    for name in ("one", "two"):
        sounds.write(folder / name / "a.wav", sounds.tone(500), 8000)
    (folder / "one" / "a.wav").write_bytes(path.read_bytes())
    try:
        splits = read_folder(folder, Audio())
    except ValueError as error:
        return str(error).partition(" cannot be read as a sound (")[2].removesuffix("): replace or remove it.")
    return splits["test"].floats[0]


def of_translation(exported, path, output) -> np.ndarray | str:
    try:
        translate_path(exported, "here", "there", path, output)
    except ValueError as error:
        return str(error).removeprefix(f"{path}: ").rstrip(".")
    return samples((output / path.name).read_bytes())


def of_signature(signatures, content) -> np.ndarray | str:
    try:
        return samples(signatures["here_to_there"](data_bytes=tf.constant([content]))["data_bytes"].numpy()[0])
    except tf.errors.InvalidArgumentError as error:
        return checks.sentence(error)


def of_server(address, content) -> np.ndarray | str:
    with TranslatorClient(address) as client:
        try:
            return samples(client.translate_files([content], "here", "there")[0])
        except RefusedError as error:
            return str(error)


def test_all_ways_agree(base, server, tmp_path):
    exported = base / "translator" / "1"
    model = load_export(exported)
    for number, (name, content) in enumerate((readable() | refused()).items()):
        path = tmp_path / f"{number}.wav"
        path.write_bytes(content)
        ways = [
            of_signature(model.signatures, content),
            of_translation(exported, path, tmp_path / "out"),
            of_folder(path, tmp_path / str(number)),
            of_server(server.rest, content),
            of_server(server.grpc, content),
        ]
        if name in refused():
            assert len({way.rstrip(".") for way in ways[:3]}) == 1 and all(ways[0] in way for way in ways), (name, ways)
            continue
        x = Audio().read(tf.constant([content]))[0]
        for way in ways:
            np.testing.assert_allclose(way, x, atol=1 / 32768, err_msg=name)
