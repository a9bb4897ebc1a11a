"""The configuration of a bridge: its model, what it learns from, and how it is trained."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, ClassVar

from latent_xlate import losses
from latent_xlate.configuration import Config, setting
from latent_xlate.few_labels.propagation_methods import METHODS
from latent_xlate.latents.batches import SAMPLINGS
from latent_xlate.latents.sources import current_name
from latent_xlate.optimizer import PRECISIONS, SCHEDULES

CLASSIFIERS = ("linear", "frozen")
RECONSTRUCTIONS = (*losses.REDUCTIONS, "precision")
MOST_POINTS = 5_000
"""Most points of a class in transport, whose distances take up to 100 MB a class."""


@dataclasses.dataclass(frozen=True)
class BridgeModelConfig(Config):
    """Hyperparameters of a `BridgingVAE`. The defaults are the paper's (supplement B.1).

    Attributes:
        shared_dim: Size of the shared latent.
        hidden_units: Widths of the encoder's hidden layers, and of the decoder's.
        beta_kl: Weight of the KL divergence, which is summed over dimensions and averaged over the batch.
        beta_swd: Weight of the sliced Wasserstein distance between the domains' shared latents.
        beta_cls: Weight of the classification of the shared latent.
        reconstruction: Reduction of the squared error over a latent's dimensions, "mean" or "sum"; or "precision", by
            which each dimension has the weight of its posterior's precision (`losses.precision_weighted_error`).
        swd_order: Order p of the Wasserstein distance; 2 in the paper, 1 in its authors' code.
        num_projections: Random directions of the sliced Wasserstein distance, drawn anew at each step.
        orthogonal_projections: Whether the directions are drawn as orthonormal bases.
        conditional: Whether encoder and decoder are given the domain, one-hot.
        gated_mixing: Whether encoder and decoder end in gated mixing layers; else in affine maps of their hidden
            features, which the paper found worse.
        classifier: "linear" and trained, as in the paper; or "frozen", a gated mixing layer left at its random
            initial weights, as in the authors' code.
    """

    kind: ClassVar[str] = "bridge"
    group: ClassVar[str] = "model"

    shared_dim: int = setting(8, minimum=1)
    hidden_units: tuple[int, ...] = setting((512, 512, 512, 512), minimum=1)
    beta_kl: float = setting(0.05, minimum=0)
    beta_swd: float = setting(1.0, minimum=0)
    beta_cls: float = setting(0.05, minimum=0)
    reconstruction: str = setting("mean", choices=RECONSTRUCTIONS)
    swd_order: float = setting(2.0, minimum=1)
    num_projections: int = setting(64, minimum=1)
    orthogonal_projections: bool = setting(False)
    conditional: bool = setting(True)
    gated_mixing: bool = setting(True)
    classifier: str = setting("linear", choices=CLASSIFIERS)


@dataclasses.dataclass(frozen=True)
class LabelTermsConfig(Config):
    """Weights of the terms that labels add to a bridge's loss (see `LabelTerms`). A term of weight zero is left out.

    Attributes:
        beta_class_swd: Weight of the sliced Wasserstein distance between the domains' instances of each class.
        beta_translation: Weight of the classification of translations by a classifier of the target's latents.
        beta_matching: Weight of the sliced Wasserstein distance between translations and the target's latents of each
            class. It needs sampling "balanced" and is left out with any other.
        beta_measured: Weight of the square error between measurements in translations and what those of their sources
            become, where the domains have the same ones (`Domain.num_measured`). They are to be as far from the mean
            of the target's class as from that of the source's, in deviations of the class (`MeasuredByClass`).
        ramp_steps: Steps over which the weights rise linearly from zero.
    """

    kind: ClassVar[str] = "bridge"
    group: ClassVar[str] = "label_terms"

    beta_class_swd: float = setting(0.0, minimum=0, optional=True)
    beta_translation: float = setting(0.0, minimum=0, optional=True)
    beta_matching: float = setting(0.0, minimum=0, optional=True)
    beta_measured: float = setting(0.0, minimum=0, optional=True)
    ramp_steps: int = setting(1, minimum=1, optional=True)


@dataclasses.dataclass(frozen=True)
class TransportConfig(Config):
    """Optimal transport between the domains' shared latents of each class, computed after training (see `Transport`).

    Attributes:
        points: Points that stand for a class of a domain, no more than it has latents. More take longer and keep more
            of the individual.
        certainty: Points have this probability of their class at least, as the bridge's classifier sees it. The higher
            it is, the fewer translations have another class, and the less varied they are.
        smoothing: Strength of the entropic regularisation, as a share of the mean squared distance. The larger it is,
            the more points a translation is the mean of: it keeps more neighbours, and varies less.
        aligned: Whether what varies most in one domain becomes what varies most in the other, by which neighbours stay
            neighbours (see `Transport`).
        residual_axes: Axes along which translations have details of their own, that the shared latent leaves out (see
            `ResidualTransport`); 0 for none. A translation has them where with them its class is as certain as
            `certainty` says.
    """

    kind: ClassVar[str] = "bridge"
    group: ClassVar[str] = "transport"

    points: int = setting(1_000, minimum=1)
    certainty: float = setting(0.7, minimum=0)
    smoothing: float = setting(0.01, minimum=0)
    aligned: bool = setting(False, optional=True)
    residual_axes: int = setting(0, minimum=0, optional=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.points > MOST_POINTS:
            raise ValueError(f"transport.points is {self.points}; more than {MOST_POINTS} take too much memory.")
        if self.certainty >= 1:
            raise ValueError(f"transport.certainty is {self.certainty}; it is a probability, below 1.")


@dataclasses.dataclass(frozen=True)
class BridgeConfig(Config):
    """Everything that determines a bridge. The defaults are the paper's (supplement B.1).

    Attributes:
        domains: Names of pretrained domains, or folders that `Domain.save` wrote.
        latents: Kinds of latents that the bridge learns from, joined by "+"; one for all domains or, separated by
            commas, one for each (`latents.sources.load_latents`).
        labels_per_class: Number of labels of each class and domain that the training may see; None for all.
        label_seed: Seed of the random choice of these labels.
        label_file: Table of the labels that the training may see, in place of `labels_per_class` (`suggest_labels`
            writes one to fill in).
        pseudo_labels: Method by which these labels are propagated to all instances, along a graph of nearest
            neighbours; None for not at all.
        equal_class_sizes: Whether the propagation assumes that all classes are of one size.
        sampling: Order of the instances in batches, "balanced", "uniform" or "mixed" (`latents.batches.make_batches`).
        class_map: Which classes of the domains belong together, as pairs "CLASS=CLASS,..." or a CSV or JSON file
            (`ClassMap.read`), or "by_label"; None for those of the same name (`class_pairing.pair_classes`).
        seed: Seed of the initial weights, the order of the instances and all noise.
        model: Hyperparameters of the bridge.
        label_terms: Weights of the terms that labels add to the loss; None for none.
        transport: Transport between shared latents, computed after training; None for none.
        num_steps: Number of training steps; at most, where `epochs` or `patience` is given.
        epochs: Passes over the latents of the domain that has most; None for as many as `num_steps` makes.
        patience: Ends the training after so many logs in a row in which held-out latents were not translated better
            (`HeldOutProgress`); None for never. One in twelve latents is held out, unless a domain's folder has
            others for it.
        batch_size: Instances of each domain in a step, over all replicas.
        learning_rate: Learning rate of Adam, at the start.
        schedule: Learning rate over the steps, "constant", or "cosine", down to zero.
        precision: Keras dtype policy of the bridge, "float32", "mixed_bfloat16" or "mixed_float16".
        steps_per_log: Steps between two logs of the metrics.
        steps_per_checkpoint: Steps between two checkpoints, rounded down to whole logs.
    """

    kind: ClassVar[str] = "bridge"

    domains: tuple[str, ...] = setting(())
    latents: str = setting("dataset")
    labels_per_class: int | None = setting(None, minimum=0)
    label_seed: int = setting(0, minimum=0)
    label_file: str | None = setting(None)
    pseudo_labels: str | None = setting(None, choices=METHODS, noun="method of pseudo_labels")
    equal_class_sizes: bool = setting(False)
    sampling: str = setting("balanced", choices=SAMPLINGS)
    class_map: str | None = setting(None, optional=True)
    seed: int = setting(0, minimum=0)
    model: BridgeModelConfig = setting(BridgeModelConfig())
    label_terms: LabelTermsConfig | None = setting(None, optional=True)
    transport: TransportConfig | None = setting(None, optional=True)
    num_steps: int = setting(50_000, minimum=1)
    epochs: int | None = setting(None, minimum=1, optional=True)
    patience: int | None = setting(None, minimum=1, optional=True)
    batch_size: int = setting(128, minimum=1)
    learning_rate: float = setting(1e-3, minimum=0)
    schedule: str = setting("constant", choices=SCHEDULES)
    precision: str = setting("float32", choices=PRECISIONS)
    steps_per_log: int = setting(500, minimum=1)
    steps_per_checkpoint: int = setting(2_500, minimum=1)

    def __post_init__(self) -> None:
        if isinstance(self.domains, tuple) and not all(isinstance(name, str) for name in self.domains):
            raise ValueError(f"domains is {self.domains!r}; it must hold names of domains.")
        super().__post_init__()
        if self.label_terms is not None and self.label_terms.beta_class_swd and self.sampling != "balanced":
            raise ValueError(f"label_terms.beta_class_swd needs sampling 'balanced', not {self.sampling!r}.")
        if self.transport is not None and (self.model.classifier != "linear" or not self.model.beta_cls):
            raise ValueError("transport needs model.classifier 'linear', trained by a model.beta_cls above 0.")

    @property
    def has_few_labels(self) -> bool:
        """Whether the training sees only some of the labels."""
        return self.labels_per_class is not None or self.label_file is not None

    @classmethod
    def upgraded(cls, values: Mapping[str, Any]) -> dict[str, Any]:
        values = dict(values)
        if isinstance(latents := values.get("latents"), str):
            values["latents"] = current_name(latents)
        if isinstance(terms := values.get("label_terms"), Mapping):
            terms = {"beta_matching": 0.0, "beta_measured": 0.0} | dict(terms)  # They did not exist.
            if terms.pop("beta_consistency", 0.0):
                raise ValueError(
                    f"label_terms.beta_consistency is {values['label_terms']['beta_consistency']}, but it no longer "
                    "exists: leave it out, or take beta_class_swd or beta_translation in its place."
                )
            values["label_terms"] = terms
        return values
