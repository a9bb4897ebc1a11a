r"""Translates images, sounds or arrays from one domain into another.

    bin/translate.py --translator=out/quickstart/translator/1 --source=mnist --target=fashion_mnist \
        --input=out/quickstart/examples/mnist --output=out/clothes

`--translator` is a translator of `train_bridge` (`WORKDIR/translator`), or a version of an export. To use a server
instead, TensorFlow Serving or `bin/serve.py`, give `--server=http://HOST:PORT` (REST) or `--server=HOST:PORT` (gRPC).

`--input` is a file or a folder of files:

- images: PNG, JPEG, GIF or BMP of any size and colour, including drawings in black on white;
- sounds: WAV, FLAC, OGG, MP3 and others, of any rate, of which the first seconds are used;
- arrays: npy files of one instance or of many, or npz files with an array `x` of many; of latents alone `z` or `mu`.

For each input, the output folder gets a file of the same name, PNG, WAV, npy or npz. `grid.png` shows inputs above
their translations, sounds as spectrograms. An `--output` that ends in .npz or .npy is one file instead, of all
translations of an npz or npy file, or to a domain of arrays or latents:

    bin/translate.py --translator=out/bridge/translator --source=faces --target=faces --input=z.npz --output=z2.npz

If a file cannot be translated, the others are, and the exit code is 1.
Hidden files, and what operating systems leave in folders (`Thumbs.db`, `desktop.ini`), are skipped.
"""

from absl import flags

from latent_xlate import (
    baselines,  # noqa: F401  Registers their classes with Keras.
    file_translation,
)
from latent_xlate.cli import _app
from latent_xlate.modalities.image_files import INVERT

_TRANSLATOR = flags.DEFINE_string("translator", None, "Folder of a saved translator, or of a version of an export.")
_SERVER = flags.DEFINE_string("server", None, "Address of a server, instead of --translator.")
_SOURCE = flags.DEFINE_string("source", None, "Name of the domain of the input.", required=True)
_TARGET = flags.DEFINE_string("target", None, "Name of the domain to translate to.", required=True)
_INPUT = flags.DEFINE_string("input", None, "File or folder.", required=True)
_OUTPUT = flags.DEFINE_string("output", None, "Folder for the results, or an npz or npy file.", required=True)
_INVERT = flags.DEFINE_enum(
    "invert",
    None,
    INVERT,
    "Whether images are dark on bright and must be inverted (default: the domain's setting, usually auto).",
)
_SAMPLE = flags.DEFINE_bool("sample", False, "Whether to sample the shared latent rather than take its mean.")
_TEMPERATURE = flags.DEFINE_float(
    "temperature",
    None,
    "How far samples of the shared latent go from its mean: 0 is the mean, 1 is --sample, beyond 1 are bolder ones.",
)
_SEED = flags.DEFINE_integer(
    "seed",
    0,
    "Seed of the sampling; the place of a file in its folder is part of it.",
    lower_bound=0,
    upper_bound=2**31 - 1,
)


def main(argv: list[str]) -> int:
    del argv
    translated, failed = file_translation.translate_path(
        _app.translator_or_client(_TRANSLATOR.value, _SERVER.value),
        _SOURCE.value,
        _TARGET.value,
        _INPUT.value,
        _OUTPUT.value,
        invert=_INVERT.value,
        sample=_SAMPLE.value,
        seed=_SEED.value,
        temperature=_TEMPERATURE.value,
    )
    print(f"Translated {translated} of {translated + failed} files into {_OUTPUT.value}")
    return 1 if failed else 0


def console_entry_point() -> None:
    _app.run(main)


if __name__ == "__main__":
    console_entry_point()
