"""How far a translator keeps classes, and how real its output looks (paper, sections 5.1 and 5.2).

Classes are predicted by the domains' own judges, which take no part in training the bridge. `evaluate` returns
these numbers, JSON-serialisable:

- `model`: class of the bridge; `protocol`: name of the protocol; `seeds`: of the bridge's training and of the
  evaluation; `instances`: their number in each domain.
- `temperature`: that of all translations; absent if it is 0.
- `domains`, by name, empty for a domain without a judge:
    - `bridge_reconstruction`: share of instances whose class is the same after the way through the bridge and
      back (paper, Table 2).
    - `fid_reference`: what transferred data are compared with: "data" if they are given, otherwise "decoded"
      latents, or "latents" of a domain without data.
    - `swd_floor`: of a domain without data, `swd` between two random halves of its instances.
    - `fid_floor`: Fréchet distance (FID) between two random halves of that, which is what remains where nothing
      differs.
    - `acceptance`: share of `PRIOR_SAMPLES` samples of the prior, decoded, to which the judge gives a class with a
      probability of 0.95 or more (paper, supplement B.2); absent if the domain has no prior.
    - `judge_accuracy`: accuracy of the judge on the data; absent without data.
    - `base_fid`: FID of decoded latents to the data; absent without data.
    - `base_reconstruction`: share of data x whose class decode(mu(x)) keeps (paper, Table 2); absent without data
      or encoder.
- `transfers`, by "<source>_to_<target>", for all targets with a judge, or without data:
    - `source`, `target`: names of the domains.
    - `accuracy`: share of instances for which the judges of both domains predict the same class, or classes of one
      group of the translator's class map (paper, Table 1). Only instances whose class belongs to a group count.
      Absent if the source has no judge.
    - `confusion`: number of instances by the predicted class of the source (rows) and of the transfer (columns);
      absent if the source has no judge.
    - `label_accuracy`: share of labelled instances whose transfer is predicted to be of their true class, or of a
      class of the same group; absent if there are none.
    - `fid`: FID of transferred data, on features of the target's judge. Each judge has a scale of its own.
    - `swd`: to a domain without data, sliced Wasserstein distance (to the power 2) of translations to its own
      instances, of standardised latents.
- `remarks`: sentences on what is not measured, and why; absent if there are none.
- `individual`: how varied, real and faithful to their sources translations are, as `evaluation/individual.py` lists.
"""

from __future__ import annotations

import functools
import itertools
import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from latent_xlate import checks
from latent_xlate.batching import in_batches
from latent_xlate.data.labelled import UNLABELLED
from latent_xlate.domains.domain import Domain
from latent_xlate.evaluation import latents_alone
from latent_xlate.evaluation.fid import frechet_distance
from latent_xlate.evaluation.held_out import HeldOutLoader, LabelledData
from latent_xlate.evaluation.individual import Reference, Subject, measure_individuals, scaled_noise
from latent_xlate.evaluation.predictions import Predictions, labels_or_judged, predictor
from latent_xlate.evaluation.protocols import PROTOCOLS
from latent_xlate.latents.latents import Latents
from latent_xlate.latents.samples import MIN_PROBABILITY
from latent_xlate.translator import Translator

PRIOR_SAMPLES = 1000
"""Samples of a domain's prior that its acceptance is measured on."""

LEAST_INSTANCES = 4
"""Fewest instances of a domain that can be evaluated."""


