"""Tables of an evaluation: scores of all models, what they were held against, what was left out."""

from collections.abc import Iterable, Iterator

import numpy as np

from ensemble.evaluation.ceiling import Ceiling, Total
from ensemble.evaluation.evaluating import Evaluation
from ensemble.members.benchmarks import Prepared
from ensemble.members.evaluation.others import Against
from ensemble.scores.trends import trend
from ensemble.tables.responses import NONE, Table
from kernels import F8, I8
from scenarios.benchmarks import BENCHMARKS

DIGITS = 6


def tables(found: Evaluation) -> Iterator[Table]:
    """Yield the tables, the scores of the whole first."""
    yield scores(found)
    yield from map(_products, found.ceilings)
    yield from _weights(found)
    if found.stacked:
        rows = [[name, *map(str, of.values())] for name, of in found.stacked.items()]
        header = ["benchmark", *next(iter(found.stacked.values()))]
        yield Table("studies with the pairs of all models (authors_code)", header, rows)
    for benchmark in found.loaded.asked.evaluation.benchmarks:
        table = _groups(found, benchmark)
        if table.rows:
            yield table
        if found.loaded.asked.evaluation.benchmarks[benchmark].compare == "series":
            yield _trends(found, benchmark)
    yield _pairs(found)


def scores(found: Evaluation) -> Table:
    """Return the scores of the whole: a row each, models side by side, and what is observed."""
    rows = []
    for benchmark, score, about in found.scored():
        against = found.of(benchmark)
        values = [
            _number(against[model].scores[score][0]) if model in against else NONE
            for model in found.models
        ]
        seen = _number(observed(next(iter(against.values())).prepared, score, 0))
        unit, n = found.units(benchmark, about), _compared(against.values())
        rows.append([benchmark, score, *values, seen, unit, about.better, n])
    heads = _heads(found, found.models)
    header = ["benchmark", "score", *heads, "observed", "units", "better", "n"]
    title = found.loaded.asked.title or found.loaded.asked.name
    return Table(f"{title}: scores over all", header, rows, notes=list(_notes(found)))


def _compared(against: Iterable[Against]) -> str:
    """Return how many cells or records are compared, of which models may have more or fewer."""
    counts = [one.prepared.compared for one in against]
    low, high = min(counts), max(counts)
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"


def _weights(found: Evaluation) -> Iterator[Table]:
    """Yield what models weigh, and what they say together so."""
    if not found.weighed:
        return
    models = found.weighed[0].models
    rows = [
        [w.one.name, w.one.spec.kind, ", ".join(s.name for s in w.one.scores),
         *(f"{weight:.6f}" for weight in w.weights), f"{w.effective:.4g}"]
        for w in found.weighed
    ]  # fmt: skip
    header = ["weights", "by", "scores", *models, "effective size"]
    note = "all models together have 1; products, and means of models, have no weight"
    yield Table("weights", header, rows, notes=[note])
    rows = [
        [w.one.name, f"{name} [{units}]", _number(plain), f"{_number(mean)} +- {_number(std)}"]
        for w in found.weighed
        for name, (units, plain, mean, std) in w.means.items()
    ]
    if rows:
        notes = [
            "of what weights look at this is no result; of so few models there are no quantiles"
        ]
        yield Table("under weights", ["weights", "of", "mean of models", "weighted"], rows, notes)


def _heads(found: Evaluation, names: Iterable[str]) -> list[str]:
    """Return the names of models, and of products that stand beside them."""
    return [f"{name} (product)" if found.models[name].product else name for name in names]


def _products(one: Ceiling) -> Table:
    """Return the totals of products, and of their median where all have a value."""
    rows = [[name, *_total(total), NONE] for name, total in one.totals.items()]
    rows.append(["median of totals", _number(one.median), NONE, NONE, _number(one.mad)])
    notes = ["MAD: median absolute deviation of products, not scaled; of cells, its mean over land"]
    if one.best is None or one.mean_mad is None:
        notes.append("products are on unlike grids, and have no median by cells: say grid: MODEL")
    else:
        mad = f"{_number(one.mean_mad)} {one.rate_units}"
        rows.append(["total of the median of cells", *_total(one.best), mad])
    header = ["product", f"total [{one.units}]", "land [Mkm2]", "cells", "MAD"]
    return Table(f"products of {one.output}", header, rows, notes=notes)


def _total(one: Total) -> list[str]:
    return [_number(one.value), f"{one.land / 1e12:.4f}", f"{one.cells:,}"]


def observed(prepared: Prepared, score: str, group: int) -> float:
    """Return what is observed of a score that is a number of the model itself; NaN of others."""
    values = prepared.arrays.get(f"observed_{score}")
    if values is not None and len(values) == len(prepared.groups):
        return float(values[group])
    if score == "total":
        return float(prepared.about["observed"])
    return float("nan")


