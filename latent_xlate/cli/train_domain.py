r"""Trains a base model of a domain: a VAE of images, or a classifier.

The paper's recipe for images, 100 epochs:

    bin/train_domain.py --model=vae --dataset=mnist --workdir=out/mnist_vae
    bin/train_domain.py --model=classifier --dataset=mnist --workdir=out/mnist_classifier

For any pictures, grey or in colour, of a height and width that are multiples of 8, convolutional models:

    bin/train_domain.py --model=conv_vae --dataset=shapes --workdir=out/shapes_vae
    bin/train_domain.py --model=conv_classifier --dataset=shapes --workdir=out/shapes_classifier

They are trained for as long as the validation pictures, which are held out, are reconstructed or recognised better.

A classifier of spoken words, the one that was released with WaveGAN or a smaller one that hears strangers better:

    bin/train_domain.py --model=speech_classifier --dataset=spoken_digit --workdir=out/speech_classifier
    bin/train_domain.py --model=keyword_spotter --dataset=spoken_digit --also=synthetic_digits --workdir=out/spotter

An encoder for a WaveGAN that has one, which it takes the place of: it hears strangers, and through noise:

    bin/train_domain.py --model=speech_encoder --dataset=spoken_digit --also=synthetic_digits --wavegan=out/digits \
        --workdir=out/encoder

Both hear each recording at another speed, by another microphone, in another room and with noise each time.

The folder gets `model.keras`, `metrics.json`, checkpoints and TensorBoard events. If the run is interrupted, the same
command continues it from the last checkpoint.
"""

from typing import Any

from absl import flags

from latent_xlate import distribution
from latent_xlate.cli import _app
from latent_xlate.domains.image import image_training
from latent_xlate.domains.speech import encoder_training, speech_training
from latent_xlate.optimizer import PRECISIONS, SCHEDULES

SPEECH_ENCODER = "speech_encoder"

SPEECH_MODELS = (*speech_training.CLASSIFIERS, SPEECH_ENCODER)

_MODEL = flags.DEFINE_enum("model", "vae", [*image_training.MODELS, *SPEECH_MODELS], "The model to train.")
_DATASET = flags.DEFINE_string("dataset", None, "Prepared data set of images, or of recordings.", required=True)
_WORKDIR = flags.DEFINE_string("workdir", None, "Folder of the run.", required=True)
_DATA_DIR = flags.DEFINE_string("data_dir", None, "Folder of TFDS data sets (default: that of TFDS).")
_EPOCHS = flags.DEFINE_integer(
    "epochs",
    None,
    "Number of passes over the training split (default: 100; classifiers of speech 20, speech_encoder 30; conv models, "
    "which end early, as many as the size of the data asks for).",
    lower_bound=1,
)
_BATCH_SIZE = flags.DEFINE_integer(
    "batch_size",
    None,
    "Global batch size (default: the paper's; speech 64, conv_vae 16, conv_classifier 32).",
    lower_bound=1,
)
_LEARNING_RATE = flags.DEFINE_float(
    "learning_rate", None, "Learning rate of Adam (default: 1e-3; for conv models 3e-3).", lower_bound=0.0
)
_SCHEDULE = flags.DEFINE_enum(
    "schedule",
    None,
    SCHEDULES,
    "Schedule of the learning rate; cosine ends at zero (default: constant; for speech and conv models cosine).",
)
_SHIFT = flags.DEFINE_integer(
    "shift", None, "Largest random shift of training images, in pixels (default: 0).", lower_bound=0
)
_HIDDEN_UNITS = flags.DEFINE_integer(
    "hidden_units", None, "Width of the hidden layers of vae and classifier.", lower_bound=1
)
_LATENT_DIM = flags.DEFINE_integer("latent_dim", None, "Size of the latent of conv_vae (default: 32).", lower_bound=1)
_WIDTH = flags.DEFINE_integer(
    "width", None, "Channels of the largest maps of conv models (default: 16).", lower_bound=1
)
_FILTERS = flags.DEFINE_integer(
    "filters",
    None,
    "Number of filters of each convolution of speech_classifier (default: 128), or of the first one of the others "
    "for speech (default: 24).",
    lower_bound=1,
)
_ALSO = flags.DEFINE_list("also", None, "Further data sets to train on, of the same classes, for speech.")
_WAVEGAN = flags.DEFINE_string("wavegan", None, "Folder of the run of the WaveGAN that speech_encoder is for.")
_SEED = flags.DEFINE_integer("seed", 0, "Seed of everything that is random.")
_STRATEGY = flags.DEFINE_enum("strategy", "auto", distribution.STRATEGIES, "tf.distribute strategy.")
_PRECISION = flags.DEFINE_enum("precision", "float32", PRECISIONS, "Keras dtype policy.")

_IMAGE_FLAGS = (_SHIFT, _HIDDEN_UNITS, _LATENT_DIM, _WIDTH)
_SPEECH_FLAGS = (_FILTERS, _ALSO)
_COMMON_FLAGS = (_DATA_DIR, _EPOCHS, _BATCH_SIZE, _LEARNING_RATE, _SCHEDULE, _SEED, _STRATEGY, _PRECISION)


def main(argv: list[str]) -> None:
    del argv
    # Before the data are read, which initializes TensorFlow, so that a worker could no longer join.
    strategy = distribution.make_strategy(_STRATEGY.value)
    model = _MODEL.value
    is_speech = model in SPEECH_MODELS
    for flags_of_some, is_one in (
        (_IMAGE_FLAGS, not is_speech),
        (_SPEECH_FLAGS, is_speech),
        ((_WAVEGAN,), model == SPEECH_ENCODER),
    ):
        for flag in flags_of_some:
            if flag.value is not None and not is_one:
                raise ValueError(f"--{flag.name} is not for --model={model}: leave it out.")
    given = _COMMON_FLAGS + (_SPEECH_FLAGS if is_speech else _IMAGE_FLAGS)
    options: dict[str, Any] = {flag.name: flag.value for flag in given if flag.value is not None}
    if model == SPEECH_ENCODER:
        if _WAVEGAN.value is None:
            raise ValueError("--model=speech_encoder needs --wavegan, the folder of the run that it is for.")
        path = encoder_training.train_speech_encoder(_DATASET.value, _WORKDIR.value, _WAVEGAN.value, **options)
    elif is_speech:
        path = speech_training.train_speech_classifier(_DATASET.value, _WORKDIR.value, model=model, **options)
    else:
        path = image_training.train_image_model(model, _DATASET.value, _WORKDIR.value, **options)
    if distribution.is_chief(strategy):
        print(f"Wrote {path}")


def console_entry_point() -> None:
    _app.run(main)


if __name__ == "__main__":
    console_entry_point()
