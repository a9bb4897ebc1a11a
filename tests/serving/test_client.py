"""The client against a real server, and against things that are none."""

import http.server
import itertools
import socketserver
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
import tensorflow as tf

from latent_xlate import file_translation
from latent_xlate.baselines.linear_maps import AffineBridge
from latent_xlate.serving.client import RefusedError, TranslatorClient
from latent_xlate.serving.export import export_translator, inputs_of, trace_signatures
from latent_xlate.translator import Translator
from tests.support import tiny
from tests.support.paths import ROOT
from tests.support.processes import free_ports
from tests.support.served import serving
from tests.support.tolerances import assert_close


def images(count):
    return np.random.default_rng(0).random((count, 28, 28, 1), np.float32)


@pytest.fixture(params=["rest", "grpc"])
def client(request, server):
    with TranslatorClient(getattr(server, request.param)) as client:
        yield client


@pytest.fixture
def dead():
    (port,) = free_ports(1)
    return f"127.0.0.1:{port}"


@pytest.mark.parametrize("count", [1, 70])
def test_data_are_translated_as_by_the_translator(client, served_translator, count):
    x = images(count)
    translated = client.translate(x, "digits", "clothes")
    assert translated.dtype == np.float32
    assert_close(translated, served_translator.translate(x, "digits", "clothes"), atol=1e-6)
    sampled = client.translate(x, "digits", "clothes", sample=True, seed=5)
    expected = served_translator.translate(x, "digits", "clothes", sample=True, seed=5)
    assert_close(sampled, expected, atol=1e-6)
    for temperature in (0, 0.5, 2):
        sampled = client.translate(x, "digits", "clothes", seed=5, temperature=temperature)
        expected = served_translator.translate(x, "digits", "clothes", seed=5, temperature=temperature)
        assert_close(sampled, expected, atol=1e-6)


def test_models_of_ones_own_stand_in_for_those_that_no_export_has(server, served_translator):
    digits, clothes = served_translator.domains["digits"], served_translator.domains["clothes"]
    own = {
        "encode": {"digits": lambda x: digits.encode(tf.constant(x))[0].numpy()},
        "decode": {"clothes": lambda z: 1 - clothes.decode(tf.constant(z)).numpy()},
    }
    x = images(3)
    with TranslatorClient(server.rest, **own) as client:
        made = client.translate(x, "digits", "clothes", seed=5, temperature=0.5)
        expected = served_translator.translate(x, "digits", "clothes", seed=5, temperature=0.5)
        assert_close(1 - made, expected, atol=1e-5)
        with pytest.raises(ValueError, match="no own decode of domain 'digits', and takes models of its own of both"):
            client.translate(x, "digits", "digits")
        assert_close(
            client.translate(x, "clothes", "digits"), served_translator.translate(x, "clothes", "digits"), atol=1e-6
        )


def test_latents_and_files_have_the_temperature_that_is_asked_for(client):
    z, contents = np.ones((2, 6), np.float32), list(tiny.image_domain().write(tf.constant(images(2))).numpy())
    for translate, given in ((client.translate_latents, z), (client.translate_files, contents)):
        cold, warm, hot = (translate(given, "digits", "clothes", seed=1, temperature=t) for t in (0, 1, 5))
        np.testing.assert_array_equal(cold, translate(given, "digits", "clothes"))
        np.testing.assert_array_equal(warm, translate(given, "digits", "clothes", sample=True, seed=1))
        assert not np.array_equal(warm, hot)
        with pytest.raises(ValueError, match=r"The temperature is -1; it must lie in \[0, 100\]"):
            translate(given, "digits", "clothes", temperature=-1)
        with pytest.raises(ValueError, match="Give sample or a temperature, not both"):
            translate(given, "digits", "clothes", sample=True, temperature=1)


def test_latents_are_translated_as_by_the_translator(client, served_translator):
    z = np.random.default_rng(0).normal(size=(3, 6)).astype(np.float32)
    expected = served_translator.translate_latents(tf.constant(z), "digits", "clothes")
    assert_close(client.translate_latents(z, "digits", "clothes"), expected, atol=1e-6)


def test_novelty_is_the_translators(client, served_translator):
    x = images(70)
    expected = served_translator.novelty(x, "digits")
    assert expected.std() > 0
    assert_close(client.novelty(x, "digits"), expected, rtol=1e-5)
    contents = tiny.image_domain().write(tf.constant(x))
    read = served_translator.domain("digits").read(contents).numpy()
    of_files = client.novelty_of_files(list(contents.numpy()), "digits")
    assert_close(of_files, served_translator.novelty(read, "digits"), rtol=1e-5)
    with pytest.raises(ValueError, match="'clothes' has no scale of novelty: package and export it again"):
        client.novelty(x, "clothes")
    with pytest.raises(ValueError, match="Unknown domain 'digit'. Did you mean 'digits'"):
        client.novelty(x, "digit")


