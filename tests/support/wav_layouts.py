"""WAV files as all kinds of programs write them."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable

import numpy as np
import soundfile

Chunks = list[tuple[bytes, bytes]]
"""Name and content of each chunk."""

UNKNOWN = 2**32 - 1


def encode(samples: np.ndarray, rate: int = 16000, subtype: str = "PCM_16", form: str = "WAV") -> bytes:
    file = io.BytesIO()
    soundfile.write(file, samples, rate, subtype, format=form)
    return file.getvalue()


def chunks_of(file: bytes) -> Chunks:
    """Takes a well-formed file apart."""
    chunks, at = [], 12
    while at < len(file):
        name, size = struct.unpack("<4sI", file[at : at + 8])
        chunks.append((name, file[at + 8 : at + 8 + size]))
        at += 8 + size + size % 2
    return chunks


def joined(
    chunks: Chunks,
    data_size: int | None = None,
    riff_size: int | None = None,
    pad: bytes = b"\0",
    riff: bytes = b"RIFF",
    end: bytes = b"",
) -> bytes:
    """Puts a file together, with other sizes than the true ones if they are given, and with bytes after its end."""
    content = b"WAVE"
    for name, each in chunks:
        size = data_size if name == b"data" and data_size is not None else len(each)
        content += struct.pack("<4sI", name, size) + each + pad * (len(each) % 2)
    return struct.pack("<4sI", riff, len(content) if riff_size is None else riff_size) + content + end


LIST = (b"LIST", b"INFOISFT\x05\0\0\0abcd\0")
"""A chunk of odd size."""


def long(chunks: Chunks) -> bytes:
    """An RF64 file, whose sizes are in its chunk `ds64`, with a chunk after the samples."""
    size = len(dict(chunks)[b"data"])
    sizes64 = (b"ds64", struct.pack("<QQQI", 0, size, 0, 0))
    return joined([sizes64, *chunks, LIST], UNKNOWN, UNKNOWN, riff=b"RF64")


LAYOUTS: dict[str, Callable[[Chunks], bytes]] = {
    "as it is": joined,
    "chunk of odd size first": lambda chunks: joined([LIST, *chunks]),
    "odd size without padding": lambda chunks: joined([LIST, LIST, *chunks], pad=b""),
    "odd size padded by rubbish": lambda chunks: joined([LIST, *chunks], pad=b"\xfe"),
    "many chunks first": lambda chunks: joined([(b"JUNK", bytes(28)), (b"bext", bytes(602)), LIST] * 20 + chunks),
    "a large chunk first": lambda chunks: joined([(b"id3 ", bytes(100_001)), *chunks]),
    "empty chunks": lambda chunks: joined([(b"JUNK", b"")] * 3 + chunks + [(b"JUNK", b"")] * 3),
    "samples before format": lambda chunks: joined([(b"data", dict(chunks)[b"data"]), LIST, *without_data(chunks)]),
    "chunks after": lambda chunks: joined([*chunks, LIST, (b"id3 ", b"ID3" + bytes(99))]),
    "rubbish after": lambda chunks: joined(chunks, end=b"TAG" + bytes(range(125))),
    "from ffmpeg's pipe": lambda chunks: joined([*without_data(chunks), LIST, data(chunks)], UNKNOWN, UNKNOWN),
    "from sox's pipe": lambda chunks: joined(chunks, 0x7FFFF000, 0x7FFFF024),
    "of unknown size less its header": lambda chunks: joined(chunks, UNKNOWN - 44, UNKNOWN - 8),
    "no size of the file": lambda chunks: joined(chunks, riff_size=0),
    "samples beyond the end": lambda chunks: joined(chunks, len(data(chunks)[1]) + 1000),
    "file beyond the end": lambda chunks: joined(chunks, riff_size=10**6),
    "two chunks of samples": lambda chunks: joined([*chunks, (b"data", bytes(64))]),
    "long": long,
}
"""Files of the same sound, from the chunks of a plain one."""


def data(chunks: Chunks) -> tuple[bytes, bytes]:
    return next(chunk for chunk in chunks if chunk[0] == b"data")


def without_data(chunks: Chunks) -> Chunks:
    return [chunk for chunk in chunks if chunk[0] != b"data"]
