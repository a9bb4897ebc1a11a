r"""Trains a WaveGAN on recordings.

    bin/train_wavegan.py --config=wavegan --workdir=out/sc09

is the original's recipe on SC09, a WGAN-GP that takes days on a GPU. The compact model of spoken digits that ships with
the project takes an hour on one CPU core, in two stages:

    bin/train_wavegan.py --config=wavegan:vae --workdir=out/digits_vae
    bin/train_wavegan.py --config=wavegan:feature_matching --config.initial=out/digits_vae \
        --workdir=out/digits

A run that starts from the shipped spoken digits, `--config.initial=spoken_digit`, takes about a quarter of the steps
for the words of another language.

`--config` is a file or the name of a shipped configuration, optionally followed by a colon and its mode.
`--config.FIELD=VALUE` overrides a field, such as `--config.dataset` or `--config.settings.dim`.

The folder gets `generator.keras` (averaged weights), `encoder.keras` if an encoder is trained, `previews/STEP.wav` with
generated sounds, checkpoints, and TensorBoard events with sounds and spectrograms. With --judge, a classifier of
`train_domain`, two metrics of generated sounds are logged at each checkpoint: the inception score, and the share whose
class has a probability of at least 0.95. If the run is interrupted, the same command continues it from the last
checkpoint.
"""

import numpy as np
import tensorflow as tf
from absl import flags
from ml_collections import config_flags

from latent_xlate import distribution
from latent_xlate.batching import in_batches
from latent_xlate.cli import _app
from latent_xlate.domains.speech import speech_training, wavegan_training
from latent_xlate.domains.speech.wavegan_previews import Evaluate
from latent_xlate.domains.speech.wavegan_settings import WaveGANSettings
from latent_xlate.evaluation.inception_score import inception_score
from latent_xlate.latents.samples import MIN_PROBABILITY

_CONFIG = config_flags.DEFINE_config_file("config", None, "File or name of a configuration, with its mode.")
_WORKDIR = flags.DEFINE_string("workdir", None, "Folder of the run.", required=True)
_DATA_DIR = flags.DEFINE_string("data_dir", None, "Folder of TFDS data sets (default: that of TFDS).")
_JUDGE = flags.DEFINE_string(
    "judge", None, "`model.keras` of a classifier for metrics of generated sounds; it does not affect training."
)
_STRATEGY = flags.DEFINE_enum("strategy", "auto", distribution.STRATEGIES, "tf.distribute strategy.")
flags.mark_flag_as_required("config")


def main(argv: list[str]) -> None:
    del argv
    # Before the data are read, which initializes TensorFlow, so that a worker could no longer join.
    distribution.make_strategy(_STRATEGY.value)
    config = _CONFIG.value.to_dict()
    path = wavegan_training.train_wavegan(
        config["dataset"],
        _WORKDIR.value,
        WaveGANSettings(**config["settings"]),
        data_dir=_DATA_DIR.value,
        initial=config["initial"],
        steps_per_log=config["steps_per_log"],
        logs_per_checkpoint=config["logs_per_checkpoint"],
        strategy=_STRATEGY.value,
        evaluate=_evaluation(_JUDGE.value) if _JUDGE.value else None,
    )
    print(f"Wrote {path}")


def _evaluation(path: str) -> Evaluate:
    """Makes the function that computes the metrics of generated sounds by a classifier."""
    judge = speech_training.load_classifier(path)
    probabilities = tf.function(lambda x: tf.nn.softmax(judge(x)))

    def evaluate(x: np.ndarray) -> dict[str, float]:
        p = in_batches(probabilities, x, batch_size=50)
        return {
            "inception_score": inception_score(p, num_splits=1)[0],
            "accepted": float(np.mean(p.max(axis=1) >= MIN_PROBABILITY)),
        }

    return evaluate


def console_entry_point() -> None:
    _app.run(main, flags_parser=_app.parse_flags_with_config)


if __name__ == "__main__":
    console_entry_point()
