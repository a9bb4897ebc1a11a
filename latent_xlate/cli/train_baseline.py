"""Trains one of the paper's baselines, or a rival of the bridge, between two pretrained domains.

    bin/train_baseline.py --config=pix2pix --workdir=out/pix2pix
    bin/train_baseline.py --config=cyclegan --workdir=out/cyclegan --config.model.beta_cycle=5
    bin/train_baseline.py --config=latent_cyclegan --workdir=out/latent --config.domains="('mnist','mnist_b')"
    bin/train_baseline.py --config=gaussian_transport --workdir=out/gaussian --config.model.shrinkage=0.1
    bin/train_baseline.py --config=gromov_wasserstein --workdir=out/no_label

A configuration is a file or the name of one that the project ships, then after a colon its mode:
`best` (the default), `wide` (of the images' baselines, for a GPU) or `quick`. `--config.FIELD=VALUE` overrides a
setting; --list_configs prints the configurations that ship with their modes, fields and values.

The folder gets `translator/` (for `evaluate` and `translate`), `baseline.keras`, `config.json`, checkpoints and
TensorBoard events. Killed at any moment, the same command resumes from the last checkpoint. Pix2Pix and CycleGAN
translate images themselves: they are evaluated with `--latents=dataset`. `gromov_wasserstein` uses no labels and needs
the extra `transport`. Rivals other than `rectified_flow` are fitted
at once, in seconds, without checkpoints and events: of their configuration only the baseline, domains, latents, seed
and model count.
"""

from __future__ import annotations

from pathlib import Path

from absl import flags
from ml_collections import config_flags

from latent_xlate import distribution
from latent_xlate.baseline_training import train_baseline
from latent_xlate.cli import _app, _list_configs

_CONFIG = config_flags.DEFINE_config_file("config", None, "File or name of a configuration, with its mode.")
_WORKDIR = flags.DEFINE_string("workdir", None, "Folder of the run.", required=True)
_DATA_DIR = flags.DEFINE_string("data_dir", None, "Folder of TFDS data sets (default: TFDS's own).")
_STRATEGY = flags.DEFINE_enum("strategy", "auto", distribution.STRATEGIES, "tf.distribute strategy.")
_list_configs.define(__name__)
flags.mark_flag_as_required("config")


def main(argv: list[str]) -> None:
    del argv
    translator = train_baseline(_CONFIG.value, _WORKDIR.value, strategy=_STRATEGY.value, data_dir=_DATA_DIR.value)
    strategy = translator.bridge.distribute_strategy
    if distribution.is_chief(strategy):
        print(f"Wrote {translator.save(Path(_WORKDIR.value) / 'translator')}")
    distribution.wait_for_workers(strategy)


def console_entry_point() -> None:
    _app.run(main, flags_parser=_app.parse_flags_with_config)


if __name__ == "__main__":
    console_entry_point()
