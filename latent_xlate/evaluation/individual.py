"""How individual translations are: as varied and as real as the target's own data, and each still like its source.

Instances are compared within their class: the true one where it is labelled, otherwise the one that its domain's
judge gives. With a class map, classes of one group are one class. A translation belongs to the class of its source,
also if the target's judge gives it another. At most `MOST_PER_CLASS` instances of a class are measured, chosen at
random. Each number is a mean over the classes that have enough instances.

`measure_individuals` returns, JSON-serialisable, by kind of row and then by name:

- `transfers`, by "<source>_to_<target>": translations of decoded latents of the source.
- `reconstructions`, by domain: the same with the domain itself as the target, through the bridge. Those of one half
  of its instances are compared with the other half.
- `decoded`, by domain: one half of its data, encoded and decoded by the domain's own model, or as many other decoded
  latents if it has no encoder, compared with the other half; absent without data or judge.
- `halves`, by domain: one random half of the real instances, compared with the other half; absent without judge. Real
  instances are the data if they are given, otherwise decoded latents, see `fid_reference` in `accuracy`.

Each row holds some of these numbers as {"value", "interval" (95 %, by bootstrap), "classes" (how many)}. A number that
cannot be measured is absent:

- `diversity`, `density`, `coverage`, `class_kid`: against real instances of the target; absent without its judge.
- `kept_diversity`: as `diversity`, of those instances, translated and real, to which the target's judge gives their
  class. Translations of a wrong class add to `diversity`, but not to this.
- `trustworthiness`, `rank_correlation`: of distances between pictures (`Domain.pictures`), before and after; between
  latents where a domain has no data.
- `cycle_accuracy`: share of instances that have the same class as before, as the source's judge sees it, after the way
  there and back; absent without that judge.
- `cycle_distance`: mean squared distance between a latent and itself after the way there and back, over the variance
  of the latents of its class: 0 for the same, 1 for the class's mean, 2 for another instance of the class.
- `sample_diversity`: as `diversity`, of the samples of one instance, at the temperature of the evaluation, or at 1 if
  that is 0; absent without judge or where nothing is sampled.
"""

from __future__ import annotations

import dataclasses
import functools
import itertools
from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from latent_xlate.batching import as_graph, in_batches
from latent_xlate.data.labelled import UNLABELLED
from latent_xlate.domains.domain import Domain
from latent_xlate.evaluation import locality
from latent_xlate.evaluation.individual_row import OfClass, Row
from latent_xlate.evaluation.predictions import Predictions, predictor
from latent_xlate.translator import Translator

MOST_PER_CLASS = 200
"""More instances of a class are not measured."""

LEAST_PER_CLASS = locality.LEAST_INSTANCES
"""Classes of fewer instances are left out. Halves of them are large enough for all but locality."""

SAMPLED_PER_CLASS = 10
"""Instances of a class that are sampled from."""

SAMPLES = 5
"""Samples of each."""

_STREAM = 0x696E64  # Keeps these random numbers apart from those of `accuracy`, which have the same seed.


@dataclasses.dataclass(frozen=True)
class Reference:
    """Real instances of a domain.

    Attributes:
        judged: What the domain's judge predicts for them.
        classes: Shared classes, integers [m], -1 for none.
        x: The data themselves, float32 [m, *data_shape]; None if they are decoded latents.
    """

    judged: Predictions
    classes: np.ndarray
    x: np.ndarray | None


@dataclasses.dataclass(frozen=True)
class Subject:
    """What is measured of a domain.

    Attributes:
        domain: The domain.
        z: Latents, float32 [n, latent_dim].
        classes: Their shared classes, integers [n], -1 for none.
    """

    domain: Domain
    z: np.ndarray
    classes: np.ndarray


