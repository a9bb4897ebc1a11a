"""Installs latent_xlate, its console scripts and the pretrained weights; tool settings are in pyproject.toml."""

import re
from pathlib import Path

from setuptools import find_packages, setup

ROOT = Path(__file__).resolve().parent
# tensorflow-hub imports pkg_resources, which setuptools no longer has.
HUB = ["tensorflow-hub>=0.16.1", "setuptools<82"]
NOTEBOOK = ["ipykernel", "nbclient", "nbformat"]
RECOGNISER = ["pocketsphinx>=5"]
SERVING = ["httptools", "orjson", "prometheus_client", "starlette", "tensorflow-serving-api>=2.20,<2.22", "uvicorn"]
DEMO = ["gradio>=6.20,<7"]
WEIGHT_FILES = {".json", ".md", ".npz"}


def read_version() -> str:
    """The version that `latent_xlate/__init__.py` states, read without importing it (and TensorFlow)."""
    text = (ROOT / "latent_xlate" / "__init__.py").read_text(encoding="utf-8")
    return re.findall(r'^__version__ = "(.+)"$', text, re.MULTILINE)[0]


def console_scripts() -> list[str]:
    """One `latent_xlate_<name>` for each command in `latent_xlate/cli/`."""
    names = sorted(path.stem for path in (ROOT / "latent_xlate" / "cli").glob("[!_]*.py"))
    return [f"latent_xlate_{name} = latent_xlate.cli.{name}:console_entry_point" for name in names]


def pretrained_weights() -> list[tuple[str, list[str]]]:
    """What ships in `savedmodels/`, as `data_files`; exported models, which git ignores, do not ship."""
    folders: dict[Path, list[str]] = {}
    for path in sorted((ROOT / "savedmodels").rglob("*")):
        relative = path.relative_to(ROOT)
        if path.suffix in WEIGHT_FILES and relative.parts[1] != "export":
            folders.setdefault(relative.parent, []).append(relative.as_posix())
    return [(f"share/latent_xlate/{folder.as_posix()}", files) for folder, files in folders.items()]


setup(
    name="latent_xlate",
    version=read_version(),
    description="Latent translation: crossing modalities by bridging generative models",
    long_description=(ROOT / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    author="The latent_xlate authors",
    license="Apache-2.0",
    license_files=["LICENSE"],
    classifiers=[
        "Intended Audience :: Science/Research",
        "Programming Language :: Python :: 3.11",
        "Programming Language :: Python :: 3.12",
        "Programming Language :: Python :: 3.13",
        "Topic :: Scientific/Engineering :: Artificial Intelligence",
    ],
    packages=find_packages(include=["latent_xlate", "latent_xlate.*"]),
    package_data={
        "latent_xlate": ["templates/*"],
        "latent_xlate.serving": ["bundle_files/*"],
        "latent_xlate.serving.demo": ["assets/*"],
    },
    data_files=pretrained_weights(),
    entry_points={"console_scripts": console_scripts()},
    python_requires=">=3.11,<3.14",
    install_requires=[
        "absl-py",
        "keras>=3.12,<4",
        "markdown",
        "matplotlib",
        "ml_collections",
        "numpy",
        "pillow",
        "requests",
        "scikit-learn>=1.4",
        "scipy",
        "soundfile",
        "soxr",
        # tf.summary needs it, and TensorFlow stopped to bring it with 2.21.
        "tensorboard>=2.20,<2.22",
        "tensorflow>=2.20,<2.22",
        "tensorflow-datasets>=4.9.10,<4.10",
        "tqdm",
        # tensorflow-datasets needs these three and does not declare them.
        "importlib_resources",
        "pydub",
        'audioop-lts; python_version >= "3.13"',
    ],
    extras_require={
        "gpu": ["tensorflow[and-cuda]>=2.20,<2.22"],
        "hub": HUB,
        "demo": DEMO,
        "serving": SERVING,
        "recogniser": RECOGNISER,
        "test": [
            "pytest>=8",
            "pytest-xdist[psutil]>=3.6",
            "POT>=0.9",
            "playwright>=1.60",
            *DEMO,
            *HUB,
            *NOTEBOOK,
            *RECOGNISER,
            *SERVING,
        ],
        "benchmark": ["torch>=2.6"],
        "dev": [
            "import-linter>=2.17,<3",
            "mypy>=2.4,<2.5",
            "pre-commit>=4",
            "pytest>=8",
            "ruff>=0.17,<0.18",
            "types-tqdm",
        ],
    },
)
