r"""Encodes a data set of any size as latents of a domain, by a pipeline of Apache Beam (extra `beam`).

    bin/encode_dataset.py --domain=mnist --input=tfds:mnist/train --output=out/latents

`--domain` is a pretrained domain, or a folder that `package_domain` or `make_domain` wrote. `--input` and all flags of
Beam are those of `translate_dataset`.

The output folder gets shards of TFRecords, each a `tf.train.Example` with `key`, the floats `mu` and `sigma` of the
posterior of the domain's latents and, if there is one, `label`. What cannot be read or encoded is in `rejected.csv`,
with the reason. The same command again does what is not done yet.
"""

from absl import flags

from latent_xlate.cli import _app, _bulk_flags

_DOMAIN = flags.DEFINE_string("domain", None, "Name of a pretrained domain, or its folder.", required=True)
_SHARED = _bulk_flags.define()


def main(argv: list[str]) -> None:
    _bulk_flags.check_extra()
    from latent_xlate.bulk.datasets import encode_dataset
    from latent_xlate.bulk.pipeline import beam_options

    options = beam_options(argv[1:], list(flags.FLAGS))
    _bulk_flags.report("Encoded", encode_dataset(_DOMAIN.value, options=options, **_SHARED()), _SHARED()["output"])


def console_entry_point() -> None:
    _app.run(main, takes_arguments=True, flags_parser=_bulk_flags.parse)


if __name__ == "__main__":
    console_entry_point()
