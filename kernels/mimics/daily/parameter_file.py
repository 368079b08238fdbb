"""The testbed's parameter file of MIMICS, ``pftlookup_LIDET-MIM-REV_*.csv``.

A first part lists vegetation types, a second constants, value before label, a third the depth of
soil by vegetation type, and a last line the function of moisture. Its constants are the
parameters of `one_layer.sets`; where the file has one value for each flux and the model here
one for all, they have to be equal. Files of MIMICS-CN have the density exponent, too, and
constants of nitrogen, which carbon does not depend on.
"""

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from kernels.contract.arrays import F8
from kernels.contract.faults import Fault, Unfit
from kernels.fortran.numbers import integer, number
from kernels.mimics.one_layer.sets import SETS, bounds

TYPES = 18
"""Vegetation types, IGBP."""

CORPSE_WATER = 3
"""The file's number of CORPSE's moisture scalar."""

# label in the file: parameter here
_LABELS: dict[str, str] = (
    {f"Vslope({f})": "Vslope" for f in ("r1", "r2", "r3", "k1", "k2", "k3")}
    | {f"Vint({f})": "Vint" for f in ("r1", "r2", "r3", "k1", "k2", "k3")}
    | {f"av({f})": "aV" for f in ("r1", "r2", "r3", "k1", "k2", "k3")}
    | {f"ak({f})": "aK" for f in ("r1", "r2", "r3", "k1", "k2", "k3")}
    | {f"Kint({f})": "Kint" for f in ("r1", "r2", "r3", "k1", "k2", "k3")}
    | {f"Kslope({b}{i})": f"Kslope_{x}" for b in "rk" for i, x in enumerate("msa", 1)}
    | {f"{u}mod({b}{i})": f"{u.lower()}mod_{b}{x}"
       for u in "VK" for b in "rk" for i, x in enumerate("msa", 1)}
    | {"KO(1)": "KO_r", "KO(2)": "KO_k"}
    | {f"MGE({i})": f"e{i}" for i in (1, 2, 3, 4)}
    | {f"tau_{b}({i})": f"tau_{b}{i}" for b in "rk" for i in (1, 2)}
    | {"tauModDenom": "tau_npp", "tauMod_MIN": "tau_low", "tauMod_MAX": "tau_high"}
    | {"fPHYS_r(1)": "fP_r", "fPHYS_r(2)": "fP_r_clay", "fPHYS_K(1)": "fP_k",
       "fPHYS_K(2)": "fP_k_clay"}
    | {"fCHEM_r(1)": "fC_r", "fCHEM_r(2)": "fC_r_met", "fCHEM_r(3)": "fC_r_scale"}
    | {"fCHEM_K(1)": "fC_k", "fCHEM_K(2)": "fC_k_met", "fCHEM_K(3)": "fC_k_scale"}
    | {"fSOM_p(1)": "D1", "fSOM_p(2)": "D2", "phys_scalar(1)": "p1", "phys_scalar(2)": "p2"}
    | {"FI(metb)": "fi_m", "FI(struc)": "fi_s"}
    | {"fmet_p(1)": "q1", "fmet_p(2)": "q2", "fmet_p(3)": "q3"}
)  # fmt: skip
# What files of MIMICS-CN have beside: the density exponent, and what nitrogen alone needs.
_OF_CN = {"densDep": "beta"}
_OF_NITROGEN = (
    "fracNImport_r", "fracNImport_k", "NUE(1)", "NUE(2)", "NUE(3)", "NUE(4)", "CNr", "CN_r",
    "CNk", "CN_k", "fracDINavailMIC", "cnModNum",
)  # fmt: skip
# Desorption does not depend on temperature here, nor there where its Q10 is below 0.
_DESORPTION, _ITS_REFERENCE = "desorpQ10", "desorpTref"


@dataclass(frozen=True)
class Table:
    """What a file says: values of parameters, and depth (cm) by vegetation type, (18,).

    ``notes`` are what it says and nothing here depends on, ``warnings`` what the testbed does
    otherwise with it.
    """

    values: Mapping[str, float]
    depth: F8
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


DEFAULT = Table(SETS["testbed"], np.full(TYPES, 100.0))
"""The file of 2017-11-28."""

Said = Iterator[tuple[int, str]]
"""Line and text of what is wrong."""


@dataclass
class _Found:
    """Constants, depths and switches on their way to a table."""

    values: dict[str, float] = field(default_factory=dict)
    labels: set[str] = field(default_factory=set)
    depth: F8 = field(default_factory=lambda: np.full(TYPES, np.nan))
    moisture: bool = False
    nitrogen: list[str] = field(default_factory=list)


