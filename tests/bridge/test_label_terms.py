"""What labels add to a bridge's loss, against its equations written out, and on replicas."""

import itertools

import numpy as np
import pytest
import tensorflow as tf

from latent_xlate import losses
from latent_xlate.bridge.bridge_config import LabelTermsConfig
from latent_xlate.bridge.label_terms import LabelTerms, class_wise_swd
from latent_xlate.bridge.measured_by_class import MeasuredByClass
from latent_xlate.optimizer import FusedAdam
from tests.support import tiny
from tests.support.model_checks import check_mirrored
from tests.support.tolerances import approx, assert_close

NUM_CLASSES = 4
LATENT_DIMS = (6, 4)


def classifiers(seed=0):
    """Linear ones, as functions."""
    generator = np.random.default_rng(seed)
    kernels = [generator.normal(size=(dim, NUM_CLASSES)).astype(np.float32) for dim in LATENT_DIMS]
    return tuple(lambda z, kernel=kernel: tf.matmul(z, kernel) for kernel in kernels)


def measured(num_measured):
    """Statistics of each domain, that of all instances in the last row."""
    generator = np.random.default_rng(3)
    shape = (NUM_CLASSES + 1, num_measured)
    draw = [(generator.normal(size=shape), generator.uniform(0.5, 2, size=shape)) for _ in LATENT_DIMS]
    return [MeasuredByClass(mean.astype(np.float32), std.astype(np.float32)) for mean, std in draw]


def bridge(classifiers=(), num_measured=0, **settings):
    terms = LabelTerms(LabelTermsConfig(**settings), classifiers, measured(num_measured) if num_measured else ())
    model = tiny.bridge(LATENT_DIMS, num_classes=NUM_CLASSES, label_terms=terms)
    generator = np.random.default_rng(1)
    model.set_weights([w + 0.1 * generator.normal(size=w.shape) for w in model.get_weights()])
    return model


