"""An export in a Session, as TensorFlow Serving runs it: loaded by its tags, fed by the tensors of its signatures."""

import numpy as np
import pytest
import tensorflow as tf

from latent_xlate.serving import export
from latent_xlate.serving.signature_name import DEFAULT_SIGNATURE, SignatureName
from latent_xlate.translator import Translator
from tests.support import predict_requests, tiny

v1 = tf.compat.v1

NAMES = {str(name): name for name in SignatureName.possible(("digits", "speech"))}


@pytest.fixture(scope="module")
def translator():
    domains = [tiny.image_domain("digits", 6), tiny.speech_domain("speech", 4)]
    return Translator(domains, tiny.bridge((6, 4)))


@pytest.fixture(scope="module")
def folder(translator, tmp_path_factory):
    return export.export_translator(translator, tmp_path_factory.mktemp("export"))


class Model:
    """A SavedModel in a Session, which the loader alone initialises."""

    def __init__(self, folder):
        self.session = v1.Session(graph=tf.Graph())
        with self.session.graph.as_default():
            graph = v1.saved_model.loader.load(self.session, [v1.saved_model.tag_constants.SERVING], str(folder))
        self.signatures = graph.signature_def

    def __call__(self, signature, inputs):
        definition = self.signatures[signature]
        assert set(inputs) == set(definition.inputs)
        feeds = {definition.inputs[key].name: value for key, value in inputs.items()}
        ((key, output),) = definition.outputs.items()
        assert key in inputs
        return self.session.run(output.name, feeds)


@pytest.fixture(scope="module")
def model(folder):
    model = Model(folder)
    yield model
    model.session.close()


@pytest.mark.long
def test_each_signature_answers_the_bytes_of_a_request(translator, model):
    requests = list(predict_requests.make(translator))
    assert len(requests) == 24
    for name, request in requests:
        answer = model(str(name), predict_requests.inputs_of(request))
        predict_requests.assert_answers(translator, name, request, answer)


@pytest.mark.long
def test_each_signature_answers_its_warm_up_record(translator, model, folder):
    requests = predict_requests.warm_up(folder)
    assert set(requests) == {*NAMES, DEFAULT_SIGNATURE}
    for signature, request in requests.items():
        answer = model(signature, predict_requests.inputs_of(request))
        predict_requests.assert_answers(translator, predict_requests.named(translator, signature), request, answer)


def test_definitions_of_signatures_are_what_clients_are_told(translator, model):
    types = {"data_bytes": tf.string, "x": tf.float32, "z": tf.float32, "seed": tf.int32, "temperature": tf.float32}
    assert set(NAMES) | {DEFAULT_SIGNATURE} <= set(model.signatures)
    for signature, name in (NAMES | {DEFAULT_SIGNATURE: NAMES["digits_to_speech"]}).items():
        definition = model.signatures[signature]
        assert definition.method_name == "tensorflow/serving/predict"
        key = name.payload.key
        assert set(definition.inputs) == {key, *(("seed", "temperature") if name.sampled else ())}, signature
        assert set(definition.outputs) == {key}
        for tensors, domain in ((definition.inputs, name.source), (definition.outputs, name.target)):
            for each, tensor in tensors.items():
                assert tf.as_dtype(tensor.dtype) == types[each]
                sizes = [size.size for size in tensor.tensor_shape.dim]
                about = translator.domain(domain)
                latent, data = (about.latent_dim,), about.data_shape
                inner = {"data_bytes": (), "x": data, "z": latent, "seed": (2,), "temperature": ()}[each]
                assert sizes == [-1, *inner], (signature, each)


@pytest.mark.parametrize(("signature", "inputs", "message"), predict_requests.BAD)
def test_assertions_run_in_a_session(served_model, signature, inputs, message):
    with pytest.raises(tf.errors.InvalidArgumentError) as raised:
        served_model(signature, inputs)
    assert message in raised.value.message


@pytest.fixture(scope="module")
def served_model(served_base):
    model = Model(served_base / "translator" / "1")
    yield model
    model.session.close()


def test_empty_batches_and_the_limits_themselves_are_answered(served_model):
    assert served_model("digits_to_clothes_arrays", {"x": np.zeros((0, 28, 28, 1))}).shape == (0, 28, 28, 1)
    for value in (0.0, 1.0):
        x = served_model("digits_to_clothes_arrays", {"x": np.full((2, 28, 28, 1), value)})
        again = served_model("clothes_to_digits_arrays", {"x": x})
        assert np.isfinite(again).all()
