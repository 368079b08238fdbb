"""Which members failed, how, and where in parameter space they sit; read block by block."""

from dataclasses import dataclass, field
from math import prod

import numpy as np
from numpy.typing import NDArray

from ensemble.store.journal import Key
from ensemble.store.outcomes import advice_of, name_of
from ensemble.tables.results import Results
from kernels import F8, I8, OK, U1

AXES = ("forcing", "location", "sample")
BINS = 40
MOST_BLOCKS = 4000
"""Blocks that are opened to see where failures sit."""

POINTS = 4000
"""Members drawn for a scatter."""


@dataclass
class Failed:
    """One status: how many members have it, what to do, and the first of them."""

    code: int
    count: int
    first: list[str] = field(default_factory=list)

    @property
    def name(self) -> str:
        """Return the status' name."""
        return name_of(self.code)

    @property
    def advice(self) -> str:
        """Return what to do."""
        return advice_of(self.code)


@dataclass
class Spread:
    """A parameter over all members and over failed ones.

    Attributes
    ----------
    edges : ndarray, shape (BINS + 1,)
    all, failed : ndarray, shape (BINS,), int64
        Members per bin.
    span, failed_span : tuple of float
        Least and greatest value.
    control : ndarray
        Values of the control members.
    points, points_failed : ndarray
        A draw of members and whether they failed; the same members for every parameter.
    """

    name: str
    units: str
    edges: F8
    all: I8
    failed: I8
    span: tuple[float, float]
    control: F8
    failed_span: tuple[float, float] = (np.inf, -np.inf)
    points: F8 = field(default_factory=lambda: np.empty(0))
    points_failed: NDArray[np.bool_] = field(default_factory=lambda: np.empty(0, dtype=np.bool_))

    @property
    def contrast(self) -> float:
        """Return how far failed members are from all: the largest gap of the two shares."""
        if not self.failed.any():
            return 0.0
        shares = [np.cumsum(c) / max(1, c.sum()) for c in (self.all, self.failed)]
        return float(np.abs(shares[0] - shares[1]).max())


@dataclass
class Account:
    """All that the report says of failures."""

    statuses: list[Failed]
    by_forcing: I8
    by_location: I8
    spreads: list[Spread]
    members: int
    looked_at: int
    blocks: int


def account(results: Results, most: int = MOST_BLOCKS) -> Account:
    """Count failures from the journals, then open the blocks that hold some, ``most`` of them."""
    totals, holding = results.committed.totals, results.committed.failing
    counts = totals.members
    by_forcing = np.zeros(len(results.forcings), dtype=np.int64)
    for code, n in totals.status.items():
        by_forcing += n if code != OK else 0
    statuses = {c: Failed(c, n) for c, n in sorted(counts.items()) if c != OK}
    spreads = [s for name in _parameters(results) if (s := _spread(results, name)) is not None]
    by_location = np.zeros(len(results.locations), dtype=np.int64)
    for key in holding[:most]:
        status = results.chunk("status", key)
        if status is not None:
            _first(results, key, status, statuses)
            by_location[results.grid.axes[1].span(key[1])] += (status != OK).sum(axis=(0, 2))
            _add(results, key, status != OK, spreads)
    if holding and spreads:
        _draw(results, holding[:most], spreads)
    members = sum(counts.values())
    done = min(len(holding), most)
    return Account(
        list(statuses.values()), by_forcing, by_location, spreads, members, done, len(holding)
    )


def _parameters(results: Results) -> list[str]:
    """Return the design's parameters whose values are stored."""
    names = results.store.attrs["design"].get("parameters", [])
    return [n for n in names if n in results.store.specs]


def _first(results: Results, key: Key, status: U1, statuses: dict[int, Failed]) -> None:
    """Note the first three members of each status, as `soilsweep replay` takes them."""
    starts = [a.span(k).start for a, k in zip(results.grid.axes, key, strict=True)]
    for code, failed in statuses.items():
        if len(failed.first) < 3:
            for at in np.argwhere(status == code)[: 3 - len(failed.first)]:
                f, place, sample = (start + k for start, k in zip(starts, at, strict=True))
                member = (results.forcings[f], results.locations[place], str(sample))
                failed.first.append("/".join(member))


