r"""Uploads a domain to the Hugging Face Hub, with its latents and its model card (extra `hf`).

    hf auth login
    bin/push_domain.py --domain=out/faces --repository=OWNER/faces

Whatever takes a domain takes it from there by its handle, hf://OWNER/faces:

    bin/train_bridge.py --config=own_domains --config.domains="('mnist','hf://OWNER/faces')" \
        --workdir=out/bridge
"""

from absl import flags

from latent_xlate.cli import _app
from latent_xlate.domains import pretrained

_DOMAIN = flags.DEFINE_string("domain", None, "Name or folder of the domain.", required=True)
_REPOSITORY = flags.DEFINE_string("repository", None, "OWNER/NAME; made where there is none.", required=True)
_PRIVATE = flags.DEFINE_bool("private", False, "Whether a new repository is private.")


def main(argv: list[str]) -> None:
    del argv
    address = pretrained.load_domain(_DOMAIN.value).push_to_hub(_REPOSITORY.value, private=_PRIVATE.value)
    print(f"Wrote {address}")


def console_entry_point() -> None:
    _app.run(main)


if __name__ == "__main__":
    console_entry_point()
