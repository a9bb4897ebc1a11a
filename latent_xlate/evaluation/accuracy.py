"""What a translator keeps of the classes, and how real its output looks (paper, sections 5.1 and 5.2).

All is measured by the domains' own judges, which take no part in training the bridge.
"""

from __future__ import annotations

import dataclasses
import functools
import itertools
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import scipy.special
import tensorflow as tf

from latent_xlate import checks
from latent_xlate.batching import as_graph, in_batches
from latent_xlate.data.labelled import UNLABELLED
from latent_xlate.domains.domain import Domain
from latent_xlate.evaluation.fid import frechet_distance
from latent_xlate.latents.latents import Latents
from latent_xlate.latents.samples import MIN_PROBABILITY
from latent_xlate.translator import Translator

PRIOR_SAMPLES = 1000
"""Draws of a domain's prior that its acceptance is measured on."""

LabelledData = tuple[np.ndarray, np.ndarray]
"""Data, float32 [n, *data_shape], and their labels, integers [n], -1 where unlabelled."""


@dataclasses.dataclass(frozen=True)
class Protocol:
    """How translations are measured.

    Attributes:
        split: Split of the data that the latents are of.
        sampled: Whether z and z' are sampled; else they are the means of their posteriors.
        max_instances: Most instances of a domain, chosen at random; None for all.
    """

    split: str
    sampled: bool
    max_instances: int | None


PROTOCOLS = {
    "held_out": Protocol(split="test", sampled=False, max_instances=None),
    "validation": Protocol(split="validation", sampled=False, max_instances=None),
    "reference": Protocol(split="train", sampled=True, max_instances=1000),
}
"""By name: "validation" is "held_out" on the split to choose settings by, "reference" that of the authors' code."""


