"""Serves an exported translator over REST and gRPC, as TensorFlow Serving does.

    bin/serve.py --model_base_path=out/quickstart/translator

runs `tensorflow_model_server` where it is installed. Where it is not, or with `--engine=python`, a server in
Python answers the same requests. That one is for one machine and for development: it has one process, no
encryption, and nobody has to say who they are. To grow past that, `compose.yaml` and `kubernetes.yaml` beside the
export run the official image.

The Python server listens on this machine alone (`--host`), batches requests that come together, takes up a new
version within seconds, and stops on SIGTERM when what is under way has been answered. It takes requests of at
most 16 MiB and `--max_items` items, pictures of at most 16 megapixels, and GIFs of at most 256 KiB; what is
compressed is refused. `GET /healthz` tells whether it serves, and `/monitoring/prometheus/metrics` how much.
TensorFlow's binary listens on every address of the machine, whatever `--host` says.
"""

import asyncio
import importlib.util
import sys
from pathlib import Path

from absl import flags, logging

from latent_xlate.cli import _app

_BASE_PATH = flags.DEFINE_string("model_base_path", None, "Folder that holds the versions.", required=True)
_NAME = flags.DEFINE_string("model_name", "translator", "As requests name it.")
_PORT = flags.DEFINE_integer("port", 8500, "For gRPC; 0 for none (Python).", lower_bound=0, upper_bound=65535)
_REST_API_PORT = flags.DEFINE_integer("rest_api_port", 8501, "For REST; 0 for none.", lower_bound=0, upper_bound=65535)
_ENGINE = flags.DEFINE_enum("engine", "auto", ["auto", "tensorflow", "python"], "What serves.")
_HOST = flags.DEFINE_string("host", "127.0.0.1", "python: address to listen on.")
_MAX_ITEMS = flags.DEFINE_integer("max_items", 1024, "python: most of a request.", lower_bound=1)
_MAX_BATCH_SIZE = flags.DEFINE_integer("max_batch_size", 64, "python: most items computed at once.", lower_bound=1)


def main(argv):
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
    taken = limits.Limits(max_items=_MAX_ITEMS.value, max_batch_size=_MAX_BATCH_SIZE.value)
    asyncio.run(run.serve(_NAME.value, base_path, address, taken))
    return 0


def console_entry_point():
    _app.run(main)


if __name__ == "__main__":
    console_entry_point()
