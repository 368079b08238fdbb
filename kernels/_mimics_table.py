"""The testbed's parameter file of MIMICS, ``pftlookup_LIDET-MIM-REV_*.csv``.

A first part lists vegetation types, a second constants, value before label, a third the depth of
soil by vegetation type. Its constants are the parameters of `kernels._mimics_sets`; where the
file has one value for each flux and the model here one for all, they have to be equal.
"""

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from kernels._contract import F8, Fault, Unfit
from kernels._mimics_sets import SETS

TYPES = 18
"""Vegetation types, IGBP."""

CORPSE_WATER = "3"
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


@dataclass(frozen=True)
class Table:
    """What a file says: values of parameters, and depth (cm) by vegetation type, (18,)."""

    values: Mapping[str, float]
    depth: F8


DEFAULT = Table(SETS["testbed"], np.full(TYPES, 100.0))
"""The file of 2017-11-28."""


def read_table(file: Path) -> Table:
    """Return what a file says; what it does not name has the default.

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
    if len(starts) != 2:
        text = "found no headings 'Fixed Parameters' and 'Biome-Specific Parameters'"
        raise Unfit([Fault(f"{text}; needed a MIMICS pftlookup file", file=str(file))])
    values: dict[str, float] = {}
    depth = DEFAULT.depth.copy()
    faults = [
        Fault(text, file=str(file), line=line)
        for line, text in (
            *_constants(rows, starts[0] + 1, starts[1], values),
            *_depths(rows, starts[1] + 2, depth),
        )
    ]
    if lacking := sorted(set(_LABELS.values()) - set(values)):
        faults.append(Fault(f"has no value of {', '.join(lacking)}", file=str(file)))
    if faults:
        raise Unfit(faults)
    return Table({**DEFAULT.values, **values}, depth)


def _constants(
    rows: list[list[str]], first: int, stop: int, values: dict[str, float]
) -> Iterator[tuple[int, str]]:
    """Fill values by parameter; yield line and text of what is wrong."""
    for i in range(first, stop):
        label = rows[i][1].strip() if len(rows[i]) > 1 else ""
        name = _LABELS.get(label)
        if name is None:
            yield i + 1, f"found {label!r}, which this kernel does not have"
            continue
        try:
            value = float(rows[i][0])
        except ValueError:
            yield i + 1, f"found {rows[i][0]!r}; needed a number"
            continue
        if values.setdefault(name, value) != value:
            yield i + 1, f"{label} is {value:g}, others of {name} are {values[name]:g}; needed one"


def _depths(rows: list[list[str]], first: int, depth: F8) -> Iterator[tuple[int, str]]:
    """Fill depth by type; the switch of moisture is the line below."""
    for i, row in enumerate(rows[first:], first):
        try:
            number, value = int(row[0]), row[1]
            if "fWFunction" in value:
                if row[0].strip() != CORPSE_WATER:
                    yield i + 1, f"found moisture function {number}; needed 3, that of CORPSE"
                continue
            depth[number - 1] = float(value)
        except (ValueError, IndexError):
            yield i + 1, f"found {','.join(row[:2])!r}; needed a vegetation type and a depth (cm)"
