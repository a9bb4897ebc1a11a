"""Model cards: what a packaged domain is, what was measured on it, and how it was made."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from latent_xlate import documents, tables
from latent_xlate.data.labelled import Labelled
from latent_xlate.domains.domain import Domain
from latent_xlate.domains.image.image_training import CONVOLUTIONAL
from latent_xlate.domains.speech.latent_mixture import TEMPERATURE
from latent_xlate.domains.speech.speech_domain import SpeechDomain
from latent_xlate.latents.samples import MIN_PROBABILITY
from latent_xlate.packaging import domain_folder
from latent_xlate.packaging.judge import Judge
from latent_xlate.packaging.training_commands import train_domain_command, train_wavegan_commands
from latent_xlate.packaging.training_runs import Stage

LICENCES = {
    "mnist": "MNIST (LeCun, Cortes and Burges), CC BY-SA 3.0",
    "fashion_mnist": "Fashion-MNIST (Xiao, Rasul and Vollgraf, 2017; Zalando SE), MIT",
    "spoken_digit": "Free Spoken Digit Dataset (Jackson and others, 2016 to 2020), CC BY-SA 4.0",
    "emoji": "Noto Emoji (Google), Apache License 2.0, and Twemoji (Twitter, Inc and other contributors), CC BY 4.0",
    "letters": "drawn with fonts of Debian's, SIL Open Font License and Apache License 2.0",
    "spoken_digit_ar": "Arabic Speech Commands Dataset (Ghandoura, Hjabo and Al Dakkak, 2021), CC BY 4.0",
    "synthetic_digits": (
        "digits spoken by eSpeak NG (Duddington, Dunn and others, GPL 3 or later) and by Flite with its voices awb, "
        "rms and slt (Carnegie Mellon University, a free licence of the BSD kind)"
    ),
    "sc09": "Speech Commands (Warden, 2018; Google), CC BY 4.0",
}
"""By data set, its authors and licence."""

_PAPER = """base models of
Tian and Engel (2019), supplement B.2,"""

_CONVOLUTIONAL = "convolutional networks,"


def image_card(
    name: str,
    vae: Mapping[str, Any],
    loss: float,
    splits: Mapping[str, Labelled],
    judge: Judge | None,
    framing: str | None = None,
) -> str:
    """Returns the model card of a domain of images.

    Args:
        name: Name of the domain.
        vae: Configuration of the VAE's run.
        loss: Negative ELBO of the test images, in nats.
        splits: Training and test images, "train" and "test"; of a convolutional VAE "validation", too.
        judge: The classifier that judges the images, if there is one.
        framing: How the domain frames pictures, if it is not as in the data set.
    """
    height, width, channels = splits["train"].content.shape[1:]
    convolutional = vae["model"] in CONVOLUTIONAL
    latents, of_images = _image_latents(splits, convolutional)
    rows = [
        ["epochs", str(vae["epochs"])],
        ["batch size", str(vae["batch_size"])],
        ["seed", str(vae["seed"])],
        ["on the test images", f"negative ELBO {loss:.1f} nats, z at its mean"],
    ]
    judged = [judge.epochs, judge.batch_size, judge.seed, judge.accuracy] if judge else None
    package = f"bin/package_domain.py --name={name} --vae=out/{name}_vae"
    package += f" --framing={framing}" if framing else ""
    return documents.fill(
        "image_card.md",
        name=name,
        height=height,
        width=width,
        colour="colour" if channels == 3 else "grey",
        origin=_CONVOLUTIONAL if convolutional else _PAPER,
        recipe="defaults" if convolutional else "paper's recipe",
        dataset=vae["dataset"],
        and_judge=" and the classifier that judges its images" if judge else "",
        num_images=f"{len(splits['train']):,}",
        held_out_for="to choose the classifier's epoch" if judge else "of all training",
        table=tables.markdown(*_with_judge(["", "VAE"], rows, judged)),
        commands=_commands([train_domain_command(name, vae)], judge, package),
        weights="`vae.npz` and `classifier.npz`" if judge else "`vae.npz`",
        latents=latents,
        of_images=of_images,
        licence=LICENCES.get(vae["dataset"], vae["dataset"]),
        caution="; the classifier is a judge of\nthis VAE's images and no general recogniser" if judge else "",
    )


def _image_latents(splits: Mapping[str, Labelled], convolutional: bool) -> tuple[str, str]:
    """The files of latents, and what they are of."""
    train, test = (min(len(splits[split]), most) for split, most in domain_folder.NUM_LATENTS.items())
    if not convolutional:
        return "`latents_train.npz` and `latents_test.npz`", f"{train:,} training and {test:,} test images"
    files = "`latents_train.npz`, `latents_validation.npz` and `latents_test.npz`"
    validation = min(len(splits["validation"]), domain_folder.NUM_LATENTS["train"])
    counts = f"{train:,} training, {validation:,} held-out and {test:,} test images"
    return files, f"{counts}, and of changed copies of the former two where they are few"


def speech_card(
    domain: SpeechDomain,
    stages: Sequence[Stage],
    judge: Judge | None,
    *,
    encoder: Mapping[str, Any] | None = None,
    recognised: float | None,
    accepted: float | None,
    samples_per_class: Iterable[int],
    note: str,
    own_validation: bool = False,
) -> str:
    """Returns the model card of a domain of speech.

    Args:
        domain: The domain.
        stages: Runs that trained the WaveGAN, in their order.
        judge: The classifier that judges the sounds, if there is one.
        encoder: Configuration of the run of an encoder that was trained apart; None for the WaveGAN's own.
        recognised: Share of test recordings, encoded and decoded, that the judge recognises; None if unknown.
        accepted: Share of samples of the prior that the judge is sure of; None without a judge.
        samples_per_class: Accepted samples of each class that ship, by split.
        note: A sentence about the training, or "".
        own_validation: Whether the data set has a validation split of its own.
    """
    rows = _speech_rows(stages, encoder, judge, recognised, accepted)
    judged = [judge.epochs, judge.batch_size, judge.seed, judge.accuracy, ""] if judge else None
    package = f"bin/package_domain.py --name={domain.name} --wavegan=out/{domain.name}_wavegan"
    trainings = train_wavegan_commands(domain.name, stages)
    if encoder:
        package += f" --encoder=out/{domain.name}_encoder"
        trainings.append(train_domain_command(domain.name, encoder))
    caution = "; the classifier is a judge of this WaveGAN's sounds and no general recogniser"
    return documents.fill(
        "speech_card.md",
        name=domain.name,
        models=_listed(_speech_models(domain, judge)),
        dataset=domain.dataset,
        held_out="The validation recordings are" if own_validation else "Of the training recordings one in twelve is",
        remarks=_speech_remarks(domain, note),
        table=tables.markdown(*_with_judge(["", "WaveGAN"], rows, judged), compact=True),
        commands=_commands(trainings, judge, package),
        weights=", ".join(f"`{network}.npz`" for network in _speech_networks(domain, judge)),
        latents=_listed(_speech_latents(domain, judge, samples_per_class)),
        licence="; ".join(LICENCES.get(dataset, dataset) for dataset in _datasets(domain, stages, encoder, judge)),
        caution=caution if judge else "",
    )


def _datasets(
    domain: SpeechDomain, stages: Sequence[Stage], encoder: Mapping[str, Any] | None, judge: Judge | None
) -> list[str]:
    """The data sets of a WaveGAN's models: its own, that of a pretrained domain whose weights it started from, more."""
    initial = stages[0].config.get("initial")
    further = [*([initial] if initial in LICENCES else []), *(encoder or {}).get("also", ())]
    return list(dict.fromkeys([domain.dataset, *further, *(judge.also if judge else ())]))


