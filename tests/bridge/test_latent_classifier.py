"""The classifier of latents learns what labels say, as much as they weigh."""

import numpy as np
import pytest
import tensorflow as tf

from latent_xlate.bridge import latent_classifier
from latent_xlate.bridge.latent_classifier import frozen, train_classifier
from latent_xlate.domains.latent_classifier import LatentClassifier
from latent_xlate.latents.latents import Latents
from tests.support import shipped
from tests.support.tolerances import assert_close


@pytest.fixture(autouse=True)
def few_steps(monkeypatch):
    monkeypatch.setattr(latent_classifier, "NUM_STEPS", 200)


def accuracy(classifier, of):
    return np.mean(np.argmax(classifier(of.mu), axis=1) == of.labels)


@pytest.mark.long
def test_it_tells_apart_what_it_has_not_seen_and_heeds_no_label_of_weight_zero():
    of, others = shipped.latents("digits", 200, seed=1), shipped.latents("digits", 200, seed=2)
    wrong = np.arange(200) % 3 == 0
    labels = np.where(wrong, (of.labels + 1) % shipped.NUM_CLASSES, of.labels).astype(np.int32)
    weights = np.where(wrong, 0, 1).astype(np.float32)
    classifier = train_classifier(Latents(of.mu, of.sigma, labels), weights, shipped.NUM_CLASSES, seed=0)
    assert accuracy(classifier, others) > 0.97

    again = train_classifier(Latents(of.mu, of.sigma, labels), weights, shipped.NUM_CLASSES, seed=0)
    for ours, theirs in zip(again.get_weights(), classifier.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_frozen_is_the_same_function_without_variables():
    classifier = LatentClassifier(6, 4, hidden_units=(8, 5, 3))
    classifier.build()
    z = np.random.default_rng(0).normal(size=(7, 6)).astype(np.float32)
    graph = tf.function(frozen(classifier)).get_concrete_function(tf.TensorSpec([None, 6]))
    assert_close(graph(tf.constant(z)), classifier(z), rtol=1e-5, atol=1e-6)
    assert not graph.variables


def test_a_class_without_an_instance_is_refused():
    of = shipped.latents("digits", 5)
    with pytest.raises(ValueError, match="Class 5 has no labelled instance in digits"):
        train_classifier(of, np.ones(5, np.float32), shipped.NUM_CLASSES, seed=0, name="digits")
