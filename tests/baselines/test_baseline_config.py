"""Configurations of baselines: their fields are documented, and each has the hyperparameters of its model."""

import dataclasses

import pytest

from latent_xlate.baselines.baseline_config import (
    BASELINES,
    IMAGE_BASELINES,
    AffineConfig,
    BaselineConfig,
    CycleGANConfig,
    GaussianTransportConfig,
    LatentCycleGANConfig,
    Pix2PixConfig,
    ProcrustesConfig,
    RectifiedFlowConfig,
)
from latent_xlate.configuration import documentation

KINDS = [
    BaselineConfig,
    Pix2PixConfig,
    CycleGANConfig,
    LatentCycleGANConfig,
    AffineConfig,
    ProcrustesConfig,
    GaussianTransportConfig,
    RectifiedFlowConfig,
]


@pytest.mark.parametrize("kind", KINDS)
def test_every_field_is_documented(kind):
    assert documentation(kind).keys() == {field.name for field in dataclasses.fields(kind)}


@pytest.mark.parametrize("name", BASELINES)
def test_configuration_and_config_dict_are_the_same(name):
    latents = {} if name in IMAGE_BASELINES else {"latents": "dataset"}
    config = BaselineConfig.named(name, batch_size=4, **latents)
    assert BaselineConfig.of(config.to_config_dict()) == config
    assert ("latents" in config.to_config_dict()) == bool(latents)


def test_latents_are_those_of_a_baseline_of_latents():
    with pytest.raises(ValueError, match="latents is None; for latent_cyclegan it must be a kind of latents"):
        BaselineConfig.named("latent_cyclegan")
    with pytest.raises(ValueError, match="latents is 'dataset'; for pix2pix it must be None"):
        BaselineConfig.named("pix2pix", latents="dataset")


def test_hyperparameters_are_of_the_model():
    values = BaselineConfig.named("pix2pix").to_dict() | {"baseline": "cyclegan"}
    with pytest.raises(ValueError, match="not one of a baseline: it has no model.beta_cycle, model.beta_identity"):
        BaselineConfig.from_dict(values)
