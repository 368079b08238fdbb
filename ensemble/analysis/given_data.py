"""Which parameters matter, of members as they are: a Latin hypercube or a Monte Carlo sample.

First-order shares of variance by a line in each bin of one parameter at a time, without the bias
that the noise of these lines has, and standardised coefficients of a linear regression on all, of
values and of ranks. Each has a bootstrap interval over members, and a dummy parameter that does
nothing tells how large an index of nothing is.

Sources: one minus the ratio of the mean squares about what is fitted and about the mean of all, for
the means of bins: Kelley, T. L. (1935), An unbiased correlation ratio measure, PNAS 21, 554-559,
https://doi.org/10.1073/pnas.21.9.554; first-order indices from given data: Plischke, E., Borgonovo,
E. and Smith, C. L. (2013), European Journal of Operational Research 226, 536-550,
https://doi.org/10.1016/j.ejor.2012.11.047; regression, of ranks too: Saltelli, A. and Marivoet, J.
(1990), Reliability Engineering and System Safety 28, 229-253,
https://doi.org/10.1016/0951-8320(90)90065-U.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kernels import F8, U1, U8
from scenarios.designs import Context, Design
from scenarios.designs.sampling.bootstrap import (
    ONE_THREAD,
    Units,
    counts,
    half_width,
    of_units,
    patterns,
)
from scenarios.designs.sampling.streams import key, uniforms

BIN, MOST_BINS = 40, 25
"""Members of a bin, and how many bins there are at most.