def measure_individuals(
    translator: Translator,
    subjects: Mapping[str, Subject],
    references: Mapping[str, Reference],
    temperature: float,
    seed: int,
) -> dict[str, dict[str, Any]]:
    """Measures every ordered pair of domains, and what to compare it with.

    Args:
        translator: The translator to measure.
        subjects: By name of the domain.
        references: By name of the domain, for those with a judge.
        temperature: That of z_shared; at 0 it is the mean of its posterior, but for `sample_diversity`.
        seed: Random seed of the choice of instances, of the sampling and of the bootstrap.

    Returns:
        The rows that are listed above in this module; those without a number are empty.
    """
    meter = _Meter(translator, subjects, references, temperature, np.random.default_rng([seed, _STREAM]))
    return {
        "transfers": {
            f"{source}_to_{target}": meter.translation(source, target)
            for source, target in itertools.permutations(subjects, 2)
        },
        "reconstructions": {name: meter.translation(name, name) for name in subjects},
        "decoded": {name: meter.decoded(name, real.x) for name, real in references.items() if real.x is not None},
        "halves": {name: meter.halves(name) for name in references},
    }


@dataclasses.dataclass(frozen=True)
class _View:
    """What instances of one class look like.

    Attributes:
        distances: Between their pictures, or latents, float64 [n, n].
        judged: What the judge predicts; None without one.
    """

    distances: np.ndarray
    judged: Predictions | None


