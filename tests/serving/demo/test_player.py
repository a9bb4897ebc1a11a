"""What the page shows, against the translator and the domains themselves."""

import base64
import dataclasses
import io
import wave

import gradio as gr
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image, ImageDraw

from latent_xlate.baselines.linear_maps import AffineBridge
from latent_xlate.domains import pretrained
from latent_xlate.latents.latents import Latents, no_sigma
from latent_xlate.serving.demo import models, view
from latent_xlate.serving.demo import player as demo_player
from latent_xlate.serving.demo.page import Page
from latent_xlate.serving.demo.session import STEPS, Session
from latent_xlate.translator import Translator, row_seeds
from tests.support import latents_alone, toys
from tests.support.tolerances import assert_close
from tests.support.toys import PICTURES, SOUNDS


@pytest.fixture(scope="module")
def translator():
    return toys.translator()


@pytest.fixture(scope="module")
def player(translator, tmp_path_factory):
    return demo_player.Player(models.load_models(translator.save(tmp_path_factory.mktemp("translator"))))


def drawing(*strokes, width=20, size=280) -> str:
    image = Image.new("L", (size, size))
    for stroke in strokes:
        ImageDraw.Draw(image).line(stroke, fill=255, width=width)
    return data_url(image)


def data_url(image: Image.Image) -> str:
    png = io.BytesIO()
    image.save(png, "PNG")
    return demo_player.DRAWING + base64.b64encode(png.getvalue()).decode()


@pytest.mark.parametrize(("source", "target"), [(PICTURES, SOUNDS), (SOUNDS, PICTURES), (PICTURES, PICTURES)])
def test_mean_and_samples_are_the_translators_and_judged_by_the_domain(player, translator, source, target):
    z = player.example(source, 3)
    mean, samples = player.translate(z, source, target, num_samples=2, seed=5, temperature=1.5)
    noise = translator.noise(tf.constant(row_seeds(5, range(2))), tf.constant([1.5, 1.5]))
    rows = tf.constant(np.stack([z, z]))
    expected = [
        translator.translate_latents(rows[:1], source, target)[0],
        *translator.translate_latents(rows, source, target, noise),
    ]
    domain = translator.domain(target)
    for shown, latent in zip([mean, *samples], expected, strict=True):
        x = domain.decode(latent[tf.newaxis])
        picture = domain.pictures(x)[0].numpy()
        np.testing.assert_allclose(shown.picture, picture, atol=1e-3)
        probabilities = tf.nn.softmax(domain.classify(x))[0].numpy()
        assert shown.class_name == domain.class_names[probabilities.argmax()]
        assert shown.probability == pytest.approx(probabilities.max(), abs=1e-4)
    assert not np.array_equal(samples[0].picture, samples[1].picture)


def test_samples_at_temperature_0_are_the_mean(player):
    mean, samples = player.translate(player.example(PICTURES, 0), PICTURES, PICTURES, 2, seed=5, temperature=0)
    for sample in samples:
        assert_close(sample.picture, mean.picture, atol=1e-5)


@pytest.mark.long
def test_bridge_without_a_shared_latent_has_no_samples(tmp_path):
    domains = [pretrained.load_domain(PICTURES), pretrained.load_domain("fashion_mnist")]
    plain = Translator(domains, AffineBridge([domain.latent_dim for domain in domains], 10))
    unsampled = demo_player.Player(models.load_models(plain.save(tmp_path)))
    controls = {
        block.elem_id: block.visible
        for block in Page(unsampled).blocks.blocks.values()
        if isinstance(block, gr.Component)
    }
    assert [controls[f"xlate-{name}"] for name in ("samples", "temperature", "again", "targets")] == [False] * 3 + [
        True
    ]
    _, samples = unsampled.translate(
        unsampled.example(PICTURES, 0), PICTURES, "fashion_mnist", 4, seed=0, temperature=1
    )
    assert samples == []