Fewer members of a bin resolve what goes up and down within it, and make an index of nothing
noisier. Means of 50 bins are as noisy as lines in 25, and lose 7 % of the square of a normal
parameter, whose outer bins are wide.
"""

FEWEST = 40
"""Members below which there is no share; of few, two bins are smaller than others."""

FLAT = 1e-9
"""Variance in a bin, of a parameter that has 1 there in the sample, below which a resample has no
line in it."""

SPARE = 2
"""Members per coefficient below which there is no regression."""

RESAMPLES, CONFIDENCE = 100, 0.95
"""As those of other designs where a scenario says nothing."""

LANES = 128
"""Responses that are looked at together."""

MOST_MEMBERS = 20_000
"""Members of a larger sample that are looked at, its first: shares are known to 0.01 of these."""

ROUNDING = MOST_MEMBERS * np.finfo(np.float64).eps
"""What rounding leaves of an index of nothing: sums over so many members of what is at most 1."""

DUMMY = "dummy"

EFFECTS = ("S1", "SRC", "SRRC")
WHOLE = ("R2", "R2_rank")
"""Of the regressions as a whole; one number in each cell."""

DISTINCT = "distinguishable"
ABOUT = {
    "R2": "share of the variance of {name} that a linear regression explains",
    "R2_rank": "the same of ranks of {name} on ranks of the parameters",
    "R2_conf": "half width of the interval of R2 of {name}",
    "R2_rank_conf": "half width of the interval of R2_rank of {name}",
    DISTINCT: "1 where S1, SRC or SRRC of {name} is above that of a parameter that does nothing",
}
"""What arrays beside the indices hold."""


def indices(
    response: F8,
    rows: F8,
    dummy: F8,
    *,
    stream: U8,
    resamples: int = RESAMPLES,
    confidence: float = CONFIDENCE,
) -> dict[str, F8]:
    """Return shares and coefficients of every parameter, and of the dummy after them.

    Parameters
    ----------
    response : ndarray, shape (..., members), float64
        A value that is not finite is left out, with its member.
    rows : ndarray, shape (parameters, members), float64
    dummy : ndarray, shape (members,), float64
        Drawn independently of all.
    stream : ndarray, shape (2,)
        Key of the draws of the bootstrap.
    resamples, confidence : int, float
        Of the bootstrap.

    Returns
    -------
    dict of str to ndarray
        `EFFECTS` (..., effect), `WHOLE` (...), with ``_conf`` the half widths of their intervals;
        ``effective`` (..., effect), the members that entered. NaN where the response does not
        vary, or of too few members.

    Notes
    -----
    Shares are those of variance where parameters are independent; where they are correlated a
    share holds what a parameter's partners do, too. Coefficients hold the other parameters fixed.
    In a resample ranks and bins are those of the whole sample, and lines are its own.
    """
    lead = response.shape[:-1]
    flat = np.asarray(response, dtype=np.float64).reshape(-1, response.shape[-1])
    columns = np.concatenate([rows, dummy[None]])
    shapes = {**dict.fromkeys(EFFECTS, (len(columns),)), **dict.fromkeys(WHOLE, ())}
    ends = ("", "_conf") if resamples > 1 else ("",)
    found = {
        f"{name}{end}": np.full((len(flat), *shape), np.nan)
        for name, shape in shapes.items()
        for end in ends
    }
    found["effective"] = np.zeros((len(flat), len(columns)))
    every = list(counts(stream, flat.shape[1], resamples)) if resamples > 1 else []
    for which, kept, values in patterns(flat, 1):
        found["effective"][which] = values.shape[1]
        if values.shape[1] < FEWEST:
            continue
        drawn = list(of_units(every, kept))
        alike = Columns(columns, kept)
        for first in range(0, len(which), LANES):
            some = which[first : first + LANES]
            sample = Sample(alike, values[first : first + LANES, :, 0])
            for name, estimate in sample.estimates([np.ones((1, alike.members))]).items():
                found[name][some] = estimate[0]
            for name, replicates in sample.estimates(drawn).items() if drawn else ():
                found[f"{name}_conf"][some] = _spread(replicates, confidence)
    return {name: array.reshape((*lead, *array.shape[1:])) for name, array in found.items()}


def _spread(replicates: F8, confidence: float) -> F8:
    """Return the half width over the resamples of (r, ...)."""
    flat = replicates.reshape(len(replicates), -1)
    return half_width(flat, confidence).reshape(replicates.shape[1:])


class Columns:
    """Parameters of the members that enter, and what follows from them alone.

    Parameters
    ----------
    columns : ndarray, shape (effects, members), float64
    kept : slice, or ndarray of bool, shape (members,)
        Members that enter.
    """

    def __init__(self, columns: F8, kept: Units) -> None:
        self.values = columns[:, kept]
        self.members = self.values.shape[1]
        self.ranks = ranks(self.values)
        self.order = np.argsort(self.values, axis=1, kind="stable")
        bins = min(MOST_BINS, max(2, self.members // BIN))
        self.edges = np.arange(bins + 1) * self.members // bins
        enough = self.members >= SPARE * (len(columns) + 1)
        vary = np.ptp(self.values, axis=1) > 0
        self.regressed = np.flatnonzero(vary) if enough else np.empty(0, np.int64)


class Sample:
    """Members and m responses of them, ready for any weights.

    Parameters
    ----------
    columns : Columns
    values : ndarray, shape (m, members that enter), float64
    """

    def __init__(self, columns: Columns, values: F8) -> None:
        self.columns = columns
        self.values = _standardised(values)
        self.ranks = _standardised(ranks(values))

    def estimates(self, weights: Sequence[F8]) -> dict[str, F8]:
        """Return the indices in each resample, (r, m, effect) or (r, m).

        Parameters
        ----------
        weights : sequence of ndarray, shape (r, members)
            How often each member is in each resample; no resample is empty.
        """
        parts = [self._estimate(weight) for weight in weights]
        return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}

    def _estimate(self, weight: F8) -> dict[str, F8]:
        found = {"S1": self._shares(weight)}
        for names, inputs, outputs in (
            (("SRC", "R2"), self.columns.values, self.values),
            (("SRRC", "R2_rank"), self.columns.ranks, self.ranks),
        ):
            squares = outputs**2
            parts = [self._regression(one, inputs, outputs, squares) for one in weight]
            found |= {name: np.stack([part[k] for part in parts]) for k, name in enumerate(names)}
        return found

    def _shares(self, weight: F8) -> F8:
        """Return the first-order shares, (r, m, effect)."""
        whole = weight.sum(axis=1)[:, None]
        total = product(weight, self.values.T)
        squares = product(weight, (self.values**2).T) - total**2 / whole
        out = np.empty((*total.shape, len(self.columns.order)))
        for p, order in enumerate(self.columns.order):
            fitted, used = np.zeros_like(total), np.zeros_like(whole)
            for first, last in pairwise(self.columns.edges.tolist()):
                some = order[first:last]
                line = _line(weight[:, some], self.columns.values[p, some], self.values[:, some].T)
                fitted, used = fitted + line[0], used + line[1]
            within = squares - (fitted - total**2 / whole)
            free = np.maximum(whole - used, 1.0)
            with np.errstate(invalid="ignore", divide="ignore"):
                out[..., p] = 1.0 - (within / free) / (squares / (whole - 1.0))
        return out

    def _regression(self, weight: F8, inputs: F8, outputs: F8, squares: F8) -> tuple[F8, F8]:
        """Return standardised coefficients (m, effect) and the share explained (m,)."""
        coefficients = np.full((len(outputs), len(inputs)), np.nan)
        part = weight / weight.sum()
        x = inputs[self.columns.regressed]
        x = x - _means(x, part)[:, None]
        size = np.sqrt(_means(x**2, part))
        spread = np.sqrt(np.maximum(_means(squares, part) - _means(outputs, part) ** 2, 0.0))
        if not len(x) or not size.all():
            return coefficients, np.full(len(outputs), np.nan)
        x /= size[:, None]
        weighted = x * part
        with np.errstate(invalid="ignore", divide="ignore"):
            # Of inputs less their mean; that of the outputs falls out.
            joint = product(weighted, outputs.T) / spread
        try:
            solved = np.linalg.solve(product(weighted, x.T), joint)
        except np.linalg.LinAlgError:
            return coefficients, np.full(len(outputs), np.nan)
        coefficients[:, self.columns.regressed] = solved.T
        return coefficients, np.asarray((solved * joint).sum(axis=0))


def _line(weight: F8, x: F8, values: F8) -> tuple[F8, F8]:
    """Return the sum of squares of a line fitted to members of a bin, and its coefficients.

    Parameters
    ----------
    weight : ndarray, shape (r, k)
        How often each is drawn.
    x : ndarray, shape (k,)
    values : ndarray, shape (k, m)

    Returns
    -------
    fitted : ndarray, shape (r, m)
    used : ndarray, shape (r, 1)
        2, 1 where the parameter does not vary among those that are drawn, 0 where none is.
    """
    x = x - x.mean()
    x /= np.sqrt((x**2).mean()) or 1.0
    count = weight.sum(axis=1)[:, None]
    some = np.maximum(count, 1.0)
    leaning = weight * x
    middle = leaning.sum(axis=1)[:, None] / some
    spread = (leaning * x).sum(axis=1)[:, None] - some * middle**2
    level = product(weight, values)
    slope = product(leaning, values) - middle * level
    lies = spread > FLAT * some
    return level**2 / some + slope**2 / np.where(lies, spread, np.inf), (count > 0) * 1.0 + lies


def product(a: F8, b: F8) -> F8:
    """Return ``a @ b`` in parts so small that BLAS keeps to one thread, as in the bootstrap."""
    step = max(1, ONE_THREAD // (len(a) * b.shape[1]))
    if step >= len(b):
        return np.asarray(a @ b)
    parts = (a[:, k : k + step] @ b[k : k + step] for k in range(0, len(b), step))
    return np.asarray(sum(parts))


def _means(values: F8, part: F8) -> F8:
    """Return the weighted mean of each row of (m, members); not by BLAS, which wakes threads."""
    return np.asarray(np.einsum("mn,n->m", values, part))


def _standardised(values: F8) -> F8:
    """Return values (m, members) less their mean over their deviation; NaN of a constant."""
    largest = np.abs(values).max(axis=1, keepdims=True)
    scaled = values / np.where(largest > 0, largest, 1.0)
    off = scaled - scaled.mean(axis=1, keepdims=True)
    deviation = off.std(axis=1, keepdims=True)
    return np.asarray(off / np.where(deviation <= 4 * np.finfo(np.float64).eps, np.nan, deviation))


def ranks(values: F8) -> F8:
    """Return the rank of each value of (m, members) in its row, from 0; ties have their mean."""
    order = np.argsort(values, axis=1, kind="stable")
    rising = np.take_along_axis(values, order, axis=1)
    places = np.broadcast_to(np.arange(values.shape[1]), values.shape)
    new = np.ones(values.shape, np.bool_)
    new[:, 1:] = rising[:, 1:] != rising[:, :-1]
    first = np.maximum.accumulate(np.where(new, places, 0), axis=1)
    ends = np.roll(new, -1, axis=1)
    ends[:, -1] = True
    last = np.where(ends, places, values.shape[1])[:, ::-1]
    last = np.minimum.accumulate(last, axis=1)[:, ::-1]
    out = np.empty(values.shape)
    np.put_along_axis(out, order, (first + last) / 2.0, axis=1)
    return out


def floors(values: F8, half: F8) -> F8:
    """Return how large an index of nothing may be: the dummy's and its interval, (...).

    Where one parameter explains all, only rounding is left of the dummy's, as of the others'.
    """
    return np.abs(values[..., -1]) + half[..., -1] + ROUNDING


def distinguishable(found: Mapping[str, F8]) -> U1:
    """Return 1 for effects (..., effect) that are above the floor of any of the indices."""
    above = np.zeros(found["S1"].shape, np.bool_)
    for name in EFFECTS:
        if f"{name}_conf" in found:
            with np.errstate(invalid="ignore"):
                floor = floors(found[name], found[f"{name}_conf"])
                above |= np.abs(found[name]) > floor[..., None]
    return above.astype(np.uint8)


def fits(attributes: Mapping[str, Any]) -> bool:
    """Return whether a design is a sample: drawn, without indices or a factorial of its own."""
    drawn = bool(attributes.get("distributions"))
    own = attributes.get("effects") or attributes.get("factors")
    return drawn and not own and int(attributes["size"]) >= FEWEST


class OfDesign:
    """The analysis of members of a design that is a sample.

    Parameters
    ----------
    design : Design
    """

    def __init__(self, design: Design) -> None:
        attrs = design.attributes
        context = Context(attrs["seed"], attrs["path"], {}, stream=attrs["stream"])
        self.parameters = design.parameters
        self.members = min(design.size, MOST_MEMBERS)
        self.stream = key(context, "given data", "bootstrap")
        self.dummy = uniforms(key(context, "given data", DUMMY), 0, self.members)

    def analyze(self, response: F8, rows: Mapping[str, F8]) -> dict[str, NDArray[Any]]:
        """Return the indices of (place, ..., members); of rows (1 or place, members) each."""
        table = [rows[name] for name in self.parameters]
        if all(len(column) == 1 for column in table):
            columns = np.concatenate(table)
            found = indices(response, columns, self.dummy, stream=self.stream)
        else:
            parts = []
            for k, values in enumerate(response):
                columns = np.stack([column[k % len(column)] for column in table])
                parts.append(indices(values, columns, self.dummy, stream=self.stream))
            found = {name: np.stack([part[name] for part in parts]) for name in parts[0]}
        return {**found, DISTINCT: distinguishable(found)}
