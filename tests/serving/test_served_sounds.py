"""Sounds through a real server, by both interfaces, the client and the command."""

import base64
import concurrent.futures
import io
import struct
import subprocess
import sys

import numpy as np
import pytest
import requests
import soundfile
import tensorflow as tf
from tensorflow_serving.apis import prediction_log_pb2

from latent_xlate.serving import bundle, export
from latent_xlate.serving.client import RefusedError, TranslatorClient
from latent_xlate.translator import Translator
from tests.support import sounds, tiny, wav_layouts
from tests.support.served import ROOT, serving

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def translator():
    domains = [tiny.speech_domain("words", 4, prior="normal"), tiny.image_domain("digits", 6)]
    return Translator(domains, tiny.bridge((4, 6)))


@pytest.fixture(scope="module")
def base(translator, tmp_path_factory):
    base = tmp_path_factory.mktemp("sounds")
    export.export_translator(translator, base)
    return base


@pytest.fixture(scope="module")
def server(base):
    with serving(base) as server:
        yield server


def wav(hertz: float = 440.0, rate: int = 16000, peak: float = 0.5, subtype: str = "PCM_16") -> bytes:
    file = io.BytesIO()
    soundfile.write(file, sounds.tone(hertz, 0.5, rate, peak), rate, subtype, format="WAV")
    return file.getvalue()


def b64(content):
    return {"b64": base64.b64encode(content).decode()}


def post(server, content):
    return requests.post(f"{server.rest}/v1/models/translator:predict", json=content, timeout=60)


def samples(content: bytes) -> np.ndarray:
    x, rate = soundfile.read(io.BytesIO(content), dtype="float32")
    assert rate == 16000
    return x


def pixels(png: bytes) -> np.ndarray:
    return tf.io.decode_png(png).numpy() / 255


def expected(translator, contents, source, target):
    return translator.translate(translator.domain(source).read(tf.constant(contents)).numpy(), source, target)


def test_every_signature_has_a_record(base):
    model = base / "translator" / "1"
    records = tf.data.TFRecordDataset(str(model / bundle.WARMUP_FILE)).as_numpy_iterator()
    requested = [prediction_log_pb2.PredictionLog.FromString(record).predict_log.request for record in records]
    signatures = {request.model_spec.signature_name for request in requested}
    assert signatures == set(export.load_export(model).signatures)
    by_name = {request.model_spec.signature_name: request for request in requested}
    assert np.abs(samples(by_name["words_to_digits"].inputs["data_bytes"].string_val[0])).max() > 0.01


def test_rows_and_columns_of_base64_sounds_are_answered_in_kind(server, translator):
    contents = [wav(300), wav(500, 8000), wav(700, 44100)]
    rows = post(server, {"instances": [b64(each) for each in contents]}).json()  # serving_default: words to digits
    named = {"signature_name": "words_to_words", "inputs": {"data_bytes": [b64(each) for each in contents]}}
    columns = post(server, named).json()
    pictures = [pixels(base64.b64decode(each["b64"])) for each in rows["predictions"]]
    np.testing.assert_allclose(pictures, expected(translator, contents, "words", "digits"), atol=0.6 / 255)
    heard = [samples(base64.b64decode(each["b64"])) for each in columns["outputs"]]
    np.testing.assert_allclose(heard, expected(translator, contents, "words", "words"), atol=1e-4)


def test_pictures_become_sounds(server, translator):
    picture = translator.domain("digits").write(translator.domain("digits").decode(tf.zeros([1, 6]))).numpy()[0]
    with TranslatorClient(server.grpc) as client:
        (sound,) = client.translate_files([picture], "digits", "words")
    np.testing.assert_allclose(samples(sound), expected(translator, [picture], "digits", "words")[0], atol=1e-4)


def test_sampled_sounds_depend_on_their_seeds_alone(server):
    body = {"signature_name": "words_to_words_sampled"}
    seeds = [[3, 0], [3, 1], [3, 0]]
    rows = [{"data_bytes": b64(wav()), "seed": seed, "temperature": 1} for seed in seeds]
    together = post(server, body | {"instances": rows}).json()["predictions"]
    alone = [post(server, body | {"instances": [row]}).json()["predictions"][0] for row in rows]
    together, alone = ([samples(base64.b64decode(each["b64"])) for each in answer] for answer in (together, alone))
    np.testing.assert_allclose(together, alone, atol=2e-4)
    assert np.abs(together[0] - together[1]).max() > 1e-3