def _groups(found: Evaluation, benchmark: str) -> Table:
    """Return the scores of the groups of a benchmark; no row where it has none but the whole."""
    spec = found.loaded.asked.evaluation.benchmarks[benchmark]
    rows = []
    for score in spec.asked():
        if not spec.SCORES[score].grouped:
            continue
        by_model = found.of(benchmark)
        names = dict.fromkeys(g for one in by_model.values() for g in one.prepared.groups[1:])
        for name in names:
            values = [_number(_of_group(one, score, name)) for one in by_model.values()]
            first = next(one.prepared for one in by_model.values() if name in one.prepared.groups)
            seen = observed(first, score, first.groups.index(name))
            rows.append([name, score, *values, _number(seen)])
    header = ["group", "score", *_heads(found, found.of(benchmark)), "observed"]
    return Table(f"{benchmark}: scores by group", header, rows)


def _trends(found: Evaluation, benchmark: str) -> Table:
    """Return what each series is by itself: the observed one, and models over its years."""
    rows, spec = [], found.loaded.asked.evaluation.benchmarks[benchmark]
    for model, one in found.of(benchmark).items():
        control = BENCHMARKS.get(spec.compare).control(spec, one.prepared, one.modelled)
        known = control["years"].columns
        rows.append(_trend(model, known["year"], known["modelled"]))
        rows.append(_trend(benchmark, known["year"], known["observed"]))
    units = next(iter(found.of(benchmark).values())).prepared.units
    # What is observed comes once for each set of years.
    every = [list(row) for row in dict.fromkeys(map(tuple, rows))]
    every.sort(key=lambda row: row[0] != benchmark)
    header = ["series", "years", "n", "mean", "sd", "slope", "+-", "R2", "Theil-Sen", "interval"]
    notes = ["slopes per year; +-: half the interval of 95 %, of years that are independent"]
    notes.append("a model with weather of its own follows no observed year: r and rmse say nothing")
    return Table(f"{benchmark}: each series [{units}]", header, every, notes=notes)


def _trend(name: str, years: I8, values: F8) -> list[str]:
    one = trend(years.astype(np.float64), values)
    numbers = (one.mean, one.sd, one.slope, one.half_width, one.r2, one.theil_sen)
    ends = f"[{_number(one.low)}, {_number(one.high)}]"
    return [name, f"{years[0]}-{years[-1]}", f"{one.n}", *map(_number, numbers), ends]


def _of_group(one: Against, score: str, group: str) -> float:
    if group not in one.prepared.groups:
        return float("nan")
    return float(one.scores[score][one.prepared.groups.index(group)])


def _pairs(found: Evaluation) -> Table:
    """Return how much each model is compared with, and what was left out."""
    rows = []
    for (model, benchmark), one in found.found.items():
        lost = "; ".join(f"{n:,} {why}" for why, n in one.prepared.left_out.items())
        rows.append([benchmark, model, f"{one.n:,}", f"{one.own:,}", lost or NONE])
    notes = ["n: records of sites, else cells; those that all have, of what each has of its own"]
    notes += [
        f"{name}: {len(one.places.names):,} cells; left out {lost or 'none'}"
        for name, one in found.models.items()
        for lost in ["; ".join(f"{n:,} {why}" for why, n in one.left_out.items())]
    ]
    header = ["benchmark", "model", "n", "n of its own", "left out"]
    return Table("what is compared", header, rows, notes=notes)


def _notes(found: Evaluation) -> Iterator[str]:
    for benchmark in found.loaded.asked.evaluation.benchmarks:
        told: dict[str, list[str]] = {}
        for model, one in found.of(benchmark).items():
            for note in one.prepared.notes:
                told.setdefault(note, []).append(model)
        every = len(found.of(benchmark))
        for note, models in told.items():
            of = f" (of {', '.join(models)})" if len(models) < every else ""
            yield f"{benchmark}: {note}{of}"
    yield from found.told
    for benchmark in found.loaded.asked.evaluation.benchmarks:
        against = next(iter(found.of(benchmark).values()))
        files = dict.fromkeys(f["name"] for f in against.prepared.provenance.get("files", ()))
        if files:
            yield f"{benchmark}: observed: {', '.join(files)}"
    for name, other in found.models.items():
        yield from (f"{name}: {note}" for note in other.notes)
        sources = dict.fromkeys(about["land"] for about in other.provenance.values())
        yield f"{name}: land: {', '.join(sources)}"


def _number(value: float) -> str:
    return NONE if np.isnan(value) else f"{value:.{DIGITS}g}"
