import json
import subprocess
import sys

import pytest

TRAINING = ("trainer", "training", "discriminator", "losses")

# One process for all, since to import TensorFlow takes seconds; what has no module of training leaves none behind.
PROGRAM = """
import importlib, json, sys
def loaded():
    return [name for name in sys.modules if name.startswith("latent_xlate.")]
found = {}
for module in ("wavegan_settings", "wavegan_generator"):
    importlib.import_module(f"latent_xlate.domains.speech.{module}")
    found[module] = loaded()
from latent_xlate.domains import pretrained
domain = pretrained.load_domain("spoken_digit")
assert type(domain).__name__ == "SpeechDomain"
print(json.dumps(found | {"domain": loaded()}))
"""


@pytest.fixture(scope="module")
def loaded():
    """Modules that are loaded after an import of settings, then of the generator, then with a domain."""
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def test_loading_a_domain_of_speech_imports_no_module_of_training(loaded):
    assert "latent_xlate.domains.speech.speech_domain" in loaded["domain"]
    # `losses` comes with the VAE of images, a Keras model that has its own training step.
    assert [name for name in loaded["domain"] if name.endswith(TRAINING)] in ([], ["latent_xlate.losses"])


@pytest.mark.parametrize("module", ["wavegan_settings", "wavegan_generator"])
def test_settings_and_generator_need_no_module_of_training(module, loaded):
    assert f"latent_xlate.domains.speech.{module}" in loaded[module]
    assert [name for name in loaded[module] if name.endswith(TRAINING)] == []
