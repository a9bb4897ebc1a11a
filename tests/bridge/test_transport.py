import keras
import numpy as np
import ot
import pytest
import tensorflow as tf

from latent_xlate.bridge.bridge_config import BridgeConfig, BridgeModelConfig, TransportConfig
from latent_xlate.bridge.bridging_vae import BridgingVAE
from latent_xlate.bridge.transport import Transport, _potentials
from latent_xlate.bridge.transport_fitting import with_transport
from latent_xlate.latents.latents import Latents
from tests.support import tiny
from tests.support.model_checks import check_saving
from tests.support.tolerances import assert_close


def layer(z_shared, labels, points=40, certainty=None, least=0.0, smoothing=0.01, classes=2):
    transport = Transport(len(z_shared), classes, z_shared[0].shape[1], points)
    transport.build()
    certainty = certainty or [np.ones(len(own), np.float32) for own in z_shared]
    transport.fit(z_shared, labels, certainty, least, smoothing, seed=0)
    return transport


def two_classes(seed=0, count=40, shift=0.0, stretch=1.0):
    """Latents of two classes in turn, which lie `shift` and 5 + `shift` from the origin."""
    labels = np.arange(2 * count) % 2
    noise = np.random.default_rng(seed).normal(size=(2 * count, 3)).astype(np.float32)
    return (5.0 * labels[:, np.newaxis] + shift + stretch * noise).astype(np.float32), labels


@pytest.mark.parametrize("epsilon", [0.3, 1.0])
def test_potentials_are_those_of_sinkhorns_algorithm(epsilon):
    (x, _), (y, _) = two_classes(count=10), two_classes(seed=1, count=15)
    cost = ot.dist(x, y)
    mass = np.full(20, 1 / 20), np.full(30, 1 / 30)
    plan = ot.sinkhorn(*mass, cost, epsilon, method="sinkhorn_log", numItermax=10_000, stopThr=1e-12)
    g = _potentials(tf.constant(cost[np.newaxis], tf.float32), tf.constant([epsilon], tf.float32))[0].numpy()
    weights = np.exp((g - cost) / epsilon)
    np.testing.assert_allclose(weights / weights.sum(axis=1, keepdims=True), 20 * plan, atol=2e-3)


def test_latents_are_carried_to_the_points_that_they_resemble():
    z, labels = two_classes()
    moved = 3.0 * z - 7.0 + 4.0 * labels[:, np.newaxis]
    transport = layer([z, moved.astype(np.float32)], [labels, labels], smoothing=1e-3)
    carried = transport.carry(tf.constant(z), tf.constant(labels), 0, 1).numpy()
    assert np.abs(carried - moved).mean() < 0.05 * np.abs(moved - moved.mean(axis=0)).mean()
    back = transport.carry(tf.constant(moved, tf.float32), tf.constant(labels), 1, 0).numpy()
    assert np.abs(back - z).mean() < 0.05 * np.abs(z - z.mean(axis=0)).mean()


def test_latents_that_were_not_seen_vary_like_the_targets_own():
    (z, labels), (targets, classes) = two_classes(count=400), two_classes(seed=1, count=400, shift=2.0, stretch=0.3)
    transport = layer([z, targets], [labels, classes], points=300)
    unseen, seen_classes = two_classes(seed=2, count=400)
    carried = transport.carry(tf.constant(unseen), tf.constant(seen_classes), 0, 1).numpy()
    for label in range(2):
        ours, theirs = carried[seen_classes == label], targets[classes == label]
        np.testing.assert_allclose(ours.mean(axis=0), theirs.mean(axis=0), atol=0.08)
        np.testing.assert_allclose(ours.std(axis=0), theirs.std(axis=0), rtol=0.2)


def test_smoothing_takes_the_mean_of_more_points():
    z, labels = two_classes()
    spread = []
    for smoothing in (1e-3, 0.5, 1e4):
        transport = layer([z, z], [labels, labels], smoothing=smoothing)
        spread.append(transport.carry(tf.constant(z), tf.constant(labels), 0, 1).numpy()[labels == 0].std())
    assert spread[0] > spread[1] + 0.05 > 0.2 > spread[2]


def test_points_are_certain_or_the_most_certain_of_their_class():
    z, labels = two_classes()
    certainty = np.where(labels == 0, 0.2, np.linspace(0, 1, len(labels))).astype(np.float32)
    certainty[6] = 0.3
    transport = layer([z, z], [labels, labels], certainty=[certainty, certainty], least=0.8)
    points = transport.points[0].numpy()
    assert (points[0] == z[6]).all()
    chosen = {tuple(point) for point in points[1]}
    assert chosen == {tuple(point) for point in z[(labels == 1) & (certainty >= 0.8)]}


