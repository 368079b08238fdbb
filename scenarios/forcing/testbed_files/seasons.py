"""RF-1: seasons of the testbed's drivers as cosines, seven sites, and an invented small world.

Formulas and constants are section 8 of ``testbed_forcing.md``. Numbers go through float32, as
if through a file.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kernels import F8, I8
from kernels.casa.shared.roots import THICKNESS, Variant, pft_weights, root_zone
from scenarios.forcing._contract import Locations
from scenarios.forcing.common.cell_edges import BOUNDS
from scenarios.forcing.common.served import DAYS
from scenarios.grids import RADIUS

FREEZING = 273.15
"""K."""

SITES = "ABCDEFG"

_W = 2 * np.pi / DAYS


@dataclass(frozen=True)
class Sites:
    """Constants of RF-1 by location, (L,).

    ``tm``, ``ta``, ``dt`` are mean, amplitude (K) and warmest day of the air; ``gm``, ``ga``,
    ``dg`` those of GPP (g C m-2 d-1) and ``wm``, ``wa``, ``dw`` those of soil water (m3 m-3).
    """

    pft: F8
    latitude: F8
    sand: F8
    clay: F8
    silt: F8
    wilting: F8
    field: F8
    saturation: F8
    tm: F8
    ta: F8
    dt: F8
    gm: F8
    ga: F8
    dg: F8
    wm: F8
    wa: F8
    dw: F8

    @property
    def lasting(self) -> dict[str, F8]:
        """Return the drivers that are properties of a location."""
        properties = {n: getattr(self, n) for n in ("pft", "latitude", "sand", "clay", "silt")}
        return {**properties, "porosity": self.saturation}

    def at(self, places: I8) -> "Sites":
        """Return those of some locations."""
        return Sites(**{name: values[places] for name, values in vars(self).items()})


_RF1 = """
2  -3 .40 .40 .2 .20 .33 .45 299 1.5  15 8.00 1.0  60 .32 .06  80
1  62 .45 .15 .4 .12 .28 .43 271 17  200 2.20 3.0 190 .30 .05 140
4  40 .35 .25 .4 .14 .29 .44 284 12  200 3.50 5.0 195 .26 .06  60
18 70 .50 .10 .4 .09 .26 .46 262 17  205 0.60 1.4 200 .33 .04 160
12 48 .30 .30 .4 .16 .30 .44 282 13  200 2.50 4.0 185 .24 .07  40
9 -15 .55 .25 .2 .15 .27 .42 297 4    15 4.00 3.5  30 .22 .10  40
16 30 .70 .10 .2 .08 .20 .40 294 10  200 0.35 0.3 100 .10 .06  60
"""


def rf1_sites() -> Sites:
    """Return the sites A to G."""
    return Sites(*np.array([row.split() for row in _RF1.split("\n") if row], dtype=np.float64).T)


RF1_PHENOLOGY = {
    "greenup": np.array([-50.0, -50.0, 111.0, 181.0, 118.0, 302.0, -50.0]),
    "fall": np.array([367.0, 367.0, 226.0, 234.0, 222.0, 84.0, 367.0]),
}
"""Days of the year, from the testbed's own table, which has more latitudes than the published."""


def rf1_locations() -> Locations:
    """Return their names and places, with equal areas; RF-1 has none."""
    sites = rf1_sites()
    columns = {"lat": sites.latitude, "lon": np.zeros(7), "area": np.full(7, 4e10)}
    return Locations(tuple(SITES), {**columns, "pft": sites.pft})


@dataclass(frozen=True)
class Year:
    """How a year differs from the first, one number for all locations.

    ``gpp`` is a factor, ``warmer`` is K, ``wetter`` m3 m-3.
    """

    gpp: float = 1.0
    warmer: float = 0.0
    wetter: float = 0.0


def variation(n: int, strength: float) -> list[Year]:
    """Return n years of three waves of unlike length; the first is the reference itself."""
    k = np.arange(n)
    warm, wet, gpp = (np.sin(2 * np.pi * k / period) for period in (7.3, 5.9, 4.7))
    return [
        Year(1 + 0.05 * strength * g, 0.4 * strength * t, 0.01 * strength * w)
        for t, w, g in zip(warm, wet, gpp, strict=True)
    ]


def _wave(mean: F8, swing: F8, day: F8, days: F8) -> F8:
    """Return a cosine that is highest on a day, (L, 365)."""
    swings = swing[:, np.newaxis] * np.cos(_W * (days - day[:, np.newaxis]))
    return np.asarray(mean[:, np.newaxis] + swings)


def layers(sites: Sites, year: Year) -> dict[str, NDArray[np.float32]]:
    """Return a year as a testbed file has it.

    Returns
    -------
    dict
        ``tair`` (K) and ``gpp`` (g C m-2 d-1), (L, 365); ``tsoil`` (K), ``liquid`` and
        ``frozen`` (m3 m-3), (L, 365, 6).
    """
    days = np.arange(1.0, DAYS + 1)
    tair = _wave(sites.tm, sites.ta, sites.dt, days) + year.warmer
    gpp = np.maximum(0.0, _wave(sites.gm, sites.ga, sites.dg, days)) * year.gpp
    thick = np.array(THICKNESS)
    deep = (np.cumsum(thick) - thick / 2) / 2
    damped = np.exp(-deep)
    phase = (_W * (days - sites.dt[:, np.newaxis]))[..., np.newaxis] - deep
    swing = sites.ta[:, np.newaxis, np.newaxis] * damped
    tsoil = sites.tm[:, np.newaxis, np.newaxis] + 1 + swing * np.cos(phase) + year.warmer
    wave = _wave(np.zeros_like(sites.wa), sites.wa, sites.dw, days)[..., np.newaxis] * damped
    mean = (sites.wm + year.wetter)[:, np.newaxis, np.newaxis] + 0.02 * np.arange(6)
    full = sites.saturation[:, np.newaxis, np.newaxis]
    total = np.clip(mean + wave, 0.02, full)
    ice = 0.85 * np.clip((FREEZING - tsoil) / 4, 0, 1)
    fields = {"tair": tair, "gpp": gpp, "tsoil": tsoil}
    fields |= {"liquid": total * (1 - ice), "frozen": total * ice}
    return {name: values.astype(np.float32) for name, values in fields.items()}


