import io
import re
from pathlib import Path

import numpy as np
import pytest
import soundfile

from latent_xlate.data.class_folders import read_folder
from latent_xlate.modalities import audio_files
from latent_xlate.modalities.audio import Audio
from tests.support import sounds


def read_audio(path):
    """A file as it is read among others of a folder, int16 [16384]."""
    folder = path.parent / f"folder_of_{path.name}"
    sounds.write(folder / "other" / "tone.wav", sounds.tone(880, 0.1, 16000), 16000)
    (folder / "it").mkdir(exist_ok=True)
    (folder / "it" / path.name).symlink_to(path)
    return read_folder(folder, Audio())["test"].content[0]


def expected(hertz=440.0, seconds=0.4, peak=0.5):
    """The tone that files hold, as it is at 16 kHz."""
    return np.pad(sounds.tone(hertz, seconds, audio_files.SAMPLE_RATE, peak), (0, 16384))[:16384]


def assert_sounds_like(slice_, tone, tolerance=0.01, ringing=0):
    """Equal but at the ends of the sound, where a filter rings, by how much afterwards."""
    assert slice_.dtype == np.int16 and slice_.shape == (16384,)
    middle = slice(400, 6000)
    np.testing.assert_allclose(slice_[middle] / 32768, tone[middle], atol=tolerance)
    assert np.abs(slice_[6800:]).max() <= ringing


@pytest.mark.parametrize("rate", [8000, 11025, 16000, 22050, 44100, 48000, 96000])
def test_any_rate_becomes_16_khz(rate, tmp_path):
    path = sounds.write(tmp_path / "a.wav", sounds.tone(rate=rate), rate)
    assert_sounds_like(read_audio(path), expected(), ringing=2)


@pytest.mark.parametrize(
    ("name", "subtype", "tolerance"),
    [
        ("a.wav", "PCM_U8", 0.01),
        ("a.wav", "PCM_24", 0.001),
        ("a.wav", "FLOAT", 0.001),
        ("a.flac", None, 0.001),
        ("a.aiff", None, 0.001),
        ("a.au", None, 0.001),
        ("a.ogg", None, 0.05),
    ],
)
def test_any_common_format_is_read(name, subtype, tolerance, tmp_path):
    path = sounds.write(tmp_path / name, sounds.tone(rate=16000), 16000, subtype)
    assert_sounds_like(read_audio(path), expected(), tolerance)


def test_sixteen_bits_at_the_right_rate_are_not_changed(tmp_path):
    samples = np.random.default_rng(0).integers(-32768, 32768, 16384).astype(np.int16)
    np.testing.assert_array_equal(read_audio(sounds.write(tmp_path / "a.wav", samples, 16000)), samples)
    longer = np.concatenate([samples, samples])
    np.testing.assert_array_equal(read_audio(sounds.write(tmp_path / "b.wav", longer, 16000)), samples)


def test_channels_are_averaged_and_what_is_too_loud_is_clipped(tmp_path):
    left, right = sounds.tone(rate=16000), np.zeros(6400)
    path = sounds.write(tmp_path / "a.wav", np.stack([left, right], axis=1), 16000, "FLOAT")
    assert_sounds_like(read_audio(path), expected(peak=0.25))
    loud = read_audio(sounds.write(tmp_path / "b.wav", np.array([2.0, -2.0]), 16000, "FLOAT"))
    assert loud[:3].tolist() == [32767, -32768, 0]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "The sound is empty"),
        (b"This is no sound.", "The file is not a sound that is known: send a WAV file"),
        (np.zeros(100), "The sound is silent"),
        (np.array([0.1, np.nan]), "The sound has NaN or infinite values"),
        (np.zeros(0), "The sound has no samples"),
    ],
)
def test_what_is_no_sound_is_named_with_the_way_out(content, said, tmp_path):
    path = tmp_path / "a.wav"
    path.write_bytes(content) if isinstance(content, bytes) else sounds.write(path, content, 16000, "FLOAT")
    with pytest.raises(
        ValueError, match=rf"it/{path.name} cannot be read as a sound \(.*{said}.*\): replace or remove it"
    ):
        read_audio(path)
    with pytest.raises(OSError, match=r"No such file.*missing\.wav"):
        Audio().prepare(tmp_path / "missing.wav")


def test_what_phones_and_browsers_record_is_to_be_saved_in_another_format():
    paths = [Path("a.webm"), Path("b.M4A"), Path("c.wav"), Path("d.txt")]
    assert Audio().way_out(paths) == "save .m4a and .webm files as WAV"


@pytest.mark.parametrize("speed", [0.5, 0.92, 1.08, 2.0])
def test_another_speed_changes_time_and_pitch_alike(speed):
    tone = np.round(expected() * 32768).astype(np.int16)
    changed = audio_files.change_speed(np.stack([tone, -tone]), speed)
    assert changed.dtype == np.int16 and changed.shape == (2, 16384)
    wanted = expected(440 * speed, 0.4 / speed)
    end = int(6400 / speed)
    np.testing.assert_allclose(changed[0, 400 : end - 400] / 32768, wanted[400 : end - 400], atol=0.01)
    np.testing.assert_array_equal(changed[:, end + 400 :], 0)
    np.testing.assert_allclose(changed[1], -changed[0].astype(int), atol=1)


def test_decode_wav_refuses_what_is_not_mono(tmp_path):
    file = io.BytesIO()
    samples = np.arange(-3, 3, dtype=np.int16)
    soundfile.write(file, samples, 8000, format="WAV")
    file.seek(0)
    decoded, rate = audio_files.decode_wav(file)
    assert (decoded.tolist(), decoded.dtype, rate) == (samples.tolist(), np.int16, 8000)
    stereo = sounds.write(tmp_path / "a.wav", np.zeros((5, 2)))
    with pytest.raises(ValueError, match="it has 2 channels"), stereo.open("rb") as opened:
        audio_files.decode_wav(opened)
    wide = sounds.write(tmp_path / "b.wav", np.zeros(5), subtype="PCM_24")
    with pytest.raises(ValueError, match="its samples are PCM_24, not PCM_16"), wide.open("rb") as opened:
        audio_files.decode_wav(opened)
    nothing = sounds.write(tmp_path / "c.wav", np.zeros(0))
    with pytest.raises(ValueError, match="it has no samples"), nothing.open("rb") as opened:
        audio_files.decode_wav(opened)
    with pytest.raises(ValueError, match=re.escape("Error")):
        audio_files.decode_wav(io.BytesIO(b"RIFF"))
