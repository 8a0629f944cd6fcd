"""Chance without a random generator: the same words give the same draw."""

import hashlib
from collections.abc import Sequence
from typing import TypeVar

Item = TypeVar("Item")


def draw(*parts: object) -> int:
    """A number of 64 bits that depends on *parts* alone."""
    text = "\0".join(map(str, parts)).encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "big")


def share(*parts: object) -> float:
    """A number in [0, 1) that depends on *parts* alone."""
    return draw(*parts) / 2**64


def pick(items: Sequence[Item], *parts: object) -> Item:
    """One of *items*, which depends on *parts* alone."""
    return items[draw(*parts) % len(items)]
