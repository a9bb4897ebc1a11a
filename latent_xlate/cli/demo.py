"""Serves a page to play with a translator: draw, upload or record in one domain, see and hear it in all others.

    bin/demo.py --translator=out/quickstart/run/translator     # then open http://127.0.0.1:7860

The translator is a folder of `train_bridge` (`WORKDIR/translator`) or an exported version; with
`--server=http://HOST:PORT` (REST) or `--server=HOST:PORT` (gRPC) in its place a server translates, TensorFlow Serving
or `bin/serve.py`. An export and a server translate latents; what encodes, decodes and judges here are the domains of
the same names that ship, or those in the folders that `--domains` lists.

The page listens on this machine alone (`--host`), asks for nothing elsewhere, and takes files of at most 16 MB.
Examples are made of the latents that lie beside the domains.
"""

import importlib.util
import threading

from absl import flags

from latent_xlate import baselines  # noqa: F401  Registers them with Keras.
from latent_xlate.cli import _app

_TRANSLATOR = flags.DEFINE_string("translator", None, "Folder of a translator, saved or exported.")
_SERVER = flags.DEFINE_string("server", None, "Address of a server, instead of a folder.")
_DOMAINS = flags.DEFINE_list("domains", [], "Folders of domains that do not ship.")
_HOST = flags.DEFINE_string("host", "127.0.0.1", "Address to listen on.")
_PORT = flags.DEFINE_integer("port", 7860, "Port to listen on.", lower_bound=1, upper_bound=65535)


def main(argv):
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


def console_entry_point():
    _app.run(main)


if __name__ == "__main__":
    console_entry_point()
