"""Exports a translator as a SavedModel.

    bin/export.py --translator=out/bridge/translator --output=out/export

writes the next version, `OUTPUT/translator/<version>/`, and the configuration for TensorFlow Serving. For each pair of
domains the SavedModel has the signatures `<source>_to_<target>` for files, `<source>_to_<target>_arrays` and
`<source>_to_<target>_latents`, and of each a variant `..._sampled`; `latent_xlate/serving/export.py` describes them.
"""

from absl import flags

from latent_xlate import baselines  # noqa: F401  Registers their classes with Keras.
from latent_xlate.cli import _app
from latent_xlate.serving import export
from latent_xlate.translator import Translator

_TRANSLATOR = flags.DEFINE_string("translator", None, "Folder of a translator.", required=True)
_OUTPUT = flags.DEFINE_string("output", None, "Folder in which translator/<version>/ is written.", required=True)


def main(argv: list[str]) -> None:
    del argv
    print(f"Wrote {export.export_translator(Translator.load(_TRANSLATOR.value), _OUTPUT.value)}")


def console_entry_point() -> None:
    _app.run(main)


if __name__ == "__main__":
    console_entry_point()
