"""The interface of a domain: a pretrained generative model with its encoder, decoder and classifier.

The bridge, the translator, evaluation and serving use nothing but `Domain`, so a new model joins by implementing it.
"""

from __future__ import annotations

import abc
import dataclasses
import os
import re
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from latent_xlate import checks, files
from latent_xlate.batching import BATCH_SIZE
from latent_xlate.data import stored
from latent_xlate.data.labelled import Labelled
from latent_xlate.domains import hugging_face
from latent_xlate.domains.network_files import read_weights, write_weights
from latent_xlate.domains.novelty import NoveltyScale
from latent_xlate.domains.standardisation import Standardisation
from latent_xlate.modalities.modality import Modality

DOMAIN_FILE = "domain.json"


class Domain(abc.ABC):
    """A pretrained generative model of one kind of data.

    The methods on tensors can be traced by `tf.function`. `x` is a batch of data, [batch, *data_shape],
    and `z` a batch of latents, [batch, latent_dim], both float32. The domain's modality reads, checks, writes and shows
    data.

    Subclasses are registered with Keras (`keras.saving.register_keras_serializable`). `from_config(get_config())`
    rebuilds a domain with new `networks`, and `load_models` then sets their weights.

    Attributes:
        name: Name in flags and signatures: lower-case letters, digits and underscores, no digit first.
        modality: The kind of data, with its settings.
        class_names: Names of the classes that `classify` distinguishes, by label; may be empty.
        dataset: Name of the data set that the model was trained on.
    """

    modality: Modality

    has_encoder: bool = True
    """Whether `encode` exists; a GAN has none."""

    has_classifier: bool = True
    """Whether `classify` and `features` exist."""

    batch_size: int = BATCH_SIZE
    """Largest number of instances that the networks should compute at once."""

    has_prior: bool = True
    """Whether `sample_prior` exists."""

    num_measured: int = 0
    """The first so many coordinates of z are measurements of x, of the same in all domains that have as many."""

    has_data: bool = True
    """Whether x are data. If not, they are the latents themselves, and nobody here can make data of them."""

    in_graph: bool = True
    """Whether its models are part of a graph that can be saved. If not, they run in this process alone."""

    standardisation: Standardisation | None = None
    """What a bridge's latents differ by from those of the domain, which may have any scale; None for nothing."""

    novelty_scale: NoveltyScale | None = None
    """Scale of `novelty`; None if none was chosen, as in folders of earlier versions and without an encoder."""

    folder: Path | None = None
    """Folder that it was loaded from; None if it was made in this process."""

    resources: Sequence[Any] = ()
    """Objects that an export has to keep in addition to the variables that graphs use, for example tables."""

    def __init__(self, name: str, modality: Modality, class_names: tuple[str, ...] = (), dataset: str | None = None):
        """Sets the attributes; `dataset` is the domain's name unless given.

        Raises:
            ValueError: The name has other characters.
        """
        if not re.fullmatch("[a-z_][a-z0-9_]*", str(name)):
            raise ValueError(
                f"Domain name {name!r} must consist of lower-case letters, digits and underscores, with no digit first."
            )
        self.name = name
        self.modality = modality
        self.class_names = tuple(class_names)
        self.dataset = dataset or name

    @property
    @abc.abstractmethod
    def latent_dim(self) -> int:
        """Size of z."""

    @property
    def data_shape(self) -> tuple[int, ...]:
        """Shape of one x."""
        return self.modality.shape

    @property
    def file_suffix(self) -> str:
        """Ending of the files that `write` returns, for example ".png"."""
        return self.modality.file_suffix

    @property
    @abc.abstractmethod
    def networks(self) -> dict[str, keras.Model]:
        """The domain's Keras models, by name."""

    @abc.abstractmethod
    def decode(self, z: tf.Tensor) -> tf.Tensor:
        """Generates data from latents: x, [batch, *data_shape]."""

    def encode(self, x: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns the posterior of data: mu and sigma of q(z|x), each [batch, latent_dim]."""
        raise NotImplementedError(f"Domain {self.name!r} has no encoder.")

    def classify(self, x: tf.Tensor) -> tf.Tensor:
        """Class logits, [batch, classes], of the judge, a classifier that the bridge's training never sees."""
        raise NotImplementedError(f"Domain {self.name!r} has no classifier.")

    def features(self, x: tf.Tensor) -> tf.Tensor:
        """The judge's penultimate activations, [batch, features]."""
        raise NotImplementedError(f"Domain {self.name!r} has no classifier.")

    def judge(self, x: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns `classify(x)` and `features(x)`, computed in one pass if the domain can."""
        return self.classify(x), self.features(x)

    def sample_prior(self, num_samples: int, seed: int = 0) -> tf.Tensor:
        """Draws z, [num_samples, latent_dim], from the prior: standard normal, unless a subclass overrides this."""
        return tf.random.stateless_normal([num_samples, self.latent_dim], [seed, 0])

    def to_bridge(self, z: Any) -> Any:
        """Latents, an array or a tensor [batch, latent_dim], as bridges take them."""
        return z if self.standardisation is None else self.standardisation.apply(z)

    def from_bridge(self, z: Any) -> Any:
        """Latents of the domain, of what bridges return; the inverse of `to_bridge`."""
        return z if self.standardisation is None else self.standardisation.undo(z)

    def novelty(self, x: tf.Tensor) -> tf.Tensor:
        """How unlike the training data x is: float32 [batch], above `novelty.NOVEL` for 1 in 100 held-out instances."""
        if self.novelty_scale is None:
            raise NotImplementedError(f"Domain {self.name!r} has no scale of novelty.")
        return self.novelty_scale.novelty(self, x)

    def check(self, x: np.ndarray) -> np.ndarray:
        """Returns a user's x as float32; see `Modality.check`."""
        return self.modality.check(x)

    def read(self, files: tf.Tensor) -> tf.Tensor:
        """Decodes the contents of files, string [batch], to x, in graph; see `Modality.read`."""
        return self.modality.read(files)

    def write(self, x: tf.Tensor) -> tf.Tensor:
        """Encodes x as the contents of files, string [batch], in graph."""
        return self.modality.write(x)

    def pictures(self, x: tf.Tensor) -> tf.Tensor:
        """Shows data as pictures: float32 [batch, height, width, 1 or 3], in [0, 1]."""
        return self.modality.pictures(x)

    def load_data(self, split: str, data_dir: str | os.PathLike | None = None) -> Labelled:
        """Loads the data set, preprocessed as for the model's training.

        Args:
            split: "train", "validation" or "test".
            data_dir: Folder of TFDS data sets; None for the default.

        Returns:
            The labelled instances; their `floats` are a batch of x.

        Raises:
            ValueError: There is no such split, or the data set is unknown, not prepared, or damaged.
        """
        return self.as_trained(stored.load(self.dataset, split, data_dir, type(self.modality)))

    def as_trained(self, data: Labelled) -> Labelled:
        """Preprocesses stored data as for the model's training; a domain of speech may align its sounds."""
        return data

    @abc.abstractmethod
    def get_config(self) -> dict[str, Any]:
        """Arguments for `from_config`, JSON-serialisable."""

    @classmethod
    @abc.abstractmethod
    def from_config(cls, config: dict[str, Any]) -> Domain:
        """Makes the domain with built networks of new weights."""

    def save(self, folder: str | os.PathLike, dtype: str = "float32") -> Path:
        """Saves the domain: `domain.json` and the models.

        Args:
            folder: Folder of the domain; created if it does not exist.
            dtype: Type of the weights; "float16" halves the files at a relative error of about 5e-4.

        Raises:
            ValueError: A weight is too large for `dtype`, or not finite.
        """
        folder = checks.path(folder, "folder")
        self.save_models(folder, dtype)
        content = {"class": keras.saving.get_registered_name(type(self)), "config": self.get_config()}
        if self.novelty_scale is not None:
            content["novelty"] = dataclasses.asdict(self.novelty_scale)
        files.write_json(folder / DOMAIN_FILE, content)
        return folder

    def save_models(self, folder: Path, dtype: str) -> None:
        """Saves the weights of each network for `load_models`. Arguments and errors are those of `save`."""
        for name, network in self.networks.items():
            write_weights(network, folder / f"{name}.npz", dtype)

    def load_models(self, folder: Path) -> None:
        """Loads the weights that `save_models` wrote.

        Raises:
            ValueError: A file is missing or damaged, or does not fit its network.
        """
        for name, network in self.networks.items():
            read_weights(network, folder / f"{name}.npz")

    def push_to_hub(self, repository: str, *, private: bool = False) -> str:
        """Uploads the domain to the Hugging Face Hub, from where `load_domain("hf://OWNER/NAME")` gets it.

        All files of the folder that it was loaded from go with it: latents, and the model card. Needs the extra `hf`.

        Args:
            repository: OWNER/NAME; made where there is none.
            private: Whether a new repository is private.

        Returns:
            The address of the repository.

        Raises:
            ValueError: The repository's name cannot be, or the hub cannot be reached or refuses.
        """
        if self.folder is not None:
            return hugging_face.push(self.folder, self.networks, repository, private)
        with tempfile.TemporaryDirectory() as temporary:
            return hugging_face.push(self.save(Path(temporary) / self.name), self.networks, repository, private)

    @staticmethod
    def load(folder: str | os.PathLike) -> Domain:
        """Loads a domain that `save` wrote.

        Raises:
            ValueError: The folder holds no domain, a file is damaged, weights have another shape, or the domain's class
                is not registered (import the module that defines it first).
        """
        path = checks.path(folder, "folder", "the folder of a domain") / DOMAIN_FILE
        try:
            content = files.read_json(path)
            registered, config = content["class"], content["config"]
            scale = NoveltyScale.from_config(content["novelty"]) if "novelty" in content else None
            domain_class = keras.saving.get_registered_object(registered)
        except FileNotFoundError:
            raise ValueError(f"There is no domain in {folder}: it has no {DOMAIN_FILE}.") from None
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(f"{path} is not the description of a domain ({error}).") from None
        if not (isinstance(domain_class, type) and issubclass(domain_class, Domain)):
            raise ValueError(
                f"{path} needs the domain class {registered!r}: import the module that registers it first."
            )
        try:
            domain = domain_class.from_config(config)
        except Exception as error:  # The class may be the user's, so it may raise any exception.
            raise ValueError(f"{path} is not the description of a domain ({error!r}).") from None
        domain.load_models(Path(folder))
        domain.novelty_scale = scale
        domain.folder = Path(folder)
        return domain
