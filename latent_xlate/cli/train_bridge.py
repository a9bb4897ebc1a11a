r"""Trains a bridge between pretrained domains.

    bin/train_bridge.py --config=latent_xlate/configs/mnist_fashion_mnist.py --workdir=out/bridge
    bin/train_bridge.py --config=mnist_mnist:paper --workdir=out/paper --config.seed=1

A configuration is a file or the name of one that the project ships, then after a colon its mode:
`best` (the default), `paper` or `quick`. `--config.FIELD=VALUE` overrides a setting; --list_configs prints the
configurations that ship with their modes, fields and values.

Domains are names of those that ship, or folders: `--config.domains="('mnist','out/shapes')"`. Classes of the same
name belong together (`Zero`, `zero` and `0` are one), and those of the paper's data sets by their order. Which do is
printed before the training. Where names do not match, --class_map says which belong together:

    bin/train_bridge.py --config=own_domains --config.domains="('mnist','out/shapes')" --workdir=out/bridge \
        --class_map=0=circle,8=circle,1=line

or a file of such pairs: JSON, `{"0": "circle", "8": "circle", "1": "line"}`, or CSV, with a column for each of two or
more domains. Any mapping will do, many to one or one to many. --class_map=by_label joins classes by their order.

The folder gets `translator/` (domains and bridge, for `translate`, `evaluate` and `export`),
`bridge.keras`, `config.json`, checkpoints and TensorBoard events. Killed at any moment, the same
command resumes from the last checkpoint.
"""

from __future__ import annotations

from pathlib import Path

from absl import flags
from ml_collections import config_flags

from latent_xlate import distribution
from latent_xlate.bridge_training import train_bridge
from latent_xlate.cli import _app, _list_configs

_CONFIG = config_flags.DEFINE_config_file("config", None, "File or name of a configuration, with its mode.")
_WORKDIR = flags.DEFINE_string("workdir", None, "Folder of the run.", required=True)
_CLASS_MAP = flags.DEFINE_string(
    "class_map", None, "Classes that belong together: pairs, a JSON or CSV file, or by_label."
)
_DATA_DIR = flags.DEFINE_string("data_dir", None, "Folder of TFDS data sets (default: TFDS's own).")
_STRATEGY = flags.DEFINE_enum("strategy", "auto", distribution.STRATEGIES, "tf.distribute strategy.")
_list_configs.define(__name__)
flags.mark_flag_as_required("config")


def main(argv: list[str]) -> None:
    del argv
    distribution.share_cores()
    config = _CONFIG.value
    if _CLASS_MAP.value is not None:
        with config.unlocked():  # Only a run that has a map has the field.
            config.class_map = _CLASS_MAP.value
    translator = train_bridge(config, _WORKDIR.value, strategy=_STRATEGY.value, data_dir=_DATA_DIR.value)
    strategy = translator.bridge.distribute_strategy
    if distribution.is_chief(strategy):
        print(f"Wrote {translator.save(Path(_WORKDIR.value) / 'translator')}")
    distribution.wait_for_workers(strategy)


def console_entry_point() -> None:
    _app.run(main, flags_parser=_app.parse_flags_with_config)


if __name__ == "__main__":
    console_entry_point()
