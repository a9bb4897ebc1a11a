import functools
import zipfile

import numpy as np
import pytest
import tensorflow as tf

from latent_xlate.batching import BATCH_SIZE
from latent_xlate.domains.domain import Domain
from latent_xlate.latents.interpolation import interpolate
from latent_xlate.modalities.array import Array
from latent_xlate.translator import Translator, load_bridge
from tests.support import identity, tiny
from tests.support.tolerances import assert_close

TOLERANCE = {"rtol": 1e-5, "atol": 1e-6}
"""The rounding of matrix products depends on the size of the batch."""


def images(batch=4, seed=0):
    return np.random.default_rng(seed).uniform(size=(batch, 28, 28, 1)).astype(np.float32)


@pytest.fixture(scope="module")
def translator():
    return tiny.translator()


@pytest.fixture(scope="module")
def saved(translator, tmp_path_factory):
    return translator.save(tmp_path_factory.mktemp("translator"))


class Decoder(Domain):
    """Has no encoder; its data are its latents."""

    has_encoder = False

    latent_dim = property(lambda self: 5)
    networks = property(lambda self: {})

    def decode(self, z):
        return z

    def get_config(self):
        return {}

    @classmethod
    def from_config(cls, config):
        return cls("decoder", Array((5,)))


# ---- Translating ------------------------------------------------------------------------------


@pytest.mark.parametrize(("source", "target"), [("digits", "clothes"), ("clothes", "digits"), ("digits", "digits")])
def test_translation_goes_by_the_means_through_domain_bridge_and_domain(source, target, translator):
    x = images()
    domains, bridge, order = translator.domains, translator.bridge, ["digits", "clothes"]
    z, _ = domains[source].encode(x)
    mu, sigma = bridge.encode(z, order.index(source))
    expected = domains[target].decode(bridge.decode(mu, order.index(target)))
    assert_close(translator.translate(x, source, target), expected, **TOLERANCE)
    assert_close(translator.translate_data(x, source, target), expected, **TOLERANCE)
    assert_close(translator.encode(x, source)[0], mu, **TOLERANCE)
    assert_close(translator.encode(x, source)[1], sigma, **TOLERANCE)
    assert_close(translator.decode(mu.numpy(), target), expected, **TOLERANCE)
    latents = translator.translate_latents(z, source, target)
    assert_close(domains[target].decode(latents), expected, **TOLERANCE)


def test_translation_tells_images_and_targets_apart(translator):
    first, second = translator.translate(images(2), "digits", "clothes")
    assert np.abs(first - second).max() > 1e-4
    assert np.abs(first - translator.translate(images(1), "digits", "digits")[0]).max() > 1e-2


def test_reconstruction_is_translation_to_itself(translator):
    x = images()
    np.testing.assert_array_equal(translator.reconstruct(x, "clothes"), translator.translate(x, "clothes", "clothes"))
    np.testing.assert_array_equal(
        translator.reconstruct(x, "clothes", sample=True, seed=3),
        translator.translate(x, "clothes", "clothes", True, 3),
    )


@pytest.mark.parametrize("sample", [False, True])
def test_a_large_batch_equals_its_rows_one_by_one(sample, translator):
    x = images(BATCH_SIZE + 1)
    whole = translator.translate(x, "digits", "clothes", sample, seed=0)
    assert whole.shape == x.shape
    if sample:
        # The noise of a row is that of its place.
        parts = [translator.translate(x[: i + 1], "digits", "clothes", sample, seed=0)[i] for i in (0, 1, 99)]
        assert_close(whole[[0, 1, 99]], parts, **TOLERANCE)
    else:
        parts = [translator.translate(x[i : i + 1], "digits", "clothes")[0] for i in range(len(x))]
        assert_close(whole, parts, **TOLERANCE)


