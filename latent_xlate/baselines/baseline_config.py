"""The configurations of the baselines: their models, and how these are trained."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, ClassVar, Self

from latent_xlate import checks
from latent_xlate.configuration import Config, setting
from latent_xlate.latents.sources import current_name
from latent_xlate.optimizer import PRECISIONS, SCHEDULES

IMAGE_BASELINES = ("pix2pix", "cyclegan")
"""Baselines that translate images themselves; the others translate latents."""

LABELLED_RIVALS = (
    "affine",
    "procrustes",
    "classify_and_draw",
    "gaussian_transport",
    "transport_retrieval",
    "rectified_flow",
)
"""Bridges between latents that are not the paper's, and learn from labels."""

BASELINES = (*IMAGE_BASELINES, "latent_cyclegan", *LABELLED_RIVALS, "gromov_wasserstein")


class BaselineModelConfig(Config):
    """Hyperparameters of a baseline's model; this class is of those that have none."""

    kind: ClassVar[str] = "baseline"
    group: ClassVar[str] = "model"


@dataclasses.dataclass(frozen=True)
class Pix2PixConfig(BaselineModelConfig):
    """Hyperparameters of `Pix2Pix`. The defaults are the original's (Isola et al. 2017), with patches for small images.

    Attributes:
        filters: Channels of a generator's first layer; each next layer has twice as many, up to eight times.
        depth: Number of layers of a generator's encoder, and of its decoder.
        groups: Groups of the group normalisation of all networks; -1 for instance normalisation.
        dropout: Rate of the dropout in a generator's decoder.
        discriminator_filters: Channels of a discriminator's first layer; each next layer has twice as many, up to
            eight times.
        discriminator_layers: Number of a discriminator's layers that halve the image: 1 for patches of 16 by 16
            pixels, 2 for 34, 3 for 70.
        spectral_normalization: Whether discriminators have spectral instead of group normalisation.
        beta_l1: Weight of the mean absolute error, for images on the scale [-1, 1].
    """

    filters: int = setting(64, minimum=1)
    depth: int = setting(5, minimum=1)
    groups: int = setting(-1)
    dropout: float = setting(0.5, minimum=0)
    discriminator_filters: int = setting(64, minimum=1)
    discriminator_layers: int = setting(1, minimum=1)
    spectral_normalization: bool = setting(False)
    beta_l1: float = setting(100.0, minimum=0)


@dataclasses.dataclass(frozen=True)
class CycleGANConfig(BaselineModelConfig):
    """Hyperparameters of `CycleGAN`. The defaults are the original's (Zhu et al. 2017), with smaller patches.

    Attributes:
        filters: Channels of a generator's first layer; its residual blocks have four times as many.
        num_blocks: Number of residual blocks of a generator.
        groups: Groups of the group normalisation of all networks; -1 for instance normalisation.
        discriminator_filters: Channels of a discriminator's first layer; each next layer has twice as many, up to
            eight times.
        discriminator_layers: Number of a discriminator's layers that halve the image: 1 for patches of 16 by 16
            pixels, 2 for 34, 3 for 70.
        spectral_normalization: Whether discriminators have spectral instead of group normalisation.
        beta_cycle: Weight of the cycle consistency loss, for images on the scale [-1, 1].
        beta_identity: Weight of the identity loss, on the same scale.
        pool_size: Number of earlier fakes kept for each discriminator, a batch or more; 0 for none.
    """

    filters: int = setting(64, minimum=1)
    num_blocks: int = setting(6, minimum=0)
    groups: int = setting(-1)
    discriminator_filters: int = setting(64, minimum=1)
    discriminator_layers: int = setting(2, minimum=1)
    spectral_normalization: bool = setting(False)
    beta_cycle: float = setting(10.0, minimum=0)
    beta_identity: float = setting(5.0, minimum=0)
    pool_size: int = setting(50, minimum=0)


