import keras
import numpy as np
import pytest
import tensorflow as tf

from latent_xlate.domains.image.image_classifier import ImageClassifier
from latent_xlate.optimizer import FusedAdam
from tests.support.model_checks import check_mirrored, check_mixed_precision, check_saving
from tests.support.tolerances import approx, assert_close

SHAPE = (6, 5, 1)


def classifier(**kwargs):
    """One whose biases are not zero."""
    keras.utils.set_random_seed(0)
    model = ImageClassifier(SHAPE, **({"num_classes": 4, "hidden_units": (16, 8)} | kwargs))
    model.build()
    generator = np.random.default_rng(1)
    model.set_weights([w + 0.1 * generator.normal(size=w.shape) for w in model.get_weights()])
    return model


def data(batch=8, seed=0):
    """Images whose class is the brightest of the first four pixels."""
    x = np.random.default_rng(seed).uniform(size=(batch, *SHAPE)).astype(np.float32)
    return x, x.reshape(batch, -1)[:, :4].argmax(axis=1)


def layers(x, model):
    """Features and logits, in numpy."""
    x = x.reshape(len(x), -1)
    for layer in model.body.layers:
        x = np.maximum(x @ layer.get_weights()[0] + layer.get_weights()[1], 0)
    return x, x @ model.logits.get_weights()[0] + model.logits.get_weights()[1]


def test_logits_and_features_are_those_of_relu_layers():
    model, (x, _) = classifier(), data()
    features, logits = layers(x, model)
    assert_close(model.features(x), features, rtol=1e-4, atol=1e-5)
    assert_close(model(x), logits, rtol=1e-4, atol=1e-5)


def test_loss_is_the_cross_entropy_and_accuracy_is_counted():
    model, (x, y) = classifier(), data(50)
    logits = layers(x, model)[1]
    entropy = np.log(np.sum(np.exp(logits), axis=1)) - logits[np.arange(50), y]
    expected = {"loss": entropy.mean(), "accuracy": np.mean(logits.argmax(axis=1) == y)}
    assert {name: float(value) for name, value in model.test_step((x, y)).items()} == approx(expected, rel=1e-5)
    model.reset_metrics()
    model.compile(optimizer=keras.optimizers.SGD(0.0))
    assert {name: float(value) for name, value in model.train_step((x, y)).items()} == approx(expected, rel=1e-5)


def test_fit_takes_arrays_and_learns_with_a_model_yet_to_be_built():
    model = ImageClassifier(SHAPE, num_classes=4, hidden_units=(32, 32))
    model.compile(optimizer=FusedAdam(1e-2))
    history = model.fit(*data(500), epochs=8, batch_size=25, verbose=0, validation_data=data(200, 1)).history
    assert history["loss"][-1] < 0.5 * history["loss"][0]
    assert history["val_accuracy"][-1] > 0.7


@pytest.mark.parametrize("dtype", ["float32", "mixed_bfloat16"])
def test_classifier_saves_and_loads(dtype, tmp_path):
    check_saving(classifier(dtype=dtype), data()[0], tmp_path)


def test_classifier_in_mixed_precision():
    x, _ = data()
    check_mixed_precision(lambda policy: classifier(dtype=policy), lambda model: [model(x), model.features(x)])


def test_two_replicas_train_as_one_device_does():
    x, y = (tf.constant(array) for array in data(80))
    check_mirrored(
        lambda: classifier(hidden_units=(8,)),
        lambda positions: (tf.gather(x, positions % 80), tf.gather(y, positions % 80)),
    )
