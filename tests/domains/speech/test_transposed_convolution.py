import keras
import numpy as np
import pytest
import tensorflow as tf

from latent_xlate.domains.speech import transposed_convolution
from latent_xlate.domains.speech.transposed_convolution import by_phases, by_product
from tests.support.tolerances import assert_close


def layer(channels, filters, taps=25, stride=4, **kwargs):
    keras.utils.set_random_seed(0)
    made = keras.layers.Conv1DTranspose(filters, taps, stride, padding="same", bias_initializer="normal", **kwargs)
    made.build((None, None, channels))
    return made


def inputs(batch, steps, channels):
    return tf.random.stateless_normal([batch, steps, channels], [1, 2])


@pytest.mark.parametrize("compute", [by_product, by_phases])
@pytest.mark.parametrize(("taps", "stride"), [(25, 4), (25, 2), (9, 4), (24, 4), (5, 2), (4, 4), (3, 4), (7, 1)])
def test_it_is_tensorflows_own_with_its_gradients(compute, taps, stride):
    kernel = layer(6, 3, taps, stride).kernel.value
    x = inputs(2, 5, 6)
    weights = tf.random.stateless_normal([2, 5 * stride, 3], [3, 4])

    def own(x, kernel, stride):
        return tf.nn.conv1d_transpose(x, kernel, [2, 5 * stride, 3], stride, "SAME")

    results = []
    for function in (compute, own):
        with tf.GradientTape() as tape:
            tape.watch([x, kernel])
            y = function(x, kernel, stride)
            loss = tf.reduce_sum(weights * y)
        results.append([y, *tape.gradient(loss, [x, kernel])])
    for ours, theirs in zip(*results, strict=True):
        assert_close(ours, theirs, atol=1e-5)


@pytest.mark.parametrize(("channels", "filters", "way"), [(4, 1, "by_phases"), (1024, 3, "by_product"), (8, 3, None)])
def test_a_layer_is_computed_by_the_way_for_its_size(channels, filters, way, monkeypatch):
    taken = []
    for name in ("by_phases", "by_product"):
        function = getattr(transposed_convolution, name)
        monkeypatch.setattr(
            transposed_convolution, name, lambda *args, f=function, name=name: taken.append(name) or f(*args)
        )
    made = layer(channels, filters, activation="tanh")
    x = inputs(2, 4, channels)
    y = transposed_convolution.transposed_convolution(made, x)
    assert_close(y, made(x), atol=1e-5)
    assert taken == ([way] if way else [])


def test_a_layers_dtype_is_kept():
    made = layer(4, 1, dtype="mixed_bfloat16")
    y = transposed_convolution.transposed_convolution(made, inputs(2, 4, 4))
    assert y.dtype == tf.bfloat16
    np.testing.assert_allclose(tf.cast(y, tf.float32), tf.cast(made(inputs(2, 4, 4)), tf.float32), atol=0.05)


def test_the_number_of_sounds_need_not_be_known():
    made = layer(4, 1)
    graph = tf.function(
        lambda x: transposed_convolution.transposed_convolution(made, x),
        input_signature=[tf.TensorSpec([None, 6, 4])],
        autograph=False,
    )
    for batch in (0, 1, 3):
        assert_close(graph(inputs(batch, 6, 4)), made(inputs(batch, 6, 4)), atol=1e-5)
