"""A deterministic pilot run that finds the histogram edges a scenario does not state."""

import numpy as np

from ensemble.members.experiment import Experiment, Sampler, fixed_rows
from ensemble.members.limits import excluded_of
from ensemble.members.responses.responses import evaluate, outputs_of, with_parts
from ensemble.members.statistics import canonical
from ensemble.members.tile import blanked
from ensemble.members.tiles import Tiler
from kernels import F8

MARGIN = 0.5
"""Edges reach this fraction of the pilot's range beyond it on both sides."""

RUNS = 32
"""Rows are drawn in so many runs of neighbours: drawing one row costs as much as drawing ten."""


def edges(experiment: Experiment) -> dict[str, F8]:
    """Return lowest and highest histogram edge of each target, shape (F, L, 2).

    The pilot's rows are spread evenly over the design, so it depends on the scenario and
    the forcings alone.
    """
    scenario = experiment.scenario
    shape = (len(experiment.forcings), len(experiment.locations.names), 2)
    by_target: dict[str, F8] = {}
    unknown = []
    for target, requests in scenario.statistics.items():
        if all(canonical(r)[0] != "histogram" for r in requests):
            continue
        if target in scenario.histograms.edges:
            by_target[target] = np.broadcast_to(scenario.histograms.edges[target], shape).copy()
        else:
            by_target[target] = np.empty(shape)
            unknown.append(target)
    if unknown:
        _explore(experiment, unknown, by_target)
    return by_target


def _explore(experiment: Experiment, targets: list[str], by_target: dict[str, F8]) -> None:
    every = experiment.functionals()
    responses = with_parts(every, [t for t in targets if t in every])
    outputs = [t for t in targets if t not in every]
    leaving = {n: limit for n, limit in experiment.limits.items() if limit.exclude}
    wanted = {*outputs, *outputs_of(responses), *leaving}
    tiler = Tiler(experiment.kernel, experiment.options, tuple(wanted), experiment.sizes)
    tiler.compile(experiment.drivers[0], experiment.coords)
    everywhere = slice(0, len(experiment.locations.names))
    sampler = Sampler(experiment)
    drawn: dict[str, F8] = {}
    for forcing in range(len(experiment.forcings)):
        if not drawn or "forcing" in sampler.independent:
            drawn = _spread(sampler, forcing)
        rows = fixed_rows(experiment, {n: drawn[n] for n in sampler.parameters}, forcing)
        width = next(iter(drawn.values())).shape[1]
        drivers = experiment.drivers[forcing]
        ranges = {t: np.tile([np.inf, -np.inf], (everywhere.stop, 1)) for t in targets}
        for tile in tiler.tiles(drivers, experiment.coords, rows.values, rows.levels, width):
            scalars = evaluate(responses, tile, forcing, everywhere.start)
            out = excluded_of(tile, leaving)
            for target in targets:
                values = tile.full(target) if target in outputs else scalars[target]
                values = values if out is None else blanked(values, out)
                _widen(ranges[target][tile.locations], values)
        for target, span in ranges.items():
            by_target[target][forcing] = _margins(span)


def _spread(sampler: Sampler, forcing: int) -> dict[str, F8]:
    """Return up to ``histograms.pilot`` rows, in short runs spread evenly over the design."""
    size, count = sampler.size, sampler.experiment.scenario.histograms.pilot
    runs = min(RUNS, max(1, size * RUNS // max(size, count)), size)
    length = max(1, min(size, count) // runs)
    everywhere = slice(0, len(sampler.experiment.locations.names))
    starts = [k * (size - length) // max(1, runs - 1) for k in range(runs)]
    drawn = [sampler.rows(forcing, everywhere, slice(k, k + length)).values for k in starts]
    return {n: np.concatenate([run[n] for run in drawn], axis=1) for n in drawn[0]}


def _widen(span: F8, values: F8) -> None:
    flat = values.reshape(len(values), -1)
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
