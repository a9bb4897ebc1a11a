"""Trains a base model of an image domain: the VAE, or the classifier that judges.

Example, the paper's recipe (100 epochs):

    bin/train_domain.py --model=vae --dataset=mnist --workdir=out/mnist_vae
    bin/train_domain.py --model=classifier --dataset=mnist --workdir=out/mnist_classifier

The folder gets `model.keras`, `metrics.json`, checkpoints and TensorBoard events. Killed at any
moment, the same command goes on from the last checkpoint.
"""

from absl import flags

from latent_xlate import training
from latent_xlate.cli import _app
from latent_xlate.domains import image_training
from latent_xlate.optimizer import SCHEDULES

_MODEL = flags.DEFINE_enum("model", "vae", image_training.MODELS, "What to train.")
_DATASET = flags.DEFINE_string("dataset", None, "Prepared data set of images.", required=True)
_WORKDIR = flags.DEFINE_string("workdir", None, "Folder of the run.", required=True)
_DATA_DIR = flags.DEFINE_string("data_dir", None, "Folder of TFDS data sets (default: TFDS's own).")
_EPOCHS = flags.DEFINE_integer("epochs", 100, "Passes over the training images.", lower_bound=1)
_BATCH_SIZE = flags.DEFINE_integer("batch_size", None, "Global batch size (default: the paper's).", lower_bound=1)
_LEARNING_RATE = flags.DEFINE_float("learning_rate", 1e-3, "Of Adam.", lower_bound=0.0)
_SCHEDULE = flags.DEFINE_enum("schedule", "constant", SCHEDULES, "Of the learning rate; cosine goes down to zero.")
_SHIFT = flags.DEFINE_integer("shift", 0, "Pixels by which training images are moved at most.", lower_bound=0)
_HIDDEN_UNITS = flags.DEFINE_integer("hidden_units", None, "Width of the hidden layers.", lower_bound=1)
_SEED = flags.DEFINE_integer("seed", 0, "Governs all that is random.")
_STRATEGY = flags.DEFINE_enum("strategy", "auto", training.STRATEGIES, "tf.distribute strategy.")
_PRECISION = flags.DEFINE_enum("precision", "float32", image_training.PRECISIONS, "Keras dtype policy.")


def main(argv):
    del argv
    training.make_strategy(_STRATEGY.value)  # Now, for reading the data starts TensorFlow, and a worker could not join.
    path = image_training.train_image_model(
        _MODEL.value,
        _DATASET.value,
        _WORKDIR.value,
        data_dir=_DATA_DIR.value,
        epochs=_EPOCHS.value,
        batch_size=_BATCH_SIZE.value,
        learning_rate=_LEARNING_RATE.value,
        schedule=_SCHEDULE.value,
        shift=_SHIFT.value,
        hidden_units=_HIDDEN_UNITS.value,
        seed=_SEED.value,
        strategy=_STRATEGY.value,
        precision=_PRECISION.value,
    )
    print(f"Wrote {path}")


def console_entry_point():
    _app.run(main)


if __name__ == "__main__":
    console_entry_point()
