"""TensorFlow Serving's own binary, where it is installed."""

from __future__ import annotations

import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

from google.protobuf import text_format

from latent_xlate import files
from latent_xlate.serving import bundle

BINARY = "tensorflow_model_server"

_POLL_SECONDS = 1.0


def is_installed() -> bool:
    """Whether the binary is on the path."""
    return shutil.which(BINARY) is not None


def serve(model_name: str, model_base_path: Path, port: int, rest_api_port: int) -> int:
    """Runs the binary on an export until it ends; SIGTERM and SIGINT are passed on to it.

    It is given what lies beside the versions: `models.config`, with their folder in the place of that in
    the official image, which it follows as it changes, `batching_parameters.config` and
    `monitoring.config`.

    Returns:
        Its exit code.

    Raises:
        ValueError: A damaged `models.config`.
    """
    base = model_base_path.absolute().parent
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / bundle.MODELS_CONFIG
        command = [BINARY, f"--port={port}", f"--rest_api_port={rest_api_port}"]
        stamp = _place(base, model_name, config)
        if stamp:
            command += [
                f"--model_config_file={config}",
                f"--model_config_file_poll_wait_seconds={_POLL_SECONDS:g}",
                "--allow_version_labels_for_unavailable_models",
            ]
        else:
            command += [f"--model_name={model_name}", f"--model_base_path={model_base_path.absolute()}"]
        if (base / "batching_parameters.config").exists():
            command += ["--enable_batching", f"--batching_parameters_file={base / 'batching_parameters.config'}"]
        if (base / "monitoring.config").exists():
            command += [f"--monitoring_config_file={base / 'monitoring.config'}"]
        process = subprocess.Popen(command)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda number, _: process.send_signal(number))
        while True:
            try:
                return process.wait(_POLL_SECONDS)
            except subprocess.TimeoutExpired:
                if stamp and (base / bundle.MODELS_CONFIG).stat().st_mtime != stamp:
                    stamp = _place(base, model_name, config) or stamp


def _place(base: Path, name: str, copy: Path) -> float | None:
    """Copies `models.config` with the folders of this machine, and gives when it was changed; None if there is none."""
    path = base / bundle.MODELS_CONFIG
    if not path.exists():
        return None
    stamp = path.stat().st_mtime
    config = bundle.read_models_config(path)
    if bundle.find_model(config, name) is None:
        return None
    for model in config.model_config_list.config:
        if Path(model.base_path).is_relative_to(bundle.MOUNTED):
            model.base_path = str(base / Path(model.base_path).relative_to(bundle.MOUNTED))
    files.write_atomically(copy, lambda temporary: temporary.write_text(text_format.MessageToString(config)))
    return stamp
