"""Run the laws on a kernel, with drivers and rows that are drawn from what it declares."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

import kernels
from ensemble.checking.laws import (
    OF_BALANCE,
    OF_MEMBERS,
    OF_TABLES,
    Law,
    admissible_members_run,
    control_runs,
    nothing_grows_without_input,
    take,
)
from ensemble.checking.laws import Broken as Broken
from ensemble.checking.members import Rows, Subject
from kernels import F8, NOT_CONVERGED, OUT_OF_RANGE, Kernel, Variable

YEARS, DAYS = 5, 365
DRAWS = 3
"""Sets of rows that each law is tried on."""

MOST_ROWS, MOST_VALUES = 12, 5
"""Rows of a set, and distinct values of a parameter among them."""

NOTHING_RUNS = "nothing runs"

TRIES = 60
"""Sets of drivers among which one is looked for that the member of defaults runs on."""


@dataclass(frozen=True)
class Held:
    """A law, and what is wrong, or why it was not tried; both empty where it holds."""

    law: str
    wrong: str
    skipped: str = ""


def check(name: str) -> list[Held]:
    """Return what each law says of a kernel with its default options, tables first.

    Parameters
    ----------
    name : str
        As a scenario has it: a kernel of this package, an entry point, or ``package.module``.

    Raises
    ------
    LookupError
        There is no such kernel.
    """
    declared = kernels.get(name)
    options = declared.options()
    try:
        kernel = declared.made(options, None)
    except kernels.Unfit as error:
        raise LookupError(f"has the tables that a scenario gives it: {error}") from error
    tables = [Held(law.__doc__ or "", _wrong(law, kernel)) for law in OF_TABLES]
    # Drivers are made of what tables say: without it there is nothing to run.
    if any(one.wrong for one in tables):
        return tables
    return [*tables, *_of_members(kernel, options)]


def _of_members(kernel: Kernel, options: object) -> Iterator[Held]:
    rng = np.random.default_rng(1)
    for subject in subjects(kernel, options):
        if not (wrong := _wrong(control_runs, subject, {}, rng)):
            break
    else:
        wrong = f"on none of {TRIES} sets of drivers within their expected_range: {wrong}"
        yield Held(control_runs.__doc__ or "", wrong)
        yield from (Held(law.__doc__ or "", "", NOTHING_RUNS) for law in OF_MEMBERS[1:])
        return
    sets, left_out = _sets(subject, rng)
    for law in OF_MEMBERS:
        wrong, skipped = "", _skipped(law, kernel)
        for rows in () if skipped else sets:
            wrong = wrong or _wrong(law, subject, rows, rng)
        if law is admissible_members_run:
            wrong, skipped = (wrong, left_out) if sets else (left_out, "")
        elif not sets:
            skipped = NOTHING_RUNS
        yield Held(law.__doc__ or "", wrong, skipped)


def _sets(subject: Subject, rng: Generator) -> tuple[list[Rows], str]:
    """Return sets of rows, and in words how many members that say they cannot be were left out.

    Within its ranges one by one, a member may still leave those of the equations: the status says
    so, and no law is broken. Laws are tried on the rest.
    """
    sets: list[Rows] = []
    tried = failed = 0
    while len(sets) < DRAWS and tried < MOST_ROWS * TRIES:
        rows = drawn(subject, rng)
        try:
            status = subject.members(rows).status
        except Exception:
            # Somebody's code: the first law says what it raises.
            return [rows], ""
        runs = ~np.any(np.isin(status, (OUT_OF_RANGE, NOT_CONVERGED)), axis=0)
        tried, failed = tried + runs.size, failed + int((~runs).sum())
        if runs.sum() > 1:
            sets.append(take(rows, runs))
    text = f"of {tried} members drawn within the ranges {failed} are out_of_range or not_converged"
    return sets, f"{text}; laws are tried on the others" if failed else ""


def _skipped(law: Law, kernel: Kernel) -> str:
    """Return why a law cannot be tried on a kernel; empty where it can."""
    if law in OF_BALANCE and not kernel.balance:
        return "the kernel declares no balance"
    inputs = {name for _, names, _ in kernel.balance for name in names}
    made = sorted(inputs - {driver.name for driver in kernel.drivers})
    if law is nothing_grows_without_input and made:
        return f"{', '.join(made)} is made by the kernel: which drivers bring it is not known"
    return ""


def _wrong(law: Callable[..., None], *given: object) -> str:
    try:
        law(*given)
    except Broken as error:
        return str(error)
    except Exception as error:
        # Somebody's code: whatever it raises is a finding.
        return f"it raises {type(error).__name__}: {error}"
    return ""


def subjects(kernel: Kernel, options: object) -> Iterator[Subject]:
    """Yield a kernel with drivers of two places, inside what it says is seen of each.

    Drivers are drawn one by one, and not all of them go together: of a series some vary much from
    step to step, others hardly.
    """
    coords: dict[str, NDArray[Any]] = {dim: own.values for dim, own in kernel.coords.items()}
    whole = np.arange(2001, 2001 + YEARS)
    coords |= {"year": np.repeat(whole, DAYS) if kernel.steps.get("time") == "day" else whole}
    coords |= {"date": np.arange(YEARS * DAYS)}
    inputs = {name for _, names, _ in kernel.balance for name in names}
    rng = np.random.default_rng(0)
    for k in range(TRIES):
        drivers = {d.name: _series(d, coords, 0.1 ** (1 + k % 3), rng) for d in kernel.drivers}
        without = {n: np.zeros_like(v) if n in inputs else v for n, v in drivers.items()}
        yield Subject(kernel, options, drivers, coords, without)


def _series(
    driver: Variable, coords: Mapping[str, NDArray[Any]], varies: float, rng: Generator
) -> F8:
    range_ = driver.expected_range
    assert range_ is not None  # a law of tables
    low, high = max(range_.low, range_.peak, -1e3), min(range_.high, 1e3)
    shape = (2, *(len(coords["year" if d == "time" else d]) for d in driver.dims))
    # Ranges of several orders of magnitude are long above what is usual: often near the low end.
    share = rng.uniform(0.2, 0.8, (2, *(1,) * len(driver.dims))) ** rng.integers(1, 5)
    share = share * (1 + varies * rng.uniform(-1, 1, shape))
    return np.asarray(low + share * (high - low), dtype=np.float64)


def _ranges(subject: Subject) -> Iterator[tuple[str, float, float]]:
    """Yield what is plausible of each parameter at all places, or else what is admissible."""
    control, bounds = subject.control(), subject.bounds()
    for p in subject.kernel.parameters:
        lower, upper = bounds[p.name]
        ends = p.plausible.around(control[p.name])
        low, high = max(lower, float(ends[0].max())), min(upper, float(ends[1].min()))
        yield (p.name, low, high) if low <= high else (p.name, lower, upper)


def drawn(subject: Subject, rng: Generator) -> Rows:
    """Return rows (S,) of parameters, few distinct values of each among them."""
    samples = int(rng.integers(2, MOST_ROWS + 1))
    rows = {}
    for name, low, high in _ranges(subject):
        values = rng.uniform(low, high, MOST_VALUES)
        values[:2] = low, high
        rows[name] = rng.choice(values, samples)
    return rows
