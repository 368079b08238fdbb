"""Annual fluxes of the database SRDB that a forest may learn from, and what each rule costs.

Source: Jian et al. (2021), Earth System Science Data 13, 255-267, 10.5194/essd-13-255-2021. Years
of a site are records of their own.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from kernels import F8
from scenarios.forcing.common.checks import Findings
from scenarios.forcing.common.table import Layout, load_table
from scenarios.observations import Step
from scenarios.observations.parts.records import places
from scenarios.observations.parts.rows import YEARS, Columns, Kept

Flux = Literal["rh", "rs"]
"""Heterotrophic respiration, or all of a soil's."""

COLUMN = {"rh": "Rh_annual", "rs": "Rs_annual"}
NEEDED = (
    *("Record_number", "Study_number", "Study_midyear", "YearsOfData", "Latitude", "Longitude"),
    *("Manipulation", "Meas_method", "Annual_coverage", *COLUMN.values()),
)

DOUBTS = ("Q10", "Q11", "Q12", "Q13", "Q14")
"""Flags of a potential, suspected or known problem, of a duplicate, of an inconsistency."""

OWN = {"mat": "MAT", "map": "MAP"}
"""Climate that a study says of its site, by predictor: degC and mm yr-1."""

BEYOND = 6.0
"""Standard deviations from the mean beyond which a flux is taken for an error; looked at once."""


@dataclass(frozen=True)
class Rules:
    """Which records are taken, beside what is always asked of one.

    Attributes
    ----------
    alkali : bool
        Whether those measured by absorption in alkali are taken, too.
    whole_years : bool
        Whether measurements must cover a whole year (``Annual_coverage`` of 1 or more).
    components : bool
        Whether heterotrophic respiration that is not given is that of the soil less that of roots,
        or less their part of it (``RC_annual``). Where all are given these differ by no more than
        5 % in 93 of 100 records of SRDB v5.
    unflagged : bool
        Whether records with a doubt of SRDB's own (`DOUBTS`) are left out.
    once : bool
        Whether records that SRDB knows to be of another study, too, are left out.
    """

    alkali: bool = False
    whole_years: bool = False
    components: bool = False
    unflagged: bool = False
    once: bool = False

    @property
    def columns(self) -> tuple[str, ...]:
        """Return the columns that these rules need beside `NEEDED`."""
        asked = {
            ("Ra_annual", "RC_annual"): self.components,
            ("Quality_flag",): self.unflagged,
            ("Duplicate_record",): self.once,
        }
        return tuple(name for names, needed in asked.items() if needed for name in names)


ALWAYS = Rules()


@dataclass(frozen=True)
class FluxRecords:
    """Records that are left, in the order of their numbers.

    Attributes
    ----------
    number : ndarray, shape (r,), float64
        ``Record_number``: some have a decimal.
    study : ndarray, shape (r,), str
    lat, lon : ndarray, shape (r,), float64
        Degrees.
    flux : ndarray, shape (r,), float64
        g C m-2 yr-1.
    own : mapping of str to ndarray, shape (r,), float64
        What studies say of their sites, of `OWN`; NaN where they do not.
    steps : tuple of Step
        Records and studies after each rule.
    file : mapping
        Name and hash.
    """

    number: F8
    study: NDArray[np.str_]
    lat: F8
    lon: F8
    flux: F8
    own: Mapping[str, F8]
    steps: tuple[Step, ...]
    file: Mapping[str, Any]

    def take(self, which: NDArray[np.bool_], of: str) -> "FluxRecords":
        """Return some of the records, as one rule more has it."""
        study = self.study[which]
        step = Step(of, int(which.sum()), int(np.unique(study).size))
        number, lat, lon, flux = (v[which] for v in (self.number, self.lat, self.lon, self.flux))
        own = {name: values[which] for name, values in self.own.items()}
        return FluxRecords(number, study, lat, lon, flux, own, (*self.steps, step), self.file)


