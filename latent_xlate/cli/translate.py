r"""Translates pictures, sounds, or arrays, from one domain into another.

    bin/translate.py --translator=out/quickstart/translator/1 --source=mnist --target=fashion_mnist \
        --input=digits/ --output=out/clothes

The translator is a folder of `train_bridge` (`WORKDIR/translator`) or an exported version. The input is, as
the source is, a picture (PNG, JPEG, GIF or BMP of any size and colour, a drawing in black on white
included), a sound (WAV, FLAC, OGG, MP3 and the like, of any rate; its first seconds are heard) or an array (npy),
an npz file with an array `x` of many, or a folder of such files. The output folder gets a file of the same name
for each, PNG, WAV or npy, and `grid.png`, sources above translations, of sounds their spectrograms. The exit code is 1 if
a file could not be translated; the rest is.

With `--server=http://HOST:PORT` (REST) or `--server=HOST:PORT` (gRPC) in the place of `--translator` a server
translates, TensorFlow Serving or `bin/serve.py`.
"""

from absl import flags

from latent_xlate import (
    baselines,  # noqa: F401  Registers them with Keras.
    file_translation,
)
from latent_xlate.cli import _app
from latent_xlate.modalities.image_files import INVERT

_TRANSLATOR = flags.DEFINE_string("translator", None, "Folder of a translator, saved or exported.")
_SERVER = flags.DEFINE_string("server", None, "Address of a server, instead of a folder.")
_SOURCE = flags.DEFINE_string("source", None, "Domain of the input.", required=True)
_TARGET = flags.DEFINE_string("target", None, "Domain to translate to.", required=True)
_INPUT = flags.DEFINE_string("input", None, "File or folder.", required=True)
_OUTPUT = flags.DEFINE_string("output", None, "Folder for the results.", required=True)
_INVERT = flags.DEFINE_enum(
    "invert", None, INVERT, "Whether pictures are dark on bright (default: the domain's own way, as a rule auto)."
)
_SAMPLE = flags.DEFINE_bool("sample", False, "Whether to sample the shared latent, rather than take its mean.")
_SEED = flags.DEFINE_integer("seed", 0, "Of the sampling.", lower_bound=0, upper_bound=2**31 - 1)


def main(argv):
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
    )
    print(f"Translated {translated} of {translated + failed} files into {_OUTPUT.value}")
    return 1 if failed else 0


def console_entry_point():
    _app.run(main)


if __name__ == "__main__":
    console_entry_point()
