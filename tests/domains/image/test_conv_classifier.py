import keras
import numpy as np
import pytest
import tensorflow as tf

from latent_xlate.domains.image.conv_classifier import ConvClassifier
from latent_xlate.optimizer import FusedAdam
from tests.support.model_checks import check_mirrored, check_mixed_precision, check_saving
from tests.support.tolerances import approx, assert_close

SHAPE = (16, 16, 1)


def classifier(**kwargs):
    """One whose biases and last convolutions of blocks are not zero."""
    keras.utils.set_random_seed(0)
    model = ConvClassifier(SHAPE, **({"num_classes": 3, "width": 4} | kwargs))
    model.build()
    generator = np.random.default_rng(1)
    model.set_weights([w + 0.1 * generator.normal(size=w.shape) for w in model.get_weights()])
    return model


def data(batch=12, seed=0):
    """Bars, upright or level, or a square, at random places."""
    generator = np.random.default_rng(seed)
    x, y = np.zeros((batch, *SHAPE), np.float32), np.arange(batch) % 3
    for picture, label in zip(x, y, strict=True):
        height, width = ((8, 2), (2, 8), (4, 4))[label]
        top, left = generator.integers(0, (16 - height, 16 - width))
        picture[top : top + height, left : left + width] = generator.uniform(0.4, 1)
    return x, y


def test_features_are_the_input_of_the_affine_map():
    model, (x, _) = classifier(), data()
    features = model.features(x)
    assert (features.shape, features.dtype) == ((12, 16), tf.float32)
    kernel, bias = model.logits.get_weights()
    assert_close(model(x), features @ kernel + bias, rtol=1e-5, atol=1e-5)
    np.testing.assert_array_equal(model.judge(x)[0], model(x))
    np.testing.assert_array_equal(model.judge(x)[1], features)


def test_training_smooths_labels_and_evaluation_does_not():
    model, (x, y) = classifier(label_smoothing=0.3), data()
    logits = model(x).numpy()
    logs = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    targets = 0.7 * np.eye(3)[y] + 0.1
    assert float(model.test_step((x, y))["loss"]) == approx(-logs[np.arange(12), y].mean(), rel=1e-5)
    model.reset_metrics()
    model.compile(optimizer=keras.optimizers.SGD(0.0))
    assert float(model.train_step((x, y))["loss"]) == approx(-(targets * logs).sum(axis=1).mean(), rel=1e-5)


@pytest.mark.long
def test_a_tiny_set_is_learned_and_generalises_to_other_places():
    keras.utils.set_random_seed(0)
    model = ConvClassifier(SHAPE, num_classes=3, width=4)
    model.compile(optimizer=FusedAdam(1e-2))
    model.fit(*data(60), epochs=12, batch_size=20, verbose=0)
    assert model.evaluate(*data(120, seed=1), verbose=0, return_dict=True)["accuracy"] > 0.9


def test_other_shapes_are_refused():
    with pytest.raises(ValueError, match="Pictures of 28x28 pixels and 1 channels fit no convolutional model"):
        ConvClassifier((28, 28, 1))


@pytest.mark.parametrize("dtype", ["float32", "mixed_bfloat16"])
def test_classifier_saves_and_loads(dtype, tmp_path):
    check_saving(classifier(dtype=dtype), data()[0], tmp_path)


def test_classifier_in_mixed_precision():
    x, _ = data()
    check_mixed_precision(
        lambda policy: classifier(dtype=policy), lambda model: [model(x), model.features(x)], tolerance=0.1
    )


@pytest.mark.slow
def test_two_replicas_train_as_one_device_does():
    x, y = (tf.constant(array) for array in data(48))
    check_mirrored(
        classifier, lambda positions: (tf.gather(x, positions % 48), tf.gather(y, positions % 48)), atol=1e-5
    )
