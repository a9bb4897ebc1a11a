"""Trains a bridge between pretrained domains.

    bin/train_bridge.py --config=latent_xlate/configs/mnist_fashion_mnist.py --workdir=out/bridge
    bin/train_bridge.py --config=mnist_mnist:paper --workdir=out/paper --config.seed=1

A configuration is a file or the name of one that the project ships, then after a colon its mode:
`best` (the default), `paper` or `quick`. `--config.FIELD=VALUE` overrides a setting.

The folder gets `translator/` (domains and bridge, for `translate`, `evaluate` and `export`),
`bridge.keras`, `config.json`, checkpoints and TensorBoard events. Killed at any moment, the same
command goes on from the last checkpoint.
"""

from pathlib import Path

from absl import flags
from ml_collections import config_flags

from latent_xlate import training
from latent_xlate.bridge import bridge_training
from latent_xlate.cli import _app
from latent_xlate.translator import Translator

_CONFIG = config_flags.DEFINE_config_file("config", None, "File or name of a configuration, with its mode.")
_WORKDIR = flags.DEFINE_string("workdir", None, "Folder of the run.", required=True)
_DATA_DIR = flags.DEFINE_string("data_dir", None, "Folder of TFDS data sets (default: TFDS's own).")
_STRATEGY = flags.DEFINE_enum("strategy", "auto", training.STRATEGIES, "tf.distribute strategy.")
flags.mark_flag_as_required("config")


def main(argv):
    del argv
    training.share_cores()
    domains, bridge = bridge_training.train_bridge(
        _CONFIG.value, _WORKDIR.value, strategy=_STRATEGY.value, data_dir=_DATA_DIR.value
    )
    if training.is_chief(bridge.distribute_strategy):
        print(f"Wrote {Translator(domains, bridge).save(Path(_WORKDIR.value) / 'translator')}")
    training.wait_for_workers(bridge.distribute_strategy)


def console_entry_point():
    _app.run(main, flags_parser=_app.parse_flags_with_config)


if __name__ == "__main__":
    console_entry_point()
