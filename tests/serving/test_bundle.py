"""The bundle of an export, read with the protos of TensorFlow Serving and the client of Kubernetes' own language."""

import itertools
import sys

import numpy as np
import pytest
import tensorflow as tf
import yaml
from google.protobuf import text_format
from tensorflow_serving.apis import prediction_log_pb2

from latent_xlate.baselines.pixel_domain import PixelDomain
from latent_xlate.serving import bundle, export
from latent_xlate.translator import Translator
from tests.support import tiny
from tests.support.decoders import decoders
from tests.support.tolerances import assert_close


@pytest.fixture(scope="module")
def translator():
    return tiny.translator()


@pytest.fixture(scope="module")
def base(translator, tmp_path_factory):
    base = tmp_path_factory.mktemp("bundle")
    export.export_translator(translator, base)
    return base


def requests(model):
    for record in tf.data.TFRecordDataset(str(model / bundle.WARMUP_FILE)).as_numpy_iterator():
        yield prediction_log_pb2.PredictionLog.FromString(record).predict_log.request


def labels(base):
    (model,) = bundle.read_models_config(base / bundle.MODELS_CONFIG).model_config_list.config
    return dict(model.version_labels), list(model.model_version_policy.specific.versions)


@pytest.mark.long
def test_every_signature_has_a_record_that_it_answers(base):
    signatures = export.load_export(base / "translator" / "1").signatures
    records = {request.model_spec.signature_name: request for request in requests(base / "translator" / "1")}
    assert set(records) == set(signatures)
    for name, request in records.items():
        inputs = {key: tf.constant(tf.make_ndarray(value)) for key, value in request.inputs.items()}
        (answer,) = signatures[name](**inputs).values()
        assert len(answer) == 1, name


def test_inputs_are_what_a_domain_makes(translator, base):
    records = {request.model_spec.signature_name: request for request in requests(base / "translator" / "1")}
    x = tf.make_ndarray(records["digits_to_clothes_arrays"].inputs["x"])
    domain = translator.domain("digits")
    assert_close(x, domain.decode(domain.sample_prior(1)), atol=1e-6)
    png = tf.make_ndarray(records["serving_default"].inputs["data_bytes"])[0]
    np.testing.assert_array_equal(tf.io.decode_png(png), np.round(x[0] * 255))


def test_records_are_fewer_than_what_the_server_refuses(translator, tmp_path, monkeypatch):
    monkeypatch.setattr(bundle, "MOST_WARMUP_RECORDS", 5)
    names = [f"{s}_to_{t}" for s, t in itertools.product(translator.names, repeat=2)]
    bundle.write_warmup(tmp_path, translator, [*names, *(f"{name}_latents" for name in names)], names[1])
    assert len(list(requests(tmp_path))) == 5


def test_domains_without_encoder_warm_up_with_latents(tmp_path):
    model = export.export_translator(decoders(), tmp_path)
    names = {request.model_spec.signature_name for request in requests(model)}
    assert names == set(export.load_export(model).signatures)


def test_sounds_that_cannot_be_read_are_no_records(tmp_path):
    domain = tiny.speech_domain()
    domain.generator.set_weights([0 * weight for weight in domain.generator.get_weights()])
    translator = tiny.translator()
    translator.domains["digits"] = domain  # Its latents are as wide as needed for nothing but reading and writing.
    bundle.write_warmup(tmp_path, translator, ["digits_to_clothes", "digits_to_clothes_arrays"], "digits_to_clothes")
    assert [r.model_spec.signature_name for r in requests(tmp_path)] == ["digits_to_clothes_arrays"]


@pytest.mark.long
def test_an_export_is_the_canary_and_the_first_is_stable_until_one_says_otherwise(translator, tmp_path):
    for _ in range(2):
        export.export_translator(decoders(), tmp_path)
    assert labels(tmp_path) == ({"stable": 1, "canary": 2}, [1, 2])
    path = tmp_path / bundle.MODELS_CONFIG
    config = bundle.read_models_config(path)
    config.model_config_list.config[0].version_labels["stable"] = 2
    config.model_config_list.config.add(name="other", base_path="/models/other")
    path.write_text(text_format.MessageToString(config))
    (tmp_path / "compose.yaml").write_text("mine")
    export.export_translator(decoders(), tmp_path)
    config = bundle.read_models_config(path)
    assert dict(bundle.find_model(config, "translator").version_labels) == {"stable": 2, "canary": 3}
    assert bundle.find_model(config, "other").base_path == "/models/other"
    assert (tmp_path / "compose.yaml").read_text() == "mine"


