r"""Measures speed on this machine, and how well pictures and sounds unlike the training data are read.

    bin/benchmark.py bridge --output=out/benchmark.json
    bin/benchmark.py time_to_accuracy --output=out/time_to_accuracy.json
    bin/benchmark.py labels --output=out/labels.json
    bin/benchmark.py wavegan --output=out/wavegan.json
    bin/benchmark.py export_growth --output=out/export_growth.json
    bin/benchmark.py own_pictures --output=out/own_pictures.json
    bin/benchmark.py photos --translator=out/quickstart/run/translator --output=out/photos.json
    bin/benchmark.py voices --translator=out/mnist_spoken_digit/translator --source=spoken_digit --target=mnist \
        --datasets=spoken_digit,synthetic_digits --output=out/voices.json
    bin/benchmark.py serving --model_base_path=out/quickstart/translator --output=out/serving.json
    bin/benchmark.py bulk --translator=out/quickstart/run/translator --output=out/bulk.json

`bridge`: training steps a second of the bridge for a batch of 128 + 128 latents, by this project's loop
(float32 and bfloat16), by Keras's `fit` as it comes, and of the same network in PyTorch (where it is
installed: extra `benchmark`), each also as a share of the roofline, the sum of the shortest times of the
step's own matrix products. The contenders take turns; the best round of each counts.

`time_to_accuracy`: seconds and steps of training, from nothing but pretrained domains and latents in
memory, until translations of held-out instances from the configuration's first domain to its second keep
the class as often as `--target_accuracy` asks, in the mean over seeds. The clock stands while accuracy
is measured, which it is every `--config.steps_per_log` steps.

`wavegan`: samples a second that a WaveGAN's generator makes, also as a multiple of real time, one sound at
a time and 64 at once, beside the same generator with the same weights in PyTorch (where it is installed).

`labels`: seconds that ten labels a class take to label all of 60,000 instances along a graph, and the memory.

`serving`: requests a second and their latency for each signature of an export, from 1, 8 and 64 clients at
once, with and without batching, and calls a second of the SavedModel in a loop (extra `serving`).

`bulk`: pictures a second that `translate_dataset` translates from `--source` to `--target`, from TFRecords of
files and of arrays to TFRecords, as a share of what calling the SavedModel in a loop at its best batch does, and the
memory that it takes (extra `beam`). `--num_pictures=1000000` takes minutes.

`export_growth`: size of an export of 3, 8 and 16 domains, and the seconds of the processor and the memory that
take its export, its load by the Python server, the answers to its warm-up records, and its load into a
Session. The domains are tiny ones, and those that ship under several names (extra `serving`).

`photos`: shares of photos of handwritten digits, made of test images of MNIST, and of printed digits in 20 fonts,
that keep their class as they are read and as they are translated from `--source` to `--target`.

`voices`: shares of the test recordings of `--datasets` that the judge hears, and that are translated from `--source` to
`--target`, as what they are; as they are, with noise at 10 dB, and in 3 s of faint noise.

`own_pictures`: domains of coloured shapes and letters, 60 of a class, and a bridge between them, by `bridge_folders`,
of three seeds: how many held-out pictures keep class, colours and size, judged by networks that are trained apart, and
the seconds that it takes.

`bridge`, `wavegan` and `time_to_accuracy` measure the GPU where there is one, and PyTorch with CUDA graphs beside it;
`--device=cpu` measures the CPU there.

Run the measurements of speed on a quiet machine.
"""

import functools
import importlib.util
import os
from pathlib import Path
from typing import Any

import tensorflow as tf
from absl import flags
from ml_collections import config_flags

from latent_xlate import checks, distribution, files
from latent_xlate.benchmarks import bridge_speed, label_speed, photo_accuracy, time_to_accuracy, voices, wavegan_speed
from latent_xlate.benchmarks import own_pictures as own_pictures_benchmark
from latent_xlate.cli import _app, _bulk_flags

CONFIG = "mnist_fashion_mnist:quick"

