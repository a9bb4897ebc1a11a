import json

import keras
import numpy as np
import pytest
import soundfile
import tensorflow as tf

from latent_xlate.data.class_folders import read_folder
from latent_xlate.data.synthetic import digits_like
from latent_xlate.domains.custom.keras_domain import KerasDomain, load_parts
from latent_xlate.domains.domain import Domain
from latent_xlate.domains.speech.wavegan_generator import WaveGANGenerator
from latent_xlate.modalities.audio import Audio
from tests.support import own_models, raw
from tests.support.tolerances import assert_close


def domain(outputs=1, **options):
    return KerasDomain.of("own", own_models.decoder(), own_models.encoder(outputs), own_models.classifier(), **options)


def of(shape=own_models.SHAPE, **options):
    return KerasDomain.of("own", own_models.decoder(shape), **options)


def all_outputs(domain):
    x = tf.constant(own_models.pictures())
    mu, sigma = domain.encode(x)
    return [mu, sigma, domain.decode(mu), domain.classify(x), domain.features(x)]


def test_functions_are_those_of_the_models():
    x = own_models.pictures()
    mu, sigma, decoded, logits, features = all_outputs(domain())
    assert_close(mu, own_models.encoder()(x), rtol=1e-6)
    np.testing.assert_array_equal(sigma, np.zeros((5, 3)))
    assert_close(decoded, own_models.decoder()(mu), rtol=1e-6)
    assert_close(logits, own_models.classifier()(x), rtol=1e-6)
    last = own_models.classifier().layers[-1]
    assert_close(features @ last.kernel + last.bias, logits, rtol=1e-4, atol=1e-6)
    assert (domain().latent_dim, domain().data_shape, domain().has_prior) == (3, (8, 8, 1), False)


def test_second_output_is_sigma_or_the_logarithm_of_the_variance():
    x = own_models.pictures()
    mu, log_variance, _ = own_models.encoder(3)(x)
    own = domain(3, sigma_kind="log_variance")
    assert own.has_prior
    ours = own.encode(tf.constant(x))
    assert_close(ours[0], mu, rtol=1e-6)
    assert_close(ours[1], np.exp(log_variance / 2), rtol=1e-5)
    with pytest.raises(ValueError, match="no standard deviation: .* give sigma_kind=log_variance"):
        domain(3)


def test_probabilities_are_taken_for_what_they_are():
    x = own_models.pictures()
    judge = own_models.classifier("softmax")
    own = KerasDomain.of("own", own_models.decoder(), classifier=judge)
    assert_close(tf.nn.softmax(own.classify(x)), judge(x), rtol=1e-5)


@pytest.mark.parametrize("outputs", [1, 3])
@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_domain_comes_back(outputs, dtype, tmp_path):
    own = domain(outputs, sigma_kind="log_variance", class_names=("a", "b", "c", "d"), invert="never")
    own.standardise(own_models.pictures(50))
    again = Domain.load(own.save(tmp_path, dtype))
    assert json.dumps(again.get_config()) == json.dumps(own.get_config())
    tolerance = {"rtol": 1e-6} if dtype == "float32" else {"rtol": 0.02, "atol": 0.01}
    for ours, theirs in zip(all_outputs(again), all_outputs(own), strict=True):
        assert_close(ours, theirs, **tolerance)


def test_saved_domain_with_the_old_key_spread_loads(tmp_path):
    own = domain(3, sigma_kind="log_variance")
    description = own.save(tmp_path) / "domain.json"
    description.write_text(description.read_text().replace('"sigma_kind"', '"spread"'))
    assert "sigma_kind" not in description.read_text()
    assert Domain.load(tmp_path).sigma_kind == "log_variance"


def test_domain_without_encoder_and_classifier_comes_back(tmp_path):
    again = Domain.load(KerasDomain.of("gan", own_models.decoder()).save(tmp_path))
    assert (again.has_encoder, again.has_classifier, again.has_prior) == (False, False, True)
    with pytest.raises(NotImplementedError, match="'gan' has no encoder"):
        again.encode(tf.zeros((1, 8, 8, 1)))
    with pytest.raises(NotImplementedError, match="'gan' has no classifier"):
        again.features(tf.zeros((1, 8, 8, 1)))


def test_standardised_latents_have_mean_0_and_deviation_1_and_decode_as_before():
    own, plain = domain(), domain()
    x = own_models.pictures(200)
    own.standardise(x)
    mu, _ = own.encode(tf.constant(x))
    assert_close(np.mean(mu, axis=0), 0, atol=1e-5)
    assert_close(np.std(mu, axis=0), 1, atol=1e-5)
    assert_close(own.decode(mu), plain.decode(plain.encode(tf.constant(x))[0]), atol=1e-6)
    own.standardise(x)  # Of what is so already nothing changes.
    assert_close(own.encode(tf.constant(x))[0], mu, atol=1e-5)


