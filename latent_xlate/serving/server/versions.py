"""The versions of a model: which are to be served, and those that are."""

from __future__ import annotations

import asyncio
import dataclasses
import gc
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

State = get_model_status_pb2.ModelVersionStatus.State


@dataclasses.dataclass
class _Version:
    state: Any = State.LOADING
    servable: Servable | None = None
    error: str = ""
    stamp: float = 0.0
    """When the model's files were last changed, as they were loaded."""


class ModelVersions:
    """Loads the versions in a folder and lets go of those that are no longer to be served.

    Which they are, and their labels, says `models.config` beside the folder, as it does to TensorFlow
    Serving; without one it is the newest. A version goes only once all that replace it are there, and
    requests under way keep the version that they began with.

    Attributes:
        name: Of the model.
    """

    def __init__(self, name: str, base_path: Path, metrics: Metrics):
        """Takes the folder of the versions, `BASE_PATH/<version>/`, of which none is loaded yet."""
        self.name = name
        self._base_path = base_path
        self._config = base_path.parent / bundle.MODELS_CONFIG
        self._metrics = metrics
        self._versions: dict[int, _Version] = {}
        self._labels: dict[str, int] = {}

    def get(self, name: str, version: int | None = None, label: str | None = None) -> Servable:
        """A version that is served.

        Args:
            name: Of the model.
            version: Its number; None for the newest, or the label's.
            label: Of the version.

        Raises:
            RequestError: There is none.
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
        """Raises RequestError for the name of another model."""
        if name != self.name:
            raise _not_found(f"There is no model {name!r}. Served: {self.name!r}.")

    def status(self, version: int | None = None, label: str | None = None) -> Any:
        """GetModelStatusResponse of one version, or all.

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
        """Looks at the folder again and again."""
        while True:
            await asyncio.sleep(seconds)
            try:
                await self.refresh()
            except (OSError, ValueError) as error:
                logging.error("%s: what is served stays as it is. %s", self._base_path, error)

    async def refresh(self) -> None:
        """Loads and lets go of what is to be.

        Raises:
            ValueError: A damaged `models.config`.
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
        if any(self._versions[number].servable for number in wanted):  # Better an old version than none.
            gone = [number for number in self._versions if number not in wanted]
        for number in gone:
            del self._versions[number]
            logging.info("Version %d of %s is no longer served.", number, self.name)
        self._metrics.versions(self.available)
        if gone:
            await asyncio.to_thread(gc.collect)  # TensorFlow's objects refer to each other.

    def _wanted(self, numbers: list[int]) -> tuple[set[int], dict[str, int]]:
        """The versions to serve of those that are there, and the labels."""
        model = bundle.find_model(bundle.read_models_config(self._config), self.name) if self._config.exists() else None
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
        except Exception as error:  # Of a SavedModel that is not ours, or of its warm-up.
            version.state, version.error = State.END, checks.reason(error)
            logging.error("Version %d of %s cannot be served: %s", number, self.name, error)


def _stamps(base_path: Path) -> dict[int, float]:
    """The numbers of the versions in a folder, and when a file of each was last changed."""
    folders = [path for path in base_path.iterdir() if path.name.isdecimal() and (path / "saved_model.pb").is_file()]
    return {int(path.name): max(file.stat().st_mtime for file in path.rglob("*")) for path in folders}


def _not_found(message: str) -> RequestError:
    return RequestError(grpc.StatusCode.NOT_FOUND, message)