@dataclasses.dataclass(frozen=True)
class LatentCycleGANConfig(BaselineModelConfig):
    """Hyperparameters of `LatentCycleGAN`. The paper gives neither sizes nor weights: these are its bridge's.

    Attributes:
        hidden_units: Widths of a generator's hidden layers.
        discriminator_units: Widths of a discriminator's hidden layers.
        spectral_normalization: Whether discriminators have spectral normalisation.
        beta_cycle: Weight of the cycle consistency loss.
        beta_identity: Weight of the identity loss; 0 where latents differ in size.
        pool_size: Number of earlier fakes kept for each discriminator, a batch or more; 0 for none.
    """

    hidden_units: tuple[int, ...] = setting((512, 512, 512, 512), minimum=1)
    discriminator_units: tuple[int, ...] = setting((512, 512, 512), minimum=1)
    spectral_normalization: bool = setting(False)
    beta_cycle: float = setting(10.0, minimum=0)
    beta_identity: float = setting(0.0, minimum=0)
    pool_size: int = setting(0, minimum=0)


@dataclasses.dataclass(frozen=True)
class AffineConfig(BaselineModelConfig):
    """Hyperparameters of `AffineBridge`.

    Attributes:
        ridge: Weight of the squared slopes, in units of the mean variance of the source's latents.
    """

    ridge: float = setting(0.0, minimum=0)


@dataclasses.dataclass(frozen=True)
class ProcrustesConfig(BaselineModelConfig):
    """Hyperparameters of `ProcrustesBridge`.

    Attributes:
        scale: What the scale fits: "means", the means of the classes, by least squares; or "variance", the total
            variance of latents.
    """

    scale: str = setting("variance", choices=("means", "variance"))


@dataclasses.dataclass(frozen=True)
class GaussianTransportConfig(BaselineModelConfig):
    """Hyperparameters of `GaussianTransport` and of `TransportRetrieval`.

    Attributes:
        aligned: Whether transport is optimal in the coordinates of `principal_axes` rather than in those of the
            latents, which must have one size then.
        shrinkage: Share of the mean covariance of all classes in that of each, 0 to 1.
    """

    aligned: bool = setting(True)
    shrinkage: float = setting(0.05, minimum=0)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.shrinkage > 1:
            raise ValueError(f"model.shrinkage is {self.shrinkage}; it is a share, so 1 at most.")


@dataclasses.dataclass(frozen=True)
class GromovWassersteinConfig(BaselineModelConfig):
    """Hyperparameters of `GromovWassersteinBridge`.

    Attributes:
        exponent: Power of the posteriors' standard deviations by which coordinates are divided before distances are
            compared: 0 leaves latents as they are, 1 measures them as the decoder does.
        num_centroids: Clusters of each domain.
        regularization: Weight of the entropy of a coupling, for latents of a mean squared norm of 1.
        num_starts: Starts, each with clusters of its own, of which the best is kept.
    """

    exponent: float = setting(0.5, minimum=0)
    num_centroids: int = setting(60, minimum=2)
    regularization: float = setting(0.015, minimum=1e-6)
    num_starts: int = setting(5, minimum=2)


@dataclasses.dataclass(frozen=True)
class RectifiedFlowConfig(BaselineModelConfig):
    """Hyperparameters of `RectifiedFlow`.

    Attributes:
        hidden_units: Widths of the hidden layers of the network of velocities.
        num_sampling_steps: Heun steps of a translation, of which each computes two velocities.
        pairing_size: Latents of a class among which optimal pairs are found.
    """

    hidden_units: tuple[int, ...] = setting((512, 512, 512, 512), minimum=1)
    num_sampling_steps: int = setting(8, minimum=1)
    pairing_size: int = setting(1000, minimum=1)


