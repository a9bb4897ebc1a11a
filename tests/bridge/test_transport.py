import keras
import numpy as np
import pytest
import tensorflow as tf
from sklearn.manifold import trustworthiness

from latent_xlate.bridge.bridge_config import BridgeConfig, BridgeModelConfig, TransportConfig
from latent_xlate.bridge.bridging_vae import BridgingVAE
from latent_xlate.bridge.transport import Transport
from latent_xlate.bridge.transport_fitting import with_transport
from latent_xlate.latents.latents import Latents
from tests.support import tiny
from tests.support.model_checks import check_saving
from tests.support.tolerances import assert_close


def layer(z_shared, labels, points=40, certainty=None, least=0.0, smoothing=0.01, classes=2, scaled=()):
    transport = Transport(len(z_shared), classes, z_shared[0].shape[1], points, aligned=bool(scaled))
    transport.build()
    certainty = certainty or [np.ones(len(own), np.float32) for own in z_shared]
    transport.fit(z_shared, labels, certainty, least, smoothing, seed=0, scaled=scaled)
    return transport


def two_classes(seed=0, count=40, shift=0.0, stretch=1.0):
    """Latents of two classes in turn, which lie `shift` and 5 + `shift` from the origin."""
    labels = np.arange(2 * count) % 2
    noise = np.random.default_rng(seed).normal(size=(2 * count, 3)).astype(np.float32)
    return (5.0 * labels[:, np.newaxis] + shift + stretch * noise).astype(np.float32), labels


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


@pytest.fixture(scope="module")
def turned():
    """Shared latents of two classes, which vary most along the first axis; and the same with their axes exchanged."""
    z, labels = two_classes(count=150)
    z = z * np.array([4.0, 1.0, 0.2], np.float32)
    return z, np.ascontiguousarray(z[:, [2, 0, 1]]), labels


def test_aligned_transport_keeps_neighbours_whose_axes_are_others(turned):
    z, target, labels = turned
    kept = {}
    for name, scaled in (("plain", ()), ("aligned", (z, target))):
        transport = layer([z, target], [labels, labels], points=150, smoothing=1e-3, scaled=scaled)
        carried = transport.carry(tf.constant(z), tf.constant(labels), 0, 1).numpy()
        kept[name] = trustworthiness(z[labels == 0], carried[labels == 0], n_neighbors=10)
        for label in range(2):  # Both find the target's own latents.
            ours, theirs = carried[labels == label], target[labels == label]
            assert (np.abs(ours.mean(axis=0) - theirs.mean(axis=0)) < 0.1 * theirs.std(axis=0)).all()
    assert kept["aligned"] > 0.97 > 0.9 > kept["plain"]


def test_axes_are_where_the_domains_own_latents_vary_most(turned):
    """The shared latents vary along the first axis, but the models see the third."""
    z, target, labels = turned
    seen = [own * np.array([0.01, 0.1, 10.0], np.float32) for own in (z, z)]
    transport = layer([z, z], [labels, labels], points=150, smoothing=1e-3, scaled=seen)
    axes = transport.axes.numpy()[0, 0]
    assert np.abs(axes[2, 0]) * z[labels == 0, 2].std() > 0.9


@pytest.mark.parametrize("degrees", [25, -25])
def test_aligned_transport_turns_axes_along_which_latents_vary_alike(degrees):
    """No principal axis can be told from the others, but the clouds are not symmetric."""
    z = np.random.default_rng(0).exponential(size=(400, 2)).astype(np.float32)
    labels = np.zeros(400, np.int64)
    turn = np.radians(degrees)
    matrix = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]], np.float32)
    domains = [z[::2], z[1::2] @ matrix, z[1::2] @ matrix.T]
    transport = layer(domains, [labels[::2]] * 3, points=200, classes=1, smoothing=1e-3, scaled=domains)
    for target, expected in ((1, z @ matrix), (2, z @ matrix.T)):
        carried = transport.carry(tf.constant(z), tf.constant(labels), 0, target).numpy()
        assert np.median(np.linalg.norm(carried - expected, axis=1)) < 0.25


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


