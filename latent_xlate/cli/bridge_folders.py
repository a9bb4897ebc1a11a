r"""From two folders of pictures to a translator between them: everything in one command.

    bin/bridge_folders.py FOLDER OTHER_FOLDER --output=out/mine

Each folder holds CLASS/*.png (jpg, jpeg, gif, bmp), or pictures and a table labels.csv. Classes of the same name belong
together (`Zero`, `zero` and `0` are one); other names take --class_map, as in `train_bridge`:

    bin/bridge_folders.py shapes letters --class_map=circle=a,square=b,triangle=c --output=out/mine

The command makes a domain of each folder (`make_domain`), trains a bridge (`train_bridge`), and measures and exports
it. OUTPUT/index.html shows translations and numbers, OUTPUT/domains/NAME/report.html how good each domain is, and
OUTPUT/translator/1 is a SavedModel:

    bin/serve.py --model_base_path=out/mine/translator
    bin/translate.py --translator=out/mine/run/translator --source=shapes --target=letters --input=FILE --output=out/x

The same command continues one that was interrupted.
"""

from absl import flags

from latent_xlate import folder_bridging
from latent_xlate.cli import _app

_OUTPUT = flags.DEFINE_string("output", None, "Folder of everything that is made.", required=True)
_CLASS_MAP = flags.DEFINE_string(
    "class_map", None, "Classes that belong together: pairs, a JSON or CSV file, or by_label."
)
_SEED = flags.DEFINE_integer("seed", 0, "Governs all that is random.")


def main(argv: list[str]) -> None:
    folder_bridging.bridge_folders(argv[1:], _OUTPUT.value, _CLASS_MAP.value, _SEED.value)


def console_entry_point() -> None:
    _app.run(main, takes_arguments=True)


if __name__ == "__main__":
    console_entry_point()