_MODEL_CONFIGS: dict[str, type[BaselineModelConfig]] = {
    "pix2pix": Pix2PixConfig,
    "cyclegan": CycleGANConfig,
    "latent_cyclegan": LatentCycleGANConfig,
    "rectified_flow": RectifiedFlowConfig,
    "affine": AffineConfig,
    "procrustes": ProcrustesConfig,
    "classify_and_draw": BaselineModelConfig,
    "gaussian_transport": GaussianTransportConfig,
    "transport_retrieval": GaussianTransportConfig,
    "gromov_wasserstein": GromovWassersteinConfig,
}


@dataclasses.dataclass(frozen=True)
class BaselineConfig(Config):
    """Everything that determines a baseline.

    Attributes:
        baseline: Name of the baseline, one of `BASELINES`.
        domains: Names of two pretrained domains, or folders that `Domain.save` wrote.
        latents: Kinds of latents that a baseline of latents learns from, as a bridge does; None for those of images.
        seed: Seed of the initial weights, the order of the instances and all noise.
        model: Hyperparameters of the model.
        num_steps: Number of training steps. This and what follows count for baselines that are trained step by step.
        batch_size: Instances of each domain in a step, over all replicas.
        learning_rate: Learning rate of Adam, at the start.
        beta_1: Decay of Adam's first moment.
        schedule: Learning rate over the steps, "constant", or "cosine", down to zero.
        precision: Keras dtype policy of the model, "float32", "mixed_bfloat16" or "mixed_float16".
        steps_per_log: Steps between two logs of the metrics.
        steps_per_checkpoint: Steps between two checkpoints, rounded down to whole logs.
    """

    kind: ClassVar[str] = "baseline"

    baseline: str = setting("cyclegan", choices=BASELINES)
    domains: tuple[str, ...] = setting(("mnist", "fashion_mnist"))
    latents: str | None = setting(None, optional=True)
    seed: int = setting(0, minimum=0)
    model: BaselineModelConfig = setting(CycleGANConfig())
    num_steps: int = setting(4_000, minimum=1)
    batch_size: int = setting(8, minimum=1)
    learning_rate: float = setting(2e-4, minimum=0)
    beta_1: float = setting(0.5, minimum=0)
    schedule: str = setting("cosine", choices=SCHEDULES)
    precision: str = setting("float32", choices=PRECISIONS)
    steps_per_log: int = setting(100, minimum=1)
    steps_per_checkpoint: int = setting(500, minimum=1)

    def __post_init__(self) -> None:
        super().__post_init__()
        if len(self.domains) != 2:
            raise ValueError(f"A baseline is trained between two domains, not {len(self.domains)}.")
        if self.translates_images == (self.latents is not None):
            expected = "None" if self.translates_images else "a kind of latents, such as 'dataset'"
            raise ValueError(f"latents is {self.latents!r}; for {self.baseline} it must be {expected}.")
        pool_size = getattr(self.model, "pool_size", 0)
        if 0 < pool_size < self.batch_size:
            raise ValueError(
                f"A pool of {pool_size} is smaller than a batch of {self.batch_size}: raise model.pool_size."
            )

    @classmethod
    def named(cls, name: str, **fields: Any) -> Self:
        """The configuration of a baseline by name, with its model's defaults."""
        return cls(baseline=name, model=_MODEL_CONFIGS[name](), **fields)

    @property
    def translates_images(self) -> bool:
        """Whether the baseline translates images themselves."""
        return self.baseline in IMAGE_BASELINES

    @classmethod
    def group_types(cls, values: Mapping[str, Any]) -> dict[str, type[Config]]:
        name = values.get("baseline")
        if name is None or not isinstance(values.get("model"), Mapping):
            return {}
        return {"model": _MODEL_CONFIGS[checks.known(name, BASELINES, "baseline")]}

    @classmethod
    def upgraded(cls, values: Mapping[str, Any]) -> dict[str, Any]:
        values = dict(values)
        if isinstance(latents := values.get("latents"), str):
            values["latents"] = current_name(latents)
        return values