def test_sound_has_its_file_and_its_spectrogram(player, translator):
    z = player.example(PICTURES, 0)
    (mean, _) = player.translate(z, PICTURES, SOUNDS, num_samples=0, seed=0, temperature=1)
    with wave.open(io.BytesIO(mean.sound)) as sound:
        assert (sound.getnchannels(), sound.getframerate(), sound.getnframes()) == (1, 16000, 16384)
        heard = np.frombuffer(sound.readframes(16384), "<i2") / 32768
    domain = translator.domain(SOUNDS)
    x = domain.decode(translator.translate_latents(tf.constant(z[np.newaxis]), PICTURES, SOUNDS))
    np.testing.assert_allclose(heard, x[0], atol=1e-3)
    np.testing.assert_allclose(mean.picture, domain.pictures(x)[0].numpy(), atol=1e-3)


def test_examples_are_packaged_instances_of_classes_that_differ(player, translator):
    packaged = Latents.load(pretrained.folder(PICTURES) / "latents_test.npz").mu
    domain, examples = translator.domain(PICTURES), player.examples[PICTURES]
    known = domain.encode(domain.decode(tf.constant(packaged)))[0].numpy()
    assert all(np.abs(known - z).max(axis=1).min() < 1e-4 for z in examples.z)
    judged = tf.argmax(domain.classify(domain.decode(tf.constant(examples.z))), axis=1).numpy()
    assert [domain.class_names[label] for label in judged] == list(examples.names)
    assert examples.names == tuple("0123456789")


@pytest.mark.long
def test_file_is_read_as_the_domain_reads_it(player, translator, tmp_path):
    for name in (PICTURES, SOUNDS):
        domain = translator.domain(name)
        content = domain.write(domain.decode(domain.sample_prior(1)))
        path = tmp_path / f"input{domain.file_suffix}"
        path.write_bytes(content[0].numpy())
        z, novelty = player.read(name, str(path))
        x = domain.read(content)
        np.testing.assert_allclose(z, domain.encode(x)[0][0], atol=1e-4)
        assert novelty == pytest.approx(domain.novelty(x).numpy()[0], rel=1e-3)


@pytest.mark.parametrize(("name", "file"), [(PICTURES, "a.png"), (PICTURES, "a.gif"), (SOUNDS, "a.wav")])
@pytest.mark.parametrize("content", [b"", b"GIF8 and no more", b"RIFF\x00\x00\x00\x00WAVE"])
def test_bad_file_is_named_in_one_sentence(player, tmp_path, name, file, content):
    (tmp_path / file).write_bytes(content)
    with pytest.raises(ValueError, match=r"^a\.\w+ cannot be read: [^\n]*[^.]\.$"):
        player.read(name, str(tmp_path / file))


def test_drawing_counts_by_its_shape_not_by_its_place(player):
    seven = [(60, 60), (160, 60), (100, 220)]
    z, novelty = player.read_drawing(PICTURES, drawing(seven))
    (seen,) = player.show(PICTURES, z[np.newaxis])
    assert seen.class_name == "7"
    assert 0 < novelty < 1.5  # It is drawn by straight lines.
    moved = [(x + 70, y + 30) for x, y in seven]
    np.testing.assert_array_equal(player.read_drawing(PICTURES, drawing(moved))[0], z)
    smaller, _ = player.read_drawing(PICTURES, drawing([(x / 2, y / 2) for x, y in seven], width=10))
    other, _ = player.read_drawing(PICTURES, drawing([(60, 60), (60, 220), (200, 220)]))
    assert np.abs(smaller - z).max() < 0.2 * np.abs(other - z).max()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (drawing(), "nothing in the drawing"),
        ("", "cannot be read"),
        (None, "cannot be read"),
        ("data:image/png;base64,AAAA", "cannot be read"),
        ("data:text/html,hello", "cannot be read"),
        (data_url(Image.new("L", (2000, 2000), 255)), "cannot be read"),
    ],
)
def test_drawing_that_is_none_says_so(player, given, message):
    with pytest.raises(ValueError, match=message):
        player.read_drawing(PICTURES, given)


