"""Two invented forcings named like the testbed's: daily or mean drivers of a few sites or cells.

Sites A to G are RF-1, the reference forcing of the testbed's acceptance tables, with one year
repeated or varied; ``cells: n`` is a small world instead, of latitudes and vegetation types
with areas. The second forcing is the first with less GPP, cooler and a little drier, by about
what the published runs under two forcings differ. Neither is data of the land models named.

Litter, for soil kernels without vegetation before them, is 0.47 of the mean GPP, shared
like NPP among leaves, wood and fine roots of the class; leaves fall mostly two months after
GPP is highest. What becomes woody debris is what of it decomposes. Means are over all days.

Source: invented; the layout is that of the testbed of Wieder et al. (2018, 10.1111/gcb.13979).
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, SerializerFunctionWrapHandler, model_serializer

from kernels import F8, I8, Variable
from scenarios.forcing._contract import Forcing, Locations, ReaderSpec
from scenarios.forcing.common.checks import Findings, Years
from scenarios.forcing.common.declared import Input
from scenarios.forcing.common.made import Source, recipe
from scenarios.forcing.common.served import DAYS, LASTING, misfits, serve, wants_days
from scenarios.forcing.testbed_files.plants import ALLOCATED, STAYS, Litter, quality
from scenarios.forcing.testbed_files.seasons import (
    RF1_PHENOLOGY,
    Sites,
    Year,
    rf1_locations,
    rf1_sites,
    series,
    variation,
    world,
)

LABEL = "synthetic testbed forcings (invented; no output of CLM4.5-CRUNCEP or CLM5.0-GSWP3)"

SECOND = Year(gpp=0.82, warmer=-0.6, wetter=-0.01)
"""How the second forcing differs from the first: Rh of 43 for 51 Pg C yr-1 is mostly GPP."""

FORCINGS = {"clm45_cruncep": Year(), "clm50_gswp3": SECOND}

FIRST = 1901
CENTURY = 100
NPP_SHARE = 0.47
"""Of GPP, invented; litter is as much."""

DAILY = (
    *("gpp", "air_temperature", "soil_temperature", "theta_l", "theta_f", "btran"),
    *("litter_met", "litter_str", "litter_cwd", "litter_leaf", "litter_froot"),
    *("leaf_litter_met", "leaf_litter_str", "froot_litter_met", "froot_litter_str"),
    *("cwd_to_litter", "cwd_respiration"),
    *("mimics_litter_met", "mimics_litter_str", "lignin_n"),
)

LAYERED = 60
"""Numbers a day of a year that layers of soil take while they are made."""

Count = Annotated[int, Field(ge=1, le=500)]


class Trend(BaseModel):
    """What changes in a hundred years, evenly."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    gpp: float = Field(default=0.0, ge=-0.9, le=9, description="share by which GPP grows")
    warmer: float = Field(default=0.0, ge=-20, le=20, description="of air and soil, K")

    def years(self, n: int) -> list[Year]:
        """Return n years; the first is as it is."""
        return [Year(1 + self.gpp * k / CENTURY, self.warmer * k / CENTURY) for k in range(n)]