def test_no_instance_gives_none(translator):
    none = images(0)
    assert translator.translate(none, "digits", "clothes").shape == (0, 28, 28, 1)
    assert translator.translate(none, "digits", "clothes", sample=True).shape == (0, 28, 28, 1)
    mu, sigma = translator.encode(none, "digits")
    assert mu.shape == sigma.shape == (0, 3)
    assert translator.decode(mu, "clothes").shape == (0, 28, 28, 1)


def test_encoding_and_decoding_take_large_batches(translator):
    x = images(BATCH_SIZE + 1)
    mu, _ = translator.encode(x, "digits")
    assert_close(mu[-1:], translator.encode(x[-1:], "digits")[0], **TOLERANCE)
    decoded = translator.decode(mu, "clothes")
    assert_close(decoded[-1:], translator.decode(mu[-1:], "clothes"), **TOLERANCE)


def test_sampling_follows_from_the_seed(translator):
    x = images()

    def sample(seed):
        return translator.translate(x, "digits", "clothes", sample=True, seed=seed)

    first = sample(1)
    np.testing.assert_array_equal(sample(1), first)
    for other in (sample(2), sample(None), translator.translate(x, "digits", "clothes")):
        assert np.abs(other - first).max() > 1e-3
    assert np.abs(sample(None) - sample(None)).max() > 1e-3


def test_noise_of_a_row_is_that_of_seed_and_number(translator):
    x, seed = images(), -(2**31)
    noise = np.stack([tf.random.stateless_normal([3], [seed, row]) for row in range(4)])
    expected = translator.translate_data(x, "digits", "clothes", noise)
    assert_close(translator.translate(x, "digits", "clothes", True, seed), expected, **TOLERANCE)


@pytest.mark.parametrize("seed", [2**31, -(2**31) - 1])
def test_seed_of_more_than_32_bits_is_refused(seed, translator):
    with pytest.raises(ValueError, match=f"The seed is {seed}; it must fit 32 bits"):
        translator.translate(images(), "digits", "clothes", sample=True, seed=seed)


@pytest.mark.parametrize("way", [{"sample": True}, {"temperature": 0.5}])
def test_bridge_without_a_shared_latent_is_not_sampled(way):
    plain, x = identity.translator(Array((2,))), np.ones((2, 2), np.float32)
    np.testing.assert_array_equal(plain.translate(x, "here", "there", temperature=0), x)
    for call in (lambda: plain.translate(x, "here", "there", **way), lambda: plain.reconstruct(x, "here", **way)):
        with pytest.raises(ValueError, match="no shared latent to sample: leave out sample and temperature"):
            call()


def test_sampled_translation_adds_sigma_times_noise(translator):
    x, noise = images(), np.random.default_rng(0).normal(size=(4, 3)).astype(np.float32)
    mu, sigma = translator.encode(x, "digits")
    expected = translator.decode(mu + sigma * noise, "clothes")
    assert_close(translator.translate_data(x, "digits", "clothes", noise), expected, **TOLERANCE)


@pytest.mark.parametrize("method", ["slerp", "square_root", "linear"])
def test_interpolation_translates_the_points_between_two_latents(method, translator):
    start, end = images(2)
    points = translator.interpolate(start, end, "digits", "clothes", 5, method)
    ends = translator.translate(images(2), "digits", "clothes")
    assert_close(points[[0, -1]], ends, **TOLERANCE)
    z, _ = translator.domain("digits").encode(images(2))
    between = translator.translate_latents(interpolate(z[0], z[1], 5, method), "digits", "clothes")
    assert_close(points, translator.domain("clothes").decode(between), **TOLERANCE)


def test_interpolation_within_a_domain_leaves_the_bridge_out(translator):
    start, end = images(2)
    points = translator.interpolate(start, end, "digits", "digits", 3)
    assert_close(points[[0, -1]], translator.domain("digits").vae(images(2)), **TOLERANCE)


