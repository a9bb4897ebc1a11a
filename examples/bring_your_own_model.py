"""Bridges two models of your own, a Keras autoencoder and a SavedModel, and translates and exports.

    python examples/bring_your_own_model.py out/example

The first model is an autoencoder of handwritten digits of 8 by 8 pixels (scikit-learn's), the second one of synthetic
bars of 12 by 12 pixels. Bars have only two classes: the class map joins the even digits to one of them, and the odd
digits to the other.
"""

import sys
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from PIL import Image
from sklearn.datasets import load_digits

import latent_xlate as lx


def write_pictures(folder: Path, images: np.ndarray, class_names: list[str]) -> Path:
    """Writes FOLDER/CLASS/*.png of uint8 [n, height, width]."""
    for number, (image, name) in enumerate(zip(images, class_names, strict=True)):
        (folder / name).mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(folder / name / f"{number}.png")
    return folder


def draw_bars(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Draws flat and steep bars, a little off the middle: uint8 [count, 12, 12], and their labels, 0 and 1."""
    labels = np.arange(count) % 2
    offsets = np.random.default_rng(0).uniform(-0.4, 0.4, count)[:, None, None]
    y, x = np.mgrid[-1:1:12j, -1:1:12j]
    steep = labels[:, None, None] == 1
    across, along = np.where(steep, x, y) - offsets, np.where(steep, y, x)
    return (255 * np.exp(-((across / 0.2) ** 2)) * (np.abs(along) < 0.8)).astype(np.uint8), labels


def train_autoencoder(x: np.ndarray, latent_dim: int, epochs: int) -> tuple[keras.Model, keras.Model]:
    """Trains a plain autoencoder of images, [n, height, width, 1] in [0, 1], and returns its encoder and decoder."""
    shape = x.shape[1:]
    encoder = keras.Sequential(
        [keras.Input(shape), keras.layers.Flatten(), keras.layers.Dense(128, "relu"), keras.layers.Dense(latent_dim)]
    )
    decoder = keras.Sequential(
        [
            keras.Input((latent_dim,)),
            keras.layers.Dense(128, "relu"),
            keras.layers.Dense(int(np.prod(shape)), "sigmoid"),
            keras.layers.Reshape(shape),
        ]
    )
    whole = keras.Sequential([encoder, decoder])
    whole.compile("adam", "mse")
    whole.fit(x, x, epochs=epochs, batch_size=64, verbose=0)
    return encoder, decoder


def train_classifier(x: np.ndarray, labels: np.ndarray, epochs: int) -> keras.Model:
    """Trains a judge of the images, which measures the translation."""
    layers = [keras.layers.Flatten(), keras.layers.Dense(64, "relu"), keras.layers.Dense(int(labels.max()) + 1)]
    judge = keras.Sequential([keras.Input(x.shape[1:]), *layers])
    judge.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    judge.fit(x, labels, epochs=epochs, batch_size=64, verbose=0)
    return judge


def main(output: Path) -> None:
    """Makes both domains, trains the bridge, and prints the share of digits that become a bar of their class."""
    keras.utils.set_random_seed(0)
    digits = load_digits()
    pixels = (digits.images * 255 / 16).astype(np.uint8)
    folder = write_pictures(output / "digit_pictures", pixels, [str(label) for label in digits.target])
    encoder, decoder = train_autoencoder(pixels[..., None] / np.float32(255), 10, epochs=30)
    # All pictures are bright on dark; "auto" would guess it for each.
    domain = lx.KerasDomain.of("small_digits", decoder, encoder, invert="never")
    lx.package_domain(domain, output / "small_digits", folder)

    bars, labels = draw_bars(1200)
    folder = write_pictures(output / "bar_pictures", bars, [("flat", "steep")[label] for label in labels])
    x = bars[..., None] / np.float32(255)
    encoder, decoder = train_autoencoder(x, 4, epochs=30)
    judge = train_classifier(x, labels, epochs=10)
    archive = keras.export.ExportArchive()
    archive.track(encoder)
    archive.track(decoder)
    archive.track(judge)
    archive.add_endpoint("encode", encoder, [tf.TensorSpec([None, 12, 12, 1], tf.float32)])
    archive.add_endpoint("decode", decoder, [tf.TensorSpec([None, 4], tf.float32)])
    archive.add_endpoint("classify", judge, [tf.TensorSpec([None, 12, 12, 1], tf.float32)])
    archive.write_out(str(output / "bar_model"), verbose=False)
    bar_domain = lx.SavedModelDomain.of("bars", output / "bar_model", invert="never")
    lx.package_domain(bar_domain, output / "bars", folder)

    translator = lx.train_bridge(
        "own_domains:quick",
        output / "bridge",
        domains=(str(output / "small_digits"), str(output / "bars")),
        class_map=",".join(f"{digit}={('flat', 'steep')[digit % 2]}" for digit in range(10)),
        num_steps=600,
    )
    translator.save(output / "bridge" / "translator")

    translated = translator.translate(pixels[..., None] / np.float32(255), "small_digits", "bars")
    kinds = np.argmax(translator.domain("bars").classify(translated), axis=1)
    print(f"Digits that become a bar of their kind: {np.mean(kinds == digits.target % 2):.3f}")
    print(f"SavedModel: {lx.export(translator, output / 'export')}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
