"""Serves a web page to try a translator: draw, upload or record in one domain, see and hear it in all others.

    bin/demo.py --translator=out/quickstart/run/translator     # then open http://127.0.0.1:7860

`--translator` is a translator of `train_bridge` (`WORKDIR/translator`), or a version of an export. To use a server
instead, TensorFlow Serving or `bin/serve.py`, give `--server=http://HOST:PORT` (REST) or `--server=HOST:PORT` (gRPC).

An export and a server only translate latents. Encoding, decoding and classifying is done in this process, by the
shipped domains of the same names; for other domains, give their folders by `--domains`.

The page accepts connections from this machine only, unless `--host` says otherwise. It loads nothing from other
servers. Uploaded files may have up to 16 MB.
"""

import importlib.util
import threading

from absl import flags

from latent_xlate import baselines  # noqa: F401  Registers their classes with Keras.
from latent_xlate.cli import _app

_TRANSLATOR = flags.DEFINE_string("translator", None, "Folder of a saved translator, or of a version of an export.")
_SERVER = flags.DEFINE_string("server", None, "Address of a server, instead of --translator.")
_DOMAINS = flags.DEFINE_list("domains", [], "Folders of domains that do not ship with the project.")
_HOST = flags.DEFINE_string("host", "127.0.0.1", "Address to listen on.")
_PORT = flags.DEFINE_integer("port", 7860, "Port to listen on.", lower_bound=1, upper_bound=65535)


def main(argv: list[str]) -> None:
    del argv
    given = _app.translator_or_client(_TRANSLATOR.value, _SERVER.value)
    if importlib.util.find_spec("gradio") is None:
        raise ValueError("The page needs an extra: pip install 'latent_xlate[demo]'.")
    from latent_xlate.serving.demo import models, page, player

    if isinstance(given, str):
        loaded = models.load_models(given, _DOMAINS.value)
    else:
        loaded = models.models_of_functions(given.functions, _DOMAINS.value)
    print(f"Open {page.launch(player.Player(loaded), _HOST.value, _PORT.value)} in a browser.", flush=True)
    threading.Event().wait()  # Until Ctrl-C.


def console_entry_point() -> None:
    _app.run(main)


if __name__ == "__main__":
    console_entry_point()
