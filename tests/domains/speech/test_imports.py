import subprocess
import sys

import pytest

TRAINING = ("trainer", "training", "discriminator", "losses")

LOAD = """
import sys
from latent_xlate.domains import pretrained
domain = pretrained.load_domain("spoken_digit")
assert type(domain).__name__ == "SpeechDomain"
print(*[name for name in sys.modules if name.startswith("latent_xlate.")])
"""


def test_loading_a_domain_of_speech_imports_no_module_of_training():
    loaded = subprocess.run([sys.executable, "-c", LOAD], capture_output=True, text=True, check=True).stdout.split()
    assert "latent_xlate.domains.speech.speech_domain" in loaded
    # `losses` comes with the VAE of images, a Keras model that has its own training step.
    assert [name for name in loaded if name.endswith(TRAINING)] in ([], ["latent_xlate.losses"])


@pytest.mark.parametrize("module", ["wavegan_settings", "wavegan_generator"])
def test_settings_and_generator_need_no_module_of_training(module):
    program = f"import sys; import latent_xlate.domains.speech.{module}; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    assert [name for name in loaded if name.startswith("latent_xlate.") and name.endswith(TRAINING)] == []
