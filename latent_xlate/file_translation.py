"""Translation of files: pictures, sounds or arrays of the source domain in, those of the target out."""

from __future__ import annotations

import collections
import functools
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf
from tqdm import tqdm

from latent_xlate import checks, figures, files
from latent_xlate.batching import in_batches
from latent_xlate.file_kinds import FileKind, kind_of
from latent_xlate.modalities.image_files import INVERT
from latent_xlate.serving.export import ModelSignatures, is_saved_model, load_export, trace_signatures
from latent_xlate.serving.signature_name import Payload, SignatureName, parse_signatures
from latent_xlate.translator import Translator, row_seeds

if TYPE_CHECKING:  # It needs the extra `serving`.
    from latent_xlate.serving.client import TranslatorClient

BATCH_SIZE = 64
ARRAYS_SUFFIX = ".npz"
GRID_COLUMNS = 10
GRID_FILE = "grid.png"

_MOST_IN_GRID = 5 * GRID_COLUMNS
_THUMBNAIL = (56, 56)

Translate = Callable[[str, Any, Sequence[int]], np.ndarray]
"""(name of the signature's input, a batch, its rows' numbers) -> the batch translated."""


def translate_path(
    translator: str | os.PathLike | TranslatorClient,
    source: str,
    target: str,
    path: str | os.PathLike,
    output: str | os.PathLike,
    *,
    invert: str | None = None,
    sample: bool = False,
    seed: int = 0,
) -> tuple[int, int]:
    """Translates a file, or every file of the source's kind and npz file in a folder (not in the folders within).

    Pictures are PNG, JPEG, GIF or BMP of any size and colour; sounds are WAV, FLAC, OGG, MP3 and the like, of
    any rate and number of channels, the beginnings of long ones. Translations are `<name>.png` or `<name>.wav`
    in `output`. Of an npz file, whose array `x` (or only array) is the source's data, float [n, *data_shape], it
    writes `<name>.npz` with `x`. `grid.png` shows the first of them, source above translation, of sounds
    their spectrograms.

    Args:
        translator: A folder that `Translator.save` wrote, a version that `export_translator` wrote, or a
            server's client.
        source: Name of the domain of the input.
        target: Name of the domain to translate to; the source's own reconstructs.
        path: The file or folder.
        output: Folder, made if it is not there.
        invert: Whether pictures are dark on bright: "auto", "never" or "always"; None for the
            domain's own way. An exported translator decides by itself.
        sample: Whether the shared latent is sampled; else it is its mean.
        seed: Of the sampling; every picture, and every row of an array, draws by its number as well.

    Returns:
        How many files were translated, and how many of a folder could not be, each of which has a
        line on stderr.

    Raises:
        ValueError: No such translator, domain or input; nothing to translate; a result would replace
            an input; or a single file cannot be read.
    """
    _check_there(Path(path))
    files.output_folder(output)
    signatures = _signatures(translator, source, target, invert)
    arrays = signatures[str(SignatureName(source, target, Payload.ARRAYS))]
    kind, result_kind = kind_of(arrays.inputs[0].shape), kind_of(arrays.structured_outputs["x"].shape)
    paths = _inputs(Path(path), kind)
    results = _results(paths, Path(output), result_kind.suffix)
    names = {each.key: str(SignatureName(source, target, each, sample)) for each in (Payload.FILES, Payload.ARRAYS)}

    def translate(key: str, batch: Any, numbers: Sequence[int]) -> np.ndarray:
        inputs = {key: tf.constant(batch)}
        if sample:
            inputs["seed"] = tf.constant(row_seeds(seed, numbers))
        return signatures[names[key]](**inputs)[key].numpy()

    shown: list[tuple[np.ndarray, np.ndarray]] = []
    failures: list[str] = []
    encoded = [file for file in paths if file.suffix.lower() != ARRAYS_SUFFIX]
    with tqdm(total=len(paths), desc=f"{source} to {target}", unit="file") as bar:
        for start in range(0, len(encoded), BATCH_SIZE):
            contents: dict[int, bytes] = {}
            for number, file in enumerate(encoded[start : start + BATCH_SIZE], start):
                try:
                    contents[number] = kind.read(file)
                except OSError as error:
                    failures.append(f"{file}: {error.strerror}.")
                except ValueError as error:
                    failures.append(f"{file}: {str(error).rstrip('.')}.")
            for number, translation in _translate_files(translate, contents).items():
                file, content = encoded[number], contents[number]
                if translation is None:
                    failures.append(f"{file}: {kind.unreadable}.")
                    continue
                files.write_atomically(results[file], functools.partial(Path.write_bytes, data=translation))
                if len(shown) < _MOST_IN_GRID:
                    shown.append((_thumbnail(kind.picture(content)), _thumbnail(result_kind.picture(translation))))
            bar.update(len(encoded[start : start + BATCH_SIZE]))
        for file in paths:
            if file.suffix.lower() == ARRAYS_SUFFIX:
                try:
                    x = _read_arrays(file, kind, tuple(arrays.inputs[0].shape[1:]))
                    y = in_batches(functools.partial(translate, "x"), x, np.arange(len(x)), batch_size=BATCH_SIZE)
                    files.write_npz(results[file], {"x": y})
                    room = _MOST_IN_GRID - len(shown)
                    shown += [
                        (_thumbnail(kind.picture_of_array(a)), _thumbnail(result_kind.picture_of_array(b)))
                        for a, b in zip(x[:room], y[:room], strict=True)
                    ]
                except ValueError as error:
                    failures.append(f"{file}: {error}")
                bar.update()
    if failures and len(paths) == 1:
        raise ValueError(failures[0])
    for failure in failures:
        print(f"Not translated: {failure}", file=sys.stderr)
    if shown:
        _draw_grid(Path(output) / GRID_FILE, shown, source, target)
    return len(paths) - len(failures), len(failures)