def batch(size=8, spread=1.0):
    """Classes take turns; the second half of the labels weighs less."""
    generator = np.random.default_rng(0)
    posteriors = tuple(
        (
            tf.constant(generator.normal(size=(size, dim)), tf.float32),
            tf.constant(spread * generator.uniform(0.1, 1, size=(size, dim)), tf.float32),
        )
        for dim in LATENT_DIMS
    )
    labels = tuple(tf.range(size) % NUM_CLASSES for _ in LATENT_DIMS)
    weights = tuple(tf.where(tf.range(size) < size // 2, 1.0, 0.5 + 0.1 * i) for i in range(len(LATENT_DIMS)))
    return posteriors, labels, weights


def terms_of(model, data):
    model.reset_metrics()
    return {name: float(value) for name, value in model.test_step(data).items()}


def samples(model, data):
    """z' as `test_step` draws it, for each domain."""
    (z_noise, shared_noise), drawn = model._noise(8, 0), []
    for domain, (mu, sigma) in enumerate(data[0]):
        mu_shared, sigma_shared = model.encode(mu + sigma * z_noise[domain], domain)
        drawn.append((mu_shared + sigma_shared * shared_noise[domain]).numpy())
    return drawn


def expected_class_swd(points, labels, weights, projections):
    projected = [x @ projections for x in points]
    total = weight = 0.0
    for direction, label in itertools.product(range(projections.shape[1]), np.unique(labels[0])):
        ordered = []
        for x, own, weighs in zip(projected, labels, weights, strict=True):
            rows = np.flatnonzero(own == label)
            rows = rows[np.argsort(x[rows, direction])]
            ordered.append((x[rows, direction], weighs[rows]))
        (first, u), (second, v) = ordered
        total += np.sum(u * v * (first - second) ** 2)
        weight += np.sum(u * v)
    return total / weight


def test_class_wise_swd_pairs_points_in_order_within_their_class():
    generator = np.random.default_rng(2)
    points = generator.normal(size=(2, 12, 3)).astype(np.float32) * 5
    labels = np.stack([generator.permutation(np.arange(12) % 3) for _ in range(2)])
    weights = generator.uniform(size=(2, 12)).astype(np.float32)
    projections = losses.random_projections(3, 7, seed=1)
    ours = class_wise_swd(tf.constant(points), tf.constant(labels), tf.constant(weights), projections)
    expected = expected_class_swd(points, labels, weights, projections.numpy())
    assert_close(ours, expected, rtol=1e-5)


def test_class_wise_swd_of_one_class_is_the_plain_one_and_sees_classes_that_have_changed_places():
    points = tf.constant(np.random.default_rng(0).normal(size=(3, 20, 4)), tf.float32)
    projections = losses.random_projections(4, 16, seed=1)
    of_one = class_wise_swd(points, tf.zeros([3, 20], tf.int32), None, projections)
    assert_close(of_one, losses.all_pairs_swd(points, projections), rtol=1e-5)

    twice = tf.stack([points[0], points[0]])
    labels = tf.stack([tf.range(20) // 10, 1 - tf.range(20) // 10])
    assert float(losses.all_pairs_swd(twice, projections)) == 0
    assert float(class_wise_swd(twice, tf.stack([labels[0]] * 2), None, projections)) == 0
    apart = twice + 3.0 * tf.cast(labels[:1, :, tf.newaxis], tf.float32)
    assert float(class_wise_swd(apart, labels, None, projections)) > 1


def test_terms_are_those_of_their_equations():
    model = bridge(beta_class_swd=0.5, beta_translation=2.0, classifiers=classifiers())
    data = batch()
    terms, z_shared = terms_of(model, data), samples(model, data)
    _, labels, weights = ([np.asarray(x) for x in part] for part in data)
    expected = expected_class_swd(z_shared, labels, weights, model._projections(0).numpy())
    assert terms["class_swd"] == approx(expected, rel=1e-4)

    translation = 0.0
    for source, target in ((0, 1), (1, 0)):
        logits = classifiers()[target](model.decode(z_shared[source], target)).numpy()
        entropy = np.log(np.exp(logits).sum(axis=1)) - logits[np.arange(8), labels[source]]
        translation += np.average(entropy, weights=weights[source])
    assert terms["translation"] == approx(translation, rel=1e-4)

    plain = terms_of(same_weights(model), data)
    assert terms["loss"] == approx(plain["loss"] + 0.5 * expected + 2.0 * translation, rel=1e-4)


def test_translations_are_matched_with_the_targets_latents_and_keep_measurements():
    model = bridge(beta_matching=0.5, beta_measured=2.0, num_measured=2)
    data = batch()
    terms, z_shared = terms_of(model, data), samples(model, data)
    means, labels, weights = ([np.asarray(x) for x in part] for part in ([mu for mu, _ in data[0]], *data[1:]))
    matching = kept = 0.0
    statistics = measured(2)
    for source, target in ((0, 1), (1, 0)):
        translated = model.decode(z_shared[source], target).numpy()
        directions = model._z_projections(0)[target].numpy()[2:]
        directions /= np.linalg.norm(directions, axis=0)
        points, pair = (translated[:, 2:], means[target][:, 2:]), (source, target)
        distance = expected_class_swd(points, [labels[i] for i in pair], [weights[i] for i in pair], directions)
        matching += distance / means[target][:, 2:].var(axis=0).mean()
        here, there = statistics[source], statistics[target]
        for z, translation, label in zip(means[source], translated, labels[source], strict=True):
            deviations = (z[:2] - here.mean[label]) / here.std[label]
            goal = there.mean[label] + deviations * there.std[label]
            kept += np.square(translation[:2] - goal).sum() / len(translated)
    assert terms["matching"] == approx(matching, rel=1e-4)
    assert terms["measured"] == approx(kept, rel=1e-4)
    plain = terms_of(same_weights(model), data)
    assert terms["loss"] == approx(plain["loss"] + 0.5 * matching + 2.0 * kept, rel=1e-4)


def test_domains_without_common_measurements_have_none_to_keep():
    assert set(bridge(beta_matching=1.0, beta_measured=1.0).label_terms.betas) == {"matching"}


def same_weights(model, **settings):
    other = bridge(**settings)
    other.set_weights(model.get_weights())
    return other


def test_weights_rise_with_the_steps():
    settings = {"beta_class_swd": 3.0, "ramp_steps": 4}
    data, losses_at = batch(), []
    for _ in range(2):
        model = bridge(**settings)
        model.compile(optimizer=FusedAdam(0.0), jit_compile=False)
        for step in range(6):
            model.reset_metrics()
            terms = {name: float(value) for name, value in model.train_step(data).items()}
            plain = terms["reconstruction"] + model.config.beta_kl * terms["kl"] + model.config.beta_swd * terms["swd"]
            plain += model.config.beta_cls * terms["classification"]
            assert terms["loss"] - plain == approx(3.0 * min(step / 4, 1) * terms["class_swd"], abs=1e-4)
            losses_at.append(terms["loss"])
    assert losses_at[:6] == losses_at[6:]
    assert len(set(losses_at)) == 6


def test_terms_of_weight_zero_are_left_out():
    with_none, without = bridge(ramp_steps=5), tiny.bridge(LATENT_DIMS, num_classes=NUM_CLASSES)
    without.set_weights(with_none.get_weights())
    assert terms_of(with_none, batch()) == terms_of(without, batch())


@pytest.mark.long
def test_two_replicas_train_as_one_device_does():
    posteriors, labels, weights = batch(size=80)

    def make_batch(positions):
        return tf.nest.map_structure(lambda x: tf.gather(x, positions % 80), (posteriors, labels, weights))

    settings = {
        "beta_class_swd": 1.0,
        "beta_translation": 1.0,
        "beta_matching": 1.0,
        "beta_measured": 1.0,
        "ramp_steps": 3,
    }
    check_mirrored(lambda: bridge(**settings, classifiers=classifiers(), num_measured=2), make_batch)


@pytest.mark.parametrize("names", [("class_swd", "translation"), ("matching", "measured")])
@pytest.mark.long
def test_terms_teach_what_they_say(names):
    data = batch(spread=0.01)
    settings = {f"beta_{name}": 1.0 for name in names}
    model = bridge(**settings, classifiers=classifiers(), num_measured=2)
    model.compile(optimizer=FusedAdam(3e-3), jit_compile=False)
    step = tf.function(model.train_step)
    before = terms_of(model, data)
    for _ in range(300):
        step(data)
    after = terms_of(model, data)
    for name in names:
        assert after[name] < 0.5 * before[name]
