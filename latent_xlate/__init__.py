"""Latent translation: crossing modalities by bridging generative models.

A Keras 3 / TensorFlow implementation of Tian and Engel (2019), https://arxiv.org/abs/1902.08261.

Example:
    import latent_xlate as lx

    translator = lx.train_bridge("mnist_fashion_mnist:quick", "out/bridge")
    clothes = translator.translate(digits, source="mnist", target="fashion_mnist")

Importing the package is cheap: TensorFlow is imported when one of the names below is first used, and the package's
classes are registered with Keras at that moment.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from latent_xlate import losses
    from latent_xlate.bridge.bridging_vae import BridgingVAE
    from latent_xlate.bridge_training import train_bridge
    from latent_xlate.configs import list_configs
    from latent_xlate.domains.custom.callable_domain import CallableDomain
    from latent_xlate.domains.custom.keras_domain import KerasDomain
    from latent_xlate.domains.custom.model_files_domain import ModelFilesDomain
    from latent_xlate.domains.custom.saved_model_domain import SavedModelDomain
    from latent_xlate.domains.domain import Domain
    from latent_xlate.domains.pretrained import list_domains, load_domain
    from latent_xlate.evaluation.accuracy import evaluate
    from latent_xlate.packaging.latent_packaging import package_latents
    from latent_xlate.packaging.model_packaging import package_model_domain as package_domain
    from latent_xlate.serving.export import export_translator as export
    from latent_xlate.translator import Translator

__version__ = "0.1.0"

KERAS_PACKAGE = "latent_xlate"
"""Under which classes are registered with Keras."""

_HOMES = {
    "BridgingVAE": "bridge.bridging_vae:BridgingVAE",
    "CallableDomain": "domains.custom.callable_domain:CallableDomain",
    "Domain": "domains.domain:Domain",
    "KerasDomain": "domains.custom.keras_domain:KerasDomain",
    "ModelFilesDomain": "domains.custom.model_files_domain:ModelFilesDomain",
    "SavedModelDomain": "domains.custom.saved_model_domain:SavedModelDomain",
    "Translator": "translator:Translator",
    "evaluate": "evaluation.accuracy:evaluate",
    "export": "serving.export:export_translator",
    "list_configs": "configs:list_configs",
    "list_domains": "domains.pretrained:list_domains",
    "load_domain": "domains.pretrained:load_domain",
    "losses": "losses:",
    "package_domain": "packaging.model_packaging:package_model_domain",
    "package_latents": "packaging.latent_packaging:package_latents",
    "train_bridge": "bridge_training:train_bridge",
}
"""Where each public name is defined, as module:attribute; a module itself has no attribute."""

_REGISTERING = ("baselines", "bridge.bridging_vae", "domains.pretrained")
"""Modules whose import registers all classes with Keras."""

__all__ = [
    "BridgingVAE",
    "CallableDomain",
    "Domain",
    "KerasDomain",
    "ModelFilesDomain",
    "SavedModelDomain",
    "Translator",
    "__version__",
    "evaluate",
    "export",
    "list_configs",
    "list_domains",
    "load_domain",
    "losses",
    "package_domain",
    "package_latents",
    "train_bridge",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    path, _, attribute = _HOMES[name].partition(":")
    if not attribute:  # The package's own modules ask for it too, while the classes are still being registered.
        return importlib.import_module(f"{__name__}.{path}")
    for registering in _REGISTERING:
        importlib.import_module(f"{__name__}.{registering}")
    globals()[name] = getattr(importlib.import_module(f"{__name__}.{path}"), attribute)
    return globals()[name]


def __dir__() -> list[str]:
    return sorted(__all__)
