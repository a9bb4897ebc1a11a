"""The outputs of a user's model: which of them are mu, sigma, data or logits.

A function of a model returns a tensor, a sequence or a mapping of tensors. A sequence has an order, and so have the
outputs `output_0`, `output_1`, … of a signature, which TensorFlow numbers. A mapping has none: its names decide.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import tensorflow as tf

from latent_xlate import checks

SIGMA_KINDS = ("sigma", "log_variance")
"""Meanings of an encoder's second output: the posterior's standard deviation, or the logarithm of its variance."""

Key = str | int
"""Where an output is in what a function returns: its name, or its place."""

_MEAN, _SAMPLE, _VARIANCE, _LOG_SIGMA = "mean", "sample", "variance", "log_sigma"

_ROLES = {
    _MEAN: "(mean|mu|loc)(z|latent)?",
    "log_variance": "(log|ln)(var|variance|sigma2|sigmasq|sigmasquared)",
    _LOG_SIGMA: "(log|ln)(sigma|std|stddev|stdev|scale|sd)",
    "sigma": "(sigma|std|stddev|stdev|scale|sd|standarddeviation)",
    _VARIANCE: "(var|variance|sigmasq|sigmasquared)",
    _SAMPLE: "z|(sample|sampled|samples|sampling)z?",
}
"""What an encoder's output is, by a pattern of its name in lower-case letters and digits; the first that fits."""

_PREFIXES = "(z|qz|q|latent|posterior|encoder)?"

_CALLED = {
    _MEAN: "the mean",
    "log_variance": "the logarithm of the variance",
    _LOG_SIGMA: "the logarithm of the standard deviation",
    "sigma": "the standard deviation",
    _VARIANCE: "the variance",
    _SAMPLE: "a sample",
}

_SPREADS = (*SIGMA_KINDS, _LOG_SIGMA, _VARIANCE)

_MAIN = {
    "decode": (
        "(x|image|picture|sound|waveform|audio|array|data|output)(hat|recon|reconstructed|reconstruction|decoded)?s?",
        "(recon|reconstructed|reconstruction|decoded|generated|sample)(x|image|picture|sound|waveform|audio|data)?s?",
        "(x|p|px)?(mean|mu|loc|prob|probability|probabilities)s?",
    ),
    "classify": ("(class)?logits?", "(class)?(probabilities|probability|probs?|predictions?|softmax|scores?|output)"),
}
"""Patterns of the name of the one output of a function that counts; the first that fits a single name decides."""


def chosen(result: Any, keys: Sequence[Key]) -> list[tf.Tensor]:
    """Returns the outputs of a function at `keys`; without keys all outputs, in the order of early versions.

    Domains that early versions packaged have no keys. Of a mapping they take "mu" and "sigma", or else all values by
    their names' order.
    """
    if keys:
        return [result[key] for key in keys]
    if isinstance(result, Mapping):
        return [result[name] for name in (("mu", "sigma") if {"mu", "sigma"} <= result.keys() else sorted(result))]
    return list(result) if isinstance(result, (list, tuple)) else [result]


def posterior_keys(
    result: Any,
    sigma_kind: str,
    mu_output: str | None = None,
    sigma_output: str | None = None,
    names: Sequence[str] = (),
) -> tuple[Key, ...]:
    """Finds mu, and sigma or the logarithm of the variance if there is one, among the outputs of an encoder.

    Names that are given decide first, then the usual names of these (`z_mean`, `mu`, `z_log_var`, `sigma`, …), then
    the order, if there is one. A sample (`z`, `sample`) counts only where it is the only output.

    Args:
        result: What the encoder returned.
        sigma_kind: One of `SIGMA_KINDS`.
        mu_output: Name of mu, or its place from 0 on if there is an order; None to find it. If it is given alone, and
            no other name is a usual one of sigma, there is no sigma.
        sigma_output: Name or place of sigma or of the logarithm of the variance; None to find it.
        names: Names of the outputs, if `result` is a sequence without any.

    Returns:
        Keys of mu and, if it is there, of the other; none if `result` is a single tensor.

    Raises:
        ValueError: Neither names nor an order decide, a name is unknown, or a name contradicts `sigma_kind`.
    """
    keys = _keys_by_name(result, names)
    mu_output, sigma_output = (_name(given, result, keys, "encode") for given in (mu_output, sigma_output))
    if not keys:
        return ()
    roles = {name: _role(name) for name in keys}
    order = [] if _is_unordered(result) else list(keys)
    sigma = sigma_output or _named_sigma(roles, sigma_kind, mu_output)
    mu = mu_output or _found_mu(roles, sigma, order)
    unknown = [name for name, role in roles.items() if role is None and name != mu]
    if sigma is None and mu_output is None and unknown:
        sigma = order[1] if order[:1] == [mu] and order[1] in unknown else None
        if sigma is None:
            raise _undecided(roles)
    _check_roles(roles, mu, sigma, sigma_kind)
    return tuple(keys[name] for name in (mu, sigma) if name is not None)