def evaluate_translator(
    translator: Translator,
    latents: Mapping[str, Latents],
    protocol: str = "held_out",
    data: Mapping[str, LabelledData] | None = None,
    seed: int = 0,
) -> dict[str, Any]:
    """Measures every domain and every ordered pair of domains.

    A source instance is its decoded latent, decode(z), not the original, as in the paper.

    Args:
        translator: What is measured.
        latents: Each domain's latents, of the protocol's split.
        protocol: One of the names in `PROTOCOLS`.
        data: Data of some domains or all, of the same split; they need not be those of `latents`.
        seed: Of the sampling, of the choice of instances and of the halves of `fid_floor`.

    Returns:
        JSON-serialisable. `model`, the bridge's class; `protocol`; `seeds`, of the bridge's training and
        of this evaluation; `instances`, their number in each domain.

        `domains`, by name, empty without a judge:

        - `bridge_reconstruction`: share of instances whose class the way through the bridge and back
          does not change (paper, Table 2);
        - `fid_reference`: what transferred data are compared with, "data" where they are given, else
          "decoded" latents;
        - `fid_floor`: FID between two random halves of that, what remains where nothing differs;
        - `acceptance`: share of `PRIOR_SAMPLES` draws of the prior, decoded, of which the judge is sure,
          by a probability of 0.95 or more (paper, supplement B.2); absent where there is no prior;
        - of domains with data: `judge_accuracy`, and `base_fid`, of decoded latents to the data;
        - of those that have an encoder too: `base_reconstruction`, share of data whose class
          decode(mu(x)) keeps (paper, Table 2).

        `transfers`, by "<source>_to_<target>", of all targets with a judge:

        - `source`, `target`: names of the domains;
        - `accuracy`: share of instances of which both domains' judges say the same class, or classes
          that the translator's class map puts together (paper, Table 1), of those whose class anything
          belongs to; absent where the source has no judge;
        - `confusion`: number of instances by the source's class (rows) and the transfer's (columns);
          absent likewise;
        - `label_accuracy`: share of labelled instances whose transfer is of their true class, likewise;
          absent where there are none;
        - `fid`: of transferred data, on the target's features. Each judge has a scale of its own.

    Raises:
        ValueError: Unknown protocol, missing or unfit latents, fewer than 4 instances, labels that the
            judge does not know, or data that are not their domain's.
    """
    rules = PROTOCOLS[checks.known(protocol, PROTOCOLS, "protocol")]
    generator = np.random.default_rng(seed)
    chosen = {
        name: _choose(domain, latents, rules.max_instances, generator) for name, domain in translator.domains.items()
    }
    z = {
        name: of.mu + of.sigma * generator.standard_normal(of.mu.shape, np.float32) if rules.sampled else of.mu
        for name, of in chosen.items()
    }
    judged = {
        name: _judge(domain, domain.decode, z[name])
        for name, domain in translator.domains.items()
        if domain.has_classifier
    }
    domains: dict[str, dict[str, Any]] = {name: {} for name in translator.names}
    references = {}
    for name, decoded in judged.items():
        domain = translator.domain(name)
        if data and name in data:
            domains[name], references[name] = _evaluate_base(domain, data[name], decoded.features)
        else:
            domains[name], references[name] = {"fid_reference": "decoded"}, decoded.features
        halves = np.array_split(generator.permutation(references[name]), 2)
        domains[name]["fid_floor"] = frechet_distance(*halves)
        if domain.has_prior:
            prior = _judge(domain, domain.decode, domain.sample_prior(PRIOR_SAMPLES, seed).numpy())
            domains[name]["acceptance"] = _share(prior.probabilities.max(axis=1) >= MIN_PROBABILITY)

    def transfer(source: str, target: str) -> _Judged:
        def decode_transfer(z, noise=None):
            return translator.domain(target).decode(translator.translate_latents(z, source, target, noise))

        shape = (len(z[source]), translator.bridge.shared_dim)
        noise = (generator.standard_normal(shape, np.float32),) if rules.sampled else ()
        return _judge(translator.domain(target), decode_transfer, z[source], *noise)

    for name, decoded in judged.items():
        domains[name]["bridge_reconstruction"] = _share(decoded.classes == transfer(name, name).classes)
    transfers = {}
    for source, target in itertools.permutations(translator.names, 2):
        if target not in judged:
            continue
        transferred = transfer(source, target)
        transfers[f"{source}_to_{target}"] = {
            "source": source,
            "target": target,
            **(_agreement(translator, judged[source], transferred, source, target) if source in judged else {}),
            **_transfer_accuracy(translator, transferred, chosen[source].labels, source, target),
            "fid": frechet_distance(transferred.features, references[target]),
        }
    return {
        "model": type(translator.bridge).__name__,
        "protocol": protocol,
        "seeds": {"training": translator.bridge.seed, "evaluation": seed},
        "instances": {name: len(of) for name, of in chosen.items()},
        "domains": domains,
        "transfers": transfers,
    }


def transfer_meter(translator: Translator, latents: Latents, source: str, target: str) -> Callable[[], float]:
    """A function that measures a pair's transfer accuracy, of means, by the bridge as it is when called.

    For a bridge in training: what does not change, graphs and the source's classes, is made once.

    Args:
        translator: Its bridge may go on learning.
        latents: The source's.
        source: Name of their domain.
        target: Name of the domain to translate to.

    Raises:
        ValueError: A domain is unknown or has no judge.
    """
    domains = [translator.domain(name) for name in (source, target)]
    for domain in domains:
        if not domain.has_classifier:
            raise ValueError(f"Domain {domain.name!r} has no classifier to judge translations by.")
    before = translator.shared_classes(_judge(domains[0], domains[0].decode, latents.mu).classes, source)
    counts = before != UNLABELLED
    judge = _judgement(domains[1], lambda z: domains[1].decode(translator.translate_latents(z, source, target)))

    def measure() -> float:
        after = translator.shared_classes(judge(latents.mu).classes, target)
        return _share(after[counts] == before[counts])

    return measure