def evaluate(
    translator: Translator,
    latents: str | Mapping[str, Latents] = "shipped",
    protocol: str = "held_out",
    data: Mapping[str, LabelledData] | None = None,
    seed: int = 0,
    *,
    folder: str | os.PathLike | None = None,
    data_dir: str | None = None,
    temperature: float = 0.0,
) -> dict[str, Any]:
    """Measures every domain of a translator and every ordered pair of domains.

    A source instance is its decoded latent, decode(z), not the original, as in the paper.

    Args:
        translator: The translator to measure.
        latents: Each domain's latents, of the protocol's split. Or where to read them: "shipped" or "samples",
            which lie in the folders of pretrained domains, or "dataset", which encodes the domains' data sets and
            measures the base models too; one for all domains or, separated by commas, one for each.
        protocol: One of the names in `PROTOCOLS`.
        data: Data of some domains or all, of the same split; they need not be the instances of `latents`.
        seed: Random seed of the sampling, of the choice of instances, of halves and of the bootstrap.
        folder: Folder that the translator was loaded from, beside the `config.json` of its run, which names the
            folders of its domains. Used to read latents of domains that are not pretrained ones by name.
        data_dir: Folder of TFDS data sets; None for the default.
        temperature: That of all translations, as `Translator.translate` takes it; 0 is the protocol's own.

    Returns:
        The numbers that are listed above in this module.

    Raises:
        ValueError: Unknown protocol or kind of latents, missing or unfit latents, fewer than 4 instances, labels
            that the judge does not know, data that are not their domain's, or a temperature that is out of range,
            beside a protocol that samples, or of a bridge that has no shared latent to sample.
    """
    checks.instance(translator, Translator, "translator", "a Translator: load it by `Translator.load`")
    checks.instance(latents, (str, Mapping), "latents", "'shipped', 'samples' or 'dataset', or Latents by domain")
    checks.instance(data or {}, Mapping, "data", "pairs of x and labels by domain")
    rules = PROTOCOLS[checks.known(protocol, PROTOCOLS, "protocol")]
    if translator.check_sampled(checks.temperature(temperature)) and rules.sampled:
        raise ValueError(f"The protocol {protocol!r} samples at temperature 1: leave the temperature out.")
    if isinstance(latents, str):
        latents, encoded = HeldOutLoader(latents, translator.names, rules, data_dir).load(translator, folder)
        data = encoded | dict(data or {})
    generator = np.random.default_rng(seed)
    instances = {
        name: _choose(domain, latents, rules.max_instances, generator) for name, domain in translator.domains.items()
    }
    evaluation = _Evaluation(translator, instances, rules.sampled, temperature, generator)
    domains: dict[str, dict[str, Any]] = {name: {} for name in translator.names}
    for name in evaluation.decoded:
        domains[name] = evaluation.measure_domain(name, (data or {}).get(name), seed)
    for name in evaluation.decoded:
        domains[name]["bridge_reconstruction"] = evaluation.reconstruction(name)
    for name in evaluation.alone:
        domains[name]["swd_floor"] = latents_alone.distance_floor(*evaluation.latents(name), seed)
    remarks = [latents_alone.remark(translator.domain(name)) for name in evaluation.alone]
    return {
        "model": type(translator.bridge).__name__,
        "protocol": protocol,
        **({"temperature": temperature} if temperature else {}),
        "seeds": {"training": translator.bridge.seed, "evaluation": seed},
        "instances": {name: len(chosen) for name, chosen in instances.items()},
        "domains": domains,
        "transfers": {
            f"{source}_to_{target}": evaluation.measure_transfer(source, target, seed)
            for source, target in itertools.permutations(translator.names, 2)
            if target in evaluation.decoded or target in evaluation.alone
        },
        **({"remarks": remarks} if remarks else {}),
        "individual": evaluation.individual(seed),
    }


def transfer_meter(translator: Translator, latents: Latents, source: str, target: str) -> Callable[[], float]:
    """Returns a function that measures a pair's transfer accuracy, with the bridge's weights when it is called.

    It is for a bridge in training: graphs and the source's classes, which do not change, are computed once. Latents
    are the means of their posteriors.

    Args:
        translator: Its bridge may go on learning.
        latents: Latents of the source.
        source: Name of the domain to translate from.
        target: Name of the domain to translate to.

    Raises:
        ValueError: A domain is unknown or has no judge.
    """
    source_domain, target_domain = translator.domain(source), translator.domain(target)
    for domain in (source_domain, target_domain):
        if not domain.has_classifier:
            raise ValueError(f"Domain {domain.name!r} has no classifier to judge translations by.")
    before = translator.shared_classes(predictor(source_domain, source_domain.decode)(latents.mu).classes, source)
    counts = before != UNLABELLED
    predict = predictor(target_domain, lambda z: target_domain.decode(translator.translate_latents(z, source, target)))

    def measure() -> float:
        after = translator.shared_classes(predict(latents.mu).classes, target)
        return _share(after[counts] == before[counts])

    return measure


