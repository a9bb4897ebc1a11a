"""Serves an exported translator over REST and gRPC, as TensorFlow Serving does.

    bin/serve.py --model_base_path=out/quickstart/translator

runs `tensorflow_model_server` if it is installed. Otherwise, or with `--engine=python`, a server in Python answers the
same requests. The Python server is for development and for one machine: it has one process, no encryption and no
authentication. For more, `compose.yaml` and `kubernetes.yaml` beside the export run TensorFlow Serving's official
image.

The Python server accepts connections from this machine only, unless `--host` says otherwise. It batches requests that
arrive together and loads a new version within seconds. On SIGTERM it completes running requests for up to 20 s, answers
further ones with 503, and ends within 25 s. A request may have up to 16 MiB and `--max_items` items, an image up to 16
megapixels, and a GIF up to 256 KiB. Compressed requests are rejected. The header and the body of a request must each
come within 30 s, and one address may have up to `--max_connections_per_address` connections of REST. `GET /healthz`
reports whether a version is served, and `GET /monitoring/prometheus/metrics` the metrics. TensorFlow's binary ignores
`--host` and listens on all addresses of the machine.
"""

import asyncio
import importlib.util
import sys
from pathlib import Path

from absl import flags, logging

from latent_xlate.cli import _app

_BASE_PATH = flags.DEFINE_string("model_base_path", None, "Folder that holds the versions.", required=True)
_NAME = flags.DEFINE_string("model_name", "translator", "Name of the model in requests.")
_PORT = flags.DEFINE_integer(
    "port", 8500, "Port of gRPC; 0 for none (Python server only).", lower_bound=0, upper_bound=65535
)
_REST_API_PORT = flags.DEFINE_integer(
    "rest_api_port", 8501, "Port of REST; 0 for none.", lower_bound=0, upper_bound=65535
)
_ENGINE = flags.DEFINE_enum("engine", "auto", ["auto", "tensorflow", "python"], "The server to run.")
_HOST = flags.DEFINE_string("host", "127.0.0.1", "Address to listen on (Python server only).")
_MAX_ITEMS = flags.DEFINE_integer(
    "max_items", 1024, "Largest number of items in a request (Python server only).", lower_bound=1
)
_MAX_BATCH_SIZE = flags.DEFINE_integer(
    "max_batch_size", 64, "Largest number of items in a batch (Python server only).", lower_bound=1
)
_MAX_CONNECTIONS_PER_ADDRESS = flags.DEFINE_integer(
    "max_connections_per_address",
    256,
    "Largest number of REST connections from one IP address; 0 for no limit, as behind a proxy (Python server only).",
    lower_bound=0,
)


def main(argv: list[str]) -> int:
    del argv
    if importlib.util.find_spec("tensorflow_serving") is None:
        raise ValueError("Serving needs an extra: pip install 'latent_xlate[serving]'.")
    base_path = Path(_BASE_PATH.value)
    if not base_path.is_dir():
        raise ValueError(f"There is no folder {base_path}.")
    if (base_path / "saved_model.pb").exists():
        raise ValueError(f"{base_path} is a version: give the folder that holds it, {base_path.absolute().parent}.")
    from latent_xlate.serving import native

    if _ENGINE.value == "tensorflow" and not native.is_installed():
        raise ValueError(f"{native.BINARY} is not installed; --engine=python serves without it.")
    if _ENGINE.value == "tensorflow" or (_ENGINE.value == "auto" and native.is_installed()):
        return native.serve(_NAME.value, base_path, _PORT.value, _REST_API_PORT.value)

    from latent_xlate.serving.server import limits, run

    if not _PORT.value and not _REST_API_PORT.value:
        raise ValueError("Both ports are 0: there is nothing to listen on.")
    if _PORT.value == _REST_API_PORT.value:
        raise ValueError(f"--port and --rest_api_port are both {_PORT.value}: they must differ.")
    if not flags.FLAGS["verbosity"].present:
        logging.set_verbosity(logging.INFO)
    print("The Python server is for one machine and for development.", file=sys.stderr)
    address = run.Address(_HOST.value, _PORT.value, _REST_API_PORT.value)
    taken = limits.Limits(
        max_items=_MAX_ITEMS.value,
        max_batch_size=_MAX_BATCH_SIZE.value,
        max_connections_per_address=_MAX_CONNECTIONS_PER_ADDRESS.value,
    )
    asyncio.run(run.serve(_NAME.value, base_path, address, taken))
    return 0


def console_entry_point() -> None:
    _app.run(main)


if __name__ == "__main__":
    console_entry_point()
