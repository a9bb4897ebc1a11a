"""Makes of finished runs of `train_domain` and `train_wavegan` a pretrained domain.

    bin/package_domain.py --name=mnist --vae=out/mnist_vae --classifier=out/mnist_classifier
    bin/package_domain.py --name=mnist_b --vae=out/mnist_b_vae --classifier=mnist
    bin/package_domain.py --name=spoken_digit --wavegan=out/digits --classifier=out/speech_classifier

writes weights (float16), latents for training and judging a bridge, and the model card into
`savedmodels/NAME`, or into `--output`. Of a WaveGAN the latents are samples of its prior that the
classifier is sure of and, where the run has an encoder, posteriors of the recordings.
"""

from absl import flags

from latent_xlate.bridge import packaging, speech_packaging
from latent_xlate.cli import _app
from latent_xlate.domains import pretrained

_NAME = flags.DEFINE_string("name", None, "Name of the domain.", required=True)
_VAE = flags.DEFINE_string("vae", None, "Folder of a VAE's run; this or --wavegan.")
_WAVEGAN = flags.DEFINE_string("wavegan", None, "Folder of a WaveGAN's run.")
_CLASSIFIER = flags.DEFINE_string(
    "classifier", None, "Folder of the classifier's run, or a domain to share it with.", required=True
)
_OUTPUT = flags.DEFINE_string("output", None, "Folder of the domain (default: savedmodels/NAME).")
_NOTE = flags.DEFINE_string("note", "", "Sentence for a WaveGAN's model card: how long its training took, say.")
_DATA_DIR = flags.DEFINE_string("data_dir", None, "Folder of TFDS data sets (default: TFDS's own).")


def main(argv):
    del argv
    folder = _OUTPUT.value or pretrained.savedmodels() / _NAME.value
    if _VAE.value and not _WAVEGAN.value:
        if _NOTE.value:
            raise ValueError("--note is for a WaveGAN: leave it out.")
        packaging.package_image_domain(_NAME.value, _VAE.value, _CLASSIFIER.value, folder, data_dir=_DATA_DIR.value)
    elif _WAVEGAN.value and not _VAE.value:
        speech_packaging.package_speech_domain(
            _NAME.value, _WAVEGAN.value, _CLASSIFIER.value, folder, note=_NOTE.value, data_dir=_DATA_DIR.value
        )
    else:
        raise ValueError("Give either --vae or --wavegan.")
    print(f"Wrote {folder}")


def console_entry_point():
    _app.run(main)


if __name__ == "__main__":
    console_entry_point()