def test_domain_without_encoder_is_translated_to_and_not_from():
    decoder = Decoder("decoder", Array((5,)))
    translator = Translator([tiny.image_domain(latent_dim=6), decoder], tiny.bridge((6, 5)))
    x = images()
    z = translator.translate(x, "digits", "decoder")
    assert_close(
        z, translator.translate_latents(translator.domain("digits").encode(x)[0], "digits", "decoder"), **TOLERANCE
    )
    for call in (
        lambda: translator.translate(z, "decoder", "digits"),
        lambda: translator.encode(z, "decoder"),
        lambda: translator.interpolate(z[0], z[1], "decoder", "digits"),
    ):
        with pytest.raises(ValueError, match="'decoder' has no encoder: translate its latents"):
            call()


# ---- Files ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("dtype", "tolerance"), [("float32", 1e-6), ("float16", 5e-3)])
def test_saved_translator_gives_the_same_output(dtype, tolerance, translator, tmp_path):
    again = Translator.load(translator.save(tmp_path / "new" / "folder", dtype))
    assert again.names == translator.names == ["digits", "clothes"]
    for source, target in (("digits", "clothes"), ("clothes", "digits")):
        np.testing.assert_allclose(
            again.translate(images(), source, target),
            translator.translate(images(), source, target),
            rtol=0,
            atol=tolerance,
        )


def test_saved_translator_loads_from_a_relative_path_and_its_bridge_alone(saved, translator, monkeypatch):
    monkeypatch.chdir(saved.parent)
    assert Translator.load(saved.name).names == translator.names
    z = np.random.default_rng(0).normal(size=(4, 6)).astype(np.float32)
    bridge = load_bridge(saved / "bridge.keras")
    np.testing.assert_array_equal(bridge.translate(z, 0, 1), translator.bridge.translate(z, 0, 1))


def copy(saved, tmp_path):
    folder = tmp_path / "copy"
    for path in saved.rglob("*"):
        if path.is_file():
            target = folder / path.relative_to(saved)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())
    return folder


def without_weights(path):
    with zipfile.ZipFile(path) as archive:
        files = {name: archive.read(name) for name in archive.namelist() if not name.endswith(".h5")}
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)


def corrupt(path):
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 100] = b"\xff" * 100
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("file", "spoil", "message"),
    [
        ("translator.json", lambda path: path.unlink(), "There is no translator in .*copy: it has no translator.json"),
        ("translator.json", lambda path: path.write_text('{"domains": ["dig'), "not the description of a translator"),
        ("translator.json", lambda path: path.write_text("[]"), "not the description of a translator"),
        ("translator.json", lambda path: path.write_text("{}"), "not the description of a translator"),
        ("translator.json", lambda path: path.write_text('{"domains": 5}'), "not the description of a translator"),
        ("translator.json", lambda path: path.write_text('{"domains": [1, 2]}'), "not the description of a translator"),
        ("translator.json", lambda path: path.write_text('{"domains": ["digits", "x"]}'), "There is no domain in .*/x"),
        ("translator.json", lambda path: path.write_text('{"domains": ["clothes", "digits"]}'), r"sizes \(6, 5\), but"),
        ("digits/domain.json", lambda path: path.unlink(), "There is no domain in .*digits"),
        ("digits/vae.npz", lambda path: path.write_bytes(path.read_bytes()[:999]), "vae.npz does not hold the weights"),
        ("bridge.keras", lambda path: path.unlink(), "There is no bridge .*bridge.keras"),
        ("bridge.keras", lambda path: path.write_bytes(path.read_bytes()[:3000]), "bridge.keras is not a Keras model"),
        ("bridge.keras", lambda path: path.write_bytes(b""), "bridge.keras is not a Keras model"),
        ("bridge.keras", lambda path: path.write_text("weights"), "bridge.keras is not a Keras model"),
        ("bridge.keras", corrupt, "bridge.keras is not a Keras model, or is damaged"),
        ("bridge.keras", without_weights, "bridge.keras is not a Keras model, or is damaged"),
        ("bridge.keras", lambda path: tiny.image_domain().vae.save(path), "bridge.keras is a ImageVAE, not a bridge"),
    ],
)
def test_missing_damaged_and_foreign_files_are_refused_by_name(file, spoil, message, saved, tmp_path):
    folder = copy(saved, tmp_path)
    spoil(folder / file)
    with pytest.raises(ValueError, match=message):
        Translator.load(folder)


