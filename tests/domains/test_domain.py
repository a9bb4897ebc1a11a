import json

import keras
import numpy as np
import pytest
import tensorflow as tf

from latent_xlate.domains.domain import Domain
from latent_xlate.modalities.array import Array
from tests.support import tiny


@keras.saving.register_keras_serializable(package="test_domain")
class Scaled(Domain):
    """The least a domain of one's own has to implement: a decoder."""

    has_encoder = False
    has_classifier = False

    def __init__(self, name="scaled", factor=2.0):
        super().__init__(name, Array((3,)))
        self.factor = factor

    latent_dim = property(lambda self: 3)
    networks = property(lambda self: {})

    def decode(self, z):
        return self.factor * z

    def get_config(self):
        return {"name": self.name, "factor": self.factor}

    @classmethod
    def from_config(cls, config):
        return cls(**config)


def images(batch=5):
    return np.random.default_rng(0).uniform(size=(batch, 28, 28, 1)).astype(np.float32)


def outputs(domain):
    mu, sigma = domain.encode(images())
    return [mu, sigma, domain.decode(mu), domain.classify(images()), domain.features(images())]


@pytest.fixture(scope="module")
def digits():
    return tiny.image_domain()


@pytest.mark.parametrize(("dtype", "tolerance"), [("float32", 0), ("float16", 5e-3)])
def test_domain_comes_back_with_its_weights(digits, dtype, tolerance, tmp_path):
    again = Domain.load(digits.save(tmp_path / "digits", dtype))
    assert again.get_config() == digits.get_config()
    for ours, theirs in zip(outputs(again), outputs(digits), strict=True):
        assert ours.dtype == tf.float32
        np.testing.assert_allclose(ours, theirs, rtol=tolerance, atol=tolerance)


def test_float16_halves_the_files(digits, tmp_path):
    sizes = [(digits.save(tmp_path / dtype, dtype) / "vae.npz").stat().st_size for dtype in ("float32", "float16")]
    assert sizes[1] < 0.6 * sizes[0]


def test_domain_without_a_classifier_comes_back(tmp_path):
    again = Domain.load(tiny.image_domain(classifier=False).save(tmp_path))
    assert not again.has_classifier
    with pytest.raises(NotImplementedError, match="'digits' has no classifier"):
        again.classify(images())
    with pytest.raises(NotImplementedError, match="'digits' has no classifier"):
        again.features(images())


def test_domain_of_ones_own_comes_back(tmp_path):
    again = Domain.load(Scaled("mine", 3.0).save(tmp_path))
    assert type(again) is Scaled
    np.testing.assert_array_equal(again.decode(tf.ones((1, 3))), 3)
    with pytest.raises(NotImplementedError, match="'mine' has no encoder"):
        again.encode(tf.ones((1, 3)))


def test_prior_is_standard_normal_and_follows_from_the_seed(digits):
    z = digits.sample_prior(5000, seed=1).numpy()
    assert z.shape == (5000, 6)
    np.testing.assert_allclose(z.mean(axis=0), 0, atol=0.06)
    np.testing.assert_allclose(np.cov(z.T), np.eye(6), atol=0.1)
    np.testing.assert_array_equal(digits.sample_prior(5000, seed=1), z)
    assert not np.allclose(digits.sample_prior(5000, seed=2), z)


@pytest.mark.parametrize("name", ["MNIST", "my domain", "mnist-b", "", "3d", "café", "a/b"])
def test_names_that_no_signature_could_have_are_refused(name):
    with pytest.raises(ValueError, match="Domain name"):
        Scaled(name)


@pytest.mark.parametrize("name", ["mnist", "mnist_b", "sc09", "_x"])
def test_names_of_letters_digits_and_underscores_are_taken(name):
    assert Scaled(name).name == name


def edit(path, **changes):
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def swap_shape(path):
    with np.load(path) as arrays:
        weights = dict(arrays)
    weights["000"] = weights["000"].T
    np.savez(path, **weights)


@pytest.mark.parametrize(
    ("file", "spoil", "message"),
    [
        ("domain.json", lambda path: path.unlink(), "There is no domain in .*domain.json"),
        ("domain.json", lambda path: path.write_text('{"class": "latent'), "not the description of a domain"),
        ("domain.json", lambda path: path.write_bytes(b"\xff\x00"), "not the description of a domain"),
        ("domain.json", lambda path: path.write_text("[]"), "not the description of a domain"),
        ("domain.json", lambda path: path.write_text("{}"), "not the description of a domain"),
        ("domain.json", lambda path: edit(path, **{"class": ["a", "b"]}), "not the description of a domain"),
        ("domain.json", lambda path: edit(path, config={}), "not the description of a domain"),
        ("domain.json", lambda path: edit(path, novelty={"variance": 1}), "not the description of a domain"),
        (
            "domain.json",
            lambda path: edit(path, novelty={"variance": 1, "data": 0, "latent": 1}),
            "not the description of a domain .*must be positive",
        ),
        (
            "domain.json",
            lambda path: edit(path, config={"name": "digits", "vae": {}, "size": 3}),
            "not the description",
        ),
        (
            "domain.json",
            lambda path: edit(path, **{"class": "latent_xlate>FusedAdam"}),
            "needs the domain class",
        ),
        (
            "domain.json",
            lambda path: edit(path, **{"class": "mine>Mine"}),
            "needs the domain class 'mine>Mine': import the module",
        ),
        ("vae.npz", lambda path: path.unlink(), "vae.npz are missing"),
        ("classifier.npz", lambda path: path.unlink(), "classifier.npz are missing"),
        ("vae.npz", lambda path: path.write_bytes(path.read_bytes()[:2000]), "vae.npz does not hold the weights"),
        ("vae.npz", lambda path: path.write_bytes(b""), "vae.npz does not hold the weights"),
        ("vae.npz", lambda path: path.write_text("weights"), "vae.npz does not hold the weights"),
        ("vae.npz", lambda path: np.savez(path, a=np.zeros(3)), "vae.npz does not hold the weights"),
        ("vae.npz", swap_shape, "vae.npz does not hold the weights"),
        (
            "vae.npz",
            lambda path: path.write_bytes((path.parent / "classifier.npz").read_bytes()),
            "vae.npz does not hold",
        ),
    ],
)
def test_missing_damaged_and_foreign_files_are_refused_by_name(file, spoil, message, digits, tmp_path):
    digits.save(tmp_path)
    spoil(tmp_path / file)
    with pytest.raises(ValueError, match=message):
        Domain.load(tmp_path)
