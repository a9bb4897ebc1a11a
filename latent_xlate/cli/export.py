"""Exports a translator as the next version of a SavedModel, `OUTPUT/translator/<version>/`.

    bin/export.py --translator=out/bridge/translator --output=out/export

`latent_xlate/serving/export.py` lists its signatures.
"""

from absl import flags

from latent_xlate import baselines  # noqa: F401  Registers them with Keras.
from latent_xlate.cli import _app
from latent_xlate.serving import export
from latent_xlate.translator import Translator

_TRANSLATOR = flags.DEFINE_string("translator", None, "Folder of a translator.", required=True)
_OUTPUT = flags.DEFINE_string("output", None, "Folder that gets translator/<version>/.", required=True)


def main(argv):
    del argv
    print(f"Wrote {export.export_translator(Translator.load(_TRANSLATOR.value), _OUTPUT.value)}")


def console_entry_point():
    _app.run(main)


if __name__ == "__main__":
    console_entry_point()