def test_place_that_is_no_folder_is_refused(translator, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ValueError, match="Nothing can be written to .*file: .*file is not a folder"):
        translator.save(tmp_path / "file")


def test_description_is_written_last(translator, tmp_path):
    # So that what a broken save leaves behind is no translator.
    (tmp_path / "bridge.keras").mkdir()
    (tmp_path / "clothes").write_text("in the way")
    with pytest.raises(OSError, match="clothes"):
        translator.save(tmp_path)
    with pytest.raises(ValueError, match="There is no translator"):
        Translator.load(tmp_path)


# ---- Bad input --------------------------------------------------------------------------------


def with_value(value):
    x = images()
    x[1, 2, 3] = value
    return x


BAD_DATA = [
    (with_value(np.nan), "x has 1 NaN or infinite value"),
    (with_value(np.inf), "x has 1 NaN or infinite value"),
    (with_value(1.1), "images must lie in"),
    (with_value(-0.1), "images must lie in"),
    (images()[:, :14], r"x has shape \[4, 14, 28, 1\]; expected \[batch, 28, 28, 1\]"),
    (images()[0], r"expected \[batch, 28, 28, 1\]"),
    ((images() * 255).astype(np.uint8), "divide it by 255"),
    (images().astype(np.int32), "dtype int32"),
]


@pytest.mark.parametrize(("x", "message"), BAD_DATA)
def test_bad_data_are_refused(x, message, translator):
    for call in (
        lambda: translator.translate(x, "digits", "clothes"),
        lambda: translator.reconstruct(x, "digits"),
        lambda: translator.encode(x, "digits"),
    ):
        with pytest.raises(ValueError, match=message):
            call()


@pytest.mark.parametrize(
    "call",
    [
        lambda translator, name: translator.translate(images(), name, "clothes"),
        lambda translator, name: translator.translate(images(), "digits", name),
        lambda translator, name: translator.translate(images(), "digits", name, sample=True),
        lambda translator, name: translator.reconstruct(images(), name),
        lambda translator, name: translator.encode(images(), name),
        lambda translator, name: translator.decode(np.zeros((1, 3)), name),
        lambda translator, name: translator.interpolate(*images(2), name, "clothes"),
        lambda translator, name: translator.interpolate(*images(2), "digits", name),
        lambda translator, name: translator.translate_latents(tf.zeros((1, 6)), "digits", name),
        lambda translator, name: translator.domain(name),
        lambda translator, name: translator.index(name),
    ],
)
def test_unknown_domain_is_refused_with_a_hint(call, translator):
    with pytest.raises(ValueError, match="Unknown domain 'cloths'. Did you mean 'clothes'\\? Known: clothes, digits."):
        call(translator, "cloths")


@pytest.mark.parametrize(
    ("z_shared", "message"),
    [
        (np.zeros((2, 4)), r"z_shared is \[2, 4\]; expected \[batch, 3\]"),
        (np.zeros(3), r"z_shared is \[3\]; expected \[batch, 3\]"),
        (np.full((2, 3), np.nan), "z_shared has 6 NaN"),
    ],
)
def test_bad_shared_latents_are_refused(z_shared, message, translator):
    with pytest.raises(ValueError, match=message):
        translator.decode(z_shared, "clothes")


def test_bad_interpolations_are_refused(translator):
    start, end = images(2)
    with pytest.raises(ValueError, match="Did you mean 'slerp'"):
        translator.interpolate(start, end, "digits", "clothes", method="slurp")
    with pytest.raises(ValueError, match="at least 2 points"):
        translator.interpolate(start, end, "digits", "clothes", 1)
    with pytest.raises(ValueError, match="NaN"):
        translator.interpolate(start, end * np.nan, "digits", "clothes")


