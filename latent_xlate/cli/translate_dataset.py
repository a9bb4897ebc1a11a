r"""Translates a data set of any size from one domain into another, by a pipeline of Apache Beam (extra `beam`).

    bin/translate_dataset.py --translator=out/quickstart/translator/1 --source=mnist --target=fashion_mnist \
        --input='digits/*.tfrecord' --output=out/clothes

`--translator` is a translator of `train_bridge` (`WORKDIR/translator`), or a version of an export.

`--input` is one of

- files of pictures, sounds or arrays, one instance each: a folder, or a pattern such as `'photos/**.png'`;
- TFRecords of `tf.train.Example`, and Parquet files: a pattern. Their feature or column `--feature` holds the contents
  of files, or the numbers of arrays;
- a split of a prepared TFDS data set: `tfds:mnist/test`.

The output folder gets shards of TFRecords, each a `tf.train.Example` with `key`, `data_bytes` (the content of a PNG,
WAV or npy file; of arrays and of TFDS data sets the floats `x` instead) and, if there is one, `label`; or, by
`--output_format=files`, a file for each instance. What cannot be read or translated is in `rejected.csv`, with the
reason. Names depend on the input alone, and each file is whole or absent. The same command again does what is not done
yet.

All other flags are Beam's. Without `--runner` this process does the work, in two threads. `--runner=FlinkRunner`,
`SparkRunner` or `DataflowRunner` with their flags do it on a cluster, whose workers need this package and have to see
all paths; `gs://`, `s3://` and `hdfs://` do where Beam's file system for them is installed.
"""

from absl import flags

from latent_xlate.cli import _app, _bulk_flags
from latent_xlate.modalities.image_files import INVERT

_TRANSLATOR = flags.DEFINE_string(
    "translator", None, "Folder of a saved translator, or of a version of an export.", required=True
)
_SOURCE = flags.DEFINE_string("source", None, "Name of the domain of the input.", required=True)
_TARGET = flags.DEFINE_string("target", None, "Name of the domain to translate to.", required=True)
_OUTPUT_FORMAT = flags.DEFINE_enum(
    "output_format", "tfrecord", ["tfrecord", "files"], "Shards of records, or a file for each instance."
)
_INVERT = flags.DEFINE_enum("invert", None, INVERT, "As in translate.")
_TEMPERATURE = flags.DEFINE_float(
    "temperature", 0.0, "How far samples of the shared latent go from its mean; 0 is the mean.", lower_bound=0.0
)
_SEED = flags.DEFINE_integer(
    "seed", 0, "Seed of the samples; the name of an instance is part of it.", lower_bound=0, upper_bound=2**31 - 1
)
_SHARED = _bulk_flags.define()


def main(argv: list[str]) -> None:
    _bulk_flags.check_extra()
    from latent_xlate.bulk.datasets import translate_dataset
    from latent_xlate.bulk.pipeline import beam_options

    summary = translate_dataset(
        _TRANSLATOR.value,
        _SOURCE.value,
        _TARGET.value,
        options=beam_options(argv[1:], list(flags.FLAGS)),
        output_format=_OUTPUT_FORMAT.value,
        invert=_INVERT.value,
        temperature=_TEMPERATURE.value,
        seed=_SEED.value,
        **_SHARED(),
    )
    _bulk_flags.report("Translated", summary, _SHARED()["output"])


def console_entry_point() -> None:
    _app.run(main, takes_arguments=True, flags_parser=_bulk_flags.parse)


if __name__ == "__main__":
    console_entry_point()
