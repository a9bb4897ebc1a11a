r"""Makes a domain from a folder of pictures: stores them as a data set, trains the base models and packages them.

    bin/make_domain.py --name=shapes --raw_dir=FOLDER --output=out/shapes

The folder holds CLASS/*.png (jpg, jpeg, gif, bmp), or train/CLASS/*.png and test/CLASS/*.png, or pictures and a
table `labels.csv` with the columns file and class. A folder of nothing but pictures is unlabelled; the domain then
has no classifier. What is found in it is printed first: whether the pictures are in colour, the size that they are
framed to, how many there are of each class, and how many are held out. Pictures are scaled into squares with their
proportions kept. They are not inverted unless --invert says so, neither in training nor when the domain translates
others later.

The command combines `prepare_data`, `train_domain` (a VAE, and a classifier as its judge) and `package_domain`, and
ends with a page, OUTPUT/report.html: held-out pictures beside their reconstructions, samples, what the judge mistakes,
and whether the domain is good enough. Two such domains, or one and another that ships, can then be bridged and served:

    bin/train_bridge.py --config=own_domains --config.domains="('out/shapes','mnist')" --workdir=out/bridge
    bin/export.py --translator=out/bridge/translator --output=out/export
    bin/serve.py --model_base_path=out/export/translator

The data set and the trainings are in OUTPUT/runs/. The same command continues one that was interrupted.
"""

from absl import flags

from latent_xlate import domain_report
from latent_xlate.cli import _app
from latent_xlate.modalities.framing import FRAMINGS
from latent_xlate.modalities.image_files import INVERT
from latent_xlate.packaging import domain_making
from latent_xlate.packaging.domain_folder import RUNS

_NAME = flags.DEFINE_string("name", None, "Name of the domain, and of the data set.", required=True)
_RAW_DIR = flags.DEFINE_string("raw_dir", None, "Folder of pictures.", required=True)
_OUTPUT = flags.DEFINE_string("output", None, "Folder of the domain.", required=True)
_WORKDIR = flags.DEFINE_string("workdir", None, "Folder of the trainings (default: OUTPUT/runs).")
_DATA_DIR = flags.DEFINE_string("data_dir", None, "Folder of TFDS data sets (default: WORKDIR/data).")
_IMAGE_SIZE = flags.DEFINE_integer(
    "image_size", None, "Height and width of the domain's pictures (default: theirs, 128 at most).", lower_bound=1
)
_CHANNELS = flags.DEFINE_enum("channels", None, ("1", "3"), "1 for grey, 3 for colour (default: as the pictures are).")
_INVERT = flags.DEFINE_enum("invert", "never", INVERT, "Whether pictures are dark on bright, to be inverted.")
_FRAMING = flags.DEFINE_enum("framing", FRAMINGS[0], FRAMINGS, "How pictures are framed.")
_EPOCHS = flags.DEFINE_integer(
    "epochs", None, "Passes over the training pictures, at most (default: as their number asks for).", lower_bound=1
)
_BATCH_SIZE = flags.DEFINE_integer("batch_size", None, "Of both trainings (default: the models').", lower_bound=1)
_SEED = flags.DEFINE_integer("seed", 0, "Governs all that is random.")


def main(argv: list[str]) -> None:
    del argv
    output = _OUTPUT.value.rstrip("/")
    workdir = _WORKDIR.value or f"{output}/{RUNS}"
    data_dir = _DATA_DIR.value or f"{workdir}/data"
    domain = domain_making.make_image_domain(
        _NAME.value,
        _RAW_DIR.value,
        output,
        workdir,
        data_dir=data_dir,
        image_size=_IMAGE_SIZE.value,
        channels=int(_CHANNELS.value) if _CHANNELS.value else None,
        invert=_INVERT.value,
        framing=_FRAMING.value,
        epochs=_EPOCHS.value,
        batch_size=_BATCH_SIZE.value,
        seed=_SEED.value,
    )
    print(domain_report.write_report(domain, output, data_dir))
    print(f"Wrote {output}")


def console_entry_point() -> None:
    _app.run(main)


if __name__ == "__main__":
    console_entry_point()