class Spec(ReaderSpec):
    """``forcing:`` of the synthetic testbed."""

    reads: ClassVar[tuple[Input, ...]] = ()
    along: ClassVar[tuple[str, ...]] = ("time", "date")

    reader: Literal["synthetic_testbed"]
    forcings: list[Literal["clm45_cruncep", "clm50_gswp3"]] = Field(
        default=["clm45_cruncep", "clm50_gswp3"], min_length=1, description="which of the pair"
    )
    cells: int | None = Field(
        default=None, ge=1, le=20_000, description="of an invented world; by default sites A to G"
    )
    years: Years | Count = Field(
        default=1, description="[first, last], or how many from 1901; for daily drivers"
    )
    variation: float = Field(
        default=1.0, ge=0, le=3, description="of later years around the first; 0 repeats it"
    )
    trend: Trend | None = Field(
        default=None, description="{gpp: 0.17, warmer: 1.0}, in a hundred years; none by default"
    )
    roots: Literal["code", "manual"] = Field(
        default="code", description="edges of layers for root shares, as in the testbed"
    )
    depth: float = Field(default=100.0, gt=0, allow_inf_nan=False, description="of soil, cm")

    @model_serializer(mode="wrap")
    def _as_before(self, plain: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Return the words; without a trend those of before there was one, as stores know them."""
        words: dict[str, Any] = plain(self)
        return {name: word for name, word in words.items() if name != "trend" or word is not None}

    def read(self, needs: Sequence[Variable], base: Path) -> list[Forcing]:
        """Return a forcing per name; see `ReaderSpec.read`."""
        daily = wants_days(needs)
        changing = ("date",) if daily else ()
        given = {**dict.fromkeys(LASTING, ()), **dict.fromkeys(DAILY, changing)}
        given["annual_npp"] = ("time",) if daily else ()
        if self.cells is None:
            given |= dict.fromkeys(RF1_PHENOLOGY, ())
        findings = Findings()
        for problem in misfits(needs, given, "synthetic_testbed"):
            findings.add("drivers", problem)
        findings.raise_all()
        sites, locations = (
            world(self.cells) if self.cells is not None else (rf1_sites(), rf1_locations())
        )
        return [self._forcing(name, needs, sites, locations, daily) for name in self.forcings]

    def _forcing(
        self, name: str, needs: Sequence[Variable], sites: Sites, locations: Locations, daily: bool
    ) -> Forcing:
        first, last = span(self.years)
        changes = [_joined(FORCINGS[name], y) for y in variation(last - first + 1, self.variation)]
        if self.trend is not None:
            grown = self.trend.years(len(changes))
            changes = [_joined(*pair) for pair in zip(changes, grown, strict=True)]
        lasting = self._lasting(sites)

        def make(places: I8) -> dict[str, F8]:
            has = self._changing(sites.at(places), changes)
            if not daily:
                has = {n: v.mean(axis=1) for n, v in has.items()}
            return serve([need for need in needs if need.name not in lasting], has)

        days = DAYS * len(changes) * 8
        source = Source(make, len(sites.pft), working=days * len(DAILY) + DAYS * LAYERED * 8)
        drivers = dict(source.supplied(len(changes)))
        drivers |= serve([need for need in needs if need.name in lasting], lasting)
        provenance = {
            "reader": "synthetic_testbed",
            "files": [],
            "years": [first, last],
            "variation": self.variation,
            **({} if self.trend is None else {"trend": self.trend.model_dump()}),
            "roots": self.roots,
            "perturbed": vars(FORCINGS[name]),
            "conventions": __doc__,
        }
        coords = coords_of(first, last) if daily else {}
        drivers = {need.name: drivers[need.name] for need in needs}
        made_of = f"{name} {recipe(self, needs)}"
        return Forcing(name, drivers, coords, locations, provenance, LABEL, recipe=made_of)

    def _lasting(self, sites: Sites) -> dict[str, F8]:
        """Return the drivers that are one number a location."""
        phenology = RF1_PHENOLOGY if self.cells is None else {}
        return {**sites.lasting, **phenology, "depth": np.full(sites.pft.size, self.depth)}

    def _changing(self, sites: Sites, changes: Sequence[Year]) -> dict[str, F8]:
        """Return every driver that changes in time, by the day or the year."""
        has = series(sites, changes, self.roots)
        by_year = has["gpp"].reshape(len(sites.pft), len(changes), DAYS).mean(axis=2)
        return {
            **has,
            **litter_of(sites.pft, sites.dg, by_year).drivers(quality(sites.pft.astype(np.int64))),
            "annual_npp": NPP_SHARE * DAYS * by_year,
        }


def _joined(one: Year, other: Year) -> Year:
    return Year(one.gpp * other.gpp, one.warmer + other.warmer, one.wetter + other.wetter)


def span(years: tuple[int, int] | int) -> tuple[int, int]:
    """Return the first and last year of ``years:``."""
    return (FIRST, FIRST + years - 1) if isinstance(years, int) else years


def coords_of(first: int, last: int) -> dict[str, NDArray[Any]]:
    """Return the coordinates of daily drivers."""
    years = np.arange(first, last + 1, dtype=np.int64)
    return {"year": years, "date": np.arange(DAYS * years.size, dtype=np.int64)}


def litter_of(pft: F8, greenest: F8, by_year: F8) -> Litter:
    """Return invented litter, (L, 365 Y).

    Parameters
    ----------
    pft, greenest : ndarray, shape (L,)
        Class, and the day on which GPP is highest: leaves fall most 60 days later.
    by_year : ndarray, shape (L, Y)
        Mean GPP, g C m-2 d-1.
    """
    shares = ALLOCATED[pft.astype(np.int64) - 1]
    leaf, wood, root = NPP_SHARE * (shares / shares.sum(axis=1, keepdims=True)).T
    days = np.arange(1.0, DAYS + 1)
    fall = 1 + 0.5 * np.cos(2 * np.pi / DAYS * (days - greenest[:, np.newaxis] - 60))
    grown = by_year[..., np.newaxis]
    shape = (len(by_year), by_year.shape[1] * DAYS)
    even = np.broadcast_to(grown, (*by_year.shape, DAYS)).reshape(shape)
    return Litter(
        leaf[:, np.newaxis] * (grown * fall[:, np.newaxis]).reshape(shape),
        root[:, np.newaxis] * even,
        STAYS * wood[:, np.newaxis] * even,
    )