class _Meter:
    """Measures rows. The generator's draws follow the order of the calls."""

    def __init__(
        self,
        translator: Translator,
        subjects: Mapping[str, Subject],
        references: Mapping[str, Reference],
        temperature: float,
        generator: np.random.Generator,
    ):
        self._translator = translator
        self._subjects = subjects
        self._references = references
        self._temperature = temperature
        self._generator = generator
        self._graphs = {name: as_graph(functools.partial(_look, each.domain)) for name, each in subjects.items()}
        self._judges = {name: predictor(subjects[name].domain, subjects[name].domain.decode) for name in references}
        self._latents = {name: self._by_class(subject.classes) for name, subject in subjects.items()}
        self._real = {
            # The same split into halves for both if latents and real instances are of the same data, in one order.
            name: self._latents[name]
            if np.array_equal(real.classes, subjects[name].classes)
            else self._by_class(real.classes)
            for name, real in references.items()
        }
        self._views: dict[tuple[str, int], _View] = {}

    def translation(self, source: str, target: str) -> dict[str, Any]:
        """Measures translations from one domain to another, or to the same."""
        row = Row()
        for group, indices in self._latents[source].items():
            z = self._subjects[source].z[indices[:MOST_PER_CLASS]]
            if (source, group) not in self._views:
                self._views[source, group] = self._view(source, z)
            before = self._views[source, group]
            there = self._translate(z, source, target, self._temperature)
            back = self._translate(there, target, source, self._temperature)
            after = self._view(target, there)
            row.add_locality(before.distances, after.distances)
            row.add_cycle(*map(self._subjects[source].domain.to_bridge, (z, back)))
            if before.judged is not None:
                row.add_cycle_classes(
                    *(self._classes(source, of) for of in (before.judged, self._judges[source](back)))
                )
            count, real = self._compared(source, target, group)
            if after.judged is not None and real is not None:
                row.add_likeness(self._of_class(target, after.judged.take(slice(count)), group), real)
                if self._translator.bridge.shared_dim:
                    repeated = np.repeat(z[:SAMPLED_PER_CLASS], SAMPLES, axis=0)
                    sampled = self._translate(repeated, source, target, self._temperature or 1.0)
                    row.add_samples(self._samples(target, sampled), real.features)
        return row.estimates(self._generator)

    def decoded(self, name: str, x: np.ndarray) -> dict[str, Any]:
        """Measures what a domain's own model makes of data that it encodes, or of latents if it has no encoder."""
        row, domain = Row(), self._subjects[name].domain
        for group, indices in self._real[name].items():
            some, others = self._halves(indices)
            real = self._real_of_class(name, others, group)
            if not domain.has_encoder:
                z = self._subjects[name].z[self._latents[name].get(group, indices[:0])[: len(some)]]
                if len(z):
                    row.add_likeness(self._of_class(name, self._judges[name](z), group), real)
                continue
            originals = x[indices[:MOST_PER_CLASS]]
            mu, sigma = in_batches(domain.encode, originals, batch_size=domain.batch_size)
            pictures = in_batches(domain.pictures, originals, batch_size=domain.batch_size)
            after = self._view(name, mu)
            row.add_locality(locality.distances(pictures), after.distances)
            if after.judged is not None:
                row.add_likeness(self._of_class(name, after.judged.take(slice(len(some))), group), real)
            mu, sigma = (np.repeat(each[:SAMPLED_PER_CLASS], SAMPLES, axis=0) for each in (mu, sigma))
            noise = scaled_noise(self._generator, mu.shape, 1.0)
            row.add_samples(self._samples(name, mu + sigma * noise), real.features)
        return row.estimates(self._generator)

    def halves(self, name: str) -> dict[str, Any]:
        """Compares halves of a domain's real instances."""
        row = Row()
        for group, indices in self._real[name].items():
            row.add_likeness(*(self._real_of_class(name, half, group) for half in self._halves(indices)))
        return row.estimates(self._generator)

    def _by_class(self, classes: np.ndarray) -> dict[int, np.ndarray]:
        """Indices of each class's instances, shuffled, for classes that have enough."""
        shuffled = self._generator.permutation(len(classes))
        of_groups = {
            int(group): shuffled[classes[shuffled] == group] for group in np.unique(classes) if group != UNLABELLED
        }
        return {group: indices for group, indices in of_groups.items() if len(indices) >= LEAST_PER_CLASS}

    def _compared(self, source: str, target: str, group: int) -> tuple[int, OfClass | None]:
        """How many translations of a class are compared with real instances, and those."""
        real = self._real.get(target, {}).get(group)
        if real is None:
            return 0, None
        if source != target:
            return MOST_PER_CLASS, self._real_of_class(target, real[:MOST_PER_CLASS], group)
        # What is compared with its own original would seem too real.
        some, _ = self._halves(self._latents[source][group])
        return len(some), self._real_of_class(target, self._halves(real)[1], group)

    @staticmethod
    def _halves(indices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        some, others = np.array_split(indices, 2)
        return some[:MOST_PER_CLASS], others[:MOST_PER_CLASS]

    def _of_class(self, name: str, judged: Predictions, group: int) -> OfClass:
        return OfClass(judged.features, self._classes(name, judged) == group)

    def _real_of_class(self, name: str, indices: np.ndarray, group: int) -> OfClass:
        return self._of_class(name, self._references[name].judged.take(indices), group)

    def _translate(self, z: np.ndarray, source: str, target: str, temperature: float) -> np.ndarray:
        shape = (len(z), self._translator.bridge.shared_dim)
        noise = [scaled_noise(self._generator, shape, temperature)] if temperature else []
        return in_batches(lambda z, *noise: self._translator.translate_latents(z, source, target, *noise), z, *noise)

    def _view(self, name: str, z: np.ndarray) -> _View:
        pictures, *judged = in_batches(self._graphs[name], z, batch_size=self._subjects[name].domain.batch_size)
        return _View(locality.distances(pictures), Predictions(*judged) if judged else None)

    def _classes(self, name: str, judged: Predictions) -> np.ndarray:
        return self._translator.shared_classes(judged.classes, name)

    def _samples(self, name: str, z: np.ndarray) -> np.ndarray:
        """Features, [n, SAMPLES, width], of decoded latents z, [n * SAMPLES, latent_dim]."""
        features = self._judges[name](z).features
        return features.reshape(-1, SAMPLES, features.shape[-1])


def scaled_noise(generator: np.random.Generator, shape: tuple[int, ...], temperature: float) -> np.ndarray:
    """Normal noise, float32, of which the temperature is the standard deviation."""
    return np.float32(temperature) * generator.standard_normal(shape, np.float32)


def _look(domain: Domain, z: tf.Tensor) -> tuple[tf.Tensor, ...]:
    """Pictures of decoded latents, or latents of a domain without data; and what the judge says if there is one."""
    x = domain.decode(z)
    seen = domain.pictures(x) if domain.has_data else domain.to_bridge(z)
    return (seen, *(domain.judge(x) if domain.has_classifier else ()))