def _check_there(path: Path) -> None:
    if not path.is_file() and not path.is_dir():
        raise ValueError(f"There is no file or folder {path}.")


def _inputs(path: Path, kind: FileKind) -> list[Path]:
    if path.is_file():
        return [path]
    known = (*kind.suffixes, ARRAYS_SUFFIX)
    # A link to a file that is gone is kept: it is one that cannot be read.
    content = sorted(p for p in path.iterdir() if not p.is_dir() and not p.name.startswith("."))
    files = [file for file in content if file.suffix.lower() in known]
    if not files:
        raise ValueError(f"{path} holds no file that ends in {', '.join(known)}.")
    skipped = [file.name for file in content if file.suffix.lower() not in known]
    if skipped:
        print(f"Skipped, neither {kind.noun} nor npz files: {', '.join(skipped)}", file=sys.stderr)
    return files


def _results(files: Sequence[Path], output: Path, suffix: str) -> dict[Path, Path]:
    """Where each file's translation goes: `<stem><suffix>`, or `<name><suffix>` where several have one stem.

    Raises:
        ValueError: An input would be replaced, or the results would lie among the inputs.
    """

    def result(stem, file):
        return f"{stem}{ARRAYS_SUFFIX if file.suffix.lower() == ARRAYS_SUFFIX else suffix}"

    # Upper and lower case are one on some file systems.
    count = collections.Counter(result(file.stem, file).lower() for file in files)
    count[GRID_FILE] += 1
    results: dict[Path, Path] = {}
    taken = {name for name, uses in count.items() if uses == 1} | {GRID_FILE}
    for file in files:
        stem = file.stem
        if count[result(stem, file).lower()] > 1:
            stem = file.name
            while result(stem, file).lower() in taken:
                stem += "_"
            taken.add(result(stem, file).lower())
        results[file] = output / result(stem, file)
    written = {path.resolve() for path in (*results.values(), output / GRID_FILE)}
    replaced = [file for file in files if file.resolve() in written]
    if replaced or (len(files) > 1 and output.resolve() == files[0].parent.resolve()):
        raise ValueError(f"The output folder {output} holds the input {(replaced or files)[0].name}: give another.")
    return results


def _signatures(
    folder: str | os.PathLike | TranslatorClient, source: str, target: str, invert: str | None
) -> Mapping[str, Any]:
    pair = SignatureName(source, target).pair
    signatures: Mapping[str, Any]
    if not isinstance(folder, (str, os.PathLike)) or is_saved_model(folder):
        if invert not in (None, "auto"):
            raise ValueError(f"An exported translator inverts by itself: leave invert at 'auto', not {invert!r}.")
        if isinstance(folder, (str, os.PathLike)):
            signatures = ModelSignatures(load_export(folder))
        else:
            signatures = folder.functions
        pairs = {name.pair for name in parse_signatures(signatures).values()}
        checks.known(pair, pairs, "pair of domains")
    else:
        versions = [path.parent for path in Path(folder).glob("*/saved_model.pb")]
        if versions:
            newest = max(versions, key=lambda path: path.stat().st_mtime)
            raise ValueError(f"{folder} holds versions of an exported translator: name one, {newest} say.")
        translator = Translator.load(folder)
        domain = translator.domain(source)
        if invert is not None:
            if domain.invert is None:
                raise ValueError(f"Domain {source!r} is not of pictures: leave invert out.")
            domain.invert = checks.known(invert, INVERT, "invert")
        signatures = trace_signatures(translator, [(source, target)])
    if pair not in signatures:
        raise ValueError(f"Domain {source!r} has no encoder: nothing but its latents can be translated, not its files.")
    return signatures


def _translate_files(translate: Translate, contents: Mapping[int, bytes]) -> dict[int, bytes | None]:
    """Translations by number, None for what cannot be read; such a one fails its batch, which then goes one by one."""
    if not contents:
        return {}
    try:
        return dict(zip(contents, translate("data_bytes", list(contents.values()), list(contents)), strict=True))
    except tf.errors.InvalidArgumentError:
        if len(contents) == 1:
            return dict.fromkeys(contents)
    singly = [_translate_files(translate, {number: content}) for number, content in contents.items()]
    return {number: translation for result in singly for number, translation in result.items()}


def _read_arrays(file: Path, kind: FileKind, shape: tuple[int, ...]) -> np.ndarray:
    try:
        with np.load(file, allow_pickle=False) as content:
            arrays = dict(content)
    except Exception as error:  # Whatever a damaged zip may raise on its way.
        raise ValueError(f"not an npz file, or a damaged one ({error}).") from None
    if "x" not in arrays and len(arrays) != 1:
        raise ValueError(f"it holds {', '.join(arrays) or 'no array'}; name the one to translate 'x'.")
    x = arrays["x"] if "x" in arrays else next(iter(arrays.values()))
    return kind.check(x, shape)


def _thumbnail(image: np.ndarray) -> np.ndarray:
    return tf.image.resize_with_pad(np.broadcast_to(image, (*image.shape[:2], 3)), *_THUMBNAIL, antialias=True).numpy()


def _draw_grid(path: Path, shown: Sequence[tuple[np.ndarray, np.ndarray]], source: str, target: str) -> None:
    rows, captions = [], []
    for start in range(0, len(shown), GRID_COLUMNS):
        row = shown[start : start + GRID_COLUMNS]
        blank = [np.ones((*_THUMBNAIL, 3), np.float32)] * (min(len(shown), GRID_COLUMNS) - len(row))
        rows += [np.stack([pair[i] for pair in row] + blank) for i in (0, 1)]
        captions += [source, target]
    figures.image_grid(path, rows, captions)
