"""The commands: flags in, one library call, files out."""

from latent_xlate.cli import _app

_app.import_tensorflow_quietly()
