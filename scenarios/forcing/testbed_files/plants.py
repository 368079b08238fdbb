"""What the testbed's plants shed, by IGBP class, and litter fluxes from its annual means.

The archived output of the testbed has the litter of CASA (``litInptMet``, ``litInptStruc``)
and of MIMICS (``cLitInput_metbc``, ``cLitInput_struc``), and both structural parts hold the
share of decomposed woody debris that stays in the soil, 0.52 K. The two models split the same
leaf and fine root litter with different lignin to nitrogen ratios, so three numbers follow:

    met of CASA    = f(L/(N fN)) leaf + f(R/(N fN)) root
    met of MIMICS  = f(L/N) leaf + f(R/N) root
    sum of both    = leaf + root + 0.52 K
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kernels import F8
from kernels.casa.shared.pft_table import published

FMET = (0.75, 0.85, 0.013)
"""f(x) = max(0.001, a (b - c x)): metabolic share of litter by lignin to nitrogen."""

STAYS = 0.52
"""Of decomposed woody debris what stays in litter or soil; the rest is CO2."""

LARGEST_LIGNIN_N, LEAST_FLUX = 40.0, 0.001
"""Cap of the mean ratio that MIMICS uses, and the least litter that it is divided by."""

_TABLE = published()
"""Of vegetation classes 1-18, which the archived runs used."""

ALLOCATED = np.stack([_TABLE[name] for name in ("a_leaf", "a_wood", "a_froot")], axis=1)
"""NPP to leaf, wood and fine root, classes 1-18, before phenology and limits."""


@dataclass(frozen=True)
class Quality:
    """Lignin to nitrogen of litter by location, (L,), as MIMICS has it: lignin x C:N.

    ``resorbed`` are the parts of N, of leaves and of fine roots, that CASA says stay in litter.
    """

    leaf: F8
    root: F8
    wood: F8
    resorbed: tuple[F8, F8]

    def metabolic(self, resorbed: bool) -> tuple[F8, F8]:
        """Return the metabolic share of leaf and root litter; CASA counts N drawn back."""
        if not resorbed:
            return _fmet(self.leaf), _fmet(self.root)
        leaf, root = self.resorbed
        return _fmet(self.leaf / leaf), _fmet(self.root / root)


def _fmet(lignin_n: F8) -> F8:
    a, b, c = FMET
    return np.maximum(0.001, a * (b - c * lignin_n))


def quality(pft: NDArray[np.integer]) -> Quality:
    """Return the litter quality of locations from their classes (L,), 1 to 18."""
    at = np.asarray(pft, dtype=np.int64) - 1
    of = {name: values[at] for name, values in _TABLE.items()}
    leaf, root, wood = (of[f"lignin_{p}"] * of[f"cn_{p}"] for p in ("leaf", "froot", "wood"))
    return Quality(leaf, root, wood, (of["fn_leaf"], of["fn_froot"]))


@dataclass(frozen=True)
class Litter:
    """Litter fluxes by location, (L,) or (L, n), g C m-2 d-1.

    ``leaf`` and ``root`` are shed; ``debris`` is 0.52 of the woody debris that decomposes.
    """

    leaf: F8
    root: F8
    debris: F8

    def scaled(self, by: float) -> "Litter":
        """Return every flux times a number."""
        return Litter(by * self.leaf, by * self.root, by * self.debris)

    def drivers(self, made_of: Quality) -> dict[str, F8]:
        """Return the drivers of the soil kernels; wood litter is what decomposes: a steady state.

        Parameters
        ----------
        made_of : Quality
            By location; litter may have days as a second dimension.
        """
        casa, mimics = (
            [self._along(share) for share in made_of.metabolic(resorbed)]
            for resorbed in (True, False)
        )
        split = {
            "leaf_litter_met": casa[0] * self.leaf,
            "leaf_litter_str": (1 - casa[0]) * self.leaf,
            "froot_litter_met": casa[1] * self.root,
            "froot_litter_str": (1 - casa[1]) * self.root,
        }
        whole = self.leaf + self.root
        met = mimics[0] * self.leaf + mimics[1] * self.root
        return {
            **split,
            "litter_leaf": self.leaf,
            "litter_froot": self.root,
            "litter_met": split["leaf_litter_met"] + split["froot_litter_met"],
            "litter_str": split["leaf_litter_str"] + split["froot_litter_str"],
            "litter_cwd": self.debris / STAYS,
            "cwd_to_litter": self.debris,
            "cwd_respiration": (1 - STAYS) / STAYS * self.debris,
            "mimics_litter_met": met,
            "mimics_litter_str": whole - met,
            "lignin_n": self._lignin_n(made_of),
        }

    def _along(self, of_locations: F8) -> F8:
        """Return numbers of locations (L,) so that they go with the fluxes."""
        return of_locations.reshape(-1, *(1,) * (self.leaf.ndim - 1))

    def _lignin_n(self, made_of: Quality) -> F8:
        """Return the mean lignin to nitrogen of what MIMICS is given."""
        parts = ((made_of.leaf, self.leaf), (made_of.root, self.root), (made_of.wood, self.debris))
        of_all = sum((self._along(ratio) * flux for ratio, flux in parts), np.zeros(()))
        whole = np.maximum(LEAST_FLUX, self.leaf + self.root + self.debris)
        return np.minimum(LARGEST_LIGNIN_N, of_all / whole)


def from_means(made_of: Quality, casa: F8, mimics: F8, whole: F8) -> tuple[Litter, F8]:
    """Return litter from its metabolic parts in two models and the sum, and what was adjusted.

    Parameters
    ----------
    casa, mimics : ndarray, shape (L,)
        Metabolic litter in each model, g C m-2 d-1.
    whole : ndarray, shape (L,)
        All litter, with 0.52 of decomposed woody debris.

    Returns
    -------
    litter : Litter
        It sums to ``whole``, and no part is negative.
    moved : ndarray, shape (L,)
        The largest change, g C m-2 d-1, that keeping parts at 0 or more made.
    """
    (a, b), (c, d) = made_of.metabolic(True), made_of.metabolic(False)
    det = a * d - b * c
    leaf, root = (d * casa - b * mimics) / det, (a * mimics - c * casa) / det
    parts = np.stack([leaf, root, whole - leaf - root])
    # Numbers are float32's, and where litter is almost none the two files' rounding is all
    # there is: what is below zero becomes zero, and the others share what that added.
    kept = np.maximum(0.0, parts)
    total = kept.sum(axis=0)
    kept *= np.divide(whole, total, out=np.zeros_like(whole), where=total > 0)
    moved = np.abs(kept - parts).max(axis=0)
    return Litter(*kept), np.asarray(moved)
