r"""Makes trained models a domain, ready for `train_bridge`.

From finished runs of `train_domain` and `train_wavegan`:

    bin/package_domain.py --name=mnist --vae=out/mnist_vae --classifier=out/mnist_classifier --framing=ink
    bin/package_domain.py --name=mnist_b --vae=out/mnist_b_vae --classifier=mnist --framing=ink
    bin/package_domain.py --name=spoken_digit --wavegan=out/digits --classifier=out/speech_classifier
    bin/package_domain.py --name=spoken_digit --wavegan=out/digits --encoder=out/encoder --classifier=out/spotter

From models of your own (docs/tutorials/own_model.md), Keras files, a SavedModel, ONNX (docs/tutorials/onnx.md) or
PyTorch (docs/tutorials/pytorch.md), with data to encode, a folder of files, for example CLASS/*.png, or a data set:

    bin/package_domain.py --name=shapes --decoder=decoder.keras --encoder=encoder.keras --data=pictures/ \
        --output=out/shapes
    bin/package_domain.py --name=shapes --saved_model=my_model --data=pictures/ --output=out/shapes
    bin/package_domain.py --name=faces --decoder=decoder.onnx --encoder=encoder.onnx --value_range=-1,1 \
        --data=pictures/ --output=out/faces
    bin/package_domain.py --name=digits --decoder=decoder.pt2 --encoder=encoder.pt2 --data=mnist --classifier=mnist \
        --output=out/digits

From latents alone, of a model in any framework (docs/tutorials/own_latents.md): an npz file, a folder of such, or a
folder of npy files, with the arrays `mu` or `z` and, if there are, `sigma`, `labels`, `class_names` and `split`:

    bin/package_domain.py --name=faces --latents=faces.npz --output=out/faces

The command writes weights, latents to train and measure a bridge with, and a model card into `savedmodels/NAME` or
`--output`. The latents of a model without an encoder are samples of its prior; if there is a classifier, it is sure
of them. A WaveGAN with an encoder has both such samples and the posteriors of the recordings. ONNX and PyTorch are
brought into TensorFlow where that can be, and what was done is said.
"""

import sys
from pathlib import Path
from typing import Any

from absl import flags

from latent_xlate.cli import _app
from latent_xlate.domains import pretrained
from latent_xlate.domains.custom import keras_domain, model_outputs, saved_model_domain
from latent_xlate.domains.custom.model_domain import ModelDomain
from latent_xlate.domains.custom.model_files_domain import FRAMEWORKS, ModelFilesDomain
from latent_xlate.modalities import image_files
from latent_xlate.modalities.framing import FRAMINGS
from latent_xlate.packaging import image_packaging, latent_packaging, model_packaging, speech_packaging

_NAME = flags.DEFINE_string("name", None, "Name of the domain.", required=True)
_VAE = flags.DEFINE_string("vae", None, "Folder of a VAE's run.")
_WAVEGAN = flags.DEFINE_string("wavegan", None, "Folder of a WaveGAN's run.")
_DECODER = flags.DEFINE_string("decoder", None, "Own model: a .keras, .onnx, .pt2 or .pt file.")
_ENCODER = flags.DEFINE_string(
    "encoder",
    None,
    "Beside --decoder: a file of the same kind; beside --wavegan: folder of the run of another encoder.",
)
_AUTOENCODER = flags.DEFINE_string("autoencoder", None, "Both in one: a .keras file with parts encoder and decoder.")
_SAVED_MODEL = flags.DEFINE_string(
    "saved_model", None, "Own model: folder of a SavedModel, or a handle of TensorFlow Hub, with encode and decode."
)
_LATENTS = flags.DEFINE_string("latents", None, "Latents without a model: an npz or npy file, or a folder.")
_CLASSIFIER = flags.DEFINE_string(
    "classifier",
    None,
    "Folder of the classifier's run, or a domain to share it with; of own models a file, or a domain.",
)
_DATA = flags.DEFINE_string("data", None, "Own models: folder of files to encode, or a data set.")
_DATA_SHAPE = flags.DEFINE_list("data_shape", None, "Own models: of one instance, 28,28,1 say, if outputs are flat.")
_SAMPLE_RATE = flags.DEFINE_integer(
    "sample_rate", None, "Own models: of their sounds, if these are not 16384 samples at 16000 a second.", lower_bound=1
)
_LATENT_SHAPE = flags.DEFINE_list(
    "latent_shape", None, "Own models: of one latent, 20 say, if the decoder does not say."
)
_VALUE_RANGE = flags.DEFINE_list("value_range", None, "Own models: of their data, -1,1 say, where it is not [0, 1].")
_DATA_OUTPUT = flags.DEFINE_string(
    "data_output", None, "Own models: name or place of the decoder's output that counts."
)
_SIGMA_KIND = flags.DEFINE_enum(
    "sigma_kind",
    "sigma",
    model_outputs.SIGMA_KINDS,
    "Own models: meaning of the encoder's second output, if it has one.",
)
_MU_OUTPUT = flags.DEFINE_string("mu_output", None, "Own models: name or place of the encoder's output that is mu.")
_SIGMA_OUTPUT = flags.DEFINE_string("sigma_output", None, "Own models: the same of what --sigma_kind is about.")
_SPREAD = flags.DEFINE_enum("spread", None, model_outputs.SIGMA_KINDS, "Old name of --sigma_kind.")
_INVERT = flags.DEFINE_enum("invert", "auto", image_files.INVERT, "Own models: whether pictures are dark on bright.")
_FRAMING = flags.DEFINE_enum(
    "framing", None, FRAMINGS, "Pictures: how those in files are framed (default: as in the data set, or letterbox)."
)
_OUTPUT = flags.DEFINE_string("output", None, "Folder of the domain (default: savedmodels/NAME).")
_NOTE = flags.DEFINE_string("note", "", "Sentence for a WaveGAN's model card: how long its training took, say.")
_DATA_DIR = flags.DEFINE_string("data_dir", None, "Folder of TFDS data sets (default: TFDS's own).")

