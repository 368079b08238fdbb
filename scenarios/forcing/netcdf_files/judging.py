"""What is wrong with values: places that lack some, values that cannot be."""

from collections.abc import Collection, Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from kernels import F8
from scenarios.forcing.common.checks import Findings
from scenarios.forcing.common.sources import spelled, wrong
from scenarios.forcing.netcdf_files.held import Cells
from scenarios.forcing.netcdf_files.reductions import Gaps
from scenarios.forcing.netcdf_files.supplies import Supply
from scenarios.problems import Problem


def without_any(gaps: Collection[Gaps], cells: Cells) -> NDArray[np.bool_]:
    """Return which cells, (L,), have no value of any variable that has places."""
    placed = [one.whole for one in gaps if one.held.space.shape]
    return np.all(placed, axis=0) if placed else np.zeros(len(cells), dtype=bool)


def lacking(gaps: Collection[Gaps], cells: Cells) -> NDArray[np.bool_]:
    """Return which cells, (L,), lack a value of some variable."""
    return np.any([one.missing > 0 for one in gaps], axis=0) if gaps else (
        np.zeros(len(cells), dtype=bool)
    )  # fmt: skip


LEAVE_OUT = (
    "say incomplete: drop, which leaves such places out and counts them, or choose others with "
    "mask: or cells:"
)
LATER = "the plan looks at a few steps of large files; choose other places with mask: or cells:"


def note_gaps(
    gaps: Collection[Gaps],
    there: NDArray[np.bool_],
    cells: Cells,
    findings: Findings,
    advice: str = LEAVE_OUT,
) -> None:
    """Note variables that lack values of places that others have."""
    # A variable of two drivers is read twice, and told once.
    for one in {id(one.held): one for one in gaps}.values():
        bad = (one.missing > 0) & there
        if not bad.any():
            continue
        first = int(np.flatnonzero(bad)[0])
        lacks = f"{one.missing[first]:,} of {one.of:,} values"
        if not one.held.space.shape:
            text = f"is missing ({lacks}); needed a number of every step"
        else:
            first_in = cells.names_of([first])[0]
            text = (
                f"is missing at {int(bad.sum()):,} of the {int(there.sum()):,} places that some "
                f"driver has, first in {first_in} ({lacks}); {advice}"
            )
        findings.add("gaps", one.held.problem(text))


def note_faults(
    supplies: Collection[Supply], values: Mapping[str, F8], cells: Cells, findings: Findings
) -> None:
    """Note values that cannot be; those of one driver and kind together."""
    for supply in supplies:
        found = values.get(supply.need.name)
        if found is None or not supply.parts or not found.size:
            continue
        name = spelled([part.term for part in supply.parts])
        for bad, needed in _faults(supply, found):
            first = tuple(int(k) for k in np.argwhere(bad)[0])
            count = f"{int(bad.sum()):,} values, such as " if bad.sum() > 1 else ""
            said = f"found {count}{found[first]:g} {supply.need.units}"
            text = f"{said} in {cells.names_of([first[0]])[0]}; {needed}"
            where = f"driver {supply.need.name!r}, {name}"
            findings.add("bad values", Problem(text, where, supply.parts[0].held.file))


def _faults(supply: Supply, values: F8) -> Iterator[tuple[NDArray[np.bool_], str]]:
    yield from ((bad, "needed a number") for bad in [np.isinf(values)] if bad.any())
    names = [part.term.name for part in supply.parts]
    source = names[0] if len(names) == 1 else supply.need.name
    several = values.shape[0] > 1
    yield from ((bad, text) for bad, text in wrong(source, supply.need, values, cells=several)
                if bad.any())  # fmt: skip
