"""Configurations of bridges: their fields are documented, and those of earlier versions are understood."""

import dataclasses

import pytest

from latent_xlate.bridge.bridge_config import BridgeConfig, BridgeModelConfig, LabelTermsConfig
from latent_xlate.bridge.bridging_vae import BridgingVAE
from latent_xlate.configuration import documentation


@pytest.mark.parametrize("kind", [BridgeConfig, BridgeModelConfig, LabelTermsConfig])
def test_every_field_is_documented(kind):
    assert documentation(kind).keys() == {field.name for field in dataclasses.fields(kind)}


def test_configuration_and_config_dict_are_the_same():
    config = BridgeConfig(
        domains=("a", "b"),
        labels_per_class=3,
        class_map="0=1",
        model=BridgeModelConfig(shared_dim=3, hidden_units=(4, 5)),
        label_terms=LabelTermsConfig(beta_class_swd=0.5, ramp_steps=7),
    )
    assert BridgeConfig.of(config.to_config_dict()) == config
    assert BridgeConfig.of(BridgeConfig().to_config_dict()) == BridgeConfig()


def test_model_has_the_hyperparameters_of_its_configuration():
    model = BridgingVAE((6, 5), 4, **BridgeModelConfig(shared_dim=3, hidden_units=(4, 5)).to_dict())
    assert model.config == BridgeModelConfig(shared_dim=3, hidden_units=(4, 5))
    assert BridgingVAE.from_config(model.get_config()).config == model.config
    assert BridgingVAE((6, 5)).config == BridgeModelConfig()


def test_kinds_of_latents_go_by_their_earlier_names():
    values = BridgeConfig().to_dict() | {"latents": "dataset+shifted,samples"}
    with pytest.warns(FutureWarning, match="shifted,samples is now called latents=dataset.augmented,samples"):
        config = BridgeConfig.from_dict(values)
    assert config.latents == "dataset+augmented,samples"


def test_term_that_is_gone_may_be_there_with_weight_zero_only():
    terms = {"beta_class_swd": 0.0, "beta_consistency": 0.0, "beta_translation": 1.0, "ramp_steps": 500}
    config = BridgeConfig.from_dict(BridgeConfig().to_dict() | {"label_terms": terms})
    assert config.label_terms == LabelTermsConfig(beta_translation=1.0, ramp_steps=500)
    terms["beta_consistency"] = 0.1
    with pytest.raises(ValueError, match="label_terms.beta_consistency is 0.1, but it no longer exists"):
        BridgeConfig.from_dict(BridgeConfig().to_dict() | {"label_terms": terms})