_MODELS = {flag.name: flag for flag in (_VAE, _WAVEGAN, _DECODER, _AUTOENCODER, _SAVED_MODEL, _LATENTS)}
_OWN = ("decoder", "autoencoder", "saved_model")
_FOR = (
    (_ENCODER, ("decoder", "wavegan")),
    (_CLASSIFIER, ("vae", "wavegan", *_OWN)),
    (_DATA, _OWN),
    (_DATA_SHAPE, _OWN),
    (_SAMPLE_RATE, _OWN),
    (_LATENT_SHAPE, ("decoder",)),
    (_VALUE_RANGE, _OWN),
    (_DATA_OUTPUT, _OWN),
    (_MU_OUTPUT, _OWN),
    (_SIGMA_OUTPUT, _OWN),
    (_FRAMING, ("vae", *_OWN)),
    (_NOTE, ("wavegan",)),
)
"""By flag, the models that it is for."""


def main(argv: list[str]) -> None:
    del argv
    given = [name for name, flag in _MODELS.items() if flag.value]
    if len(given) != 1:
        raise ValueError(f"Give one of {', '.join(f'--{name}' for name in _MODELS)}.")
    model = given[0]
    path = _MODELS[model].value or ""
    for flag, models in _FOR:
        if flag.value and model not in models:
            raise ValueError(f"--{flag.name} is not for --{model}: leave it out.")
    folder = _OUTPUT.value or pretrained.savedmodels() / _NAME.value
    if model == "vae":
        image_packaging.package_image_domain(
            _NAME.value, path, _CLASSIFIER.value, folder, data_dir=_DATA_DIR.value, framing=_FRAMING.value
        )
    elif model == "wavegan":
        speech_packaging.package_speech_domain(
            _NAME.value,
            path,
            _CLASSIFIER.value,
            folder,
            encoder_run=_ENCODER.value,
            note=_NOTE.value,
            data_dir=_DATA_DIR.value,
        )
    elif model == "latents":
        latent_packaging.package_latents(_NAME.value, path, folder)
    else:
        model_packaging.package_model_domain(_own_domain(), folder, _DATA.value, _DATA_DIR.value)
    print(f"Wrote {folder}")


def _own_domain() -> ModelDomain:
    if _SPREAD.value:
        print("--spread is now called --sigma_kind.", file=sys.stderr)
    sigma_kind = _SPREAD.value or _SIGMA_KIND.value
    options: dict[str, Any] = {
        "data_shape": _sizes(_DATA_SHAPE),
        "sample_rate": _SAMPLE_RATE.value,
        "value_range": _value_range(),
        "data_output": _DATA_OUTPUT.value,
        "sigma_kind": sigma_kind,
        "mu_output": _MU_OUTPUT.value,
        "sigma_output": _SIGMA_OUTPUT.value,
        "invert": _INVERT.value,
        "framing": _FRAMING.value or FRAMINGS[0],
    }
    classifier = _CLASSIFIER.value
    judge = None
    if classifier and Path(classifier).suffix.lower() not in (".keras", *FRAMEWORKS):
        judge, classifier = pretrained.load_domain(classifier), None
    domain = _of_networks(classifier, options)
    if judge is not None:
        domain.share_judge(judge)
    return domain


def _of_networks(classifier: str | None, options: dict[str, Any]) -> ModelDomain:
    name, decoder = _NAME.value, _DECODER.value
    if _SAVED_MODEL.value:
        if classifier:
            raise ValueError(f"--classifier={classifier} is a file, and a SavedModel has a function classify: add one.")
        return saved_model_domain.SavedModelDomain.of(name, _SAVED_MODEL.value, **options)
    if decoder and Path(decoder).suffix.lower() in FRAMEWORKS:
        return ModelFilesDomain.of(
            name, decoder, _ENCODER.value, classifier, latent_shape=_sizes(_LATENT_SHAPE), **options
        )
    parts = keras_domain.load_parts(_AUTOENCODER.value, encoder=_ENCODER.value, decoder=decoder, classifier=classifier)
    return keras_domain.KerasDomain.of(name, **parts, latent_shape=_sizes(_LATENT_SHAPE), **options)


def _sizes(flag: flags.FlagHolder) -> tuple[int, ...] | None:
    if flag.value is None:
        return None
    if not all(size.isdecimal() for size in flag.value):
        raise ValueError(f"--{flag.name}={','.join(flag.value)} must be whole numbers, 28,28,1 say.")
    return tuple(map(int, flag.value))


def _value_range() -> tuple[float, ...] | None:
    if _VALUE_RANGE.value is None:
        return None
    try:
        return tuple(map(float, _VALUE_RANGE.value))
    except ValueError:
        raise ValueError(f"--value_range={','.join(_VALUE_RANGE.value)} must be two numbers, -1,1 say.") from None


def console_entry_point() -> None:
    _app.run(main)


if __name__ == "__main__":
    console_entry_point()