def test_class_that_a_domain_lacks_stays_where_it_is():
    z, labels = two_classes()
    transport = layer([z, z[labels == 0]], [labels, labels[labels == 0]])
    carried = transport.carry(tf.constant(z), tf.constant(labels), 0, 1).numpy()
    np.testing.assert_array_equal(carried[labels == 1], z[labels == 1])
    assert not np.array_equal(carried[labels == 0], z[labels == 0])


# ---- In a bridge ------------------------------------------------------------------------------


def latents(size, seed):
    generator = np.random.default_rng(seed)
    mu = generator.normal(size=(60, size)).astype(np.float32)
    labels = np.arange(60) % 4
    labels[:3] = -1
    return Latents(mu, np.full_like(mu, 0.1), labels)


@pytest.fixture(scope="module")
def pair():
    """A bridge, and the same one with transport."""
    model = tiny.bridge(num_classes=4)
    return model, with_transport(model, [latents(6, 0), latents(6, 1)], TransportConfig(points=10, certainty=0.0))


def test_bridge_with_transport_differs_in_translations_alone(pair):
    plain, carrying = pair
    z = tf.constant(latents(6, 2).mu)
    for ours, theirs in zip(carrying.encode(z, 0), plain.encode(z, 0), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    np.testing.assert_array_equal(carrying.translate(z, 1, 1), plain.translate(z, 1, 1))
    translated = carrying.translate(z, 0, 1).numpy()
    assert not np.allclose(translated, plain.translate(z, 0, 1))
    shared = carrying.transport(plain.encode(z, 0)[0], 0, 1)
    assert_close(translated, plain.decode(shared, 1), atol=1e-6)
    assert not {id(variable) for variable in carrying.transport_maps.weights} & {
        id(variable) for variable in carrying.trainable_variables
    }


def test_same_seed_gives_the_same_maps(pair):
    again = with_transport(pair[0], [latents(6, 0), latents(6, 1)], TransportConfig(points=10, certainty=0.0))
    for ours, theirs in zip(again.get_weights(), pair[1].get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_bridge_with_transport_is_saved_and_reloaded(pair, tmp_path):
    carrying = pair[1]
    z = tf.constant(latents(6, 2).mu)
    carrying.save(tmp_path / "bridge.keras")
    loaded = keras.models.load_model(tmp_path / "bridge.keras")
    assert isinstance(loaded, BridgingVAE)
    np.testing.assert_array_equal(loaded.translate(z, 0, 1), carrying.translate(z, 0, 1))
    check_saving(carrying, [z.numpy(), z.numpy()], tmp_path)


@pytest.mark.parametrize("model", [{"classifier": "frozen"}, {"beta_cls": 0.0}])
def test_transport_needs_a_trained_classifier(model):
    with pytest.raises(ValueError, match="transport needs model.classifier 'linear'"):
        BridgeConfig(domains=("a", "b"), transport=TransportConfig(), model=BridgeModelConfig(**model))


def test_configurations_without_transport_are_stored_as_before():
    assert "transport" not in BridgeConfig(domains=("a", "b")).to_dict()
    config = BridgeConfig(domains=("a", "b"), transport=TransportConfig(points=7))
    assert BridgeConfig.from_dict(config.to_dict()) == config


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"certainty": 1.0}, "transport.certainty is 1.0; it is a probability"),
        ({"certainty": 2.0}, "transport.certainty is 2.0"),
        ({"points": 100_000}, "transport.points is 100000; more than 5000 take too much memory"),
        ({"points": 0}, "transport.points.* 1"),
    ],
)
def test_settings_that_cannot_be_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        TransportConfig(**settings)


def test_few_points_of_a_class_are_warned_of():
    z, labels = two_classes(count=60)
    with pytest.warns(UserWarning, match="Transport has 1 point of a class, so that .* vary little: lower"):
        layer([z, z], [labels, labels], certainty=[np.linspace(0, 0.9, len(labels), dtype=np.float32)] * 2, least=0.95)


def test_there_are_no_more_points_than_latents_of_a_class():
    model = tiny.bridge(num_classes=4)
    carrying = with_transport(model, [latents(6, 0), latents(6, 1)], TransportConfig(points=1_000, certainty=0.0))
    assert carrying.transport_maps.num_points == 15


# ---- Measured coordinates ---------------------------------------------------------------------

KEPT = 2