@pytest.mark.parametrize(
    ("shape", "data_shape", "expected"),
    [
        ((8, 8), None, (8, 8, 1)),
        ((4, 6, 3), None, (4, 6, 3)),
        ((64,), (8, 8, 1), (8, 8, 1)),
        ((16384,), None, (16384,)),
        ((16384, 1), None, (16384,)),
    ],
)
def test_data_of_any_layout_are_laid_out_as_pictures_or_sounds(shape, data_shape, expected, tmp_path):
    own = KerasDomain.of(
        "own", own_models.decoder(shape), own_models.encoder(shape=shape), data_shape=data_shape, invert="never"
    )
    assert own.data_shape == expected
    x = tf.constant(own_models.pictures(2, shape=expected))
    assert_close(own.encode(x)[0], own_models.encoder(shape=shape)(tf.reshape(x, (2, *shape))), rtol=1e-5)
    decoded = own.decode(tf.ones((2, 3)))
    assert decoded.shape == (2, *expected)
    files = own.write(decoded)
    np.testing.assert_allclose(own.read(files), decoded, atol=0.003)
    assert own.file_suffix == (".wav" if len(expected) == 1 else ".png")


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ((3000,), Audio(3000, 22050)),
        ((32768, 1), Audio(32768, 22050)),
        ((1, 700), Audio(700, 22050)),
        ((500, 2), Audio(500, 22050, channels=2)),
        ((2, 500), Audio(500, 22050, channels=2)),
    ],
)
def test_sounds_of_any_length_rate_and_channels(shape, expected, tmp_path):
    own = KerasDomain.of("own", own_models.decoder(shape), own_models.encoder(shape=shape), sample_rate=22050)
    assert own.modality == expected
    z = tf.constant(np.random.default_rng(0).normal(size=(2, 3)), tf.float32)
    theirs = own_models.decoder(shape)(z).numpy()
    as_ours = np.swapaxes(theirs, 1, 2) if shape == (2, 500) else theirs
    assert_close(own.decode(z), as_ours.reshape(2, *expected.shape), atol=1e-6)
    assert_close(own.encode(own.decode(z))[0], own_models.encoder(shape=shape)(theirs), rtol=1e-5, atol=1e-6)
    (tmp_path / "own.wav").write_bytes(own.write(own.decode(z))[0].numpy())
    samples, rate = soundfile.read(tmp_path / "own.wav", dtype="float32")
    assert rate == 22050
    np.testing.assert_allclose(samples, own.decode(z)[0], atol=1e-4)
    again = Domain.load(own.save(tmp_path / "again"))
    assert again.modality == expected
    assert_close(again.decode(z), own.decode(z), atol=1e-6)


@pytest.mark.parametrize("num_samples", [32768, 65536])
def test_generator_of_long_slices_is_a_decoder(num_samples, tmp_path):
    generator = WaveGANGenerator(4, 1, slice_length=num_samples)
    generator.build()
    generator.save(tmp_path / "drums.keras")
    decoder = load_parts(decoder=tmp_path / "drums.keras")["decoder"]
    with pytest.raises(ValueError, match="no input of known shape: .* or give latent_shape"):
        KerasDomain.of("drums", decoder, sample_rate=16000)
    drums = KerasDomain.of("drums", decoder, latent_shape=(4,), sample_rate=16000)
    z = tf.constant(np.random.default_rng(0).normal(size=(2, 4)), tf.float32)
    assert drums.modality == Audio(num_samples)
    assert_close(Domain.load(drums.save(tmp_path / "drums")).decode(z), generator(z)[..., 0], atol=1e-6)
    with pytest.raises(ValueError, match=r"latent_shape is \[4\], and the decoder takes latents of shape \[3\]"):
        of(latent_shape=(4,))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, r"Data of shape \[8, 8, 1\] are no sounds, which have the shape \[samples\] or"),
        ({"modality": Audio(64)}, "sample_rate=8000 is not for a modality that is given"),
    ],
)
def test_sample_rate_is_of_sounds(options, message):
    flat = KerasDomain.of("own", own_models.decoder(), sample_rate=8000, data_shape=(64,))
    assert flat.modality == Audio(64, 8000)
    with pytest.raises(ValueError, match=message):
        KerasDomain.of("own", own_models.decoder(), sample_rate=8000, **options)


def test_latents_of_several_axes_are_laid_flat():
    keras.utils.set_random_seed(0)
    encoder = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Conv2D(2, 3, 2, "same")])
    decoder = keras.Sequential(
        [keras.Input((4, 4, 2)), keras.layers.Conv2DTranspose(1, 3, 2, "same", activation="sigmoid")]
    )
    own = KerasDomain.of("own", decoder, encoder)
    assert own.latent_dim == 32
    x = own_models.pictures()
    assert_close(own.decode(own.encode(tf.constant(x))[0]), decoder(encoder(x)), atol=1e-6)