def reduced(
    year: Mapping[str, NDArray[np.float32]], sites: Sites, variant: Variant
) -> dict[str, F8]:
    """Return a year's daily drivers, each (L, 365), float64."""
    exact = {name: values.astype(np.float64) for name, values in year.items()}
    zone = root_zone(
        pft_weights(sites.pft.astype(np.int64), variant),
        exact["tsoil"] - FREEZING,
        exact["liquid"],
        exact["frozen"],
        sites.wilting,
        sites.field,
        sites.saturation,
    )
    return {"gpp": exact["gpp"], "air_temperature": exact["tair"] - FREEZING, **zone}


def series(sites: Sites, years: Sequence[Year], variant: Variant = "code") -> dict[str, F8]:
    """Return daily drivers of every year in a row, each (L, 365 Y)."""
    drivers: dict[str, F8] = {}
    for k, daily in enumerate(reduced(layers(sites, y), sites, variant) for y in years):
        for name, values in daily.items():
            whole = drivers.setdefault(name, np.empty((len(values), DAYS * len(years))))
            whole[:, DAYS * k : DAYS * (k + 1)] = values
    return drivers


# --- an invented world ---

# Vegetation classes from dry to wet, by the latitude up to which they stand.
_KINDS = (
    (12.0, (9, 8, 2, 2)),
    (28.0, (16, 7, 9, 14)),
    (48.0, (16, 10, 12, 6, 4)),
    (62.0, (7, 10, 5, 1)),
    (70.0, (7, 3, 1)),
    (90.0, (18,)),
)
# GPP's mean and amplitude, g C m-2 d-1, and soil water.
_GREEN = {
    1: (2.2, 2.6, 0.30), 2: (8.0, 1.0, 0.32), 3: (1.6, 2.4, 0.29), 4: (3.5, 4.5, 0.27),
    5: (3.0, 3.6, 0.28), 6: (2.0, 1.2, 0.22), 7: (0.8, 0.9, 0.20), 8: (4.8, 2.0, 0.26),
    9: (3.8, 3.0, 0.22), 10: (1.6, 1.8, 0.20), 12: (3.0, 3.8, 0.25), 14: (4.2, 3.2, 0.26),
    16: (0.3, 0.25, 0.10), 18: (0.5, 1.2, 0.33),
}  # fmt: skip
_LAND = 1.2e14
"""Vegetated land, m2."""


def world(n: int) -> tuple[Sites, Locations]:
    """Return n invented cells between 55 south and 78 north, with areas that add to the land's.

    Each is about as many degrees high as wide, around its centre: invented, they may overlap.
    """
    at = np.arange(1.0, n + 1)
    # Additive recurrences: evenly spread for every n, and no generator.
    u = [(at * step) % 1.0 for step in (0.6180339887, 0.7548776662, 0.5698402910, 0.4142135624)]
    lat = -55.0 + 133.0 * u[0]
    pft = np.array([_kind(*pair) for pair in zip(np.abs(lat), u[1], strict=True)])
    green = np.array([_GREEN[kind] for kind in pft]).T
    clay = 0.08 + 0.40 * u[2]
    sand = (1 - clay) * (0.2 + 0.6 * u[3])
    wilting = 0.05 + 0.35 * clay
    summer = np.where(lat >= 0, 200.0, 15.0)
    sites = Sites(
        pft.astype(np.float64), lat, sand, clay, 1 - sand - clay,
        wilting, wilting + 0.12, 0.49 - 0.12 * sand,
        300.0 - 0.0075 * lat**2, 1.5 + 0.23 * np.abs(lat), summer,
        green[0], green[1], summer - 8, green[2], np.full(n, 0.05), summer - 130 + 60 * u[2],
    )  # fmt: skip
    weight = np.cos(np.radians(lat))
    area = _LAND * weight / weight.sum()
    columns = {"lat": lat, "lon": 360.0 * u[3], "area": area, "pft": sites.pft}
    columns |= _cells(lat, columns["lon"], _LAND / weight.sum() / RADIUS**2)
    return sites, Locations(tuple(f"cell_{i:04d}" for i in range(1, n + 1)), columns)


def _cells(lat: F8, lon: F8, steradian: float) -> dict[str, F8]:
    """Return edges around centres, of cells that are as large as one on the equator is here."""
    high = 0.5 * np.sqrt(steradian)
    wide = np.degrees(0.25 * steradian / np.sin(high))
    high = np.degrees(high)
    south, north = np.maximum(lat - high, -90.0), np.minimum(lat + high, 90.0)
    return dict(zip(BOUNDS, (south, north, lon - wide, lon + wide), strict=True))


def _kind(latitude: float, wet: float) -> int:
    kinds = next(kinds for limit, kinds in _KINDS if latitude <= limit)
    return kinds[int(wet * len(kinds))]
