"""Seeded damage to the bytes of files and messages."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence

NUMBERS = (0, 1, 2, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF, 2**63, -1)
"""Values for fields of lengths and sizes."""

WORDS = tuple(
    b'null true {} [] "" "x" NaN Infinity 1e999 -1 0 1.5 99999999999999999999 "\\ud800" , ; : = { } [ ] \n \r '
    b'\0 .. / \xef\xbb\xbf \xff\xfe \xe9 sep=; "b64" "inputs" "instances" "signature_name"'.split(b" ")
) + (b"[" * 30000, b'{"a":' * 30000, b"\n" * 50, b'"', b" ", b"\t", b"x" * 300)
"""Words for texts."""

_VALUE = re.compile(rb'"[^"]*"|[^\s",;:{}\[\]]+|[\s,;:{}\[\]]')

Mutation = Callable[[bytearray, bytes, random.Random], None]


def _place(content: bytearray, rng: random.Random) -> int:
    """A place, as often as not in the first bytes, where headers are."""
    end = len(content) if rng.random() < 0.5 else min(len(content), 64)
    return rng.randrange(end) if end else 0


def flip_bits(content: bytearray, other: bytes, rng: random.Random) -> None:
    for _ in range(rng.choice((1, 1, 2, 8, 64))):
        if content:
            content[_place(content, rng)] ^= 1 << rng.randrange(8)


def truncate(content: bytearray, other: bytes, rng: random.Random) -> None:
    del content[rng.randrange(len(content) + 1) :]


def splice(content: bytearray, other: bytes, rng: random.Random) -> None:
    content[rng.randrange(len(content) + 1) :] = other[rng.randrange(len(other) + 1) :]


def set_number(content: bytearray, other: bytes, rng: random.Random) -> None:
    size, place = rng.choice((1, 2, 4, 8)), _place(content, rng)
    number = rng.choice((*NUMBERS, rng.getrandbits(64))) % 256**size
    content[place : place + size] = number.to_bytes(size, rng.choice(("little", "big")))


def randomise(content: bytearray, other: bytes, rng: random.Random) -> None:
    place, size = _place(content, rng), rng.choice((1, 4, 16, 256))
    content[place : place + size] = rng.randbytes(size)


def insert(content: bytearray, other: bytes, rng: random.Random) -> None:
    place = _place(content, rng)
    content[place:place] = rng.choice((rng.randbytes(rng.choice((1, 4, 64))), rng.choice(WORDS)))


def replace(content: bytearray, other: bytes, rng: random.Random) -> None:
    place = _place(content, rng)
    content[place : place + rng.randrange(12)] = rng.choice(WORDS)


def remove(content: bytearray, other: bytes, rng: random.Random) -> None:
    place = _place(content, rng)
    del content[place : place + rng.choice((1, 4, 16, 256))]


def swap(content: bytearray, other: bytes, rng: random.Random) -> None:
    """Swaps neighbouring chunks, or repeats a chunk."""
    a, b, c = sorted(rng.randrange(len(content) + 1) for _ in range(3))
    content[a:c] = rng.choice((content[b:c] + content[a:b], content[a:c] * 2))


def replace_value(content: bytearray, other: bytes, rng: random.Random) -> None:
    """Replaces a value of JSON or a cell of a table, or what lies between them."""
    if places := list(_VALUE.finditer(content)):
        place = rng.choice(places)
        content[place.start() : place.end()] = rng.choice((*WORDS, rng.choice(places)[0]))


MUTATIONS: Sequence[Mutation] = (
    flip_bits, truncate, splice, set_number, set_number, randomise, insert, replace, remove, swap,
)  # fmt: skip

TEXT_MUTATIONS: Sequence[Mutation] = (
    truncate, splice, insert, replace, remove, swap, *[replace_value] * 8, flip_bits,
)  # fmt: skip


def mutated(content: bytes, other: bytes, rng: random.Random) -> bytes:
    """Damages content once or a few times; some of it, by parts of another sample, or by random bytes altogether."""
    if rng.random() < 0.01:
        return rng.randbytes(rng.randrange(2000))
    damaged = bytearray(content)
    mutations = TEXT_MUTATIONS if content.isascii() and rng.random() < 0.8 else MUTATIONS
    for _ in range(rng.choice((1, 1, 1, 2, 3, 6))):
        rng.choice(mutations)(damaged, other, rng)
    return bytes(damaged)