def test_way_between_inputs_begins_and_ends_at_them(player):
    start, end = player.example(PICTURES, 0), player.example(PICTURES, 1)
    assert_close(player.between(start, end, 0), start, atol=1e-6)
    assert_close(player.between(start, end, demo_player.STEPS), end, atol=1e-6)
    with pytest.raises(ValueError, match="no example 99 of 'mnist'"):
        player.example(PICTURES, 99)
    with pytest.raises(ValueError, match="Did you mean 'mnist'"):
        player.example("mnis", 0)


def test_html_holds_the_sound_and_no_markup_of_names(player):
    mean, samples = player.translate(
        player.example(PICTURES, 0), PICTURES, SOUNDS, num_samples=1, seed=0, temperature=1
    )
    html = view.results("<b>", mean, {"<i>": (mean, samples)})
    assert "<i>" not in html
    assert html.count(base64.b64encode(mean.sound).decode()) == 2
    assert "<script>" not in view.message("<script>")


def test_chosen_input_is_shown_and_emptied():
    z = np.zeros(3, np.float32)
    first = Session("digits").with_input(z, 0.5)
    assert (first.inputs[0] is z, first.inputs[1], first.novelty, first.step) == (True, None, (0.5, 0.0), 0)
    both = dataclasses.replace(first, chosen=1).with_input(z + 1, 2.5)
    assert (both.novelty, both.step) == ((0.5, 2.5), STEPS)
    assert dataclasses.replace(both, chosen=0).with_input(z).step == 0
    emptied = both.with_input(None)
    assert (emptied.inputs[0] is z, emptied.inputs[1], emptied.novelty, emptied.step) == (True, None, (0.5, 0.0), 0)


def test_inputs_unlike_the_training_data_are_named():
    assert view.doubts("digits", (1.0, 0.2)) == ""
    said = view.doubts("digits", (0.5, 2.345))
    assert "digits was trained on nothing like the second input (novelty 2.35, where 1 is the limit): do not" in said
    assert "like the first input (novelty 3, where 1 is the limit) and the second" in view.doubts("digits", (3.0, 4.0))


def test_latents_alone_are_shown_as_heat_maps_with_their_class_and_the_page_says_so(tmp_path):
    translator = latents_alone.untrained_translator()
    domain = translator.domain("faces")
    domain.save(tmp_path / "faces")
    standardised = domain.to_bridge(latents_alone.Z)
    Latents(standardised, no_sigma(standardised), np.arange(7, dtype=np.int32)).save(
        tmp_path / "faces" / "latents_test.npz"
    )

    def translate(z, source, target, seeds, temperature=1.0):
        return translator.translate_latents(z, source, target)

    player = demo_player.Player(models.Models(translator.domains, {"faces": tmp_path / "faces"}, translate, False))
    assert player.remarks == "Domain 'faces' has latents alone, which are shown as heat maps."
    for row in player.examples["faces"].z:  # At the scale of their model, but for half precision.
        assert np.abs(latents_alone.Z - row).max(axis=1).min() < 5
    np.save(tmp_path / "one.npy", latents_alone.Z[0].reshape(2, 3))
    z, novelty = player.read("faces", str(tmp_path / "one.npy"))
    np.testing.assert_array_equal(z, latents_alone.Z[0])
    assert novelty == 0
    mean, _ = player.translate(z, "faces", "digits", 0, 0, 1.0)
    assert mean.picture.shape == (28, 28, 1)
    shown = player.show("faces", z[np.newaxis])[0]
    assert (shown.picture.shape, shown.sound) == ((2, 3, 3), None)
    assert shown.class_name in domain.class_names
