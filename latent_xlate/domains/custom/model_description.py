"""Description of a user's model: what its functions take and return, found out by calling them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import tensorflow as tf

from latent_xlate import checks
from latent_xlate.checks import reason
from latent_xlate.domains.custom.layouts import channels_first, data_shape_of, modality_of, sounds_of_shape
from latent_xlate.domains.custom.model_outputs import SIGMA_KINDS, Key, chosen, main_key, posterior_keys
from latent_xlate.modalities.modality import Modality

Function = Callable[[tf.Tensor], Any]


def describe(
    functions: Mapping[str, Function],
    latent_shape: Sequence[int | None],
    *,
    data_shape: Sequence[int] | None = None,
    modality: Modality | None = None,
    sample_rate: int | None = None,
    invert: str = "auto",
    framing: str = "letterbox",
    sigma_kind: str = SIGMA_KINDS[0],
    mu_output: str | None = None,
    sigma_output: str | None = None,
    data_output: str | None = None,
    **others: Any,
) -> dict[str, Any]:
    """Finds out the arguments of a `ModelDomain` by calling its functions.

    Args:
        functions: "decode" and, if the model has them, "encode" and "classify".
        latent_shape: Shape of one latent.
        data_shape: Shape of one x; None for the shape of the decoder's output.
        modality: The kind of data; None to recognise it by the shape, see `modality_of`.
        sample_rate: Samples per second, if data are sounds of another length, rate or number of channels than
            `modality_of` recognises.
        invert: Setting of images, one of `image_files.INVERT`.
        framing: Setting of images, one of `framing.FRAMINGS`.
        sigma_kind: One of `SIGMA_KINDS`.
        mu_output: See `model_outputs.posterior_keys`.
        sigma_output: See `model_outputs.posterior_keys`.
        data_output: Name or place of the output of "decode" that is data; None to find it.
        **others: Arguments of `ModelDomain` that do not depend on the model.

    Returns:
        `model_shape`, `latent_shape`, `modality`, `sigma_kind`, `probabilities`, `has_prior`, `outputs` and the others.

    Raises:
        ValueError: A function fails, or its outputs have wrong shapes, values or names.
    """
    checks.known(sigma_kind, SIGMA_KINDS, "sigma_kind")
    if modality is not None and sample_rate is not None:
        raise ValueError(f"sample_rate={sample_rate} is not for a modality that is given: leave one of them out.")
    checks.instance(modality, (Modality, type(None)), "modality", "a Modality, Array((3, 5)) say, or None")
    data_shape = None if data_shape is None else checks.sizes(data_shape, "data_shape")
    if None in latent_shape:
        raise ValueError("The decoder takes latents of any size: give it an input of a shape that is known.")
    keys: dict[str, Sequence[Key]] = {}

    def call(name: str, given: tf.Tensor) -> list[tf.Tensor]:
        result = _result(functions, name, given)
        names = getattr(functions[name], "output_names", ())  # Keras and ONNX name the outputs of a list as well.
        if name == "encode":
            keys[name] = posterior_keys(result, sigma_kind, mu_output, sigma_output, names)
        else:
            keys[name] = main_key(result, name, data_output if name == "decode" else None, names)
        return _same_rows(name, chosen(result, keys[name]), given)

    x = call("decode", tf.zeros([2, *latent_shape]))[0]
    model_shape = tuple(x.shape[1:])
    if sample_rate is not None:
        modality = sounds_of_shape(data_shape or model_shape, sample_rate)
    elif modality is None:
        modality = modality_of(data_shape or data_shape_of(model_shape), invert, framing)
    has_prior = True
    if "encode" in functions:
        outputs = call("encode", x)
        _check_posterior(outputs, latent_shape, sigma_kind)
        has_prior = len(outputs) > 1  # The latents of a plain autoencoder may have any distribution.
    return {
        "model_shape": model_shape,
        "latent_shape": tuple(latent_shape),
        "modality": modality,
        "sigma_kind": sigma_kind,
        "probabilities": "classify" in functions and _are_probabilities(call("classify", x)[0]),
        "has_prior": has_prior,
        "outputs": keys,
        "channels_first": channels_first(model_shape, modality),
        **others,
    }


def _result(functions: Mapping[str, Function], name: str, x: tf.Tensor) -> Any:
    try:
        return functions[name](x)
    except Exception as error:  # The model is the user's, so it may raise any exception.
        raise ValueError(f"{name} cannot be called with {x.dtype.name} {list(x.shape)} ({reason(error)}).") from None


def _same_rows(name: str, outputs: list[tf.Tensor], x: tf.Tensor) -> list[tf.Tensor]:
    if not outputs:
        raise ValueError(f"{name} returns nothing: let it return a tensor.")
    for output in outputs:
        if not isinstance(output, tf.Tensor):
            kind = type(output).__name__
            raise ValueError(f"{name} makes a {kind} within its outputs: let it return dense tensors, not nested ones.")
        if not (output.dtype.is_floating or output.dtype.is_integer):
            raise ValueError(f"{name} makes a tensor of {output.dtype.name}: let it return numbers, float32 say.")
        check_rows(name, output.shape, x.shape)
    return outputs


def check_rows(name: str, made: Sequence[int | None], given: Sequence[int | None]) -> None:
    """Raises ValueError if a function makes an output of one shape from another, and not of as many rows."""
    if not len(made) or made[0] != given[0]:
        raise ValueError(f"{name} makes {list(made)} of {list(given)}: it must keep the number of rows.")


def _are_probabilities(outputs: tf.Tensor) -> bool:
    """Whether the outputs of `classify` are probabilities, not logits; ValueError if they are neither."""
    if len(outputs.shape) != 2:
        raise ValueError(f"The output of classify has shape {list(outputs.shape)}; it must be [batch, classes].")
    sums = tf.reduce_sum(outputs, axis=1)
    return bool(tf.reduce_all(outputs >= 0) and tf.reduce_all(abs(sums - 1) < 1e-3))


def _check_posterior(outputs: Sequence[tf.Tensor], latent_shape: Sequence[int | None], sigma_kind: str) -> None:
    for output in outputs[:2]:
        if tuple(output.shape[1:]) != tuple(latent_shape):
            raise ValueError(
                f"encode gives latents of shape {list(output.shape[1:])}, and decode takes {list(latent_shape)}."
            )
    if len(outputs) > 1 and sigma_kind == "sigma" and bool(tf.reduce_any(outputs[1] < 0)):
        raise ValueError(
            "The second output of encode has values below 0, so it is no standard deviation: "
            "if it is the logarithm of the variance, give sigma_kind=log_variance."
        )