@pytest.fixture(scope="module")
def three():
    """A bridge of three domains; the same with transport; and the same that keeps measured coordinates."""
    model = tiny.bridge((6, 5, 6), num_classes=4)
    own, config = [latents(size, seed) for seed, size in enumerate(model.latent_dims)], TransportConfig(10, 0.0)
    return model, with_transport(model, own, config), with_transport(model, own, config, KEPT)


@pytest.mark.parametrize("temperature", [None, 0.7])
@pytest.mark.parametrize(("source", "target"), [(0, 1), (1, 0), (2, 1), (0, 2)])
def test_measured_coordinates_are_those_without_transport_and_the_others_those_with_it(
    three, source, target, temperature
):
    plain, carrying, keeping = three
    z = tf.constant(latents(plain.latent_dims[source], 5).mu)
    noise = None if temperature is None else temperature * tf.random.stateless_normal([60, 3], [0, 1])
    without, carried, kept = (model.translate(z, source, target, noise).numpy() for model in three)
    np.testing.assert_array_equal(kept[:, :KEPT], without[:, :KEPT])
    np.testing.assert_array_equal(kept[:, KEPT:], carried[:, KEPT:])
    assert not np.allclose(without, carried, atol=1e-3)
    assert noise is None or not np.allclose(kept, keeping.translate(z, source, target), atol=1e-3)


def test_measured_coordinates_are_decoded_from_the_latents_as_they_were_encoded():
    """Of two domains that are alike the decoder doubles z_shared, and points lie apart from what is carried."""
    model = BridgingVAE((3, 3), 1, shared_dim=3, hidden_units=(4,), conditional=False, gated_mixing=False)
    model.build()
    hidden, mixing = model.decoder_hidden.layers[-1], model.decoder_mixing
    hidden.kernel.assign(np.eye(3, 4))
    mixing.kernel.assign(2.0 * np.eye(4, 3))
    for layer_of_decoder in (hidden, mixing):
        layer_of_decoder.bias.assign(np.zeros(layer_of_decoder.bias.shape))
    points = [np.full((1, 1, 3), value, np.float32) for value in (1.0, 10.0)]
    copy = BridgingVAE(**model.get_config() | {"latent_dims": (3, 3), "transport_points": 1, "num_measured": 1})
    copy.build()
    for ours, its in zip(model.weights, copy.weights[: len(model.weights)], strict=True):
        its.assign(ours)
    copy.transport_maps.points.assign(points)
    copy.transport_maps.known.assign([[1.0], [1.0]])
    carried = copy.transport(tf.constant([[1.0, 2.0, 3.0]]), 0, 1)
    np.testing.assert_allclose(copy.decode(carried, 1), [[2.0, 20.0, 20.0]], rtol=1e-6)
    np.testing.assert_allclose(copy.decode(carried[0], 1), [[20.0, 20.0, 20.0]], rtol=1e-6)
    itself = copy.transport(tf.constant([[1.0, 2.0, 3.0]]), 1, 1)
    np.testing.assert_allclose(copy.decode(itself, 1), [[2.0, 4.0, 6.0]], rtol=1e-6)


def test_domain_is_reconstructed_as_without_transport(three):
    plain, _, keeping = three
    for domain, size in enumerate(plain.latent_dims):
        z = tf.constant(latents(size, 5).mu)
        np.testing.assert_array_equal(keeping.translate(z, domain, domain), plain.translate(z, domain, domain))


def test_number_of_measured_coordinates_is_stored_where_there_are_some(three, tmp_path):
    plain, carrying, keeping = three
    assert not {"transport_points", "num_measured"} & plain.get_config().keys()
    assert "num_measured" not in carrying.get_config()
    assert keeping.get_config()["num_measured"] == KEPT
    check_saving(keeping, [latents(size, 5).mu for size in keeping.latent_dims], tmp_path)
    keeping.save(tmp_path / "bridge.keras")
    z = tf.constant(latents(6, 5).mu)
    loaded = keras.models.load_model(tmp_path / "bridge.keras")
    np.testing.assert_array_equal(loaded.translate(z, 0, 1), keeping.translate(z, 0, 1))


def test_bridge_that_saw_no_labels_stays_as_it_is():
    model = tiny.bridge(num_classes=4)
    unlabelled = [latents(6, seed).with_labels_of(np.array([], int)) for seed in (0, 1)]
    assert with_transport(model, unlabelled, TransportConfig(), KEPT) is model


def test_few_latents_of_a_class_are_said_to_be_too_few():
    z, labels = two_classes(count=12)
    with pytest.warns(UserWarning, match="12 points of a class.*: give more labelled data .*, which has 12 lat"):
        layer([z, z], [labels, labels])
