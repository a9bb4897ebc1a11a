"""English digits spoken by synthesisers that Debian packages: the data set `synthetic_digits`."""

from __future__ import annotations

import concurrent.futures
import dataclasses
import os
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import soundfile

from latent_xlate import checks
from latent_xlate.data import labelled, speech
from latent_xlate.data.sc09 import DIGITS
from latent_xlate.data.spoken_digit import CLASS_NAMES
from latent_xlate.modalities.audio_files import to_slice

NAME = "synthetic_digits"

SEED = 0

ACCENTS = (
    "en-us", "en-gb", "en-gb-scotland", "en-gb-x-rp", "en-gb-x-gbclan", "en-gb-x-gbcwmd", "en-029", "en-us-nyc",
)  # fmt: skip
"""Accents of eSpeak NG."""

VARIANTS = (
    "adam", "Alex", "Alicia", "Andrea", "Andy", "Annie", "antonio", "aunty", "belinda", "benjamin", "boris", "caleb",
    "david", "Denis", "Diogo", "ed", "edward", "edward2", "f1", "f2", "f3", "f4", "f5", "Gene", "Gene2", "grandma",
    "grandpa", "gustave", "Henrique", "Hugo", "iven", "iven2", "iven3", "iven4", "Jacky", "john", "kaukovalta", "Lee",
    "linda", "m1", "m2", "m3", "m4", "m5", "m6", "m7", "m8", "marcelo", "Marco", "Mario", "max", "Michael", "michel",
    "miguel", "mike", "Nguyen", "norbert", "pablo", "paul", "pedro", "quincy", "rob", "robert", "sandro", "shelby",
    "steph", "steph2", "steph3", "travis", "victor", "whisper", "whisperf", "zac", "anika", "croak",
)  # fmt: skip
"""Variants of eSpeak NG's formant synthesiser, but for robots."""

KLATT_VARIANTS = ("klatt", "klatt2", "klatt3", "klatt4", "klatt5", "klatt6")
"""Variants of eSpeak NG by another synthesiser, that of Klatt."""

FLITE_HERTZ = {"awb": (85, 170), "rms": (75, 150), "slt": (130, 260)}
"""Flite's voices, each with its lowest and highest pitch."""

DIPHONE_VOICES = ("voice_kal_diphone", "voice_ked_diphone")

HTS_VOICES = ("voice_cmu_us_slt_arctic_hts",)

SILENT = 0.02
"""Largest magnitude of the silence before a word, relative to the peak."""

LEAD = 0.02
"""Seconds that are kept before a word."""

PEAK = 0.7
"""Largest magnitude of a sound."""

_PACKAGES = {
    "espeak-ng": "espeak-ng",
    "flite": "flite",
    "festival": "festival festvox-kallpc16k festvox-kdlpc16k festvox-us-slt-hts",
}
"""The Debian packages of each program."""

_AT_ONCE = 4


@dataclasses.dataclass(frozen=True)
class Utterance:
    """A word, and how it is said.

    Attributes:
        label: The digit.
        voice: Name of the voice.
        rate: Factor of the usual speed.
        pitch: From 0 to 1, the range of the engine.
    """

    label: int
    voice: str
    rate: float
    pitch: float


Speak = Callable[[Sequence[Utterance], Path], list[Path]]
"""Says utterances: returns the WAV file of each, in a folder."""


@dataclasses.dataclass(frozen=True)
class Engine:
    """A synthesiser.

    Attributes:
        split: "train", or "test" for one that is never trained on.
        speak: Says utterances.
        voices: Its voices.
        per_digit: How often each digit is said.
        rates: Lowest and highest rate.
    """

    split: str
    speak: Speak
    voices: Sequence[str]
    per_digit: int
    rates: tuple[float, float] = (0.75, 1.35)


def read_synthetic_digits(folder: str | os.PathLike) -> labelled.Splits:
    """Has the synthesisers say the digits, at rates and pitches drawn with one seed.

    Args:
        folder: An empty folder for their files.

    Returns:
        "train" and "test", which have no engine in common.

    Raises:
        ValueError: A program is missing or has failed.
    """
    check_programs()
    rng = np.random.default_rng(SEED)
    waveforms: dict[str, list[np.ndarray]] = {"train": [], "test": []}
    labels: dict[str, list[int]] = {"train": [], "test": []}
    for name, engine in ENGINES.items():
        place = Path(folder) / name
        place.mkdir()
        said = _script(engine, rng)
        for utterance, path in zip(said, engine.speak(said, place), strict=True):
            waveforms[engine.split].append(_read(path))
            labels[engine.split].append(utterance.label)
    return {split: speech.labelled_sounds(waveforms[split], labels[split], CLASS_NAMES) for split in waveforms}


def check_programs() -> None:
    """Raises ValueError unless all synthesisers are on the PATH."""
    if missing := [program for program in _PACKAGES if shutil.which(program) is None]:
        packages = " ".join(_PACKAGES[program] for program in missing)
        raise ValueError(
            f"{', '.join(missing)} {'is' if len(missing) == 1 else 'are'} not on the PATH: "
            f"`sudo apt-get install {packages}` installs what {NAME} is spoken by."
        )