def own_model_card(
    domain: Domain, splits: Mapping[str, Labelled], measured: Mapping[str, float], doubts: Sequence[str] = ()
) -> str:
    """Returns the model card of a domain of the user's own models.

    Args:
        domain: The domain.
        splits: Training and test data, "train" and "test"; empty for a model without an encoder.
        measured: By what it is, each number that was measured on test data.
        doubts: Sentences on what looks wrong about the models.
    """
    latents = "samples of the prior"
    if splits:
        latents = f"latents of {len(splits['train']):,} training and {len(splits['test']):,} test instances"
    wrong = "".join(f"- {doubt}\n" for doubt in doubts)
    rows = [[what, f"{value:.4f}"] for what, value in measured.items()]
    table = tables.markdown(["on the test instances", ""], rows, compact=True)
    return documents.fill(
        "model_card.md",
        name=domain.name,
        kind=type(domain).__name__.removesuffix("Domain"),
        shape="x".join(map(str, domain.data_shape)),
        latent_dim=domain.latent_dim,
        classes=", ".join(domain.class_names) or "none",
        table=f"\n{table}\n" if measured else "",
        doubts=f"\nWhat looked wrong when it was packaged:\n\n{wrong}" if doubts else "",
        latents=latents,
        most_train=f"{domain_folder.NUM_LATENTS['train']:,}",
        most_test=f"{domain_folder.NUM_LATENTS['test']:,}",
    )


