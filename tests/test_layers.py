import keras
import numpy as np
import pytest
import tensorflow as tf

from latent_xlate.layers import GatedMixing, ScaledDense
from latent_xlate.optimizer import FusedAdam
from tests.support.model_checks import check_mixed_precision, check_saving
from tests.support.tolerances import assert_close


def inputs(batch=5):
    generator = np.random.default_rng(0)
    return [generator.normal(size=(batch, size)).astype(np.float32) for size in (4, 7)]


def model(policy="float32"):
    keras.utils.set_random_seed(0)
    arguments = [keras.Input((4,)), keras.Input((7,))]
    return keras.Model(arguments, GatedMixing(3, dtype=policy)(arguments))


def test_gated_mixing_computes_its_formula():
    z, h = inputs()
    layer = GatedMixing(3)
    mixed = layer([z, h]).numpy()
    for variable in layer.variables:  # The biases start at zero.
        variable.assign(np.random.default_rng(1).normal(size=variable.shape))
    (kernel, bias), (wide_kernel, wide_bias) = layer.mixed.get_weights(), layer.change_and_gates.get_weights()
    straight = z @ kernel + bias
    change, gates = np.split(h @ wide_kernel + wide_bias, 2, axis=1)
    gates = 1 / (1 + np.exp(-gates))
    assert_close(layer([z, h]), (1 - gates) * straight + gates * change, rtol=1e-4, atol=1e-5)
    assert mixed.shape == layer.compute_output_shape([z.shape, h.shape]) == (5, 3)


def test_gated_mixing_saves_and_loads(tmp_path):
    check_saving(model(), inputs(), tmp_path)


def test_gated_mixing_in_mixed_precision():
    def use(network):
        return keras.ops.cast(network(inputs()), "float32")

    check_mixed_precision(model, use)


def test_scaled_dense_begins_as_dense_and_a_step_of_adam_moves_it_by_its_scale():
    keras.utils.set_random_seed(0)
    layer, x = ScaledDense(8, 1 / 16), tf.ones([1, 16384])
    layer.build((None, 16384))
    assert np.std(layer.kernel / 16) == pytest.approx(np.sqrt(2 / (16384 + 8)), rel=0.01)  # Glorot's
    before = layer(x)
    assert_close(before, x @ (layer.kernel / 16), rtol=1e-3, atol=1e-4)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(layer(x))
    optimizer = FusedAdam(1e-3)
    optimizer.apply_gradients(
        zip(tape.gradient(loss, layer.trainable_variables), layer.trainable_variables, strict=True)
    )
    # 16384 weights, each moved by 1e-3, a sixteenth of which counts; and the bias.
    assert_close(before - layer(x), np.full([1, 8], 1.024 + 1e-3), rtol=1e-2)


def test_scaled_dense_saves_and_loads(tmp_path):
    z = keras.Input((5,))
    check_saving(keras.Model(z, ScaledDense(3, 0.25)(z)), np.ones([2, 5], np.float32), tmp_path)
