"""Makes of finished runs of `train_domain` a pretrained domain.

    bin/package_domain.py --name=mnist --vae=out/mnist_vae --classifier=out/mnist_classifier
    bin/package_domain.py --name=mnist_b --vae=out/mnist_b_vae --classifier=mnist

writes weights (float16), latents for training and judging a bridge, and the model card into
`savedmodels/NAME`, or into `--output`.
"""

from absl import flags

from latent_xlate.bridge import packaging
from latent_xlate.cli import _app
from latent_xlate.domains import pretrained

_NAME = flags.DEFINE_string("name", None, "Name of the domain.", required=True)
_VAE = flags.DEFINE_string("vae", None, "Folder of the VAE's run.", required=True)
_CLASSIFIER = flags.DEFINE_string(
    "classifier", None, "Folder of the classifier's run, or a domain to share it with.", required=True
)
_OUTPUT = flags.DEFINE_string("output", None, "Folder of the domain (default: savedmodels/NAME).")
_DATA_DIR = flags.DEFINE_string("data_dir", None, "Folder of TFDS data sets (default: TFDS's own).")


def main(argv):
    del argv
    folder = _OUTPUT.value or pretrained.savedmodels() / _NAME.value
    packaging.package_image_domain(_NAME.value, _VAE.value, _CLASSIFIER.value, folder, data_dir=_DATA_DIR.value)
    print(f"Wrote {folder}")


def console_entry_point():
    _app.run(main)


if __name__ == "__main__":
    console_entry_point()
