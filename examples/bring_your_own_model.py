"""Two models of one's own, a Keras autoencoder and a SavedModel, bridged, translated and exported.

    python examples/bring_your_own_model.py out/example

The first is of handwritten digits of 8 by 8 pixels (scikit-learn's), by numbers; the second of made-up bars of 12
by 12 pixels, of which there are but two kinds: the map says that even digits are one and odd ones the other.
"""

import sys
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from PIL import Image
from sklearn.datasets import load_digits

from latent_xlate.bridge_training import train_bridge
from latent_xlate.configs.own_domains import get_config
from latent_xlate.data.synthetic import digits_like
from latent_xlate.domains.custom.keras_domain import KerasDomain
from latent_xlate.domains.custom.saved_model_domain import SavedModelDomain
from latent_xlate.packaging.model_packaging import package_model_domain
from latent_xlate.serving.export import export_translator


def write_pictures(folder: Path, images: np.ndarray, class_names: list[str]) -> Path:
    """Writes FOLDER/CLASS/*.png of uint8 [n, height, width]."""
    for number, (image, name) in enumerate(zip(images, class_names, strict=True)):
        (folder / name).mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(folder / name / f"{number}.png")
    return folder


def train_autoencoder(x: np.ndarray, latent_dim: int, epochs: int) -> tuple[keras.Model, keras.Model]:
    """A plain autoencoder of images, [n, height, width, 1] in [0, 1]: its encoder and decoder."""
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
    """A judge of the images, by which the translation is measured."""
    layers = [keras.layers.Flatten(), keras.layers.Dense(64, "relu"), keras.layers.Dense(int(labels.max()) + 1)]
    judge = keras.Sequential([keras.Input(x.shape[1:]), *layers])
    judge.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    judge.fit(x, labels, epochs=epochs, batch_size=64, verbose=0)
    return judge


def main(output: Path) -> None:
    """Makes both domains, trains the bridge, and says how often an even digit becomes a bar of its kind."""
    keras.utils.set_random_seed(0)
    digits = load_digits()
    pixels = (digits.images * 255 / 16).astype(np.uint8)
    folder = write_pictures(output / "digit_pictures", pixels, [str(label) for label in digits.target])
    encoder, decoder = train_autoencoder(pixels[..., None] / np.float32(255), 10, epochs=30)
    # Dark on bright, or bright on dark as here: "auto" would have to guess it of each.
    domain = KerasDomain.of("small_digits", decoder, encoder, invert="never")
    package_model_domain(domain, output / "small_digits", folder)

    bars = digits_like(1200, num_classes=2, image_size=12)
    folder = write_pictures(output / "bar_pictures", bars.images[..., 0], [("flat", "steep")[k] for k in bars.labels])
    encoder, decoder = train_autoencoder(bars.floats, 4, epochs=30)
    judge = train_classifier(bars.floats, bars.labels, epochs=10)
    archive = keras.export.ExportArchive()
    archive.track(encoder)
    archive.track(decoder)
    archive.track(judge)
    archive.add_endpoint("encode", encoder, [tf.TensorSpec([None, 12, 12, 1], tf.float32)])
    archive.add_endpoint("decode", decoder, [tf.TensorSpec([None, 4], tf.float32)])
    archive.add_endpoint("classify", judge, [tf.TensorSpec([None, 12, 12, 1], tf.float32)])
    archive.write_out(str(output / "bar_model"), verbose=False)
    bar_domain = SavedModelDomain.of("bars", output / "bar_model", invert="never")
    package_model_domain(bar_domain, output / "bars", folder)

    config = get_config("quick")
    config.domains = (str(output / "small_digits"), str(output / "bars"))
    config.num_steps = 600
    with config.unlocked():
        config.class_map = ",".join(f"{digit}={('flat', 'steep')[digit % 2]}" for digit in range(10))
    translator = train_bridge(config, output / "bridge")
    translator.save(output / "bridge" / "translator")

    translated = translator.translate(pixels[..., None] / np.float32(255), "small_digits", "bars")
    kinds = np.argmax(translator.domain("bars").classify(translated), axis=1)
    print(f"Digits that become a bar of their kind: {np.mean(kinds == digits.target % 2):.3f}")
    print(f"SavedModel: {export_translator(translator, output / 'export')}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