def _with_judge(head: list[str], rows: list[list[str]], judged: list[str] | None) -> tuple[list[str], list[list[str]]]:
    """Adds the column of the judge, if there is one, to the head and the rows of a table."""
    if judged is None:
        return head, rows
    return [*head, "classifier"], [[*row, cell] for row, cell in zip(rows, judged, strict=True)]


def _commands(trainings: list[str], judge: Judge | None, package: str) -> str:
    """Joins all commands that make a domain to an indented block of Markdown."""
    if judge:
        trainings = [*trainings, judge.command] if judge.command else trainings
        package += f" --classifier={judge.flag_value}"
    return "\n    ".join([*trainings, package])


def _speech_rows(
    stages: Sequence[Stage],
    encoder: Mapping[str, Any] | None,
    judge: Judge | None,
    recognised: float | None,
    accepted: float | None,
) -> list[list[str]]:
    config = stages[-1].config
    steps = f"{' + '.join(f'{stage.steps:,}' for stage in stages)} steps"
    rows = [
        ["trained for", f"{steps}; another encoder for {encoder['epochs']} epochs" if encoder else steps],
        ["batch size", str(config["batch_size"])],
        ["seed", str(config["seed"])],
    ]
    if judge:
        reconstruction = "" if recognised is None else f"{recognised:.1%} recognised when encoded and decoded"
        rows.append(["on the test recordings", reconstruction])
        rows.append(["on samples of the prior", f"{accepted:.1%} accepted, by a probability of {MIN_PROBABILITY}"])
    return rows


def _speech_models(domain: SpeechDomain, judge: Judge | None) -> list[str]:
    encoder = ["the encoder that takes recordings to its latents"] if domain.has_encoder else []
    classifier = ["the classifier that judges its sounds"] if judge else []
    return ["A WaveGAN (Donahue et al. 2018) of a second of speech at 16 kHz", *encoder, *classifier]


def _speech_networks(domain: SpeechDomain, judge: Judge | None) -> list[str]:
    return ["generator", *(["encoder", "mixture"] if domain.has_encoder else []), *(["classifier"] if judge else [])]


def _speech_latents(domain: SpeechDomain, judge: Judge | None, samples_per_class: Iterable[int]) -> list[str]:
    latents = []
    if domain.has_encoder:
        latents.append(
            "`latents_train.npz` and `latents_test.npz` (of recordings, posterior mean and standard deviation,\n"
            "float16, and label)"
        )
    if judge:
        counts = ", ".join(f"{count:,}" for count in samples_per_class)
        latents.append(
            "`samples_train.npz`, `samples_validation.npz` and `samples_test.npz` (accepted samples of the\n"
            f"prior and the class that the classifier gives them: {counts} of each class)"
        )
    return latents


def _speech_remarks(domain: SpeechDomain, note: str) -> str:
    remarks = f"{note}\n" if note else ""
    if domain.has_encoder:
        remarks += (
            "\nThe prior is a Gaussian for each class, fitted to the posteriors of the training recordings, at a\n"
            f"temperature of {TEMPERATURE}, in the place of that which the WaveGAN was trained with. Its sounds are\n"
            "multiplied by the domain's gain, so that they are as loud as the recordings.\n"
        )
    return remarks


def _listed(parts: list[str]) -> str:
    *but_last, last = parts
    return f"{', '.join(but_last)}{',' if len(parts) > 2 else ''}\nand {last}" if but_last else last
