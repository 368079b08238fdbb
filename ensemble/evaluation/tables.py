"""Tables of an evaluation: scores of all models, what they were held against, what was left out."""

from collections.abc import Iterator

import numpy as np

from ensemble.evaluation.evaluating import Against, Evaluation
from ensemble.members.benchmarks import Prepared
from ensemble.tables.responses import NONE, Table

DIGITS = 6


def tables(found: Evaluation) -> Iterator[Table]:
    """Yield the tables, the scores of the whole first."""
    yield scores(found)
    for benchmark in found.loaded.asked.evaluation.benchmarks:
        table = _groups(found, benchmark)
        if table.rows:
            yield table
    yield _pairs(found)


def scores(found: Evaluation) -> Table:
    """Return the scores of the whole: a row each, models side by side, and what is observed."""
    rows = []
    for benchmark, score, about in found.scored():
        against = [found.found[model, benchmark] for model in found.models]
        values = [_number(one.scores[score][0]) for one in against]
        seen = _number(observed(against[0].prepared, score, 0))
        rows.append([benchmark, score, *values, seen, found.units(benchmark, about), about.better])
    header = ["benchmark", "score", *found.models, "observed", "units", "better"]
    title = found.loaded.asked.title or found.loaded.asked.name
    return Table(f"{title}: scores over all", header, rows, notes=list(_notes(found)))


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
        by_model = {m: found.found[m, benchmark] for m in found.models}
        names = dict.fromkeys(g for one in by_model.values() for g in one.prepared.groups[1:])
        for name in names:
            values = [_number(_of_group(one, score, name)) for one in by_model.values()]
            rows.append([name, score, *values])
    return Table(f"{benchmark}: scores by group", ["group", "score", *found.models], rows)


def _of_group(one: Against, score: str, group: str) -> float:
    if group not in one.prepared.groups:
        return float("nan")
    return float(one.scores[score][one.prepared.groups.index(group)])


def _pairs(found: Evaluation) -> Table:
    """Return how much each model is compared with, and what was left out."""
    rows = []
    for (model, benchmark), one in found.found.items():
        pairs = next(iter(one.prepared.pairs.values()))
        lost = "; ".join(f"{n:,} {why}" for why, n in one.prepared.left_out.items())
        rows.append([benchmark, model, f"{len(pairs.place):,}", lost or NONE])
    notes = [
        f"{name}: {len(one.places.names):,} cells; left out {lost or 'none'}"
        for name, one in found.models.items()
        for lost in ["; ".join(f"{n:,} {why}" for why, n in one.left_out.items())]
    ]
    header = ["benchmark", "model", "pairs", "left out"]
    return Table("what is compared", header, rows, notes=notes)


def _notes(found: Evaluation) -> Iterator[str]:
    told = [
        (benchmark, note)
        for (_, benchmark), one in found.found.items() for note in one.prepared.notes
    ]  # fmt: skip
    yield from (f"{name}: {note}" for name, note in dict.fromkeys(told))
    for benchmark in found.loaded.asked.evaluation.benchmarks:
        against = next(one for (_, b), one in found.found.items() if b == benchmark)
        files = dict.fromkeys(f["name"] for f in against.prepared.provenance.get("files", ()))
        if files:
            yield f"{benchmark}: observed: {', '.join(files)}"
    for name, one in found.models.items():
        yield from (f"{name}: {note}" for note in one.notes)
        sources = dict.fromkeys(about["land"] for about in one.provenance.values())
        yield f"{name}: land: {', '.join(sources)}"


def _number(value: float) -> str:
    return NONE if np.isnan(value) else f"{value:.{DIGITS}g}"