class _Evaluation:
    """The instances of one evaluation and what the judges predict for them.

    The generator's draws follow the order of the calls, so that a seed gives the same numbers each time.

    Attributes:
        decoded: Predictions for decoded latents, for each domain with a judge.
        alone: Names of the domains without data.
    """

    def __init__(
        self,
        translator: Translator,
        instances: Mapping[str, Latents],
        sampled: bool,
        temperature: float,
        generator: np.random.Generator,
    ):
        self._translator = translator
        self._instances = instances
        self._temperature = 1.0 if sampled else temperature
        self._generator = generator
        self._z = {name: self._sample(chosen) if sampled else chosen.mu for name, chosen in instances.items()}
        self.decoded = {
            name: predictor(domain, domain.decode)(self._z[name])
            for name, domain in translator.domains.items()
            if domain.has_classifier
        }
        self.alone = [name for name, domain in translator.domains.items() if not domain.has_data]
        self._references: dict[str, Reference] = {}

    def measure_domain(self, name: str, data: LabelledData | None, seed: int) -> dict[str, Any]:
        """Measures a domain without the bridge, and sets the reference of its FIDs: `data`, if there are any."""
        domain, decoded = self._translator.domain(name), self.decoded[name]
        numbers: dict[str, Any] = {"fid_reference": "decoded" if domain.has_data else "latents"}
        self._references[name] = Reference(decoded, self._classes(name), None)
        if data is not None:
            numbers, original = _measure_base(domain, data, decoded.features)
            classes = self._translator.shared_classes(labels_or_judged(data[1], original), name)
            self._references[name] = Reference(original, classes, domain.check(data[0]))
        halves = np.array_split(self._generator.permutation(self._references[name].judged.features), 2)
        numbers["fid_floor"] = frechet_distance(*halves)
        if domain.has_prior:
            prior = predictor(domain, domain.decode)(domain.sample_prior(PRIOR_SAMPLES, seed).numpy())
            numbers["acceptance"] = _share(prior.probabilities.max(axis=1) >= MIN_PROBABILITY)
        return numbers

    def reconstruction(self, name: str) -> float:
        """Returns the share of instances whose class the way through the bridge and back does not change."""
        return _share(self.decoded[name].classes == self._transfer(name, name).classes)

    def latents(self, name: str) -> tuple[Domain, np.ndarray]:
        """Returns a domain and those of its latents that are measured."""
        return self._translator.domain(name), self._z[name]

    def measure_transfer(self, source: str, target: str, seed: int) -> dict[str, Any]:
        """Measures the transfers from one domain to another, after `measure_domain` of that."""
        measured: dict[str, Any] = {"source": source, "target": target}
        if target in self.decoded:
            measured |= self._judged(source, target)
        if target in self.alone:
            domain, own = self.latents(target)
            translated = self._translated(self._z[source][: latents_alone.MOST], source, target)
            measured["swd"] = latents_alone.distance(domain, translated, own[: latents_alone.MOST], seed)
        return measured

    def _judged(self, source: str, target: str) -> dict[str, Any]:
        transferred = self._transfer(source, target)
        return {
            **(self._agreement(transferred, source, target) if source in self.decoded else {}),
            **self._label_accuracy(transferred, source, target),
            "fid": frechet_distance(transferred.features, self._references[target].judged.features),
        }

    def individual(self, seed: int) -> dict[str, Any]:
        """Measures how individual translations are, after `measure_domain` of the domains with a judge."""
        domains = self._translator.domains
        subjects = {name: Subject(domains[name], self._z[name], self._classes(name)) for name in domains}
        return measure_individuals(self._translator, subjects, self._references, self._temperature, seed)

    def _classes(self, name: str) -> np.ndarray:
        """Shared classes of a domain's instances: of their labels, and of the judge's classes where there are none."""
        labels = labels_or_judged(self._instances[name].labels, self.decoded.get(name))
        return self._translator.shared_classes(labels, name)

    def _sample(self, latents: Latents) -> np.ndarray:
        return latents.mu + latents.sigma * self._generator.standard_normal(latents.mu.shape, np.float32)

    def _translated(self, z: np.ndarray, source: str, target: str) -> np.ndarray:
        shape = (len(z), self._translator.bridge.shared_dim)
        noise = [scaled_noise(self._generator, shape, self._temperature)] if self._temperature else []
        translate = functools.partial(self._translator.translate_latents, source=source, target=target)
        return in_batches(lambda z, *noise: translate(z, noise=noise[0] if noise else None), z, *noise)

    def _transfer(self, source: str, target: str) -> Predictions:
        translator, domain = self._translator, self._translator.domain(target)

        def decode_transfer(z: tf.Tensor, noise: tf.Tensor | None = None) -> tf.Tensor:
            return domain.decode(translator.translate_latents(z, source, target, noise))

        shape = (len(self._z[source]), translator.bridge.shared_dim)
        noise = [scaled_noise(self._generator, shape, self._temperature)] if self._temperature else []
        return predictor(domain, decode_transfer)(self._z[source], *noise)

    def _agreement(self, transferred: Predictions, source: str, target: str) -> dict[str, Any]:
        before = self.decoded[source]
        confusion = np.zeros((before.logits.shape[1], transferred.logits.shape[1]), int)
        np.add.at(confusion, (before.classes, transferred.classes), 1)
        agreeing = self._agreeing(before.classes, transferred.classes, source, target)
        return {**({"accuracy": _share(agreeing)} if agreeing.size else {}), "confusion": confusion.tolist()}

    def _label_accuracy(self, transferred: Predictions, source: str, target: str) -> dict[str, float]:
        labels = self._instances[source].labels
        if self._translator.class_map is None:
            return _accuracy_of_labels("label_accuracy", transferred, labels, source)
        agreeing = self._agreeing(labels, transferred.classes, source, target)
        return {"label_accuracy": _share(agreeing)} if agreeing.size else {}

    def _agreeing(self, before: np.ndarray, after: np.ndarray, source: str, target: str) -> np.ndarray:
        """Compares classes [n] of the two domains, for those instances whose class before is one of a group."""
        expected = self._translator.shared_classes(before, source)
        counts = expected != UNLABELLED
        return (expected == self._translator.shared_classes(after, target))[counts]


