r"""Makes a domain from a folder of pictures: stores them as a data set, trains the base models and packages them.

    bin/make_domain.py --name=shapes --raw_dir=FOLDER --output=out/shapes

The folder holds CLASS/*.png (jpg, jpeg, gif, bmp), or train/CLASS/*.png and test/CLASS/*.png, or pictures and a
table `labels.csv` with the columns file and class. A folder of nothing but pictures is unlabelled; the domain then
has no classifier. Pictures are scaled into squares with their proportions kept. They are not inverted, neither in
training nor when the domain translates others later.

The command combines `prepare_data`, `train_domain` (a VAE, and a classifier as its judge) and `package_domain`. Two
such domains, or one and another that ships, can then be bridged and served:

    bin/train_bridge.py --config=own_domains --config.domains="('out/shapes','mnist')" --workdir=out/bridge
    bin/export.py --translator=out/bridge/translator --output=out/export
    bin/serve.py --model_base_path=out/export/translator

The trainings are in `OUTPUT_runs/`, or --workdir. The same command continues one that was interrupted.
"""

from absl import flags

from latent_xlate.cli import _app
from latent_xlate.packaging import domain_making

_NAME = flags.DEFINE_string("name", None, "Name of the domain, and of the data set.", required=True)
_RAW_DIR = flags.DEFINE_string("raw_dir", None, "Folder of pictures.", required=True)
_OUTPUT = flags.DEFINE_string("output", None, "Folder of the domain.", required=True)
_WORKDIR = flags.DEFINE_string("workdir", None, "Folder of the trainings (default: OUTPUT_runs).")
_DATA_DIR = flags.DEFINE_string("data_dir", None, "Folder of TFDS data sets (default: TFDS's own).")
_IMAGE_SIZE = flags.DEFINE_integer("image_size", 28, "Height and width of the domain's pictures.", lower_bound=1)
_EPOCHS = flags.DEFINE_integer("epochs", 100, "Passes over the training pictures.", lower_bound=1)
_BATCH_SIZE = flags.DEFINE_integer("batch_size", 128, "Of both trainings.", lower_bound=1)
_SEED = flags.DEFINE_integer("seed", 0, "Governs all that is random.")


def main(argv: list[str]) -> None:
    del argv
    domain_making.make_image_domain(
        _NAME.value,
        _RAW_DIR.value,
        _OUTPUT.value,
        _WORKDIR.value or f"{_OUTPUT.value.rstrip('/')}_runs",
        data_dir=_DATA_DIR.value,
        image_size=_IMAGE_SIZE.value,
        epochs=_EPOCHS.value,
        batch_size=_BATCH_SIZE.value,
        seed=_SEED.value,
    )
    print(f"Wrote {_OUTPUT.value}")


def console_entry_point() -> None:
    _app.run(main)


if __name__ == "__main__":
    console_entry_point()