_SECONDS = flags.DEFINE_float(
    "seconds", 3.0, "bridge, wavegan: length of a round, about; serving, bulk: of a measurement.", lower_bound=0.01
)
_ROUNDS = flags.DEFINE_integer(
    "rounds", 7, "bridge, wavegan: rounds; the best of each contender counts.", lower_bound=1
)
_CONFIG = config_flags.DEFINE_config_file(
    "config", None, f"time_to_accuracy: what to train, as for train_bridge (default: {CONFIG})."
)
_SEEDS = flags.DEFINE_integer("seeds", 3, "time_to_accuracy: how many runs, each of its own seed.", lower_bound=1)
_TARGET_ACCURACY = flags.DEFINE_float(
    "target_accuracy", 0.95, "time_to_accuracy: that of the paper by default.", lower_bound=0.0, upper_bound=1.0
)
_BASE_PATH = flags.DEFINE_string("model_base_path", None, "serving: folder that holds the versions of an export.")
_NUM_POINTS = flags.DEFINE_integer("num_points", 60_000, "labels: how many instances.", lower_bound=1_000)
_TRANSLATOR = flags.DEFINE_string(
    "translator", "out/quickstart/run/translator", "photos, voices, bulk: folder of a saved translator."
)
_SOURCE = flags.DEFINE_string("source", "mnist", "photos, voices, bulk: its domain to translate from.")
_TARGET = flags.DEFINE_string("target", "fashion_mnist", "photos, voices, bulk: its domain to translate to.")
_NUM_PICTURES = flags.DEFINE_integer("num_pictures", 100_000, "bulk: how many.", lower_bound=1)
_NUM_PHOTOS = flags.DEFINE_integer("num_photos", 1000, "photos: how many.", lower_bound=1)
_DATA_DIR = flags.DEFINE_string("data_dir", None, "photos, voices: folder of TFDS data sets (default: TFDS's own).")
_DATASETS = flags.DEFINE_list(
    "datasets", ["spoken_digit"], "voices: prepared data sets, whose test recordings it takes."
)
_DEVICE = flags.DEFINE_enum("device", None, ["cpu", "gpu"], "What to measure (default: gpu where there is one).")
_OUTPUT = flags.DEFINE_string("output", None, "File for the numbers, JSON.")


def bridge() -> dict[str, Any]:
    return bridge_speed.benchmark(_SECONDS.value, _ROUNDS.value)


def wavegan() -> dict[str, Any]:
    return wavegan_speed.benchmark(_SECONDS.value, _ROUNDS.value)


def until_accuracy() -> dict[str, Any]:
    distribution.share_cores()
    return time_to_accuracy.benchmark(_CONFIG.value, _SEEDS.value, _TARGET_ACCURACY.value)


def _check_extra() -> None:
    if importlib.util.find_spec("tensorflow_serving") is None:
        raise ValueError("Serving needs an extra: pip install 'latent_xlate[serving]'.")


def serving() -> dict[str, Any]:
    _check_extra()
    if _BASE_PATH.value is None:
        raise ValueError("Give --model_base_path, the folder that holds the versions of an export.")
    from latent_xlate.benchmarks.serving_load import benchmark

    return benchmark(_BASE_PATH.value, _SECONDS.value)


def bulk() -> dict[str, Any]:
    _bulk_flags.check_extra()
    from latent_xlate.benchmarks.bulk_speed import benchmark

    return benchmark(_TRANSLATOR.value, _SOURCE.value, _TARGET.value, _NUM_PICTURES.value, _SECONDS.value)


def export_growth() -> list[dict[str, Any]]:
    _check_extra()
    from latent_xlate.benchmarks.export_growth import benchmark

    return benchmark()


def labels() -> dict[str, Any]:
    return label_speed.benchmark(_NUM_POINTS.value)


def photos() -> dict[str, Any]:
    return photo_accuracy.benchmark(
        _TRANSLATOR.value, _SOURCE.value, _TARGET.value, num_photos=_NUM_PHOTOS.value, data_dir=_DATA_DIR.value
    )


def strange_voices() -> dict[str, Any]:
    return voices.benchmark(_TRANSLATOR.value, _SOURCE.value, _TARGET.value, _DATASETS.value, data_dir=_DATA_DIR.value)


def own_pictures() -> list[dict[str, Any]]:
    return own_pictures_benchmark.benchmark()


def _device() -> str:
    """Chooses the device that `--device` names, and returns its name; ValueError if it is not there."""
    if _DEVICE.value == "cpu":
        os.environ["CUDA_VISIBLE_DEVICES"] = "-1"  # For child processes, too.
    gpus = tf.config.list_physical_devices("GPU")
    if not gpus:
        if _DEVICE.value == "gpu":
            raise ValueError("--device=gpu: TensorFlow sees no GPU. Install the extra gpu, or give --device=cpu.")
        return f"a CPU with {os.cpu_count()} cores"
    return tf.config.experimental.get_device_details(gpus[0]).get("device_name", "a GPU")


BENCHMARKS = {
    "bridge": bridge,
    "bulk": bulk,
    "time_to_accuracy": until_accuracy,
    "labels": labels,
    "photos": photos,
    "own_pictures": own_pictures,
    "export_growth": export_growth,
    "serving": serving,
    "voices": strange_voices,
    "wavegan": wavegan,
}


def main(argv: list[str]) -> None:
    if len(argv) != 2:
        raise ValueError(f"Name one benchmark: {', '.join(BENCHMARKS)}.")
    measure = BENCHMARKS[checks.known(argv[1], BENCHMARKS, "benchmark")]
    print(f"On {_device()}.")
    if _OUTPUT.value:
        files.output_folder(Path(_OUTPUT.value).parent)
    results = measure()
    if _OUTPUT.value:
        files.write_json(Path(_OUTPUT.value), results)


def console_entry_point() -> None:
    parse_flags = functools.partial(_app.parse_flags_with_config, default=CONFIG)
    _app.run(main, takes_arguments=True, flags_parser=parse_flags)


if __name__ == "__main__":
    console_entry_point()