def _values(results: Results, name: str, key: Key) -> F8 | None:
    """Return a parameter over a block, (forcing or 1, location or 1, sample)."""
    spec = results.store.specs[name]
    chunk = results.chunk(name, _owner(key, spec.dims))
    if chunk is None:
        return None
    lacking = tuple(i for i, dim in enumerate(AXES) if dim not in spec.dims)
    return np.asarray(np.expand_dims(chunk, lacking), dtype=np.float64)


def _owner(key: Key, dims: tuple[str, ...]) -> Key:
    """Return the block that wrote the values of an array that block ``key`` uses."""
    return tuple(k if dim in dims else 0 for k, dim in zip(key, AXES, strict=True))


def _owners(results: Results, name: str) -> list[tuple[Key, int]]:
    """Return the blocks that wrote a parameter and how many committed members use each value."""
    dims = results.store.specs[name].dims
    uses: dict[Key, int] = {}
    for key in results.committed:
        spans = [axis.span(k) for axis, k in zip(results.grid.axes, key, strict=True)]
        members = prod(s.stop - s.start for s, d in zip(spans, AXES, strict=True) if d not in dims)
        owner = _owner(key, dims)
        uses[owner] = uses.get(owner, 0) + members
    return sorted(uses.items())


def _spread(results: Results, name: str) -> Spread | None:
    """Return the distribution of a parameter over all committed members."""
    owners = _owners(results, name)
    low, high = np.inf, -np.inf
    for key, _ in owners:
        if (values := _values(results, name, key)) is not None:
            low, high = min(low, float(values.min())), max(high, float(values.max()))
    if not np.isfinite([low, high]).all():
        return None
    edges = np.linspace(low, high if high > low else low + max(1e-9, abs(low) * 1e-6), BINS + 1)
    counts = np.zeros(BINS, dtype=np.int64)
    for key, n in owners:
        if (values := _values(results, name, key)) is not None:
            counts += n * np.histogram(values, edges)[0]
    control = results.cells(f"control/{name}").reshape(-1)
    spec = results.store.specs[name]
    return Spread(
        name,
        spec.attrs["units"],
        edges,
        counts,
        np.zeros_like(counts),
        (low, high),
        np.unique(control[np.isfinite(control)]),
    )


def _add(results: Results, key: Key, bad: NDArray[np.bool_], spreads: list[Spread]) -> None:
    """Add the failed members of a block."""
    for spread in spreads:
        values = _values(results, spread.name, key)
        if values is None:
            continue
        failed = np.broadcast_to(values, bad.shape)[bad]
        if failed.size:
            spread.failed += np.histogram(failed, spread.edges)[0]
            low, high = spread.failed_span
            spread.failed_span = (min(low, float(failed.min())), max(high, float(failed.max())))


def _draw(results: Results, keys: list[Key], spreads: list[Spread]) -> None:
    """Draw members at random from some blocks with failures, the same for each parameter."""
    random = np.random.default_rng(0)
    some = keys[:: max(1, len(keys) // 50)]
    points: dict[str, list[F8]] = {s.name: [] for s in spreads}
    failed = []
    for key in some:
        status = results.chunk("status", key)
        if status is None:
            continue
        bad = status != OK
        chosen = random.integers(bad.size, size=max(1, POINTS // len(some)))
        failed.append(bad.reshape(-1)[chosen])
        at = np.unravel_index(chosen, bad.shape)
        for spread in spreads:
            values = _values(results, spread.name, key)
            whole = (
                np.full(bad.shape, np.nan) if values is None else np.broadcast_to(values, bad.shape)
            )
            points[spread.name].append(whole[at])
    for spread in spreads:
        spread.points = np.concatenate(points[spread.name] or [np.empty(0)])
        spread.points_failed = np.concatenate(failed or [np.empty(0, dtype=np.bool_)])