def main_key(result: Any, function: str, given: str | None = None, names: Sequence[str] = ()) -> tuple[Key, ...]:
    """Finds the output that counts of a decoder or a classifier: of a sequence the first.

    Args:
        result: What it returned.
        function: "decode" or "classify".
        given: Name of the output, or its place from 0 on if there is an order; None to find it.
        names: Names of the outputs, if `result` is a sequence without any.

    Returns:
        The key; none if `result` is a single tensor.

    Raises:
        ValueError: `given` is unknown, or `result` is a mapping of several outputs, whose names do not decide.
    """
    keys = _keys_by_name(result, names)
    if (name := _name(given, result, keys, function)) is not None and keys:
        return (keys[name],)
    if not keys or len(keys) == 1 or not _is_unordered(result):
        return tuple(keys.values())[:1]
    for pattern in _MAIN[function]:
        fitting = [name for name in keys if re.fullmatch(rf"({pattern})\d*", _plain(name))]
        if len(fitting) == 1:
            return (keys[fitting[0]],)
    raise ValueError(
        f"{function} has the outputs {', '.join(keys)}, whose names do not say which counts: let it return that alone"
        f"{', or give --data_output=NAME (data_output in Python)' if function == 'decode' else ''}."
    )


def _name(given: str | None, result: Any, keys: Mapping[str, Key], function: str) -> str | None:
    """The name of an output that is given by its name or place; None if none is given."""
    if given is None:
        return None
    if given.isdecimal() and given not in keys and int(given) < len(keys) and not _is_unordered(result):
        return list(keys)[int(given)]
    return checks.known(given, keys, f"output of {function}")


def _keys_by_name(result: Any, names: Sequence[str] = ()) -> dict[str, Key]:
    """The key of each output by its name, in order if there is one; none for a single tensor."""
    if isinstance(result, Mapping):
        return {str(name): name for name in (result if _is_unordered(result) else sorted(result, key=_number))}
    if not isinstance(result, (list, tuple)):
        return {}
    names = getattr(result, "_fields", names)
    if len(set(names)) != len(result):
        names = [f"output_{place}" for place in range(len(result))]
    return {name: place for place, name in enumerate(names)}


def _is_unordered(result: Any) -> bool:
    """Whether the outputs have names alone."""
    return isinstance(result, Mapping) and not all(re.fullmatch(r"output_\d+", str(name)) for name in result)


def _number(name: str) -> int:
    return int(name.removeprefix("output_"))


def _plain(name: str) -> str:
    return re.sub("[^a-z0-9]", "", name.lower())


def _role(name: str) -> str | None:
    fitting = (role for role, pattern in _ROLES.items() if re.fullmatch(rf"{_PREFIXES}({pattern})\d*", _plain(name)))
    return next(fitting, None)


def _named_sigma(roles: Mapping[str, str | None], sigma_kind: str, mu: str | None) -> str | None:
    """The output that is by its name a measure of spread, of the given kind if there are several."""
    spreads = [name for name, role in roles.items() if role in _SPREADS and name != mu]
    fitting = [name for name in spreads if roles[name] == sigma_kind] or spreads
    if len(fitting) > 1:
        raise _undecided(roles)
    return fitting[0] if fitting else None


def _found_mu(roles: Mapping[str, str | None], sigma: str | None, order: Sequence[str]) -> str:
    """The output that is mu: by its name, as the only one that can be it, or as the first one."""
    means = [name for name, role in roles.items() if role == _MEAN and name != sigma]
    nameless = [name for name, role in roles.items() if role is None and name != sigma]
    if len(means) == 1:
        return means[0]
    if len(roles) == 1 and sigma is None:
        return next(iter(roles))
    if not means and len(nameless) == 1 and sigma is not None:
        return nameless[0]
    if not means and order and order[0] in nameless:
        return order[0]
    raise _undecided(roles)


def _check_roles(roles: Mapping[str, str | None], mu: str, sigma: str | None, sigma_kind: str) -> None:
    if roles[mu] in _SPREADS:
        raise ValueError(f"The output {mu} of encode is by its name {_CALLED[roles[mu] or '']}, so it is not mu.")
    if sigma is None:
        return
    if sigma == mu:
        raise ValueError(f"The output {mu} of encode cannot be both mu and sigma: name two outputs.")
    role = roles[sigma]
    if role is None or role == sigma_kind:
        return
    contradiction = f"The output {sigma} of encode is by its name {_CALLED[role]}, and sigma_kind is {sigma_kind}"
    if role in SIGMA_KINDS:
        raise ValueError(f"{contradiction}: give --sigma_kind={role}, or rename the output if it is something else.")
    raise ValueError(f"{contradiction}: let encode return the standard deviation, or the logarithm of the variance.")


def _undecided(roles: Mapping[str, str | None]) -> ValueError:
    return ValueError(
        f"encode has the outputs {', '.join(roles)}, whose names do not say what they are: give --mu_output=NAME, and "
        "--sigma_output=NAME if there is a sigma or a logarithm of the variance (mu_output and sigma_output in Python)."
    )
