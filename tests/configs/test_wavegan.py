import dataclasses
import re

import pytest

from latent_xlate.configs import wavegan
from latent_xlate.domains import pretrained
from latent_xlate.domains.speech.wavegan_settings import WaveGANSettings


def test_the_original_is_what_settings_are_by_default():
    config = wavegan.get_config()
    assert (config.dataset, config.initial) == ("sc09", None)
    assert WaveGANSettings(**config.settings) == WaveGANSettings()


def test_both_stages_are_those_that_the_shipped_model_card_names():
    card = (pretrained.savedmodels() / "spoken_digit" / "MODEL_CARD.md").read_text()
    commands = [line for line in card.splitlines() if line.strip().startswith("bin/train_wavegan.py")]
    usual = dataclasses.asdict(WaveGANSettings())
    for mode, command in zip(("vae", "feature_matching"), commands, strict=True):
        config = wavegan.get_config(mode)
        settings = WaveGANSettings(**config.settings)
        given = dict(re.findall(r"--config\.settings\.(\w+)=(\S+)", command))
        different = {name: str(value) for name, value in dataclasses.asdict(settings).items() if value != usual[name]}
        assert given == different
        assert f"--config.dataset={config.dataset} " in command


def test_unknown_mode_is_refused():
    with pytest.raises(ValueError, match="Unknown mode 'vea'. Did you mean 'vae'"):
        wavegan.get_config("vea")


def test_the_former_name_of_a_mode_still_works_and_says_the_new_one(capsys):
    assert wavegan.get_config("listening") == wavegan.get_config("feature_matching")
    assert "'listening' is now called 'feature_matching'" in capsys.readouterr().err
