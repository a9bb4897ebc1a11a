import numpy as np
import pytest
import tensorflow as tf

from latent_xlate.baselines.image_networks import UNet, patch_discriminator, resnet_generator
from tests.support.model_checks import check_saving

SHAPE = (12, 16, 1)
SIZE = 12 * 16


def images(count=2, seed=0):
    return np.random.default_rng(seed).uniform(size=(count, SIZE)).astype(np.float32)


def reach(network, of):
    """Which pixels, [height, width], the chosen part of a network's output depends on."""
    z = tf.constant(images(1))
    with tf.GradientTape() as tape:
        tape.watch(z)
        chosen = of(network(z))
    return tape.gradient(chosen, z).numpy().reshape(SHAPE[:2]) != 0


def u_net(**kwargs):
    return UNet(SHAPE, **({"filters": 4, "depth": 4} | kwargs))


@pytest.mark.parametrize("make", [u_net, lambda: resnet_generator(SHAPE, 4, 1, -1, u_net().dtype_policy)])
def test_generators_give_images(make):
    network = make()
    for scale in (1.0, 1e4):
        for weight in network.trainable_weights:
            weight.assign(scale * weight)
        y = network(images())
        assert y.shape == (2, SIZE)
        assert y.dtype == tf.float32
        assert np.min(y) >= 0
        assert np.max(y) <= 1
    assert np.ptp(y) > 0.9, "the whole range is used"


def test_u_net_sees_the_whole_image_from_every_pixel():
    assert reach(u_net(), lambda y: y[0, 0]).all()


def test_u_net_passes_details_on():
    # What the innermost layer gives is blanked: only the connections tell images apart.
    network = u_net()
    for weight in network.downs[-1].weights:
        weight.assign(tf.zeros_like(weight))
    ours, theirs = (network(images(1, seed)).numpy() for seed in (0, 1))
    assert np.abs(ours - theirs).max() > 1e-4


def test_dropout_follows_its_seed_and_is_off_without_one():
    network = u_net()
    plain, again = (network(images()).numpy() for _ in range(2))
    first, same, other = (network(images(), seed=tf.constant(seed)).numpy() for seed in ([0, 1], [0, 1], [0, 2]))
    np.testing.assert_array_equal(plain, again)
    np.testing.assert_array_equal(first, same)
    assert not np.array_equal(first, other)
    assert not np.array_equal(first, plain)
    undropped = u_net(dropout=0.0)
    seeded, unseeded = (undropped(images(), **seed).numpy() for seed in ({"seed": tf.constant([0, 1])}, {}))
    np.testing.assert_array_equal(seeded, unseeded)


@pytest.mark.parametrize(("num_layers", "patch"), [(1, 16), (2, 34)])
def test_patches_are_of_the_size_that_is_promised(num_layers, patch):
    shape = (48, 48, 1)
    network = patch_discriminator(shape, 1, 2, num_layers, 0, True, u_net().dtype_policy)
    for weight in network.trainable_weights:  # Positive throughout, so that no gradient cancels or meets a dead unit.
        weight.assign(tf.abs(weight) + 0.1)
    z = tf.ones([1, 48 * 48])
    with tf.GradientTape() as tape:
        tape.watch(z)
        scores = network(z)
        middle = scores[0, scores.shape[1] // 2, scores.shape[2] // 2, 0]
    seen = np.argwhere(tape.gradient(middle, z).numpy().reshape(48, 48) != 0)
    assert (np.ptp(seen, axis=0) + 1).tolist() == [patch, patch]


def test_spectral_norms_become_one():
    network = patch_discriminator(SHAPE, 2, 4, 1, -1, True, u_net().dtype_policy)
    for _ in range(60):
        network([images(), images(seed=1)], training=True)
    kernels = [weight.numpy() for weight in network.trainable_weights if len(weight.shape) == 4]
    assert len(kernels) == 3
    for kernel in kernels:
        assert np.linalg.norm(kernel.reshape(-1, kernel.shape[-1]), ord=2) == pytest.approx(1, rel=0.02)


def test_u_net_is_saved_and_read_again(tmp_path):
    check_saving(u_net(groups=2), images(), tmp_path)


def test_sides_that_cannot_be_halved_twice_are_refused():
    with pytest.raises(ValueError, match="multiples of 4; these are 14 by 12"):
        resnet_generator((14, 12, 1), 4, 1, -1, u_net().dtype_policy)