def test_files_and_their_contents_are_translated_alike(client, tmp_path):
    contents = list(tiny.image_domain().write(tf.constant(images(3))).numpy())
    paths = [tmp_path / f"{i}.png" for i in range(3)]
    for path, content in zip(paths, contents, strict=True):
        path.write_bytes(content)
    translated = client.translate_files(paths, "digits", "clothes")
    assert translated == client.translate_files(contents, "digits", "clothes")
    assert all(each.startswith(b"\x89PNG") for each in translated)


@pytest.mark.parametrize(
    ("files", "source", "error", "message"),
    [
        ([b"no picture"], "digits", RefusedError, "not a PNG, JPEG, GIF or BMP picture"),
        ([b"no picture"], "digit", ValueError, "Unknown pair of domains .* Did you mean 'digits_to_clothes'"),
        ([], "digits", ValueError, "nothing to translate"),
        (["none.png"], "digits", FileNotFoundError, "none.png"),
    ],
)
def test_wrong_input_says_what_is_wrong(client, files, source, error, message):
    with pytest.raises(error, match=message):
        client.translate_files(files, source, "clothes")


@pytest.mark.parametrize("scheme", ["http://", "grpc://", ""])
def test_server_that_is_not_there_is_named_when_the_time_is_over(dead, scheme):
    start = time.monotonic()
    with pytest.raises(ConnectionError, match=f"{dead}: It is not reached"):
        TranslatorClient(scheme + dead, timeout=0.5).translate(images(1), "digits", "clothes")
    assert time.monotonic() - start < 5


@pytest.mark.parametrize("way", ["rest", "grpc"])
@pytest.mark.parametrize(
    ("options", "message"), [({"model_name": "other"}, "other"), ({"version": 7}, "7"), ({"label": "x"}, "x")]
)
def test_model_that_is_not_served_is_named(server, way, options, message):
    with pytest.raises(ValueError, match=message):
        TranslatorClient(getattr(server, way), **options).translate(images(1), "digits", "clothes")


@pytest.mark.parametrize("options", [{"label": "stable"}, {"version": 1}])
@pytest.mark.parametrize("way", ["rest", "grpc"])
def test_version_is_chosen(server, way, options):
    assert "serving_default" in TranslatorClient(getattr(server, way), **options).signatures


@pytest.mark.parametrize(
    ("server", "options", "message"),
    [
        ("ftp://host", {}, "Unknown scheme"),
        ("http://", {}, "names no host"),
        ("host:1", {"version": 1, "label": "a"}, "not both"),
        ("host:1", {"timeout": 0}, "timeout is 0"),
    ],
)
def test_wrong_address_is_refused_at_once(server, options, message):
    with pytest.raises(ValueError, match=message):
        TranslatorClient(server, **options)


class Scripted(http.server.BaseHTTPRequestHandler):
    """Answers by a script, a (status, body) each, the last one for ever."""

    script: list = []

    def do_GET(self):
        status, body = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        if status == "silence":
            time.sleep(3)
            return
        if status == "cut":
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")
            return
        self.send_response(status)
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET

    def log_message(self, *_):
        pass


@pytest.fixture
def scripted(request):
    handler = type("Handler", (Scripted,), {"script": list(request.param)})
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


BUSY, ANSWER = (503, b'{"error": "busy"}'), (200, b'{"outputs": [[1.5]]}')


@pytest.mark.parametrize("scripted", [[BUSY, BUSY, ANSWER], [("cut", b""), ANSWER]], indirect=True)
def test_busy_or_broken_server_is_asked_again(scripted):
    answer = TranslatorClient(scripted).predict("s", {"z": np.zeros((1, 1), np.float32)})
    np.testing.assert_array_equal(answer["z"], [[1.5]])


@pytest.mark.parametrize(
    ("scripted", "error", "message"),
    [
        ([BUSY], ConnectionError, "overloaded. Gave up after 1 s"),
        ([("silence", b"")], TimeoutError, "did not answer within 1 s"),
        ([(200, b"<html>")], ConnectionError, "does not answer as TensorFlow Serving does"),
        ([(200, b"[]")], ConnectionError, "does not answer as TensorFlow Serving does"),
        ([(502, b"<html>")], ConnectionError, "failed: HTTP status 502"),
        ([(400, b'{"error": "Too blue."}')], RefusedError, "Too blue."),
    ],
    indirect=["scripted"],
)
def test_each_failure_has_its_error(scripted, error, message):
    with pytest.raises(error, match=message):
        TranslatorClient(scripted, timeout=1).predict("s", {"z": np.zeros((1, 1), np.float32)})


def write_inputs(folder):
    folder.mkdir()
    for i, content in enumerate(tiny.image_domain().write(tf.constant(images(3))).numpy()):
        (folder / f"{i}.png").write_bytes(content)
    (folder / "bad.png").write_bytes(b"no picture")
    np.savez(folder / "arrays.npz", x=images(4))


