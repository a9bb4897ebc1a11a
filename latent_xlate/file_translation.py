"""Translation of files of images, sounds or arrays from one domain to another."""

from __future__ import annotations

import contextlib
import errno
import functools
import os
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf
from tqdm import tqdm

from latent_xlate import checks, figures, files, translation_files
from latent_xlate.batching import file_rows, good_rows, in_batches
from latent_xlate.domains.novelty import NOVEL
from latent_xlate.serving.pair import Pair, load_pair
from latent_xlate.serving.signature_name import NOVELTY, Payload, SignatureName, novelty_signature
from latent_xlate.translator import row_seeds, sampling_temperature

if TYPE_CHECKING:  # It needs the extra `serving`.
    from latent_xlate.serving.client import TranslatorClient

BATCH_SIZE = 64
GRID_COLUMNS = 10

_MOST_IN_GRID = 5 * GRID_COLUMNS
_THUMBNAIL = (56, 56)
_MOST_SENTENCES = 20
_MOST_ROWS = 10


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
    temperature: float | None = None,
) -> tuple[int, int]:
    """Translates a file, or all files in a folder (not in its subfolders).

    Images are PNG, JPEG, GIF or BMP files of any size and colour. Sounds are WAV, FLAC, OGG, MP3 and similar files of
    any sample rate and number of channels; of a long sound only the beginning is translated. Arrays are npy files. The
    translation is `<name>.png`, `<name>.wav` or `<name>.npy` in `output`. An npz file holds many instances of the
    source domain in its array `x` (or its only array), float [n, *data_shape]; its translation is the array `x` of
    `<name>.npz`. Of latents it is `z`, an input's `z` or `mu` will do, and an npy file may hold many, too. `grid.png`
    shows the first translations below their sources; sounds appear as spectrograms and arrays as heat maps.

    An output that ends in .npz or .npy is the file itself: that of the translation of one such file, or of all
    translations to a domain of arrays, with the array `files` of the inputs' names in an npz.

    Args:
        translator: A folder that `Translator.save` wrote, a version that `export_translator` wrote, or the client of a
            server.
        source: Name of the domain of the input.
        target: Name of the domain to translate to. The source itself gives reconstructions.
        path: The file or folder.
        output: Folder of the translations, created if it does not exist; or their file.
        invert: Whether images are inverted: "auto", "never" or "always"; None for the domain's own setting. An exported
            translator accepts only None and "auto".
        sample: Whether the shared latent is sampled rather than the mean of its posterior.
        seed: Seed of the samples. The number of an image, or of a row of an array, is part of its seed.
        temperature: How far samples go from the mean, as in `Translator.translate`; None leaves it to `sample`.

    Returns:
        The number of files that were translated, and the number of those in a folder that could not be. For each of the
        latter there is a line on stderr, and for translated files that are unlike the source's training data.

    Raises:
        ValueError: The translator, a domain or the input does not exist; there is nothing to translate; a result would
            replace an input; the temperature is out of range, given beside `sample`, nothing that an older export
            knows, or of a bridge that has no shared latent to sample; or the only file cannot be read.
    """
    temperature = sampling_temperature(sample, temperature)
    translation_files.check_there(Path(path))
    path, output = Path(path), Path(output)
    to_file = translation_files.is_file(output)
    files.output_folder(output.parent if to_file else output)
    pair = load_pair(translator, source, target, invert)
    if temperature:
        pair.sampling_inputs(row_seeds(seed, []), temperature)  # Refuses what cannot be done before a file is read.
    paths = translation_files.inputs(path, pair.before)
    many = {file for file in paths if translation_files.holds_many(file, pair.before)}
    results = translation_files.results(paths, many, output, pair.after.file_suffix)
    job = _Job(pair, results, many, temperature, seed)
    job.translate(paths)
    if job.failures and len(paths) == 1:
        raise ValueError(checks.one_line(job.failures[0]))
    for failure in job.failures:
        print(f"Not translated: {checks.one_line(failure)}", file=sys.stderr)
    _print_first([f"Of {each}" for each in job.left_out], "Of {} more of the files only a part is read.")
    doubts = [f"Do not trust the translation of {each}" for _, each in sorted(job.doubts, reverse=True)]
    _print_first(doubts, "Nor of {} more such files, which are less unlike.")
    if to_file and job.collected:
        translation_files.write_collected(output, job.collected, pair.after)
    if job.shown and not to_file:
        _draw_grid(output / translation_files.GRID_FILE, job.shown, source, target)
    return len(paths) - len(job.failures), len(job.failures)


def _print_first(sentences: Sequence[str], more: str) -> None:
    for sentence in sentences[:_MOST_SENTENCES]:
        print(f"{checks.one_line(sentence)}.", file=sys.stderr)
    if len(sentences) > _MOST_SENTENCES:
        print(more.format(len(sentences) - _MOST_SENTENCES), file=sys.stderr)


