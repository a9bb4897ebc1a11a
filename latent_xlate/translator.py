"""The translator: pretrained domains and the bridge between them."""

from __future__ import annotations

import functools
import os
import secrets
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from latent_xlate import checks, files
from latent_xlate.batching import as_graph, in_batches
from latent_xlate.bridge import bridging_vae  # noqa: F401  Registers the class with Keras.
from latent_xlate.bridge.bridge import Bridge
from latent_xlate.bridge.class_map import ClassMap
from latent_xlate.domains import pretrained
from latent_xlate.domains.domain import Domain
from latent_xlate.domains.latents_only import alone
from latent_xlate.latents.interpolation import interpolate
from latent_xlate.packaging.translator_card import translator_card

OVERFLOW = (
    "The translation has NaN or infinite values, since those of the input are too large: scale it like the data that "
    "the models learned."
)
"""Message of the error of a translation that is not finite."""

NOT_SAMPLED = "The bridge has no shared latent to sample: leave out sample and temperature."
"""Message of the error of a translation that is to be sampled by such a bridge."""

_BRIDGE_FILE = "bridge.keras"
_TRANSLATOR_FILE = "translator.json"


class Translator:
    """Translates data between any two of its domains.

    Data are encoded into their domain's latent and this into the shared latent, which is decoded into the target's
    latent and this into its data (paper, section 3).

    Attributes:
        domains: The domains by name, in the bridge's order.
        bridge: The bridge.
        class_map: Which classes belong together; None for those of the same label.

    Example:
        translator = Translator.load("out/quickstart/run/translator")
        shoes = translator.translate(digits, source="mnist", target="fashion_mnist")
    """

    def __init__(self, domains: Sequence[Domain], bridge: Bridge, class_map: ClassMap | None = None) -> None:
        """Joins domains by a bridge.

        Args:
            domains: In the order in which the bridge was trained on them.
            bridge: The trained bridge.
            class_map: Which classes belong together; None for those of the same label.

        Raises:
            ValueError: The domains do not fit the bridge, or two have one name.
        """
        checks.instance(domains, Collection, "domains", "a list of domains, as `load_domain` returns them")
        for place, domain in enumerate(domains):
            checks.instance(domain, Domain, f"domains[{place}]", "a Domain: load it by `load_domain`")
        if not hasattr(bridge, "latent_dims"):
            raise checks.wrong("bridge", bridge, "a trained Bridge: `load_bridge` reads one from its file")
        names = [domain.name for domain in domains]
        if len(set(names)) < len(names):
            raise ValueError(f"Domains must differ in name; these are {', '.join(names)}.")
        sizes = tuple(domain.latent_dim for domain in domains)
        if sizes != bridge.latent_dims:
            raise ValueError(
                f"The bridge joins latents of sizes {bridge.latent_dims}, but the domains "
                f"{', '.join(names)} have latents of sizes {sizes}."
            )
        self.domains = {domain.name: domain for domain in domains}
        self.bridge = bridge
        self.class_map = class_map

    @property
    def names(self) -> list[str]:
        """Names of the domains, in the bridge's order."""
        return list(self.domains)

    def domain(self, name: str) -> Domain:
        """A domain by name; ValueError lists the known ones."""
        checks.known(name, self.domains, "domain")
        return self.domains[name]

    def index(self, name: str) -> int:
        """A domain's place in the bridge; ValueError as in `domain`."""
        return self.names.index(checks.known(name, self.domains, "domain"))

    def shared_classes(self, labels: np.ndarray, domain: str) -> np.ndarray:
        """The groups of classes, which all domains share, of a domain's labels.

        Args:
            labels: Integers [n], -1 where unlabelled.
            domain: Name of their domain.

        Returns:
            Integers [n], -1 where unlabelled or where the class has no group.
        """
        return labels if self.class_map is None else self.class_map.shared(self.index(domain), labels)

    def check_sampled(self, temperature: float) -> float:
        """Returns a temperature; ValueError if it is above 0 and the bridge has no shared latent to sample."""
        if temperature and not self.bridge.shared_dim:
            raise ValueError(NOT_SAMPLED)
        return temperature

    # ---- On tensors, for tf.function and the export -------------------------------------------

    def translate_latents(
        self,
        z: Any,
        source: str,
        target: str,
        noise: tf.Tensor | None = None,
        *,
        sample: bool = False,
        seed: int | None = None,
        temperature: float | None = None,
    ) -> Any:
        """Translates z, [batch, latent_dim of source], into the target's, [batch, latent_dim of target].

        An array, without noise, is checked and becomes an array, of any batch size; in place of a latent's numbers in
        one axis it may have the shape that a domain without data was given. A tensor becomes a tensor, in graph too.

        Args:
            z: The source's latents, at the scale of its model.
            source: Name of their domain.
            target: Name of the domain to translate to.
            noise: Normal, [batch, shared_dim], to sample the shared latent, as `noise` returns it; None for its mean.
            sample: As in `translate`, of an array.
            seed: Likewise.
            temperature: Likewise.

        Raises:
            ValueError: Unknown domain, an array that is no latents of the source, or a result that is not finite.
        """
        if isinstance(z, np.ndarray) and noise is None:
            temperature = sampling_temperature(sample, temperature)
            return self._translate_array(
                "translate_latents", self._latents(z, source), source, target, seed, temperature
            )
        before, after = self.domain(source), self.domain(target)
        indices = self.index(source), self.index(target)
        return after.from_bridge(self.bridge.translate(before.to_bridge(z), *indices, noise))

    def translate_data(self, x: tf.Tensor, source: str, target: str, noise: tf.Tensor | None = None) -> tf.Tensor:
        """Translates x, [batch, *data_shape of source], by its posterior's mean. Args as in `translate_latents`."""
        return self._translate(x, source, target, noise)[1]

    def noise(self, seeds: tf.Tensor, temperatures: tf.Tensor | None = None) -> tf.Tensor:
        """Normal noise, float32 [batch, shared_dim], of which row i depends on row i of the arguments alone.

        Args:
            seeds: int32 [batch, 2].
            temperatures: Standard deviations of the rows, float32 [batch]; None for 1.
        """
        spec = tf.TensorSpec([self.bridge.shared_dim], tf.float32)
        noise = tf.map_fn(functools.partial(tf.random.stateless_normal, spec.shape), seeds, fn_output_signature=spec)
        return noise if temperatures is None else temperatures[:, tf.newaxis] * noise

    # ---- On arrays, of any batch size ---------------------------------------------------------

    def translate(
        self,
        x: np.ndarray,
        source: str,
        target: str,
        sample: bool = False,
        seed: int | None = None,
        *,
        temperature: float | None = None,
    ) -> np.ndarray:
        """Translates data.

        Args:
            x: float32 [batch, *data_shape] of the source; images in [0, 1], sounds in [-1, 1].
            source: Name of the domain of `x`.
            target: Name of the domain to translate to; the source's own reconstructs.
            sample: Whether the shared latent is sampled from its posterior; else it is the posterior's mean.
            seed: Seed of the sampling, an int32; None for another each time. Row i is drawn with the seed (seed, i), as
                by a sampled signature of the export.
            temperature: How far samples go from the mean of the posterior, mu + temperature * sigma * noise: 0 is the
                mean, 1 samples the posterior as `sample` does. None leaves it to `sample`.

        Returns:
            float32 [batch, *data_shape] of the target.

        Raises:
            ValueError: Unknown domain, `x` is no data of the source, a seed of more than 32 bits, a temperature that is
                out of range or given beside `sample`, a bridge that has nothing to sample, or a result that is not
                finite.
        """
        temperature = self.check_sampled(sampling_temperature(sample, temperature))
        return self._translate_array("_translate", self._data(x, source), source, target, seed, temperature)

    def _translate_array(
        self, method: str, x: np.ndarray, source: str, target: str, seed: int | None, temperature: float
    ) -> np.ndarray:
        """Translates an array by a method on tensors, whose last result is the translation."""
        batch_size = min(self.domain(name).batch_size for name in (source, target))
        translate = self._function(method, source, target)
        noise = []
        if temperature:
            seeds = row_seeds(secrets.randbits(31) if seed is None else seed, range(len(x)))
            noise = [in_batches(self._function("noise"), seeds, np.full(len(x), temperature, np.float32))]
        results = in_batches(translate, x, *noise, batch_size=batch_size)
        return _finite(*(results if isinstance(results, tuple) else [results]))

    def novelty(self, x: np.ndarray, domain: str) -> np.ndarray:
        """How unlike a domain's training data inputs are; a translation of what is unlike them means little.

        Args:
            x: float32 [batch, *data_shape].
            domain: Name of the domain.

        Returns:
            float32 [batch]. Above 1 an input is unlike the training data: about 1 in 100 held-out instances is.

        Raises:
            ValueError: Unknown domain, `x` is no data of the domain, or the domain has no scale of novelty.
        """
        x = self._data(x, domain)
        if not self.domain(domain).has_data:
            raise ValueError(f"{alone(self.domain(domain))}, so that its novelty cannot be told.")
        if self.domain(domain).novelty_scale is None:
            raise ValueError(
                f"Domain {domain!r} has no scale of novelty, as it was packaged by an earlier version or with too few "
                "held-out data: package it again."
            )
        return in_batches(self._function("_novelty", domain), x, batch_size=self.domain(domain).batch_size)

    def reconstruct(
        self,
        x: np.ndarray,
        domain: str,
        sample: bool = False,
        seed: int | None = None,
        *,
        temperature: float | None = None,
    ) -> np.ndarray:
        """Translates data to their own domain, through the shared latent and back. Args as in `translate`."""
        return self.translate(x, domain, domain, sample, seed, temperature=temperature)

    def encode(self, x: np.ndarray, source: str) -> tuple[np.ndarray, np.ndarray]:
        """Posterior of the shared latent, given the mean of the domain's latent.

        Args:
            x: float32 [batch, *data_shape].
            source: Name of the domain.

        Returns:
            mu and sigma of q(z_shared | z, domain), float32 [batch, shared_dim].

        Raises:
            ValueError: As by `translate`.
        """
        x = self._data(x, source)
        mu, sigma = in_batches(self._function("_encode", source), x, batch_size=self.domain(source).batch_size)
        return _finite(mu), _finite(sigma)

    def decode(self, z_shared: np.ndarray, target: str) -> np.ndarray:
        """Decodes shared latents into data.

        Args:
            z_shared: float32 [batch, shared_dim].
            target: Name of the domain.

        Returns:
            float32 [batch, *data_shape].

        Raises:
            ValueError: Unknown domain, wrong shape, or values of `z_shared` or of the result that are not finite.
        """
        z_shared = checks.finite(np.asarray(z_shared, np.float32), "z_shared")
        if z_shared.ndim != 2 or z_shared.shape[1] != self.bridge.shared_dim:
            raise ValueError(f"z_shared is {list(z_shared.shape)}; expected [batch, {self.bridge.shared_dim}].")
        batch_size = self.domain(target).batch_size
        return _finite(*in_batches(self._function("_decode", target), z_shared, batch_size=batch_size))

    def interpolate(
        self,
        start: np.ndarray,
        end: np.ndarray,
        source: str,
        target: str,
        num_points: int = 9,
        method: str = "slerp",
    ) -> np.ndarray:
        """Interpolates in the source's latent space and translates every point (paper, section 5.3).

        Args:
            start: First instance, [*data_shape] of the source.
            end: Last instance, likewise.
            source: Name of their domain.
            target: Name of the domain to translate to; with the source itself, points are decoded untranslated.
            num_points: Number of points, both ends included.
            method: One of `latents.interpolation.METHODS`.

        Returns:
            float32 [num_points, *data_shape] of the target.

        Raises:
            ValueError: As by `translate`.
        """
        ends, _ = self.domain(source).encode(self._data(np.stack([start, end]), source))
        z = interpolate(ends[0], ends[1], num_points, method)
        if source != target:
            z = self.translate_latents(z, source, target)
        return _finite(z.numpy(), self.domain(target).decode(z).numpy())

    def _data(self, x: np.ndarray, source: str) -> np.ndarray:
        domain = self.domain(source)
        if not domain.has_encoder:
            raise ValueError(f"Domain {source!r} has no encoder: translate its latents by `translate_latents`.")
        return domain.check(x)

    def _latents(self, z: np.ndarray, source: str) -> np.ndarray:
        domain = self.domain(source)
        if not domain.has_data and z.shape[1:] == domain.data_shape:
            z = z.reshape(len(z), domain.latent_dim)
        return checks.floats(z, (domain.latent_dim,), f"latents of {source!r}", what="z")

    def _novelty(self, x: tf.Tensor, domain: str) -> tf.Tensor:
        return self.domain(domain).novelty(x)

    def _encode(self, x: tf.Tensor, source: str) -> tuple[tf.Tensor, tf.Tensor]:
        domain = self.domain(source)
        return self.bridge.encode(domain.to_bridge(domain.encode(x)[0]), self.index(source))

    def _translate(
        self, x: tf.Tensor, source: str, target: str, noise: tf.Tensor | None = None
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """The target's latents and data. Args as in `translate_data`."""
        z = self.translate_latents(self.domain(source).encode(x)[0], source, target, noise)
        return z, self.domain(target).decode(z)

    def _decode(self, z_shared: tf.Tensor, target: str) -> tuple[tf.Tensor, tf.Tensor]:
        z = self.domain(target).from_bridge(self.bridge.decode(z_shared, self.index(target)))
        return z, self.domain(target).decode(z)

    @functools.cached_property
    def _functions(self) -> dict[tuple[str, ...], Callable]:
        return {}

    def _function(self, method: str, *names: str) -> Callable:
        """A method on tensors, with the names that follow its first argument, as a graph for batches of any size."""
        key = (method, *names)
        if key not in self._functions:
            graph = as_graph(getattr(self, method))
            self._functions[key] = lambda x, *rest: graph(x, *names, *rest)
        return self._functions[key]

    # ---- Files --------------------------------------------------------------------------------

    def save(self, folder: str | os.PathLike, dtype: str = "float32") -> Path:
        """Writes the domains, the bridge, `translator.json` and a model card.

        Args:
            folder: The folder, made if it is not there.
            dtype: Type of the domains' weights in their files; "float16" halves their size.

        Returns:
            `folder`.

        Raises:
            ValueError: Nothing can be written to `folder`.
        """
        folder = files.output_folder(checks.path(folder, "folder"))
        for name, domain in self.domains.items():
            domain.save(folder / name, dtype)
        files.write_model(folder / _BRIDGE_FILE, self.bridge)
        class_map = {} if self.class_map is None else {"class_map": self.class_map.groups}
        card = translator_card(list(self.domains.values()), self.bridge, self.class_map)
        files.write_atomically(folder / "MODEL_CARD.md", lambda path: path.write_text(card))
        files.write_json(folder / _TRANSLATOR_FILE, {"domains": self.names, **class_map})
        return folder

    @classmethod
    def load(cls, folder: str | os.PathLike) -> Translator:
        """Reads a folder that `save` wrote.

        Raises:
            ValueError: Nothing is there, or a file is damaged or foreign.
        """
        path = checks.path(folder, "folder", "the folder of a translator") / _TRANSLATOR_FILE
        try:
            content = files.read_json(path)
            folders = [Path(folder).absolute() / name for name in content["domains"]]
            groups = content.get("class_map")
            class_map = ClassMap(tuple(map(tuple, groups))) if groups else None
        except FileNotFoundError:
            raise ValueError(f"There is no translator in {folder}: it has no {_TRANSLATOR_FILE}.") from None
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"{path} is not the description of a translator ({error}).") from None
        domains = [pretrained.load_domain(str(path)) for path in folders]
        return cls(domains, load_bridge(Path(folder) / _BRIDGE_FILE), class_map)


