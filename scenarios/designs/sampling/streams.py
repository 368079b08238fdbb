"""Random numbers that a row's own number finds: one Philox stream per name.

Philox is a counter-based generator (Salmon, J. K. et al. (2011), Parallel random numbers:
as easy as 1, 2, 3, SC11, https://doi.org/10.1145/2063384.2063405): word i is a function of
(key, i) alone, so any row costs the same and no state is kept. Only raw words are used;
their order is numpy's promise, that of its distributions is not (NEP 19).
"""

import hashlib
import json

import numpy as np

from kernels import F8, U8
from scenarios.designs._contract import Context

WORDS = 4  # 64-bit words per step of Philox' counter


def key(context: Context, *labels: str) -> U8:
    """Return the key of a stream, shape (2,): a hash of seed, design path, stream, labels."""
    return named(context.seed, context.path, context.stream, *labels)


def named(*labels: int | str) -> U8:
    """Return the key of the stream of these labels, shape (2,): a hash of them."""
    text = json.dumps(labels)
    return np.frombuffer(hashlib.sha256(text.encode()).digest()[:16], dtype="<u8").astype(np.uint64)


def words(stream: U8, start: int, stop: int) -> U8:
    """Return words ``start`` to ``stop`` of a stream, shape (stop - start,)."""
    skip = start % WORDS
    philox = np.random.Philox(key=stream, counter=start // WORDS)
    return philox.random_raw(stop - start + skip)[skip:]


def uniforms(stream: U8, start: int, stop: int) -> F8:
    """Return uniform numbers, shape (stop - start,), never 0 and never 1."""
    return uniform(words(stream, start, stop))


def uniform(word: U8) -> F8:
    """Return the midpoint of each word's cell of width 2^-52.

    With 53 bits the last midpoint would round to 1.
    """
    return ((word >> np.uint64(12)).astype(np.float64) + 0.5) * 2.0**-52


def generator(stream: U8) -> np.random.Generator:
    """Return a generator on the stream, for the bootstrap and for scipy."""
    return np.random.Generator(np.random.Philox(key=stream))