@pytest.mark.parametrize("way", ["rest", "grpc"])
@pytest.mark.long
def test_files_by_a_server_are_those_by_its_export(server, served_base, tmp_path, way, capsys):
    write_inputs(tmp_path / "in")
    arguments = ("digits", "clothes", tmp_path / "in")
    here = file_translation.translate_path(served_base / "translator" / "1", *arguments, tmp_path / "here", sample=True)
    client = TranslatorClient(getattr(server, way))
    there = file_translation.translate_path(client, *arguments, tmp_path / "there", sample=True)
    assert here == there == (4, 1)
    names = {path.name for path in (tmp_path / "here").iterdir()}
    assert names == {path.name for path in (tmp_path / "there").iterdir()}
    for name in names - {"grid.png", "arrays.npz"}:
        assert (tmp_path / "here" / name).read_bytes() == (tmp_path / "there" / name).read_bytes()
    assert_close(
        np.load(tmp_path / "here" / "arrays.npz")["x"], np.load(tmp_path / "there" / "arrays.npz")["x"], atol=1e-6
    )
    assert "bad.png: The file is not a PNG" in capsys.readouterr().err


def translate(*flags):
    command = [sys.executable, str(ROOT / "bin" / "translate.py"), "--source=digits", "--target=clothes", *flags]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


@pytest.mark.slow
def test_command_asks_a_server(server, dead, tmp_path):
    write_inputs(tmp_path / "in")
    files = (f"--input={tmp_path / 'in' / '0.png'}", f"--output={tmp_path / 'out'}")
    result = translate(f"--server={server.rest}", *files)
    assert (result.returncode, (tmp_path / "out" / "0.png").is_file()) == (0, True), result.stderr
    for flags, message in [
        ((f"--server={dead}", *files), "is not reached"),
        (files, "Give either --translator or --server."),
        ((*files, f"--server={dead}", "--translator=x"), "Give either --translator or --server."),
    ]:
        result = translate(*flags)
        assert result.returncode == 1
        assert message in result.stderr.splitlines()[-1]
        assert "Traceback" not in result.stderr


@pytest.mark.long
def test_bridge_without_a_shared_latent_is_not_sampled(tmp_path):
    plain = Translator([tiny.image_domain("digits"), tiny.image_domain("clothes")], AffineBridge((6, 6), 10))
    export_translator(plain, tmp_path)
    with serving(tmp_path) as server, TranslatorClient(server.grpc) as client:
        mean = client.translate(images(1), "digits", "clothes", temperature=0)
        assert_close(mean, plain.translate(images(1), "digits", "clothes"), atol=1e-6)
        for way in ({"sample": True}, {"temperature": 0.5}):
            with pytest.raises(ValueError, match="no shared latent to sample: leave out sample and temperature"):
                client.translate(images(1), "digits", "clothes", **way)


@pytest.fixture(scope="module")
def older(tmp_path_factory):
    """An export whose sampled signatures take no temperature, as those of earlier releases."""
    translator, folder = tiny.translator(), tmp_path_factory.mktemp("older") / "translator" / "1"

    def without_temperature(function):
        specs = {key: spec for key, spec in inputs_of(function).items() if key != "temperature"}

        def sampled(**inputs):
            return function(**inputs, temperature=tf.ones([tf.shape(inputs["seed"])[0]]))

        return tf.function(sampled, autograph=False).get_concrete_function(**specs)

    signatures = {
        name: without_temperature(function) if name.endswith("_sampled") else function
        for name, function in trace_signatures(translator, itertools.product(translator.names, repeat=2)).items()
    }
    module = tf.Module()
    module.weights = [variable for function in signatures.values() for variable in function.variables]
    tf.saved_model.save(module, str(folder), signatures=signatures)
    return folder


@pytest.mark.long
def test_an_older_export_samples_at_temperature_1_alone(older, tmp_path):
    write_inputs(tmp_path / "in")
    with serving(older.parent.parent) as server, TranslatorClient(server.grpc) as client:
        expected = tiny.translator().translate(images(3), "digits", "clothes", sample=True, seed=5)
        for way in ({"sample": True}, {"temperature": 1}):
            sampled = client.translate(images(3), "digits", "clothes", seed=5, **way)
            assert_close(sampled, expected, atol=1e-6)
        mean = client.translate(images(3), "digits", "clothes")
        np.testing.assert_array_equal(client.translate(images(3), "digits", "clothes", temperature=0), mean)
        with pytest.raises(ValueError, match="alone, not 0.5: export the translator again"):
            client.translate(images(3), "digits", "clothes", temperature=0.5)
        for where in (client, older):
            out = tmp_path / str(where is client)
            with pytest.raises(ValueError, match="alone, not 0.5: export the translator again"):
                file_translation.translate_path(where, "digits", "clothes", tmp_path / "in", out, temperature=0.5)
            assert not out.exists()
            counts = file_translation.translate_path(where, "digits", "clothes", tmp_path / "in", out, temperature=1)
            assert counts == (4, 1)