def _finite(*results: np.ndarray) -> np.ndarray:
    """Returns the last result if all are finite; a decoder may turn latents that are infinite into finite data."""
    if not all(np.isfinite(result).all() for result in results):
        raise ValueError(OVERFLOW)
    return results[-1]


def sampling_temperature(sample: bool, temperature: float | None) -> float:
    """The temperature that `sample` and `temperature` of `Translator.translate` mean; ValueError if both are given."""
    if temperature is None:
        return float(sample)
    if sample:
        raise ValueError("Give sample or a temperature, not both: sample is a temperature of 1.")
    return checks.temperature(temperature)


def row_seeds(seed: int, rows: Sequence[int]) -> np.ndarray:
    """The seed of each row, (seed, row).

    Args:
        seed: Seed of the batch.
        rows: Numbers of the rows.

    Returns:
        int32 [n, 2].

    Raises:
        ValueError: `seed` is no int32.
    """
    if not -(2**31) <= seed < 2**31:
        raise ValueError(f"The seed is {seed}; it must fit 32 bits, so lie in -2^31 to 2^31 - 1.")
    return np.stack([np.full(len(rows), seed), np.asarray(rows)], axis=1).astype(np.int32)


def load_bridge(path: str | os.PathLike) -> Bridge:
    """Reads a bridge, a `.keras` file.

    Raises:
        ValueError: The file is missing, damaged, or not a bridge.
    """
    if not Path(path).is_file():
        raise ValueError(f"There is no bridge {path}.")
    try:
        bridge = keras.saving.load_model(path, compile=False, safe_mode=True)
    except Exception as error:  # A damaged zip or a foreign model may raise anything.
        raise ValueError(f"{path} is not a Keras model, or is damaged ({checks.reason(error)}).") from None
    if not isinstance(bridge, Bridge):
        raise ValueError(f"{path} is a {type(bridge).__name__}, not a bridge.")
    return bridge
