"""Trains, evaluates, exports and uses a bridge between the shipped domains: digits, clothes and spoken digits.

    bin/quickstart.py --workdir=out/quickstart

This needs no data set and takes a few minutes on two CPU cores. In the folder, `index.html` shows translations,
interpolations and numbers, `metrics.json` has the numbers, and `translator/1` is a SavedModel.
"""

from absl import flags

from latent_xlate import distribution, quickstart
from latent_xlate.cli import _app
from latent_xlate.configs import all_domains, mnist_fashion_mnist
from latent_xlate.domains import pretrained

_WORKDIR = flags.DEFINE_string("workdir", "out/quickstart", "Folder for the results.")


def main(argv: list[str]) -> None:
    del argv
    distribution.share_cores()
    ship = set(all_domains.get_config().domains) <= set(pretrained.list_domains())
    quickstart.quickstart((all_domains if ship else mnist_fashion_mnist).get_config("quick"), _WORKDIR.value)


def console_entry_point() -> None:
    _app.run(main)


if __name__ == "__main__":
    console_entry_point()
