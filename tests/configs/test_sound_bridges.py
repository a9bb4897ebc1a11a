import pytest

from latent_xlate.bridge.bridge_config import BridgeConfig
from latent_xlate.configs import (
    all_domains,
    base,
    fashion_mnist_spoken_digit,
    mnist_spoken_digit,
    mnist_spoken_digit_ar,
    spoken_digit_spoken_digit_ar,
)
from latent_xlate.latents.sources import latent_kinds

CONFIGS = {
    mnist_spoken_digit: ("mnist", "spoken_digit"),
    mnist_spoken_digit_ar: ("mnist", "spoken_digit_ar"),
    spoken_digit_spoken_digit_ar: ("spoken_digit", "spoken_digit_ar"),
    fashion_mnist_spoken_digit: ("fashion_mnist", "spoken_digit"),
    all_domains: ("mnist", "fashion_mnist", "spoken_digit"),
}


@pytest.mark.parametrize("module", CONFIGS)
def test_settings_are_the_papers_of_sound(module):
    config = module.get_config("paper")
    assert (config.domains, config.num_steps) == (CONFIGS[module], 50_000)
    assert (config.model.shared_dim, config.model.hidden_units) == (16, (1024,) * 8)
    assert (config.model.beta_kl, config.model.beta_swd, config.model.beta_cls) == (0.01, 3.0, 0.3)
    kinds = latent_kinds(config.latents, len(config.domains))
    assert kinds == ["samples" if domain.startswith("spoken") else "dataset" for domain in config.domains]


@pytest.mark.parametrize("mode", base.MODES)
@pytest.mark.parametrize("module", CONFIGS)
def test_every_mode_is_a_bridges_and_one_kind_of_latents_can_stand_for_all(module, mode):
    config = module.get_config(mode)
    BridgeConfig.of(config)
    config.latents = "shipped"
    assert latent_kinds(config.latents, len(config.domains)) == ["shipped"] * len(config.domains)


def test_unknown_mode_is_refused():
    with pytest.raises(ValueError, match="Unknown mode 'papre'. Did you mean 'paper'"):
        mnist_spoken_digit.get_config("papre")
