import keras
import numpy as np
import pytest
import tensorflow as tf

from latent_xlate import baselines  # noqa: F401  Registers the domain, as the commands do.
from latent_xlate.baselines.pixel_domain import PixelDomain, make_image_pairs
from latent_xlate.data.synthetic import digits_like
from latent_xlate.domains.domain import Domain
from tests.support import baseline_images, tiny
from tests.support.tolerances import assert_close


def test_images_are_their_own_latents_and_the_rest_is_the_domains():
    original = tiny.image_domain()
    domain = PixelDomain.of(original)
    x = digits_like(3).floats
    mu, sigma = domain.encode(x)
    np.testing.assert_array_equal(mu, x.reshape(3, 784))
    np.testing.assert_array_equal(sigma, np.zeros([3, 784]))
    np.testing.assert_array_equal(domain.decode(mu), x)
    np.testing.assert_array_equal(domain.classify(x), original.classify(x))
    np.testing.assert_array_equal(domain.features(x), original.features(x))
    assert (domain.name, domain.class_names, domain.dataset) == ("digits", tiny.CLASS_NAMES, "digits")
    np.testing.assert_allclose(domain.read(domain.write(tf.constant(x))), x, atol=0.5 / 255 + 1e-6)
    with pytest.raises(ValueError, match="'digits' is of images without a generative model: it has no prior"):
        domain.sample_prior(2)


@pytest.mark.parametrize("classifier", [True, False])
def test_saved_without_a_generative_model(classifier, tmp_path):
    domain = PixelDomain.of(tiny.image_domain(classifier=classifier))
    domain.save(tmp_path)
    assert {path.name for path in tmp_path.glob("*.npz")} == ({"classifier.npz"} if classifier else set())
    again = Domain.load(tmp_path)
    assert isinstance(again, PixelDomain)
    assert again.get_config() == domain.get_config()
    if classifier:
        x = digits_like(3).floats
        np.testing.assert_array_equal(again.classify(x), domain.classify(x))


def test_registered_with_keras():
    assert keras.saving.get_registered_object("latent_xlate>PixelDomain") is PixelDomain


def test_pairs_are_of_one_class_and_never_settled():
    data = [baseline_images.bars(), baseline_images.turned()]
    x, y = baseline_images.pairs()(tf.range(960, dtype=tf.int64))
    found = [
        np.argmin(np.linalg.norm(np.asarray(z)[:, None] - baseline_images.flat(of), axis=-1), axis=1)
        for z, of in zip((x[:40], y[:40]), data, strict=True)
    ]
    assert_close(x[:40], baseline_images.flat(data[0])[found[0]], atol=1e-6)
    assert_close(y[:40], baseline_images.flat(data[1])[found[1]], atol=1e-6)
    labels = [of.labels[indices] for of, indices in zip(data, found, strict=True)]
    np.testing.assert_array_equal(*labels)
    np.testing.assert_array_equal(labels[0], np.arange(40) % baseline_images.NUM_CLASSES)
    # An image comes back in the next epoch with another partner.
    partners = {}
    for ours, theirs in zip(np.asarray(x), np.asarray(y), strict=True):
        partners.setdefault(ours.tobytes(), set()).add(theirs.tobytes())
    assert len(partners) == 240
    assert np.mean([len(of) for of in partners.values()]) > 3


def test_seed_decides_the_pairs():
    data, positions = [baseline_images.bars(), baseline_images.turned()], tf.range(20, dtype=tf.int64)
    first, again, other = (make_image_pairs(data, baseline_images.NUM_CLASSES, seed)(positions) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first[0], again[0])
    assert not np.array_equal(first[0], other[0])


def test_class_without_images_is_refused():
    turned = baseline_images.turned()
    data = [baseline_images.bars(), turned.take(turned.labels != 2)]
    for names, called in (((), "domain 1"), (("bars", "turned"), "domain 'turned'")):
        with pytest.raises(ValueError, match=f"Class 2 has no labelled instance in {called};"):
            make_image_pairs(data, baseline_images.NUM_CLASSES, 0, names)
