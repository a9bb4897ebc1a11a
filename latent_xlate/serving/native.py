"""Serving by TensorFlow Serving's own binary, if it is installed."""

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
    """Whether the binary is on the PATH."""
    return shutil.which(BINARY) is not None


def serve(model_name: str, model_base_path: Path, port: int, rest_api_port: int) -> int:
    """Runs the binary on an export until it ends. SIGTERM and SIGINT are forwarded to it.

    The binary uses the configuration in the bundle, which is the parent of `model_base_path`: `models.config`, whose
    changes it follows, `batching_parameters.config` and `monitoring.config`. In `models.config`, paths of the official
    image are replaced by paths of this machine.

    Args:
        model_name: Name of the model in requests.
        model_base_path: Folder of the versions.
        port: Port of gRPC.
        rest_api_port: Port of REST; 0 for none.

    Returns:
        The binary's exit code.

    Raises:
        ValueError: `models.config` is damaged.
    """
    base = model_base_path.absolute().parent
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / bundle.MODELS_CONFIG
        command = [BINARY, f"--port={port}", f"--rest_api_port={rest_api_port}"]
        modified = _copy_config(base, model_name, config)
        if modified:
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
                if modified and (base / bundle.MODELS_CONFIG).stat().st_mtime != modified:
                    modified = _copy_config(base, model_name, config) or modified


def _copy_config(base: Path, name: str, copy: Path) -> float | None:
    """Copies `models.config` with paths of this machine.

    Args:
        base: Folder of the bundle.
        name: Name of the model.
        copy: Path of the copy.

    Returns:
        The time of the file's last change; None, if there is no file or it does not have the model.
    """
    path = base / bundle.MODELS_CONFIG
    if not path.exists():
        return None
    modified = path.stat().st_mtime
    config = bundle.read_models_config(path)
    if bundle.find_model(config, name) is None:
        return None
    for model in config.model_config_list.config:
        if Path(model.base_path).is_relative_to(bundle.MOUNTED):
            model.base_path = str(base / Path(model.base_path).relative_to(bundle.MOUNTED))
    files.write_atomically(copy, lambda temporary: temporary.write_text(text_format.MessageToString(config)))
    return modified
