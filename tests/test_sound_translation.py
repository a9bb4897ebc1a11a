"""Sounds in, sounds out, against the translator's own answers on what it hears."""

import numpy as np
import pytest
import soundfile
import tensorflow as tf
from PIL import Image

from latent_xlate.file_translation import translate_path
from latent_xlate.modalities.audio import Audio
from latent_xlate.modalities.wav_faults import SECONDS_READ
from latent_xlate.serving import export
from latent_xlate.translator import Translator
from tests.support import identity, sounds, tiny
from tests.support.tolerances import assert_close

pytestmark = pytest.mark.usefixtures("translators_loaded_once")


@pytest.fixture(scope="module")
def translator():
    domains = [tiny.image_domain("digits", 6), tiny.speech_domain("words", 4, prior="normal", align=True)]
    return Translator(domains, tiny.bridge((6, 4)))


@pytest.fixture(scope="module")
def exported(translator, tmp_path_factory):
    return export.export_translator(translator, tmp_path_factory.mktemp("exported"))


def word(rate: int = 16000, begins: float = 0.1) -> np.ndarray:
    """A falling tone in silence."""
    t = np.arange(rate // 2) / rate
    x = 0.5 * np.sin(2 * np.pi * (900 - 500 * t) * t) * np.sin(2 * np.pi * t)
    return np.concatenate([np.zeros(int(begins * rate)), x, np.zeros(rate // 5)])


def heard(path) -> np.ndarray:
    samples, rate = soundfile.read(path, dtype="float32")
    assert (rate, soundfile.info(path).subtype, samples.shape) == (16000, "PCM_16", (16384,))
    return samples


def read(translator, source, content):
    return translator.domain(source).read(tf.constant([content])).numpy()


def pixels(path) -> np.ndarray:
    return tf.io.decode_png(path.read_bytes()).numpy()


@pytest.mark.long
def test_pictures_become_sounds_and_sounds_become_pictures_and_sounds(translator, exported, tmp_path):
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (28, 28), np.uint8)).save(tmp_path / "a.png")
    sounds.write(tmp_path / "b.wav", word(44100), 44100)
    for name, source, target in (
        ("a.png", "digits", "words"),
        ("b.wav", "words", "digits"),
        ("b.wav", "words", "words"),
    ):
        output = tmp_path / f"{source}_{target}"
        assert translate_path(exported, source, target, tmp_path / name, output) == (1, 0)
        x = read(translator, source, (tmp_path / name).read_bytes())
        expected = translator.translate(x, source, target)[0]
        suffix = ".wav" if target == "words" else ".png"
        assert {path.name for path in output.iterdir()} == {f"{name[0]}{suffix}", "grid.png"}
        if target == "words":
            np.testing.assert_allclose(heard(output / f"{name[0]}.wav"), expected, atol=1e-4)
        else:
            np.testing.assert_allclose(pixels(output / f"{name[0]}.png") / 255, expected, atol=3e-3)
        assert len(np.unique(pixels(output / "grid.png"))) > 50


FORMATS = {
    "eight.wav": (16000, "PCM_U8", 0.02),
    "three.wav": (44100, "PCM_24", 0.005),
    "float.wav": (96000, "FLOAT", 0.005),
    "fast.wav": (384000, "PCM_16", 0.005),
    "flac.flac": (22050, None, 0.005),
    "ogg.ogg": (16000, None, 0.05),
    "mp3.mp3": (44100, None, 0.05),
}


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_is_heard_as_the_same_sound(translator, name, tmp_path):
    rate, subtype, tolerance = FORMATS[name]
    content = Audio().prepare(sounds.write(tmp_path / name, word(rate), rate, subtype))
    plain = Audio().prepare(sounds.write(tmp_path / "plain.wav", word(), 16000))
    assert plain == (tmp_path / "plain.wav").read_bytes()
    ours, expected = (read(translator, "words", each)[0] for each in (content, plain))
    # The onset is found within some samples, so that spectra are compared rather than samples.
    ours, expected = (np.abs(np.fft.rfft(x)) / np.linalg.norm(np.fft.rfft(x)) for x in (ours, expected))
    np.testing.assert_allclose(ours, expected, atol=tolerance)


def test_channels_loud_floats_and_hours(tmp_path):
    left = word(8000)
    stereo = sounds.write(tmp_path / "a.wav", np.stack([left, np.zeros_like(left)], axis=1), 8000)
    assert Audio().prepare(stereo) == stereo.read_bytes()
    loud = Audio().prepare(sounds.write(tmp_path / "b.wav", 40 * left, 16000, "FLOAT"))
    assert_close(Audio().read(tf.constant([loud]))[0, : len(left)], left / np.abs(left).max(), atol=1e-6)
    plain = Audio().prepare(sounds.write(tmp_path / "d.wav", left, 8000))
    for name in ("c.flac", "c.wav"):
        long = sounds.write(tmp_path / name, np.concatenate([left, np.zeros(8000 * 7200, np.int8)]), 8000)
        content = Audio().prepare(long)
        assert len(content) <= SECONDS_READ * 8000 * 2 + 2**16
        np.testing.assert_allclose(Audio().read(tf.constant([content])), Audio().read(tf.constant([plain])), atol=1e-4)


def bad_files(folder):
    """Files by name, with what is said of each."""
    folder.mkdir()
    good = sounds.write(folder / "good.wav", word(), 16000).read_bytes()
    (folder / "empty.wav").write_bytes(b"")
    (folder / "words.wav").write_text("no sound at all")
    (folder / "words.mp3").write_text("no sound at all")
    (folder / "cut.wav").write_bytes(good[: len(good) // 2])
    (folder / "head.wav").write_bytes(good[:30])
    mute = good[:22] + b"\0\0" + good[24:]  # No channel.
    (folder / "mute.wav").write_bytes(mute)
    flac = sounds.write(folder / "cut.flac", word(), 16000)
    flac.write_bytes(flac.read_bytes()[: flac.stat().st_size // 2])
    sounds.write(folder / "silent.wav", np.zeros(8000), 16000)
    sounds.write(folder / "hiss.wav", 3e-5 * np.sign(np.sin(np.arange(8000))), 16000)
    sounds.write(folder / "none.wav", np.zeros(0), 16000)
    sounds.write(folder / "nan.wav", np.where(np.arange(8000) == 9, np.nan, 0.1), 16000, "FLOAT")
    opposite = np.stack([word(), -word()], axis=1)
    sounds.write(folder / "opposite.wav", opposite, 16000)
    (folder / "gone.wav").symlink_to(folder.parent / "nowhere")
    return {
        "empty.wav": "The sound is empty", "words.wav": "not a sound that is known",
        "words.mp3": "not a sound that is known", "cut.wav": "The sound is cut off", "head.wav": "The sound is cut off",
        "mute.wav": "The sound has 0 channels", "cut.flac": "The sound is", "silent.wav": "The sound is silent",
        "hiss.wav": "The sound is silent", "none.wav": "The sound has no samples",
        "nan.wav": "The sound has NaN or infinite values", "opposite.wav": "cancel each other out",
        "gone.wav": "No such file",
    }  # fmt: skip


def test_the_rest_of_a_folder_is_translated_and_each_bad_file_has_a_line(exported, tmp_path, capsys):
    bad = bad_files(tmp_path / "in")
    (tmp_path / "in" / "notes.txt").write_text("to be skipped")
    assert translate_path(exported, "words", "digits", tmp_path / "in", tmp_path / "out") == (1, len(bad))
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"good.png", "grid.png"}
    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith(("Not translated", "Skipped"))]
    assert len(lines) == len(bad) + 1
    assert "Skipped, neither sounds nor npz files: notes.txt" in lines
    for name, said in bad.items():
        assert (
            sum(line.startswith(f"Not translated: {tmp_path / 'in' / name}: ") and said in line for line in lines) == 1
        )
    for name in ("empty.wav", "opposite.wav"):
        with pytest.raises(ValueError, match=bad[name]) as raised:
            translate_path(exported, "words", "digits", tmp_path / "in" / name, tmp_path / "alone")
        assert str(raised.value).count(str(tmp_path / "in" / name)) == 1 and "\n" not in str(raised.value)
    assert not (tmp_path / "alone").exists()


def test_arrays_of_sounds_are_checked_and_translated(translator, exported, tmp_path):
    x = translator.domain("words").decode(translator.domain("words").sample_prior(2)).numpy()
    np.savez(tmp_path / "x.npz", x=x)
    translate_path(exported, "words", "digits", tmp_path / "x.npz", tmp_path / "out")
    with np.load(tmp_path / "out" / "x.npz") as result:
        assert_close(result["x"], translator.translate(x, "words", "digits"), atol=1e-5)
    np.savez(tmp_path / "y.npz", x=2 * x / np.abs(x).max())
    with pytest.raises(ValueError, match="sounds must lie in"):
        translate_path(exported, "words", "digits", tmp_path / "y.npz", tmp_path / "out")


def test_inversion_is_of_pictures_and_a_gan_is_no_source_of_files(translator, tmp_path):
    sounds.write(tmp_path / "a.wav", word(), 16000)
    saved = translator.save(tmp_path / "saved")
    with pytest.raises(ValueError, match="'words' is not of pictures: leave invert out"):
        translate_path(saved, "words", "digits", tmp_path / "a.wav", tmp_path / "out", invert="never")
    words = translator.domain("words")
    gan = type(words)("words", words.generator, class_names=words.class_names, prior="normal")
    gan_saved = Translator([translator.domain("digits"), gan], translator.bridge).save(tmp_path / "gan")
    with pytest.raises(ValueError, match="'words' has no encoder: nothing but its latents can be translated"):
        translate_path(gan_saved, "words", "digits", tmp_path / "a.wav", tmp_path / "out")
    assert not (tmp_path / "out").exists()


class EarlierAudio(Audio):
    """Sounds as earlier exports read them: WAV of 16 bits alone."""

    def read(self, files):
        def decode(file):
            samples, _ = tf.audio.decode_wav(file, desired_samples=self.num_samples)
            return tf.reduce_mean(samples, axis=1)

        return tf.map_fn(decode, files, fn_output_signature=tf.TensorSpec(self.shape, tf.float32))


def test_exports_made_before_translate_what_they_cannot_read_themselves(tmp_path):
    exported = export.export_translator(identity.translator(EarlierAudio()), tmp_path / "exported")
    folder = tmp_path / "in"
    stereo = np.stack([word(), word() / 2], axis=1)
    for number, subtype in enumerate(("PCM_16", "PCM_24", "FLOAT", "PCM_U8")):
        sounds.write(folder / f"{number}.wav", stereo, 16000, subtype)
    sounds.write(folder / "4.flac", stereo, 16000, "PCM_24")
    (folder / "5.wav").write_bytes((folder / "1.wav").read_bytes()[:-9])
    assert translate_path(exported, "here", "there", folder, tmp_path / "out") == (5, 1)
    expected = np.pad(0.75 * word(), (0, 16384))[:16384]
    for number in range(5):
        np.testing.assert_allclose(heard(tmp_path / "out" / f"{number}.wav"), expected, atol=0.01)
