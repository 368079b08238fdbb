"""A deterministic pilot run that finds the histogram edges a scenario does not state."""

from collections.abc import Iterable, Iterator
from functools import lru_cache, partial

import numpy as np

from ensemble.members.experiment import Experiment, Sampler, fixed_rows
from ensemble.members.limits import excluded_of
from ensemble.members.responses.kinds import evaluate, outputs_of, with_parts
from ensemble.members.statistics import canonical
from ensemble.members.tile import blanked
from ensemble.members.tiles import Tiler
from kernels import F8
from scenarios import Scenario

MARGIN = 0.5
"""Edges reach this fraction of the pilot's range beyond it on both sides."""

RUNS = 32
"""Rows are drawn in so many runs of neighbours: drawing one row costs as much as drawing ten."""


FEW = 32
"""Members of a pilot where locations share work, such as the fit of a forest: quantiles of 2,000
draws are then found to some per cent of their standard deviation."""

AT_ONCE = 1 << 22
"""Numbers of parameter rows that are held at once: a pilot takes some locations after others."""


def targets(scenario: Scenario) -> list[str]:
    """Return the targets whose statistics rest on histograms."""
    asked = scenario.of_members.items()
    return [t for t, requests in asked if any(canonical(r)[0] == "histogram" for r in requests)]


def stated(experiment: Experiment) -> dict[str, F8]:
    """Return the edges (F, L, 2) that a scenario states; no member is run."""
    shape, said = shape_of(experiment), experiment.scenario.histograms.edges
    found = [t for t in targets(experiment.scenario) if t in said]
    return {target: np.broadcast_to(said[target], shape).copy() for target in found}


def shape_of(experiment: Experiment) -> tuple[int, int, int]:
    """Return the shape of every target's edges."""
    return len(experiment.forcings), len(experiment.locations.names), 2


def is_shared(experiment: Experiment) -> bool:
    """Return whether locations share work of a sample."""
    return experiment.kernel.shared_seconds(experiment.options, experiment.sizes) > 0


def rows_of(experiment: Experiment) -> int:
    """Return the members of a pilot at a location: fewer where each is dear, unless it is said."""
    histograms = experiment.scenario.histograms
    said = "pilot" in histograms.model_fields_set
    return histograms.pilot if said or not is_shared(experiment) else FEW


def edges(experiment: Experiment) -> dict[str, F8]:
    """Return lowest and highest histogram edge of each target, shape (F, L, 2).

    Those that the experiment has already stay. The pilot's rows are spread evenly over the
    design, so it depends on the scenario and the forcings alone.
    """
    known = {**stated(experiment), **experiment.edges}
    wanted = targets(experiment.scenario)
    if unknown := [target for target in wanted if target not in known]:
        known |= _explore(experiment, unknown, _slabs(experiment))
    return {target: known[target] for target in wanted}


def edges_at(experiment: Experiment, forcing: int, here: slice) -> dict[str, F8]:
    """Return edges as `edges` does, of some locations; elsewhere they are 0 and 1."""
    known = {**stated(experiment), **experiment.edges}
    unknown = [target for target in targets(experiment.scenario) if target not in known]
    return known | (_explore(experiment, unknown, [(forcing, here)]) if unknown else {})


def _explore(
    experiment: Experiment, unknown: list[str], slabs: Iterable[tuple[int, slice]]
) -> dict[str, F8]:
    every = experiment.functionals()
    responses = with_parts(every, [t for t in unknown if t in every])
    outputs = [t for t in unknown if t not in every]
    leaving = {n: limit for n, limit in experiment.limits.items() if limit.exclude}
    wanted = {*outputs, *outputs_of(responses), *leaving}
    tiler = Tiler(experiment.kernel, experiment.options, tuple(wanted), experiment.sizes)
    tiler.compile(experiment.drivers[0], experiment.coords)
    sampler = Sampler(experiment)
    by_target = {target: np.tile([0.0, 1.0], (*shape_of(experiment)[:2], 1)) for target in unknown}
    spread = lru_cache(maxsize=1)(partial(_spread, sampler))
    for forcing, here in slabs:
        drawn = spread(*_drawn_at(sampler, forcing, here))
        rows = fixed_rows(experiment, drawn, forcing, here)
        width = next(iter(drawn.values())).shape[1]
        drivers = {n: v[here] for n, v in experiment.drivers[forcing].items()}
        ranges = {t: np.tile([np.inf, -np.inf], (here.stop - here.start, 1)) for t in unknown}
        for tile in tiler.tiles(drivers, experiment.coords, rows.values, rows.levels, width):
            scalars = evaluate(responses, tile, forcing, here.start)
            out = excluded_of(tile, leaving)
            for target in unknown:
                values = tile.full(target) if target in outputs else scalars[target]
                values = values if out is None else blanked(values, out)
                _widen(ranges[target][tile.locations], values)
        for target, span in ranges.items():
            by_target[target][forcing, here] = _margins(span)
    return by_target


def _slabs(experiment: Experiment) -> Iterator[tuple[int, slice]]:
    """Yield forcings, and some neighbouring locations of each after others."""
    forcings, locations, _ = shape_of(experiment)
    each = rows_of(experiment) * len(experiment.kernel.parameters)
    # What locations share is done again at each of these.
    step = locations if is_shared(experiment) else max(1, AT_ONCE // max(1, each))
    for forcing in range(forcings):
        for first in range(0, locations, step):
            yield forcing, slice(first, min(first + step, locations))


def _drawn_at(sampler: Sampler, forcing: int, here: slice) -> tuple[int, int, int]:
    """Return the forcing and the locations to draw rows for: the first where all are alike."""
    first, last = (here.start, here.stop) if sampler.varies_by("location") else (0, 1)
    return forcing if sampler.varies_by("forcing") else 0, first, last


def _spread(sampler: Sampler, forcing: int, first: int, last: int) -> dict[str, F8]:
    """Return up to ``histograms.pilot`` rows, in short runs spread evenly over the design."""
    here = slice(first, last)
    size, count = sampler.size, rows_of(sampler.experiment)
    runs = min(RUNS, count, max(1, size * RUNS // max(size, count)), size)
    length = max(1, min(size, count) // runs)
    starts = [k * (size - length) // max(1, runs - 1) for k in range(runs)]
    return sampler.picked(forcing, here, [k + i for k in starts for i in range(length)])


def _widen(span: F8, values: F8) -> None:
    flat = values.reshape(len(values), -1)
    # A value that is not finite shows in the least or the greatest: without one this is all.
    ends = np.stack([flat.min(axis=1), flat.max(axis=1)], axis=1)
    if np.isfinite(ends).all():
        np.minimum(span[:, 0], ends[:, 0], out=span[:, 0])
        np.maximum(span[:, 1], ends[:, 1], out=span[:, 1])
        return
    finite = np.where(np.isfinite(flat), flat, np.nan)
    some = ~np.isnan(finite).all(axis=1)
    span[some, 0] = np.minimum(span[some, 0], np.nanmin(finite[some], axis=1))
    span[some, 1] = np.maximum(span[some, 1], np.nanmax(finite[some], axis=1))


def _margins(span: F8) -> F8:
    """Return edges around each range; a range that is a point gets a width of its own."""
    span = np.where(np.isfinite(span), span, 0.0)
    width = span[:, 1] - span[:, 0]
    least = 1e-6 * np.maximum(np.abs(span).max(axis=1), 1.0)
    margin = np.maximum(MARGIN * width, least)
    return np.stack([span[:, 0] - margin, span[:, 1] + margin], axis=1)
