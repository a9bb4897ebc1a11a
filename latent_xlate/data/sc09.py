"""SC09, the ten digits of Speech Commands: the data of WaveGAN and of the paper."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import PurePosixPath
from typing import Any, BinaryIO

import numpy as np
import tensorflow_datasets as tfds

from latent_xlate.modalities.audio_files import SAMPLE_RATE, decode_wav

DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")

TEST_LIST = "testing_list.txt"
"""The file of the archive that names the test recordings."""


class Sc09(tfds.core.GeneratorBasedBuilder):
    """The data set "sc09": spoken digits of TFDS's `speech_commands`, which itself calls them `_unknown_`.

    The test split follows the list of Speech Commands. Its list for validation is ignored, since `speech.load` cuts a
    validation split of its own.
    Reference: Warden 2018, https://arxiv.org/abs/1804.03209.
    """

    VERSION = tfds.core.Version("1.0.0")

    @tfds.core.utils.classproperty
    @classmethod
    def url_infos(cls) -> dict[str, Any]:
        """The one archive, as `speech_commands` downloads and checks it."""
        infos = tfds.builder_cls("speech_commands").url_infos
        return {url: info for url, info in infos.items() if "test_set" not in url}

    def _info(self) -> tfds.core.DatasetInfo:
        features = {
            "audio": tfds.features.Audio(file_format="wav", sample_rate=SAMPLE_RATE, dtype=np.int16),
            "label": tfds.features.ClassLabel(names=DIGITS),
        }
        return tfds.core.DatasetInfo(builder=self, features=tfds.features.FeaturesDict(features))

    def _split_generators(self, dl_manager: tfds.download.DownloadManager) -> dict[str, Any]:
        archive = dl_manager.download(next(iter(self.url_infos)))
        listed = next(file.read() for name, file in dl_manager.iter_archive(archive) if _relative(name) == TEST_LIST)
        test = set(listed.decode().split())
        return {
            "train": self._examples(dl_manager.iter_archive(archive), lambda name: name not in test),
            "test": self._examples(dl_manager.iter_archive(archive), lambda name: name in test),
        }

    def _generate_examples(self) -> Iterator[tuple[str, dict[str, Any]]]:
        raise NotImplementedError("`_split_generators` returns the generators.")

    def _examples(
        self, archive: Iterable[tuple[str, BinaryIO]], wanted: Callable[[str], bool]
    ) -> Iterator[tuple[str, dict[str, Any]]]:
        for path, file in archive:
            name = _relative(path)
            if name.endswith(".wav") and name.partition("/")[0] in DIGITS and wanted(name):
                samples, sample_rate = decode_wav(file)
                if sample_rate != SAMPLE_RATE:
                    raise ValueError(f"{name} has the rate {sample_rate}, not {SAMPLE_RATE}.")
                yield name, {"audio": samples, "label": name.partition("/")[0]}


def _relative(path: str) -> str:
    """Normalises a path of the archive, which may begin with "./", to the form in the archive's lists."""
    return str(PurePosixPath(path))
