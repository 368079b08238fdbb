"""How much carbon soils, stands and all land can hold: limits that kernels declare of stocks.

They are far above what is measured, so that a value beyond one is no soil, whatever its place.
"""

import math

from kernels.contract.entries import Limit

DENSITY = 150.0
"""mg C cm-3, of pure organic soil."""

ORGANIC = Limit(
    DENSITY,
    "pure organic soil: 0.244 g cm-3 (Adams 1973, J. Soil Sci. 24, 10-17), 58 % of it carbon, are "
    "142 mg C cm-3; peat has 30 to 120",
)
"""Of densities, mg C cm-3."""


def column(depth: float, units: str) -> Limit:
    """Return the limit of soil carbon per area in so many cm, ``kg C m-2`` or ``g C m-2``."""
    per_cm = {"kg C m-2": 0.01, "g C m-2": 10.0}[units]
    return Limit(DENSITY * depth * per_cm, f"{depth:g} cm of {ORGANIC.source}")


METRE = column(100.0, "g C m-2")
"""Of soils whose model has no depth, g C m-2."""

WOOD = Limit(
    260_000.0,
    "2,600 Mg C ha-1 above ground in old coast redwood (Van Pelt et al. 2016, For. Ecol. Manage. "
    "375, 279-308), the most that is known",
)
"""Of wood and woody debris, g C m-2."""

LEAVES = Limit(4_000.0, "a leaf area of 20 at 200 g C m-2 of leaf, thicker than needles")
"""g C m-2."""

FINE_ROOTS = Limit(
    3_000.0,
    "four times those of temperate grassland, the biome with most: 1.5 kg m-2 of dry mass (Jackson "
    "et al. 1997, PNAS 94, 7362-7366), half of it carbon",
)
"""g C m-2."""

VEGETATION = Limit(
    2_000.0,
    "more than twice the 916 Pg C that vegetation would hold without land use (Erb et al. 2018, "
    "Nature 553, 73-76)",
)
"""Of all land, Pg C."""

SOIL = Limit(
    10_000.0,
    "more than three times the 3,000 Pg C of all soils, deep ones and peat among them (Koechy et "
    "al. 2015, SOIL 1, 351-365)",
)
"""Of all land, Pg C."""

LAND = Limit(VEGETATION.above + SOIL.above, "the limits of vegetation and of soil together")
"""Pg C."""

CHANGE = Limit(math.inf, "none: a change since the first year may be of either sign")
