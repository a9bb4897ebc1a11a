"""Exports the generator of a checkpoint of WaveGAN's original code as a SavedModel.

    bin/export_wavegan.py --checkpoint=train/model.ckpt-200000 --output=out/wavegan

The result of `hub.load("out/wavegan")` (TensorFlow Hub) or `tf.saved_model.load("out/wavegan")` is a function of
latents, uniform on [-1, 1], to waveforms.
"""

from absl import flags

from latent_xlate.cli import _app
from latent_xlate.domains.speech import tf1_checkpoint, wavegan_generator
from latent_xlate.serving import wavegan_export

_CHECKPOINT = flags.DEFINE_string(
    "checkpoint", None, "Common prefix of the names of the checkpoint's files, such as model.ckpt-1000.", required=True
)
_OUTPUT = flags.DEFINE_string(
    "output", None, "Folder of the SavedModel; an existing SavedModel is replaced.", required=True
)
_SLICE_LENGTH = flags.DEFINE_enum(
    "slice_length",
    None,
    [str(length) for length in wavegan_generator.STRIDES],
    "Number of samples in a slice, if the checkpoint fits two lengths.",
)


def main(argv: list[str]) -> None:
    del argv
    slice_length = int(_SLICE_LENGTH.value) if _SLICE_LENGTH.value else None
    generator = tf1_checkpoint.load_tf1_generator(_CHECKPOINT.value, slice_length)
    print(f"Wrote {wavegan_export.export_generator(generator, _OUTPUT.value)}")


def console_entry_point() -> None:
    _app.run(main)


if __name__ == "__main__":
    console_entry_point()