@pytest.mark.parametrize("way", ["rest", "grpc"])
def test_bad_sounds_are_refused_in_one_sentence(server, way):
    good = wav()
    bad = {
        "nothing": b"",
        "no sound": b"no sound",
        "half a header": good[:30],
        "no channel": good[:22] + b"\0\0" + good[24:],
        "65535 channels": good[:22] + b"\xff\xff" + good[24:],
        "more samples than there are": good[:-100],
        "samples of no size": good[:40] + struct.pack("<I", 0) + good[44:],
        "another codec": wav(subtype="IMA_ADPCM"),
        "not a number": wav(peak=np.nan, subtype="FLOAT"),
        "opposite channels": wav_layouts.encode(np.outer(np.ones(99), [0.5, -0.5])),
        "silence": wav(peak=0.0),
        "no rate": good[:24] + bytes(4) + good[28:],
        "a rate that would fill the memory": good[:24] + struct.pack("<I", 2**31 - 1) + good[28:],
        "a picture": b"\x89PNG\r\n\x1a\n" + bytes(100),
    }
    with TranslatorClient(getattr(server, way)) as client:
        for name, content in bad.items():
            with pytest.raises(RefusedError) as raised:
                client.translate_files([content], "words", "digits")
            message = str(raised.value)
            assert message and "\n" not in message and "/" not in message and len(message) < 400, (name, message)
        assert client.translate_files([good], "words", "digits")[0].startswith(b"\x89PNG")


def test_an_answer_does_not_depend_on_its_neighbours(server):
    good = [wav(200 + 50 * i, peak=0.05 * (1 + i)) for i in range(8)]
    contents = [each for content in good for each in (content, b"no sound")]

    def ask(content):
        return post(server, {"signature_name": "words_to_words", "instances": [b64(content)]})

    alone = [ask(content).json()["predictions"][0]["b64"] for content in good]
    with concurrent.futures.ThreadPoolExecutor(len(contents)) as pool:
        answers = list(pool.map(ask, contents))
    assert {answer.status_code for answer in answers[1::2]} == {400}
    for answer, single in zip(answers[::2], alone, strict=True):
        (ours,) = answer.json()["predictions"]
        np.testing.assert_allclose(samples(base64.b64decode(ours["b64"])), samples(base64.b64decode(single)), atol=2e-4)


@pytest.mark.parametrize("way", ["rest", "grpc"])
def test_command_sends_a_folder_of_sounds(server, translator, tmp_path, way):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.wav").write_bytes(wav())
    sounds.write(tmp_path / "in" / "b.flac", sounds.tone(300, 0.5, 22050), 22050)
    (tmp_path / "in" / "c.mp3").write_text("no sound")
    command = [sys.executable, str(ROOT / "bin" / "translate.py"), f"--server={getattr(server, way)}"]
    flags = ["--source=words", "--target=words", f"--input={tmp_path / 'in'}", f"--output={tmp_path / 'out'}"]
    result = subprocess.run([*command, *flags], capture_output=True, text=True, timeout=120, check=False)
    assert result.returncode == 1
    assert "c.mp3" in result.stderr and "Traceback" not in result.stderr
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"a.wav", "b.wav", "grid.png"}
    heard = samples((tmp_path / "out" / "a.wav").read_bytes())
    np.testing.assert_allclose(heard, expected(translator, [wav()], "words", "words")[0], atol=1e-4)


def test_metadata_tell_files_by_the_name_of_their_input(server):
    metadata = requests.get(f"{server.rest}/v1/models/translator/metadata", timeout=60).json()
    signatures = metadata["metadata"]["signature_def"]["signature_def"]
    files = {name: each for name, each in signatures.items() if "data_bytes" in each["inputs"]}
    assert {"words_to_digits", "words_to_words", "digits_to_words", "words_to_words_sampled"} < set(files)
    for each in files.values():
        assert each["inputs"]["data_bytes"]["dtype"] == each["outputs"]["data_bytes"]["dtype"] == "DT_STRING"