def test_points_are_posteriors_of_data_and_draws_only_of_classes_without_any():
    model = tiny.bridge(num_classes=4)
    own = latents(6, 0)
    draws = Latents(own.mu + 1.0, np.zeros_like(own.mu), own.labels)
    data = own.take(own.labels != 2)
    carrying = with_transport(model, [Latents.concatenated([draws, data]), own], TransportConfig(certainty=0.0))
    points = carrying.transport_maps.points[0].numpy()
    for label, source in ((0, own), (1, own), (2, draws), (3, own)):
        expected = model.encode(source.mu[source.labels == label], 0)[0].numpy()
        distances = np.linalg.norm(points[label][:, np.newaxis] - expected, axis=2)
        assert distances.min(axis=0).max() < 1e-5 and distances.min(axis=1).max() < 1e-5


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


# ---- Residuals --------------------------------------------------------------------------------


def with_residuals(model, certainty, num_measured=0):
    own = [latents(size, seed) for seed, size in enumerate(model.latent_dims)]
    config = TransportConfig(10, certainty, aligned=True, residual_axes=4)
    return with_transport(model, own, config, num_measured)


@pytest.mark.parametrize(("source", "target"), [(0, 1), (1, 0), (2, 1)])
def test_translation_has_the_residual_of_its_source(three, source, target):
    carrying = with_residuals(three[0], 0.0)
    z = tf.constant(latents(carrying.latent_dims[source], 5).mu)
    mu, _ = carrying.encode(z, source)
    classes = tf.argmax(carrying.classify(mu), axis=-1)
    places = carrying.residual_maps.whiten(z - carrying.decode(mu, source), classes, source)
    residual = carrying.residual_maps.restore(places, classes, target)
    without = carrying.decode(carrying.transport_maps.carry(mu, classes, source, target), target)
    assert_close(carrying.translate(z, source, target), without + residual, atol=1e-5)
    assert np.abs(residual).max() > 0.1
    np.testing.assert_array_equal(carrying.translate(z, source, source), three[0].translate(z, source, source))


def test_residuals_by_which_the_class_is_in_doubt_are_left_out(three):
    z = tf.constant(latents(6, 5).mu)
    carrying = with_residuals(three[0], 0.0)
    mu, _ = carrying.encode(z, 0)
    without = carrying.decode(carrying.transport(mu, 0, 1), 1).numpy()
    detailed = carrying.translate(z, 0, 1).numpy()
    classes = np.argmax(carrying.classify(carrying.transport(mu, 0, 1)), axis=-1)
    seen = tf.nn.softmax(carrying.classify(carrying.encode(tf.constant(detailed), 1)[0])).numpy()
    certainty = seen[np.arange(len(classes)), classes]
    carrying.residual_certainty = float(np.median(certainty))
    expected = np.where((certainty >= carrying.residual_certainty)[:, np.newaxis], detailed, without)
    assert_close(carrying.translate(z, 0, 1), expected, atol=1e-5)
    assert 0 < np.mean(certainty >= carrying.residual_certainty) < 1


def test_measured_coordinates_have_no_residual(three):
    plain, z = three[0], tf.constant(latents(6, 5).mu)
    keeping, carrying = with_residuals(plain, 0.0, KEPT), with_residuals(plain, 0.0)
    np.testing.assert_array_equal(keeping.translate(z, 0, 1)[:, :KEPT], plain.translate(z, 0, 1)[:, :KEPT])
    np.testing.assert_array_equal(keeping.translate(z, 0, 1)[:, KEPT:], carrying.translate(z, 0, 1)[:, KEPT:])


def test_bridge_with_residuals_is_saved_and_reloaded(three, tmp_path):
    carrying = with_residuals(three[0], 0.3)
    check_saving(carrying, [latents(size, 5).mu for size in carrying.latent_dims], tmp_path)
    carrying.save(tmp_path / "bridge.keras")
    z = tf.constant(latents(6, 5).mu)
    loaded = keras.models.load_model(tmp_path / "bridge.keras")
    assert loaded.residual_certainty == 0.3
    np.testing.assert_array_equal(loaded.translate(z, 0, 1), carrying.translate(z, 0, 1))


def test_settings_of_before_mean_what_they_meant():
    stored = {"points": 500, "certainty": 0.9, "smoothing": 0.01}
    assert TransportConfig.from_dict(stored) == TransportConfig(500, 0.9, 0.01, aligned=False, residual_axes=0)
