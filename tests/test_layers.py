import keras
import numpy as np

from latent_xlate.layers import GatedMixing
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