def test_damaged_configuration_stops_an_export_before_it_begins(tmp_path):
    (tmp_path / bundle.MODELS_CONFIG).write_text("model_config_list {")
    with pytest.raises(ValueError, match="models.config is no configuration"):
        export.export_translator(decoders(), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [bundle.MODELS_CONFIG]


def test_without_the_extra_there_is_a_model_and_a_word_about_the_rest(tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "tensorflow_serving", None)
    find_spec = export.importlib.util.find_spec
    monkeypatch.setattr(
        export.importlib.util, "find_spec", lambda name: None if name == "tensorflow_serving" else find_spec(name)
    )
    model = export.export_translator(decoders(), tmp_path)
    assert (model / "saved_model.pb").is_file()
    assert [path.name for path in tmp_path.iterdir()] == ["translator"]
    assert "latent_xlate[serving]" in capsys.readouterr().err


def container_arguments(base):
    compose = yaml.safe_load((base / "compose.yaml").read_text())["services"]["translator"]
    manifests = list(yaml.safe_load_all((base / "kubernetes.yaml").read_text()))
    (deployment,) = [each for each in manifests if each["kind"] == "Deployment"]
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    return compose, manifests, container


def test_both_manifests_run_one_image_with_flags_whose_files_are_in_the_bundle(base):
    compose, _, container = container_arguments(base)
    assert (compose["image"], compose["command"]) == (container["image"], container["args"])
    paths = [argument.partition("=")[2] for argument in container["args"] if "=/models/" in argument]
    assert len(paths) == 3
    for path in paths:
        assert (base / path.removeprefix("/models/")).is_file(), path
    model = bundle.find_model(bundle.read_models_config(base / "models.config"), "translator")
    assert (base / model.base_path.removeprefix("/models/") / "1" / "saved_model.pb").is_file()
    assert all(port.startswith("127.0.0.1:") for port in compose["ports"])


def test_manifest_is_probed_and_grows_by_requests(base):
    _, manifests, container = container_arguments(base)
    kinds = {each["kind"]: each for each in manifests}
    assert {"startupProbe", "readinessProbe", "livenessProbe"} < set(container)
    scaler = kinds["HorizontalPodAutoscaler"]["spec"]
    assert scaler["scaleTargetRef"]["name"] == kinds["Deployment"]["metadata"]["name"]
    metric = scaler["metrics"][0]["pods"]["metric"]["name"]
    assert f"name: {{as: {metric}}}" in (base / "kubernetes.yaml").read_text()
    (volume,) = kinds["Deployment"]["spec"]["template"]["spec"]["volumes"]
    assert volume["persistentVolumeClaim"]["claimName"] == kinds["PersistentVolumeClaim"]["metadata"]["name"]
    selector = kinds["Service"]["spec"]["selector"]
    assert selector == kinds["Deployment"]["spec"]["template"]["metadata"]["labels"]
    ports = {port["name"] for port in container["ports"]}
    assert {port["targetPort"] for port in kinds["Service"]["spec"]["ports"]} == ports


@pytest.mark.long
def test_domains_without_a_prior_have_records_too(tmp_path):
    domains = [PixelDomain(name, (6, 6, 1)) for name in ("left", "right")]
    export.export_translator(Translator(domains, tiny.bridge((36, 36))), tmp_path)
    model = tmp_path / "translator" / "1"
    records = {request.model_spec.signature_name: request for request in requests(model)}
    signatures = export.load_export(model).signatures
    assert set(records) == set(signatures)
    np.testing.assert_array_equal(tf.make_ndarray(records["left_to_right_arrays"].inputs["x"]), np.zeros((1, 6, 6, 1)))
