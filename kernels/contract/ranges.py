"""What drivers may be: what kernels accept, and what soil and plants are seen to have.

Bounds of kernels are those in which their equations hold, and wide: a gram taken for a kilogram,
or a temperature in another scale, mostly stays inside them. So each driver has, once for all
kernels, the range beyond which a value is more likely in another unit than real.
"""

from dataclasses import dataclass
from math import inf


@dataclass(frozen=True)
class Range:
    """What a driver may be, in its units.

    Attributes
    ----------
    lower, upper : float
        Ends of what a kernel accepts: beyond them its members get a status.
    low, high : float
        Ends of what is seen; a kernel runs beyond them, and its results mean little.
    peak : float
        Somewhere in a data set the driver reaches this, or it is in another unit.
    """

    lower: float = -inf
    upper: float = inf
    low: float = -inf
    high: float = inf
    peak: float = -inf

    def __post_init__(self) -> None:
        if not self.lower <= self.low < self.high <= self.upper:
            raise ValueError(f"{self} is no range; needed lower <= low < high <= upper")

    def within(self, other: "Range") -> "Range":
        """Return what both allow: a driver of two kernels must suit both."""
        return Range(
            lower=max(self.lower, other.lower),
            upper=min(self.upper, other.upper),
            low=max(self.low, other.low),
            high=min(self.high, other.high),
            peak=max(self.peak, other.peak),
        )


_DAILY = (0.0, 100.0, 0.01)
_DAILY_WOOD = (0.0, 100.0, -inf)
_YEARLY = (0.0, 5000.0, 5.0)

# name: (units, low, high, peak). Wood falls nowhere in grassland, and water freezes nowhere in the
# tropics: what may be zero everywhere has no peak.
_SEEN: dict[str, tuple[str, float, float, float]] = {
    "pft": ("1", 1.0, 18.0, -inf),
    "latitude": ("degrees_north", -90.0, 90.0, -inf),
    "greenup": ("d", -366.0, 366.0, -inf),
    "fall": ("d", 1.0, 367.0, -inf),
    "air_temperature": ("degC", -90.0, 60.0, -inf),
    "soil_temperature": ("degC", -60.0, 60.0, -inf),
    # Below wilting point it is negative, without an end where soils hold next to no water.
    "btran": ("1", -1e3, 1.0 + 1e-9, -inf),
    "theta_l": ("1", 0.0, 1.0, 0.01),
    "theta_f": ("1", 0.0, 1.0, -inf),
    # A hundredth: what fractions are at most where they are given as percent.
    "clay": ("1", 0.0, 1.0, 0.01),
    "silt": ("1", 0.0, 1.0, -inf),
    "porosity": ("1", 0.05, 1.0, 0.1),
    "depth": ("cm", 1.0, 1000.0, -inf),
    "gpp": ("g C m-2 d-1", 0.0, 50.0, 0.05),
    **{
        name: ("g C m-2 d-1", *_DAILY)
        for name in (
            "litter_met", "litter_str", "litter_leaf", "litter_froot", "leaf_litter_met",
            "leaf_litter_str", "froot_litter_met", "froot_litter_str", "mimics_litter_met",
            "mimics_litter_str",
        )
    },
    **{
        name: ("g C m-2 d-1", *_DAILY_WOOD)
        for name in ("litter_cwd", "cwd_to_litter", "cwd_respiration")
    },
    "annual_npp": ("g C m-2 yr-1", -500.0, 5000.0, 5.0),
    "litter_input": ("g C m-2 yr-1", *_YEARLY),
    "litter_above": ("g C m-2 yr-1", *_YEARLY),
    "litter_below": ("g C m-2 yr-1", *_YEARLY),
    "lignin_n": ("1", 1.0, 500.0, 1.0),
    "lignin_n_above": ("1", 1.0, 500.0, 1.0),
    "lignin_n_below": ("1", 1.0, 500.0, 1.0),
    "sampling_year": ("1", 1950.0, 2100.0, -inf),
    "atmosphere": ("1", 0.8, 2.2, -inf),
    # Of the land as a whole, or of a part of it.
    "npp": ("Pg C yr-1", -10.0, 200.0, -inf),
    "rh": ("Pg C yr-1", -10.0, 200.0, -inf),
    "c_veg_model": ("Pg C", 0.0, 5000.0, -inf),
    "c_soil_model": ("Pg C", 0.0, 20000.0, -inf),
}  # fmt: skip


def accepted(name: str, units: str, lower: float = -inf, upper: float = inf) -> Range:
    """Return the range of a driver of which a kernel accepts ``lower`` to ``upper``.

    Raises
    ------
    ValueError
        The driver is not in the table of what is seen, or in another unit there.
    """
    if name not in _SEEN or _SEEN[name][0] != units:
        raise ValueError(
            f"driver {name!r} in {units!r} has no range; add it to kernels/contract/ranges.py"
        )
    _, low, high, peak = _SEEN[name]
    return Range(lower, upper, max(low, lower), min(high, upper), peak)