def test_folder_is_read_as_files_are_that_are_translated(tmp_path):
    data = digits_like(24, num_classes=2, image_size=8)
    raw.write_image_folder(tmp_path, data)
    splits = read_folder(tmp_path, domain().modality)
    assert raw.same_content(raw.joined(splits), data)
    (tmp_path / "0" / "bad.png").write_bytes(b"\x89PNG")
    with pytest.raises(ValueError, match=r"0/bad\.png cannot be read as an image"):
        read_folder(tmp_path, domain().modality)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: of((64,)), r"\[64\] are neither pictures .* say by data_shape"),
        (lambda: of((64,), data_shape=(8, 9, 1)), "not as many values as the model"),
        (lambda: of(encoder=own_models.encoder(shape=(9, 9, 1))), "encode cannot be called"),
        (lambda: of(encoder=own_models.classifier()), r"shape \[4\], and decode takes \[3\]"),
        (lambda: of(encoder=keras.Sequential([keras.layers.Dense(3)])), "encoder is no Keras model that is built"),
        (lambda: KerasDomain.of("Own", own_models.decoder()), "Domain name 'Own' must consist"),
        (lambda: domain(sigma_kind="variance"), "Unknown sigma_kind 'variance'"),
        (lambda: domain(invert="no"), "Unknown invert 'no'"),
    ],
)
def test_models_that_do_not_fit_are_refused(make, message):
    with pytest.raises(ValueError, match=message) as raised:
        make()
    assert "\n" not in str(raised.value)


# ---- Files ------------------------------------------------------------------------------------


def test_parts_of_an_autoencoder_and_files_of_their_own(tmp_path):
    encoder, decoder = own_models.encoder(), own_models.decoder()
    x = keras.Input(own_models.SHAPE)
    keras.Model(x, decoder(encoder(x))).save(tmp_path / "whole.keras")
    own_models.classifier().save(tmp_path / "judge.keras")
    parts = load_parts(tmp_path / "whole.keras", classifier=tmp_path / "judge.keras", decoder=None)
    x = own_models.pictures()
    assert_close(KerasDomain.of("own", **parts).encode(x)[0], encoder(x), rtol=1e-6)
    assert parts.keys() == {"encoder", "decoder", "classifier"}
    with pytest.raises(ValueError, match="judge.keras has no model called 'encoder' in it, but flatten"):
        load_parts(tmp_path / "judge.keras")
    with pytest.raises(ValueError, match="needs a decoder: give --decoder"):
        load_parts(encoder=tmp_path / "judge.keras")
    with pytest.raises(ValueError, match="There is no Keras model of the decoder"):
        load_parts(decoder=tmp_path / "nothing.keras")


def test_training_leaves_no_trace(tmp_path):
    encoder = own_models.encoder()
    encoder.compile("adam", loss=lambda true, predicted: keras.ops.mean(predicted))
    encoder.fit(own_models.pictures(), np.zeros((5, 3)), verbose=0)
    Domain.load(KerasDomain.of("own", own_models.decoder(), encoder).save(tmp_path))
    assert "compile_config" not in (tmp_path / "domain.json").read_text()


def test_code_in_a_model_is_refused(tmp_path):
    unsafe = keras.Sequential([keras.Input((3,)), keras.layers.Lambda(lambda z: z), own_models.decoder()])
    unsafe.save(tmp_path / "unsafe.keras")
    with pytest.raises(ValueError, match="(?i)lambda") as raised:
        load_parts(decoder=tmp_path / "unsafe.keras")
    assert "\n" not in str(raised.value)
    KerasDomain.of("own", unsafe).save(tmp_path / "own")
    with pytest.raises(ValueError, match="domain.json is not the description of a domain"):
        Domain.load(tmp_path / "own")


def test_nested_outputs_are_refused():
    x = keras.Input(own_models.encoder().input_shape[1:])
    mu = own_models.encoder()(x)
    nested = keras.Model(x, {"posterior": {"mu": mu, "sigma": mu}})
    with pytest.raises(ValueError, match="^encode makes a dict within its outputs: let it return dense tensors"):
        KerasDomain.of("own", own_models.decoder(), nested)


def test_class_that_is_not_there_is_named(tmp_path):
    KerasDomain.of("own", own_models.decoder()).save(tmp_path)
    text = (tmp_path / "domain.json").read_text()
    (tmp_path / "domain.json").write_text(text.replace('"Reshape"', '"Mine"'))
    with pytest.raises(ValueError, match="is not the description of a domain .*Mine"):
        Domain.load(tmp_path)
    json.loads(text)