def read_table(file: Path) -> Table:
    """Return what a file says.

    Raises
    ------
    Unfit
        Every fault, with its line.
    """
    try:
        # Some labels have degree signs of an old encoding.
        rows = list(csv.reader(file.read_text(encoding="latin-1").splitlines()))
    except OSError as error:
        raise Unfit([Fault(f"cannot be read ({error.strerror})", "table")]) from error
    starts = [i for i, row in enumerate(rows) if row and "Parameters" in row[0]]
    heads = [rows[i][0].strip() for i in starts]
    if heads != ["Fixed Parameters", "Biome-Specific Parameters"]:
        message = (
            "found no headings 'Fixed Parameters' and 'Biome-Specific Parameters', in this order"
        )
        raise Unfit([Fault(f"{message}; needed a MIMICS pftlookup file", file=str(file))])
    entries = _Found()
    faults = [
        Fault(message, file=str(file), line=line)
        for line, message in (
            *_constants(rows, starts[0] + 1, starts[1], entries),
            *_depths(rows, starts[1] + 2, entries),
        )
    ]
    # What is there and cannot be read is not missing, too.
    there = {_LABELS[label] for label in entries.labels if label in _LABELS}
    if lacking := sorted(set(_LABELS.values()) - there):
        faults.append(Fault(f"has no value of {', '.join(lacking)}", file=str(file)))
    if faults:
        raise Unfit(faults)
    return Table({**DEFAULT.values, **entries.values}, entries.depth, *_remarks(entries))


def _remarks(entries: _Found) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return what nothing here depends on, and what the testbed does otherwise."""
    notes, warnings = [], []
    if entries.nitrogen:
        notes.append(f"{', '.join(entries.nitrogen)} are of nitrogen and have no effect on carbon")
    if not entries.moisture:
        warnings.append(
            "has no line of mimicsbiome%fWFunction, for which release 2.0.0 of the testbed has no "
            "moisture function, f(W) = 1; here it is that of CORPSE, 3, and decay is slower"
        )
    return tuple(notes), tuple(warnings)


def _constants(rows: list[list[str]], first: int, stop: int, entries: _Found) -> Said:
    """Fill values by parameter; yield line and text of what is wrong."""
    labels = _LABELS | _OF_CN
    for i in range(first, stop):
        label = (rows[i][1].split() or [""])[0] if len(rows[i]) > 1 else ""
        value = number(rows[i][0]) if rows[i] else None
        if label in entries.labels:
            yield i + 1, f"{label} is there twice; keep one"
        elif label not in (*labels, *_OF_NITROGEN, _DESORPTION, _ITS_REFERENCE):
            yield i + 1, f"found {label!r}, which this kernel does not have"
        elif value is None:
            yield i + 1, f"{label}: found {rows[i][0]!r}; needed a number"
        elif label in _OF_NITROGEN:
            entries.nitrogen.append(label)
        elif label == _DESORPTION and value >= 0.0:
            yield i + 1, f"{label}: found {value:g}; desorption has no Q10 here, needed below 0"
        elif label in labels:
            yield from (
                (i + 1, message) for message in _constant(label, labels[label], value, entries)
            )
        entries.labels.add(label)


def _constant(label: str, name: str, value: float, entries: _Found) -> Iterator[str]:
    """Take the value of a parameter; yield why it cannot be."""
    low, high = bounds(name)
    if not low <= value <= high:
        yield f"{label}: found {value:g}; needed {name} from {low:g} to {high:g}"
    elif entries.values.setdefault(name, value) != value:
        yield f"{label} is {value:g}, others of {name} are {entries.values[name]:g}; needed one"


def _depths(rows: list[list[str]], first: int, entries: _Found) -> Said:
    """Fill depth by type; the switch of moisture is the line below."""
    seen: set[int | None] = set()
    for i, row in enumerate(rows[first:], first):
        if not any(cell.strip() for cell in row):
            continue
        kind = integer(row[0])
        if len(row) > 1 and "fWFunction" in row[1]:
            if entries.moisture:
                yield i + 1, "mimicsbiome%fWFunction is there twice; keep one"
            elif kind != CORPSE_WATER:
                yield i + 1, f"found moisture function {row[0].strip()}; needed 3, that of CORPSE"
            entries.moisture = True
            continue
        depth = number(row[1]) if len(row) > 1 else None
        if kind is None or not 1 <= kind <= TYPES or depth is None or depth <= 0.0:
            needed = "needed a vegetation type and a depth (cm), of 1 to 18 and above 0"
            yield i + 1, f"found {','.join(row[:2])!r}; {needed}"
        elif kind in seen:
            yield i + 1, f"vegetation type {kind} is there twice; keep one"
        else:
            entries.depth[kind - 1] = depth
        seen.add(kind)
    if lacking := [str(kind) for kind in range(1, TYPES + 1) if kind not in seen]:
        yield len(rows), f"found no depth of vegetation type {', '.join(lacking)}"
