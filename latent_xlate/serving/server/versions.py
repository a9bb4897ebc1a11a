"""The versions of a model: which of them should be served, and which are."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import gc
import re
from pathlib import Path
from typing import Any

import grpc
from absl import logging
from tensorflow_serving.apis import get_model_status_pb2

from latent_xlate import checks
from latent_xlate.serving import bundle
from latent_xlate.serving.server.limits import RequestError
from latent_xlate.serving.server.metrics import Metrics
from latent_xlate.serving.server.servable import Servable

_VERSION = re.compile("0|[1-9][0-9]{0,17}")
"""Names of the folders of versions, as TensorFlow Serving numbers them, in 64 bits."""

State = get_model_status_pb2.ModelVersionStatus.State


@dataclasses.dataclass
class _Version:
    state: Any = State.LOADING
    servable: Servable | None = None
    error: str = ""
    stamp: float = 0.0
    """Time of the last change of the model's files when they were loaded."""


class ModelVersions:
    """Loads the versions in a folder that should be served, and unloads the others.

    As in TensorFlow Serving, `models.config` beside the folder lists these versions and their labels. Without that file
    it is the newest version. A version is unloaded only after its replacements are loaded, and a running request keeps
    the version with which it began.

    Attributes:
        name: Name of the model.
    """

    def __init__(self, name: str, base_path: Path, metrics: Metrics):
        """Initializes the versions; none is loaded yet.

        Args:
            name: Name of the model.
            base_path: Folder of the versions, `BASE_PATH/<version>/`.
            metrics: Metrics to update.
        """
        self.name = name
        self._base_path = base_path
        self._config = base_path.parent / bundle.MODELS_CONFIG
        self._metrics = metrics
        self._versions: dict[int, _Version] = {}
        self._labels: dict[str, int] = {}

    def get(self, name: str, version: int | None = None, label: str | None = None) -> Servable:
        """A version that is served.

        Args:
            name: Name of the model.
            version: Number of the version; None for the newest, or the label's.
            label: Label of the version; None for no label.

        Raises:
            RequestError: The model, version or label is not served.
        """
        self.check_name(name)
        available = {number: v.servable for number, v in self._versions.items() if v.servable}
        if label is not None:
            if label not in self._labels:
                raise _not_found(f"Model {name!r} has no version labelled {label!r}.")
            version = self._labels[label]
        elif version is None:
            version = max(available, default=0)
        if version not in available:
            served = ", ".join(map(str, sorted(available))) or "none"
            raise _not_found(f"Version {version} of model {name!r} is not served. Served: {served}.")
        return available[version]

    def check_name(self, name: str) -> None:
        """Raises RequestError if `name` is not the name of the model."""
        if name != self.name:
            raise _not_found(f"There is no model {name!r}. Served: {self.name!r}.")

    def status(self, version: int | None = None, label: str | None = None) -> Any:
        """GetModelStatusResponse for one version, or for all if neither version nor label is given.

        Raises:
            RequestError: There is no such version.
        """
        if label is not None:
            version = self.get(self.name, label=label).version
        if version is not None and version not in self._versions:
            raise _not_found(f"Model {self.name!r} has no version {version}.")
        response = get_model_status_pb2.GetModelStatusResponse()
        for number, v in sorted(self._versions.items(), reverse=True):
            if version in (None, number):
                entry = response.model_version_status.add(version=number, state=v.state)
                entry.status.error_message = v.error
                if v.error:
                    entry.status.error_code = grpc.StatusCode.INVALID_ARGUMENT.value[0]
        return response

    @property
    def available(self) -> list[int]:
        """Numbers of the versions that are served."""
        return sorted(number for number, v in self._versions.items() if v.servable)

    async def watch(self, seconds: float) -> None:
        """Calls `refresh` for ever, with pauses of `seconds`, and logs each new reason why it fails."""
        logged = ""
        while True:
            await asyncio.sleep(seconds)
            failure = ""
            try:
                await self.refresh()
            except Exception as error:  # Whatever people put into the folder, the server goes on.
                failure = checks.reason(error)
            if failure and failure != logged:
                logging.error("%s: what is served stays as it is. %s", self._base_path, failure)
            logged = failure

    async def refresh(self) -> None:
        """Loads and unloads versions according to the folder and `models.config`.

        Raises:
            ValueError: `models.config` is damaged.
            OSError: The folder cannot be read.
        """
        stamps = _stamps(self._base_path)
        wanted, labels = self._wanted(sorted(stamps))
        for number in sorted(wanted):
            known = self._versions.get(number)
            if known is None or (known.servable is None and known.stamp != stamps[number]):
                await self._load(number, stamps[number])
        self._labels = labels
        gone = []
        if any(self._versions[number].servable for number in wanted):  # An old version is better than none.
            gone = [number for number in self._versions if number not in wanted]
        for number in gone:
            del self._versions[number]
            logging.info("Version %d of %s is no longer served.", number, self.name)
        self._metrics.versions(self.available)
        if gone:
            await asyncio.to_thread(gc.collect)  # TensorFlow's objects have cyclic references.

    def _wanted(self, numbers: list[int]) -> tuple[set[int], dict[str, int]]:
        """Those of the existing versions that should be served, and the versions of labels."""
        model = None
        if self._config.exists() or self._config.is_symlink():  # A link to nothing is a fault, not a missing file.
            model = bundle.find_model(bundle.read_models_config(self._config), self.name)
        if model is None:
            return set(numbers[-1:]), {}
        policy = model.model_version_policy
        labels = dict(model.version_labels)
        if policy.HasField("all"):
            return set(numbers), labels
        if policy.HasField("specific"):
            return set(numbers) & set(policy.specific.versions), labels
        return set(numbers[-max(policy.latest.num_versions, 1) :]), labels

    async def _load(self, number: int, stamp: float) -> None:
        version = self._versions[number] = _Version(stamp=stamp)
        try:
            version.servable = await asyncio.to_thread(Servable, self._base_path / str(number), number)
            version.state = State.AVAILABLE
            logging.info("Version %d of %s is served.", number, self.name)
        except Exception as error:  # A foreign SavedModel, or a warm-up record that fails.
            version.state, version.error = State.END, checks.reason(error)
            logging.error("Version %d of %s cannot be served: %s", number, self.name, error)


def _stamps(base_path: Path) -> dict[int, float]:
    """The time of the last change of each version in a folder, by its number."""
    return {int(path.name): _stamp(path) for path in base_path.iterdir() if _is_version(path)}


def _is_version(path: Path) -> bool:
    try:
        return bool(_VERSION.fullmatch(path.name)) and (path / "saved_model.pb").is_file()
    except OSError:  # We may not look into it.
        return False


def _stamp(folder: Path) -> float:
    """The time of the last change of the files of a version, but of those that cannot be found or read."""
    times = [0.0]
    with contextlib.suppress(OSError):  # The folder was just deleted.
        for path in folder.rglob("*"):
            with contextlib.suppress(OSError):  # A link to nothing or to itself, or a file that was just deleted.
                times.append(path.stat().st_mtime)
    return max(times)


def _not_found(message: str) -> RequestError:
    return RequestError(grpc.StatusCode.NOT_FOUND, message)
