"""Exports the generator of a WaveGAN checkpoint, trained by the original code, as a SavedModel.

    bin/export_wavegan.py --checkpoint=train/model.ckpt-200000 --output=out/wavegan

`hub.load("out/wavegan")(z)` of TensorFlow Hub, or `tf.saved_model.load`, then makes waveforms of z, uniform
on [-1, 1].
"""

from absl import flags

from latent_xlate.cli import _app
from latent_xlate.domains.speech import tf1_checkpoint, wavegan_generator
from latent_xlate.serving import wavegan_export

_CHECKPOINT = flags.DEFINE_string(
    "checkpoint", None, "What the names of the checkpoint's files start with: model.ckpt-1000 say.", required=True
)
_OUTPUT = flags.DEFINE_string("output", None, "Folder of the SavedModel; one that is there is replaced.", required=True)
_SLICE_LENGTH = flags.DEFINE_enum(
    "slice_length",
    None,
    [str(length) for length in wavegan_generator.STRIDES],
    "Samples in a slice, where the checkpoint fits two lengths.",
)


def main(argv):
    del argv
    slice_length = int(_SLICE_LENGTH.value) if _SLICE_LENGTH.value else None
    generator = tf1_checkpoint.load_tf1_generator(_CHECKPOINT.value, slice_length)
    print(f"Wrote {wavegan_export.export_generator(generator, _OUTPUT.value)}")


def console_entry_point():
    _app.run(main)


if __name__ == "__main__":
    console_entry_point()