def load_records(path: Path, flux: Flux, findings: Findings, rules: Rules = ALWAYS) -> FluxRecords:
    """Return the records of a flux that may be learned from.

    Raises
    ------
    ScenarioError
        No such file, no such columns, cells that are no numbers, places that cannot be, a record
        twice, no record that is left (which rule took the last one); all that is known by then.
    """
    table = load_table(
        path, findings, rows="one row per site and year or study",
        needed=",".join((*NEEDED, *rules.columns)),
        layout=Layout(latin_1=True),
    )  # fmt: skip
    columns = Columns(table, findings)
    columns.need(*NEEDED, *rules.columns)
    # Carbon that goes into the soil in a year may be -99 and mean it.
    fluxes = {name: columns.numbers(column, least=-1000.0) for name, column in COLUMN.items()}
    number, years, coverage = (
        columns.numbers(name) for name in ("Record_number", "YearsOfData", "Annual_coverage")
    )
    middle = columns.numbers("Study_midyear")
    columns.within("Study_midyear", middle, *YEARS, f"a year, {YEARS[0]} to {YEARS[1]}")
    lat, lon = places(columns, ("Latitude", "Longitude"))
    method = np.char.lower(columns.texts("Meas_method"))
    given, column = fluxes[flux], COLUMN[flux]
    if rules.components:
        given, column = _with_components(columns, fluxes)
    kept = Kept.of(columns.texts("Study_number"))
    with np.errstate(invalid="ignore"):
        kept.need(np.isfinite(given), f"with {column}", f"without {column}")
        kept.need(given > 0.0, "above 0", "of 0 or below")
        kept.need(columns.texts("Manipulation") == "None", "of unmanipulated soils", "manipulated")
        if not rules.alkali:
            kept.need(np.char.find(method, "alkali") < 0, "not measured with alkali", "with alkali")
        kept.need(np.isfinite(lat + lon), "with coordinates", "without coordinates")
        kept.need(np.isfinite(middle), "with a year", "without a year")
        kept.need(years >= 1.0, "of a year or more", "of less than a year")
        if rules.whole_years:
            kept.need(coverage >= 1.0, "that cover whole years", "of a part of a year")
        if rules.unflagged:
            sure = ~_flagged(columns.texts("Quality_flag"))
            kept.need(sure, f"without a doubt ({DOUBTS[0]} to {DOUBTS[-1]})", "with a doubt")
        if rules.once:
            once = np.isin(columns.texts("Duplicate_record"), ("", "NA"))
            kept.need(once, "of one study alone", "of another study, too")
        below = ~(fluxes["rs"] <= fluxes["rh"])
        kept.need(below, "with Rs above Rh, where both are", "with Rs not above Rh")
    if not kept.kept.any():
        lost = next(step.of for step in kept.steps if not step.records)
        findings.fatal("records", table.problem(f"no record is left of those {lost}"))
    kept.need(_near_the_mean(given, kept.kept), f"within {BEYOND:g} sd of the mean", "beyond it")
    at = np.flatnonzero(kept.kept)
    for row in at[np.isnan(number[at])].tolist():
        columns.add("bad values", "is empty; needed a number", "Record_number", row)
    columns.each_once(number[at].tolist(), "Record_number", lambda n: f"record {n:g}", at.tolist())
    own = {
        name: columns.numbers(of, least=-100.0) if columns.has(of) else np.full(given.size, np.nan)
        for name, of in OWN.items()
    }
    findings.raise_all()
    at = at[np.argsort(number[at], kind="stable")]
    return FluxRecords(
        number[at], kept.study[at], lat[at], lon[at], given[at],
        {name: values[at] for name, values in own.items()}, tuple(kept.steps), table.digest,
    )  # fmt: skip


def _with_components(columns: Columns, fluxes: Mapping[str, F8]) -> tuple[F8, str]:
    """Return heterotrophic respiration, (n,), from its components where it is not given.

    With it what the rule is called, which says of how many records it is so.
    """
    roots, part = (columns.numbers(name, least=-1000.0) for name in ("Ra_annual", "RC_annual"))
    less = fluxes["rs"] - roots
    less = np.where(np.isfinite(less), less, fluxes["rs"] * (1.0 - part))
    found = np.where(np.isfinite(fluxes["rh"]), fluxes["rh"], less)
    count = int((np.isfinite(found) & ~np.isfinite(fluxes["rh"])).sum())
    return found, f"{COLUMN['rh']}, {count:,} of them from Rs_annual and Ra_annual or RC_annual"


def _flagged(flags: NDArray[np.str_]) -> NDArray[np.bool_]:
    """Return which records have one of `DOUBTS` among their flags, (n,)."""
    found = [{one.strip() for one in text.split(",")} & {*DOUBTS} for text in flags.tolist()]
    return np.array([bool(one) for one in found])


def _near_the_mean(flux: F8, kept: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return which fluxes are no more than `BEYOND` standard deviations from the mean of some."""
    some = flux[kept]
    sd = some.std(ddof=1) if some.size > 1 else np.inf
    with np.errstate(invalid="ignore"):
        return np.asarray(np.abs(flux - some.mean()) <= BEYOND * sd)
