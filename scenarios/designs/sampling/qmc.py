"""Engines of `scipy.stats.qmc`, seeded from a stream. The import costs about a second."""

from inspect import signature
from typing import Any

import numpy as np

from kernels import U8


def engine(name: str, d: int, stream: U8, **options: Any) -> Any:
    """Return the engine of that name with ``d`` columns, its scrambling given by the stream."""
    from scipy.stats import qmc  # type: ignore[import-untyped]

    kind = getattr(qmc, name)
    # scipy renamed seed= to rng= in 1.15. A generator keyed without a seed cannot spawn.
    word = "rng" if "rng" in signature(kind).parameters else "seed"
    return kind(d, **{word: np.random.default_rng(stream.tolist())}, **options)
