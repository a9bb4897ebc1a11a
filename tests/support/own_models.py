"""Small untrained models as a user may have them, of 8x8 pictures and latents of 3."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

SHAPE = (8, 8, 1)
LATENT_DIM = 3
NUM_CLASSES = 4


def encoder(outputs: int = 1, shape=SHAPE, seed: int = 0) -> keras.Model:
    """Gives mu; with two outputs values that may be below 0 as well, with three a sample too."""
    keras.utils.set_random_seed(seed)
    x = keras.Input(shape)
    h = keras.layers.Dense(16, activation="relu")(keras.layers.Flatten()(x))
    made = [keras.layers.Dense(LATENT_DIM)(h) for _ in range(outputs)]
    return keras.Model(x, made[0] if outputs == 1 else made, name="encoder")


def decoder(shape=SHAPE, seed: int = 1) -> keras.Model:
    keras.utils.set_random_seed(seed)
    size = int(np.prod(shape))
    layers = [keras.layers.Dense(16, activation="relu"), keras.layers.Dense(size, activation="sigmoid")]
    return keras.Sequential([keras.Input((LATENT_DIM,)), *layers, keras.layers.Reshape(shape)], name="decoder")


def classifier(activation: str | None = None, shape=SHAPE) -> keras.Model:
    keras.utils.set_random_seed(2)
    layers = [keras.layers.Flatten(), keras.layers.Dense(7, activation="relu")]
    return keras.Sequential([keras.Input(shape), *layers, keras.layers.Dense(NUM_CLASSES, activation=activation)])


def saved_model(folder: Path, as_signatures: bool = False, with_encoder: bool = True) -> Path:
    """A SavedModel of the same models, with functions, or with signatures alone, and a table that decoding looks at."""
    models = encoder(), decoder(), classifier()
    module = tf.Module()
    module.weights = [variable.value for model in models for variable in model.variables]
    pairs = tf.lookup.KeyValueTensorInitializer(tf.constant([1]), tf.constant([0.5]))
    module.table = tf.lookup.StaticHashTable(pairs, 1.0)

    def spec(*shape):
        return [tf.TensorSpec((None, *shape), tf.float32, name="given")]

    def encode(given):
        mu = models[0](given)
        return {"mu": mu, "sigma": tf.fill(tf.shape(mu), 0.25)}

    functions = {
        "encode": tf.function(encode, spec(*SHAPE)),
        "decode": tf.function(lambda given: models[1](given) * module.table.lookup(tf.constant(1)), spec(LATENT_DIM)),
        "classify": tf.function(lambda given: models[2](given), spec(*SHAPE)),
    }
    if not with_encoder:
        del functions["encode"]
    signatures = {}
    for name, function in functions.items():
        if as_signatures:
            signatures[name] = tf.function(
                lambda given, f=function: _named(f(given)), function.input_signature
            ).get_concrete_function()
        else:
            setattr(module, name, function)
    tf.saved_model.save(module, str(folder), signatures=signatures or None)
    return folder


def _named(outputs):
    return outputs if isinstance(outputs, dict) else {"output_0": outputs}


def pictures(count: int = 5, seed: int = 0, shape=SHAPE) -> np.ndarray:
    return np.random.default_rng(seed).random((count, *shape), np.float32)