class _Job:
    """Translates files, one batch or file after another.

    Attributes:
        shown: Pictures of the first sources and their translations, for the grid.
        failures: A sentence about each file that could not be translated.
        doubts: The novelty of each translated file that is unlike the source's training data, and a sentence about it.
        left_out: About each translated file of which only a part was read, which.
        collected: The translations of files that have no output path of their own, by file.
    """

    def __init__(self, pair: Pair, results: Mapping[Path, Path], many: Collection[Path], temperature: float, seed: int):
        """Makes a job.

        Args:
            pair: What translates.
            results: The output path of files that have one.
            many: Files that hold many instances.
            temperature: 0 for the mean.
            seed: That of `translate_path`.
        """
        self.pair, self.results, self.many, self.temperature, self.seed = pair, results, many, temperature, seed
        self.collected: dict[Path, bytes] = {}
        self.shown: list[tuple[np.ndarray, np.ndarray]] = []
        self.failures: list[str] = []
        self.doubts: list[tuple[float, str]] = []
        self.left_out: list[str] = []

    def translate(self, paths: Sequence[Path]) -> None:
        """Translates files with a progress bar: first those that hold one instance each, then the others."""
        single = [file for file in paths if file not in self.many]
        with tqdm(total=len(paths), desc=f"{self.pair.source} to {self.pair.target}", unit="file") as bar:
            for start in range(0, len(single), BATCH_SIZE):
                batch = single[start : start + BATCH_SIZE]
                self.translate_files(batch, start)
                bar.update(len(batch))
            for file in (file for file in paths if file in self.many):
                self.translate_arrays(file)
                bar.update()

    def translate_files(self, paths: Sequence[Path], start: int) -> None:
        """Translates a batch of files that hold one instance each; their numbers begin at `start`."""
        contents: dict[int, bytes] = {}
        by_number = dict(enumerate(paths, start))
        for number, file in by_number.items():
            try:
                contents[number] = self.pair.prepare(file)
            except OSError as error:
                self.failures.append(f"{file}: {error.strerror}.")
            except ValueError as error:
                self.failures.append(f"{file}: {str(error).rstrip('.')}.")
        translations = self._translate_contents(contents)
        for number, translation in translations.items():
            file = by_number[number]
            if isinstance(translation, tf.errors.InvalidArgumentError):
                self.failures.append(f"{file}: {checks.sentence(translation)}.")
                continue
            if file not in self.results:
                self.collected[file] = translation
                continue
            write = functools.partial(Path.write_bytes, data=translation)
            if self._written(file, functools.partial(files.write_atomically, write=write)):
                self._show(contents[number], translation)
        translated = [number for number in contents if isinstance(translations[number], bytes)]
        for number in translated:
            # Older exports translate some files that are refused today.
            with contextlib.suppress(tf.errors.InvalidArgumentError):
                if left_out := self.pair.before.left_out(contents[number]):
                    self.left_out.append(f"{by_number[number]} {left_out}")
        novelty = self._novelty(Payload.FILES, [contents[number] for number in translated])
        for number, value in zip(translated, novelty.tolist(), strict=True):
            if value > NOVEL:
                self._doubt(by_number[number], "it is unlike", value)

    def translate_arrays(self, file: Path) -> None:
        """Translates a file that holds many instances."""
        try:
            x = self.pair.before.check(translation_files.read_arrays(file, self.pair.before))
            y = np.zeros((0, *self.pair.after.shape), np.float32)  # Servers take no empty requests.
            if len(x):
                translate = functools.partial(self._translate, Payload.ARRAYS)
                y = in_batches(translate, x, np.arange(len(x)), batch_size=BATCH_SIZE)
        except ValueError as error:
            self.failures.append(f"{file}: {error}")
            return
        except tf.errors.InvalidArgumentError as error:
            self.failures.append(f"{file}: {checks.sentence(error)}.")
            return
        arrays = {self.pair.after.array_names[0]: y}
        written = self._written(file, functools.partial(translation_files.write_arrays, arrays=arrays))
        novelty = self._novelty(Payload.ARRAYS, x)
        rows = np.flatnonzero(novelty > NOVEL)
        if len(rows):
            listed = f"{', '.join(map(str, rows[:_MOST_ROWS]))}{', …' * (len(rows) > _MOST_ROWS)}"
            self._doubt(file, f"of {len(x)} rows {len(rows)} ({listed}) are unlike", novelty.max())
        room = _MOST_IN_GRID - len(self.shown)
        if written and room and len(x):
            pictures = self.pair.before.pictures(tf.constant(x[:room])), self.pair.after.pictures(tf.constant(y[:room]))
            self.shown += [(_thumbnail(a), _thumbnail(b)) for a, b in zip(*map(np.asarray, pictures), strict=True)]

    def _novelty(self, payload: Payload, batch: Any) -> np.ndarray:
        """The novelty of files or array rows; zeros if the source has no scale of it."""
        function = self.pair.signatures.get(novelty_signature(self.pair.source, payload))
        if function is None or not len(batch):
            return np.zeros(len(batch), np.float32)
        rows = file_rows(batch) if payload is Payload.FILES else np.asarray(batch)
        return in_batches(lambda part: function(**{payload.key: part})[NOVELTY], rows, batch_size=BATCH_SIZE)

    def _doubt(self, file: Path, unlike: str, novelty: float) -> None:
        scale = f"novelty {novelty:.3g}, where {NOVEL:g} is the limit"
        self.doubts.append((novelty, f"{file}: {unlike} what {self.pair.source} was trained on ({scale})"))

    def _show(self, source: bytes, translation: bytes) -> None:
        """Adds a file and its translation to those of the grid while there is room."""
        if len(self.shown) < _MOST_IN_GRID:
            # Older exports translate some files that are refused today, and that cannot be shown.
            with contextlib.suppress(tf.errors.InvalidArgumentError):
                before = self.pair.before.picture_of_file(source)
                self.shown.append((_thumbnail(before), _thumbnail(self.pair.after.picture_of_file(translation))))

    def _written(self, file: Path, write: Callable[[Path], Any]) -> bool:
        """Has the result of a file written; a name that is too long for the file system is a failure of that file."""
        try:
            write(self.results[file])
        except OSError as error:
            if error.errno != errno.ENAMETOOLONG:
                raise
            self.failures.append(f"{file}: the name of its translation would be too long: rename it.")
            return False
        return True

    def _translate(self, payload: Payload, batch: Any, numbers: Sequence[int]) -> np.ndarray:
        """Translates a batch of files or array rows; the number of each is part of its seed."""
        name = SignatureName(self.pair.source, self.pair.target, payload, sampled=self.temperature > 0)
        sampling = self.pair.sampling_inputs(row_seeds(self.seed, numbers), self.temperature) if name.sampled else {}
        inputs = {key: tf.constant(value) for key, value in ({payload.key: batch} | sampling).items()}
        return self.pair.signatures[str(name)](**inputs)[payload.key].numpy()

    def _translate_contents(self, contents: Mapping[int, bytes]) -> dict[int, bytes | tf.errors.InvalidArgumentError]:
        """Translates files by number; the result is the error of a file that cannot be read."""
        if not contents:
            return {}
        numbers, given = np.array(list(contents)), file_rows(list(contents.values()))
        translate = functools.partial(self._translate, Payload.FILES)
        kept, translations, errors = good_rows(translate, given, numbers, batch_size=len(given))
        translated = dict(zip(numbers[kept].tolist(), [] if translations is None else translations, strict=True))
        refused = {int(numbers[row]): error for row, error in errors.items()}
        older = {number: self._translate_older_form(number, contents[number], refused[number]) for number in refused}
        return {number: (translated | older)[number] for number in contents}

    def _translate_older_form(
        self, number: int, content: bytes, error: tf.errors.InvalidArgumentError
    ) -> bytes | tf.errors.InvalidArgumentError:
        """Translates a refused file as exports of earlier versions read it; the result is its error if they cannot."""
        try:
            older = self.pair.before.older_form(content)
        except tf.errors.InvalidArgumentError as own:  # Its sentence is of today.
            return own
        try:
            return error if older is None else self._translate(Payload.FILES, [older], [number])[0]
        except tf.errors.InvalidArgumentError:
            return error


def _thumbnail(image: np.ndarray) -> np.ndarray:
    height, width = image.shape[:2]
    least = 1 + max(height, width) // min(_THUMBNAIL)  # Of a narrower image the scaled width would be rounded to 0.
    colour = np.broadcast_to(image, (height, width, 3))
    wide = tf.image.resize_with_crop_or_pad(colour, max(height, least), max(width, least))
    return tf.image.resize_with_pad(wide, *_THUMBNAIL, antialias=True).numpy()


def _draw_grid(path: Path, shown: Sequence[tuple[np.ndarray, np.ndarray]], source: str, target: str) -> None:
    rows, captions = [], []
    for start in range(0, len(shown), GRID_COLUMNS):
        row = shown[start : start + GRID_COLUMNS]
        blank = [np.ones((*_THUMBNAIL, 3), np.float32)] * (min(len(shown), GRID_COLUMNS) - len(row))
        rows += [np.stack([pair[i] for pair in row] + blank) for i in (0, 1)]
        captions += [source, target]
    figures.image_grid(path, rows, captions)