@dataclasses.dataclass(frozen=True)
class _Judged:
    """A judge's logits, [n, classes], and features, [n, width], of n instances."""

    logits: np.ndarray
    features: np.ndarray

    @property
    def classes(self) -> np.ndarray:
        return self.logits.argmax(axis=1)

    @property
    def probabilities(self) -> np.ndarray:
        return scipy.special.softmax(self.logits, axis=1)


def _judge(domain: Domain, make: Callable[..., tf.Tensor], *arrays: np.ndarray) -> _Judged:
    """The judge's view of the data that `make` makes of batches of `arrays`, in graph."""
    return _judgement(domain, make)(*arrays)


def _judgement(domain: Domain, make: Callable[..., tf.Tensor]) -> Callable[..., _Judged]:
    """`_judge` as a function of arrays, its graph made once."""
    # Not a closure, for TensorFlow counts the graphs of one code and warns of many.
    judge = as_graph(functools.partial(_view, domain, make))
    return lambda *arrays: _Judged(*in_batches(judge, *arrays, batch_size=domain.batch_size))


def _view(domain: Domain, make: Callable[..., tf.Tensor], *batches: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    return domain.judge(make(*batches))


def _choose(domain, latents, max_instances, generator):
    if domain.name not in latents:
        raise ValueError(f"There are no latents of domain {domain.name!r}; evaluation needs those of every domain.")
    of = latents[domain.name]
    if of.mu.shape[1] != domain.latent_dim:
        raise ValueError(f"Latents of {domain.name!r} are {of.mu.shape[1]} wide; its model's are {domain.latent_dim}.")
    if len(of) < 4:
        raise ValueError(f"There are {len(of)} latents of domain {domain.name!r}; evaluation needs at least 4.")
    if max_instances is not None and len(of) > max_instances:
        of = of.take(generator.permutation(len(of))[:max_instances])
    return of


def _evaluate_base(domain, data, decoded_features):
    """Numbers of the base model on its data, and the data's features."""
    x, labels = data
    x = domain.check(x)
    original = _judge(domain, tf.identity, x)
    entry = {"fid_reference": "data", "base_fid": frechet_distance(decoded_features, original.features)}
    entry |= _label_accuracy("judge_accuracy", original, labels, domain.name)
    if domain.has_encoder:
        reconstructed = _judge(domain, lambda x: domain.decode(domain.encode(x)[0]), x)
        entry["base_reconstruction"] = _share(original.classes == reconstructed.classes)
    return entry, original.features


def _agreement(
    translator: Translator, before: _Judged, transferred: _Judged, source: str, target: str
) -> dict[str, Any]:
    confusion = np.zeros((before.logits.shape[1], transferred.logits.shape[1]), int)
    np.add.at(confusion, (before.classes, transferred.classes), 1)
    classes = translator.shared_classes(before.classes, source)
    counts = classes != UNLABELLED
    right = classes == translator.shared_classes(transferred.classes, target)
    accuracy = {"accuracy": _share(right[counts])} if counts.any() else {}
    return {**accuracy, "confusion": confusion.tolist()}


def _transfer_accuracy(
    translator: Translator, transferred: _Judged, labels: np.ndarray, source: str, target: str
) -> dict[str, float]:
    if translator.class_map is None:
        return _label_accuracy("label_accuracy", transferred, labels, source)
    true = translator.shared_classes(labels, source)
    counts = true != UNLABELLED
    right = true == translator.shared_classes(transferred.classes, target)
    return {"label_accuracy": _share(right[counts])} if counts.any() else {}


def _label_accuracy(name: str, judged: _Judged, labels: np.ndarray, source: str) -> dict[str, float]:
    labelled = labels != UNLABELLED
    if not labelled.any():
        return {}
    true = checks.class_labels(labels[labelled], judged.logits.shape[1], f"labels of {source}")
    return {name: _share(judged.classes[labelled] == true)}


def _share(right: np.ndarray) -> float:
    return float(np.mean(right))