def _choose(
    domain: Domain, latents: Mapping[str, Latents], max_instances: int | None, generator: np.random.Generator
) -> Latents:
    """Returns the latents of a domain that are measured, checked."""
    if domain.name not in latents:
        raise ValueError(f"There are no latents of domain {domain.name!r}; evaluation needs those of every domain.")
    given = latents[domain.name]
    checks.instance(given, Latents, f"latents[{domain.name!r}]", "Latents, as `encode_data` returns them")
    if given.mu.shape[1] != domain.latent_dim:
        width = given.mu.shape[1]
        raise ValueError(f"Latents of {domain.name!r} are {width} wide; its model's are {domain.latent_dim}.")
    if len(given) < LEAST_INSTANCES:
        raise ValueError(
            f"There are {len(given)} latents of domain {domain.name!r}; evaluation needs at least {LEAST_INSTANCES}."
        )
    if max_instances is not None and len(given) > max_instances:
        return given.take(generator.permutation(len(given))[:max_instances])
    return given


def _measure_base(
    domain: Domain, data: LabelledData, decoded_features: np.ndarray
) -> tuple[dict[str, Any], Predictions]:
    """Measures the base model on data, and returns the numbers and the predictions for the data."""
    x, labels = checks.instance(data, Sequence, f"data[{domain.name!r}]", "a pair of x and labels")
    x = domain.check(x)
    original = predictor(domain, tf.identity)(x)
    numbers = {"fid_reference": "data", "base_fid": frechet_distance(decoded_features, original.features)}
    numbers |= _accuracy_of_labels("judge_accuracy", original, labels, domain.name)
    if domain.has_encoder:
        reconstructed = predictor(domain, lambda x: domain.decode(domain.encode(x)[0]))(x)
        numbers["base_reconstruction"] = _share(original.classes == reconstructed.classes)
    return numbers, original


def _accuracy_of_labels(key: str, predictions: Predictions, labels: np.ndarray, source: str) -> dict[str, float]:
    """Returns the accuracy on labelled instances as {key: accuracy}, or {} if there are none."""
    labelled = labels != UNLABELLED
    if not labelled.any():
        return {}
    true = checks.class_labels(labels[labelled], predictions.logits.shape[1], f"labels of {source}")
    return {key: _share(predictions.classes[labelled] == true)}


def _share(right: np.ndarray) -> float:
    return float(np.mean(right))
