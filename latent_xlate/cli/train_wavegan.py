r"""Trains a WaveGAN on recordings.

    bin/train_wavegan.py --config=wavegan --workdir=out/sc09

is the original's recipe on SC09 (WGAN-GP, days on a GPU). The compact one of spoken digits that ships takes an
hour on a core, in two stages:

    bin/train_wavegan.py --config=wavegan:vae --workdir=out/digits_vae
    bin/train_wavegan.py --config=wavegan:listening --config.initial=out/digits_vae --workdir=out/digits

A configuration is a file or the name of one that the project ships, then after a colon its mode.
`--config.FIELD=VALUE` overrides a setting: `--config.dataset`, or `--config.settings.dim`, say.

The folder gets `generator.keras` (averaged weights), `encoder.keras` where one is trained,
`previews/STEP.wav` to listen to, checkpoints, and TensorBoard events with sounds and spectrograms.
With --judge, a classifier of `train_domain`, inception score and share of samples with a probability
of 0.95 are logged at each checkpoint. Killed at any moment, the same command goes on from the last
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
from latent_xlate.evaluation.inception_score import inception_score
from latent_xlate.latents.samples import MIN_PROBABILITY

_CONFIG = config_flags.DEFINE_config_file("config", None, "File or name of a configuration, with its mode.")
_WORKDIR = flags.DEFINE_string("workdir", None, "Folder of the run.", required=True)
_DATA_DIR = flags.DEFINE_string("data_dir", None, "Folder of TFDS data sets (default: TFDS's own).")
_JUDGE = flags.DEFINE_string("judge", None, "`model.keras` of a classifier, to follow the run by; no loss sees it.")
_STRATEGY = flags.DEFINE_enum("strategy", "auto", distribution.STRATEGIES, "tf.distribute strategy.")
flags.mark_flag_as_required("config")


def main(argv):
    del argv
    distribution.make_strategy(
        _STRATEGY.value
    )  # Now, for reading the data starts TensorFlow, and a worker could not join.
    config = _CONFIG.value.to_dict()
    path = wavegan_training.train_wavegan(
        config["dataset"],
        _WORKDIR.value,
        wavegan_training.WaveGANSettings(**config["settings"]),
        data_dir=_DATA_DIR.value,
        initial=config["initial"],
        steps_per_log=config["steps_per_log"],
        logs_per_checkpoint=config["logs_per_checkpoint"],
        strategy=_STRATEGY.value,
        evaluate=_evaluation(_JUDGE.value) if _JUDGE.value else None,
    )
    print(f"Wrote {path}")


def _evaluation(path):
    judge = speech_training.load_classifier(path)
    probabilities = tf.function(lambda x: tf.nn.softmax(judge(x)))

    def evaluate(x):
        p = in_batches(probabilities, x, batch_size=50)
        return {
            "inception_score": inception_score(p, num_splits=1)[0],
            "accepted": float(np.mean(p.max(axis=1) >= MIN_PROBABILITY)),
        }

    return evaluate


def console_entry_point():
    _app.run(main, flags_parser=_app.parse_flags_with_config)


if __name__ == "__main__":
    console_entry_point()