def _script(engine: Engine, rng: np.random.Generator) -> list[Utterance]:
    """What an engine says."""
    low, high = np.log(engine.rates)
    return [
        Utterance(
            label,
            engine.voices[int(rng.integers(len(engine.voices)))],
            float(np.exp(rng.uniform(low, high))),
            float(rng.uniform()),
        )
        for _ in range(engine.per_digit)
        for label in range(len(DIGITS))
    ]


def _read(path: Path) -> np.ndarray:
    """The sound of a file without the silence before it, int16 [NUM_SAMPLES]."""
    samples, rate = soundfile.read(path, dtype="float32")
    loud = np.flatnonzero(np.abs(samples) > SILENT * np.abs(samples).max())
    samples = samples[max(0, loud[0] - int(LEAD * rate)) :]
    return to_slice(samples * (PEAK / np.abs(samples).max()), rate)


def _espeak(utterances: Sequence[Utterance], folder: Path) -> list[Path]:
    def command(utterance: Utterance, path: Path) -> list[str]:
        # Words a minute, and a pitch from 0 to 99. What is above 85 or below 15 sounds like nobody.
        rate, pitch = round(165 * utterance.rate), round(15 + 70 * utterance.pitch)
        options = ["-v", utterance.voice, "-s", str(rate), "-p", str(pitch)]
        return ["espeak-ng", *options, "-w", str(path), DIGITS[utterance.label]]

    return _run_each(command, utterances, folder)


def _flite(utterances: Sequence[Utterance], folder: Path) -> list[Path]:
    def command(utterance: Utterance, path: Path) -> list[str]:
        low, high = FLITE_HERTZ[utterance.voice]
        settings = {
            "duration_stretch": 1 / utterance.rate,
            "int_f0_target_mean": low + (high - low) * utterance.pitch,
        }
        options = [part for key, value in settings.items() for part in ("--setf", f"{key}={value:.3f}")]
        return ["flite", "-voice", utterance.voice, *options, "-t", DIGITS[utterance.label], "-o", str(path)]

    return _run_each(command, utterances, folder)


def _run_each(
    command: Callable[[Utterance, Path], list[str]], utterances: Sequence[Utterance], folder: Path
) -> list[Path]:
    """Runs a program for each utterance, some at once; returns the files that it wrote."""
    paths = [folder / f"{i}.wav" for i in range(len(utterances))]
    with concurrent.futures.ThreadPoolExecutor(_AT_ONCE) as pool:
        list(pool.map(lambda utterance, path: _run(command(utterance, path)), utterances, paths))
    return paths


def _festival(utterances: Sequence[Utterance], folder: Path) -> list[Path]:
    """Has one process of Festival say everything, since its start takes longer than a word."""
    lines, paths = [], []
    for i, utterance in enumerate(utterances):
        paths.append(folder / f"{i}.wav")
        lines.append(f"({utterance.voice})")
        if utterance.voice in HTS_VOICES:
            lines.append(f'(set! hts_engine_params (append hts_engine_params \'(("-r" {utterance.rate:.3f}))))')
        else:
            mean = 80 + 100 * utterance.pitch
            # The diphones' own pitch, of which the target's mean is a multiple, stays as it is.
            parameters = f"(target_f0_mean {mean:.0f}) (target_f0_std 14) (model_f0_mean 170) (model_f0_std 34)"
            lines.append(f"(set! int_lr_params '({parameters}))")
            lines.append(f"(Parameter.set 'Duration_Stretch {1 / utterance.rate:.3f})")
        word = DIGITS[utterance.label]
        lines.append(f'(utt.save.wave (utt.synth (Utterance Text "{word}")) "{paths[-1]}" \'riff)')
    script = folder / "digits.scm"
    script.write_text("\n".join(lines))
    _run(["festival", "-b", str(script)])
    return paths


def _run(command: list[str]) -> None:
    try:
        subprocess.run(command, check=True, capture_output=True, text=True, timeout=600)
    except subprocess.SubprocessError as error:
        said = checks.one_line(str(getattr(error, "stderr", None) or checks.reason(error)).strip())
        raise ValueError(f"`{' '.join(command)}` failed ({said}): install it again.") from None


ENGINES: Mapping[str, Engine] = {
    "espeak-ng": Engine("train", _espeak, [f"{a}+{v}" for a in ACCENTS for v in VARIANTS], 300),
    "flite": Engine("train", _flite, tuple(FLITE_HERTZ), 60),
    "klatt": Engine("test", _espeak, [f"{a}+{v}" for a in ACCENTS for v in KLATT_VARIANTS], 20),
    "festival-diphone": Engine("test", _festival, DIPHONE_VOICES, 20),
    "festival-hts": Engine("test", _festival, HTS_VOICES, 20),
}
"""The synthesisers by name."""
