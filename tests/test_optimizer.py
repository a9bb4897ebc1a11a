import keras
import numpy as np
import pytest
import tensorflow as tf

from latent_xlate.optimizer import FusedAdam
from tests.support.tolerances import assert_close

NUM_STEPS = 50


def gradients(seed=0):
    """Of two variables at each step, their elements of very different sizes."""
    generator = np.random.default_rng(seed)
    scale = 10.0 ** generator.uniform(-9, 2, size=(4, 3))
    return [
        (
            (scale * generator.normal(size=(4, 3))).astype(np.float32),
            generator.normal(size=3).astype(np.float32),
        )
        for _ in range(NUM_STEPS)
    ]


def variables():
    generator = np.random.default_rng(1)
    return [keras.Variable(generator.normal(size=shape).astype(np.float32)) for shape in ((4, 3), (3,))]


def trained(optimizer, graph):
    weights = variables()
    optimizer.build(weights)

    def step(*gradient):
        optimizer.apply(gradient, weights)

    step = tf.function(step) if graph else step
    for gradient in gradients():
        step(*(tf.constant(g) for g in gradient))
    return [weight.numpy() for weight in weights]


def schedule():
    return keras.optimizers.schedules.ExponentialDecay(1e-2, 10, 0.5)


@pytest.mark.parametrize(
    ("options", "graph"),
    [
        ({}, True),
        ({"learning_rate": schedule()}, True),
        ({"learning_rate": schedule()}, False),
        ({"learning_rate": 0.05, "beta_1": 0.5, "beta_2": 0.9, "epsilon": 1e-3}, True),
        ({"weight_decay": 0.1, "global_clipnorm": 1.0, "use_ema": True, "ema_overwrite_frequency": 20}, True),
    ],
)
def test_fused_adam_is_adam(options, graph):
    # A step of Adam moves each element by about the learning rate, so that 1e-6 is tight.
    ours = trained(FusedAdam(**options), graph)
    theirs = trained(keras.optimizers.Adam(**options), graph)
    start = [variable.numpy() for variable in variables()]
    for our, their, began in zip(ours, theirs, start, strict=True):
        assert_close(our, their, rtol=1e-6, atol=1e-6)
        assert np.abs(our - began).max() > 1e-3


def test_fused_adam_serialises():
    optimizer = FusedAdam(learning_rate=schedule(), beta_1=0.8, epsilon=1e-4, clipnorm=2.0)
    again = keras.optimizers.deserialize(keras.optimizers.serialize(optimizer))
    assert type(again) is FusedAdam
    assert again.get_config() == optimizer.get_config()


def test_fused_adam_has_no_amsgrad():
    with pytest.raises(ValueError, match="no amsgrad"):
        FusedAdam(amsgrad=True)