def test_bridge_that_does_not_fit_is_refused():
    domains = [tiny.image_domain("digits", 6), tiny.image_domain("clothes", 5)]
    for latent_dims in ((6, 6), (5, 6), (6, 5, 5)):
        with pytest.raises(ValueError, match="digits, clothes have latents of sizes") as error:
            Translator(domains, tiny.bridge(latent_dims))
        assert str(latent_dims) in str(error.value)
    with pytest.raises(ValueError, match="must differ in name; these are digits, digits"):
        Translator([domains[0], tiny.image_domain("digits", 5)], tiny.bridge((6, 5)))


class Magnified(identity.IdentityDomain):
    def decode(self, z):
        return 1e30 * z


def test_result_that_is_not_finite_is_refused():
    domains = [Magnified(name, Array((2,))) for name in ("here", "there")]
    magnified = Translator(domains, identity.IdentityBridge((2, 2)))
    x = np.ones((2, 2), np.float32)
    assert_close(magnified.translate(x, "here", "there"), 1e30 * x)
    for call in (
        lambda: magnified.translate(1e20 * x, "here", "there"),
        lambda: magnified.reconstruct(1e20 * x, "here"),
        lambda: magnified.interpolate(x[0], 1e20 * x[1], "here", "there", method="linear"),
    ):
        with pytest.raises(ValueError, match="The translation has NaN or infinite values"):
            call()


def test_shared_latents_that_are_not_finite_are_refused(translator):
    with pytest.raises(ValueError, match="The translation has NaN or infinite values"):
        translator.decode(np.full((1, 3), 3e38, np.float32), "digits")


@pytest.mark.parametrize("seed", [0, 7])
def test_temperature_0_is_the_mean_and_1_a_sample_of_the_posterior(seed, translator):
    x = images()
    for way in (functools.partial(translator.translate, x, "digits", "clothes"),
                functools.partial(translator.reconstruct, x, "digits")):  # fmt: skip
        np.testing.assert_array_equal(way(seed=seed, temperature=0), way())
        np.testing.assert_array_equal(way(seed=seed, temperature=1), way(True, seed))
        assert np.abs(way(seed=seed, temperature=2) - way(True, seed)).max() > 1e-3


def test_samples_go_as_far_from_the_mean_as_the_temperature_says(translator):
    x, (mu, sigma) = images(), translator.encode(images(), "digits")
    noise = np.stack([tf.random.stateless_normal([3], [5, row]) for row in range(4)])
    for temperature in (0.25, 1, 3):
        expected = translator.decode(mu + temperature * sigma * noise, "clothes")
        sampled = translator.translate(x, "digits", "clothes", seed=5, temperature=temperature)
        assert_close(sampled, expected, **TOLERANCE)
    temperatures = tf.constant([0.0, 0.5, 1.0, 2.0])
    seeds = tf.constant([[5, row] for row in range(4)])
    np.testing.assert_array_equal(translator.noise(seeds, temperatures), temperatures[:, np.newaxis] * noise)


@pytest.mark.parametrize(
    ("temperature", "message"),
    [
        (-0.1, r"^The temperature is -0.1; it must lie in \[0, 100\].$"),
        (100.1, "^The temperature is 100.1; it must lie in"),
        (3e38, "^The temperature is 3e.38; it must lie in"),
        (float("nan"), "^The temperature is nan; it must lie in"),
        (float("inf"), "^The temperature is inf; it must lie in"),
        (1e39, "^The temperature is 1e.39; it must lie in"),
        ("hot", "^temperature is 'hot'; it must be a number, 0.7 say.$"),
        (True, "^temperature is True; it must be a number"),
    ],
)
def test_a_temperature_that_is_none_is_refused(temperature, message, translator):
    with pytest.raises(ValueError, match=message):
        translator.translate(images(), "digits", "clothes", temperature=temperature)


def test_a_temperature_beside_sample_is_refused(translator):
    with pytest.raises(ValueError, match="Give sample or a temperature, not both"):
        translator.reconstruct(images(), "digits", sample=True, temperature=0.5)
