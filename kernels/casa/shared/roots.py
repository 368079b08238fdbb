"""CASA: shares of roots by layer, and averages over the root zone, which a reader makes.

A location has one PFT, and so its layers are reduced once, in double precision: no kernel of
the testbed sees a layer.
"""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from kernels.contract.arrays import F8

THICKNESS = (0.022, 0.058, 0.154, 0.409, 1.085, 2.872)
"""Nominal thickness of the testbed's layers, m, from the top."""

Variant = Literal["code", "manual"]

KROOT = (5.5, 3.9, 5.5, 3.9, 2.0, 2.0, 2.0, 2.0, 2.0, 5.5, 5.5, 5.5, 2.0, 5.5, 5.5, 2.0, 5.5, 5.5)
"""Root parameter of IGBP classes 1-18, m-1."""

ROOT_DEPTH = (1.5, 1.5, 1.5, 1.5, 1.5, 0.5, 0.5, 1.5, 1.5, *(0.5,) * 7, 1.5, 0.5)
"""Rooting depth of IGBP classes 1-18, m."""


def root_weights(kroot: float, depth: float, variant: Variant = "code") -> F8:
    """Return the share of roots in each layer, (6,); they sum to 1.

    Parameters
    ----------
    kroot, depth : float
        Root parameter (m-1) and rooting depth (m) of the PFT.
    variant : {"code", "manual"}
        The testbed's code takes the thickness of a layer for the depth of its lower edge; its
        manual prints shares for depths that are added up. Published runs are those of the code.
    """
    lower = np.array(THICKNESS) if variant == "code" else np.cumsum(THICKNESS)
    edges = np.minimum(depth, np.concatenate([[0.0], lower]))
    below = np.exp(-kroot * edges)
    return np.asarray((below[:-1] - below[1:]) / (1.0 - np.exp(-kroot * depth)))


def pft_weights(pft: NDArray[np.integer], variant: Variant = "code") -> F8:
    """Return the shares of every location, (L, 6), from its PFT (L,), 1 to 18."""
    kinds = [
        root_weights(kroot, depth, variant) for kroot, depth in zip(KROOT, ROOT_DEPTH, strict=True)
    ]
    return np.array(kinds)[np.asarray(pft, dtype=np.int64) - 1]


def root_zone(
    weights: F8,
    temperature: F8,
    liquid: F8,
    frozen: F8,
    wilting: F8,
    field: F8,
    saturation: F8,
) -> dict[str, F8]:
    """Return the root-zone drivers of every location and day, each (L, n).

    Parameters
    ----------
    weights : ndarray, shape (L, 6)
    temperature, liquid, frozen : ndarray, shape (L, n, 6)
        degC and m3 m-3, in double precision.
    wilting, field, saturation : ndarray, shape (L,)
        Water content at wilting point, field capacity and saturation, m3 m-3.

    Returns
    -------
    dict
        ``soil_temperature`` (degC), ``theta_l`` and ``theta_f`` (of pore space, at most 1), and
        ``btran``, which is below 0 where roots stand in soil drier than the wilting point.
    """
    low, high, full = (v[:, np.newaxis] for v in (wilting, field, saturation))
    held = np.minimum(high[..., np.newaxis], liquid)
    free = (held - low[..., np.newaxis]) / (high - low)[..., np.newaxis]

    def mean(values: F8) -> F8:
        return np.asarray((values * weights[:, np.newaxis]).sum(axis=-1))

    return {
        "soil_temperature": mean(temperature),
        "theta_l": np.minimum(1.0, mean(held) / full),
        "theta_f": np.minimum(1.0, mean(frozen) / full),
        "btran": mean(free),
    }
