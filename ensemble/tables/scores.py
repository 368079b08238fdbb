"""Tables of scores: what members are against each benchmark."""

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from ensemble.members.evaluation.asked import GROUP, group_dim
from ensemble.members.limits import EXCLUDED
from ensemble.store.arrays import ArraySpec
from ensemble.tables.responses import MAX_ROWS, NONE, Table, labels_of, names_along, number_form
from ensemble.tables.results import Results
from ensemble.tables.weights import scores_used
from kernels import F8

LEVELS = (0.05, 0.5, 0.95)
"""Quantiles over samples that a row shows."""

WORDS = ("control", "q05", "q50", "q95")


def score_tables(results: Results, group: str = GROUP) -> list[Table]:
    """Return a table for each benchmark: scores of control and ensemble, by forcing and model."""
    names = results.store.attrs.get(group, {})
    return [_table(results, name, group) for name in names] if results.complete else []


def records(results: Results, benchmark: str, group: str = GROUP) -> list[dict[str, Any]]:
    """Return each score of control and ensemble, for programs, by forcing, group and model."""
    found = []
    for path, spec in results.store.specs.items():
        if (
            path.rpartition("/")[0] != f"{group}/control"
            or spec.attrs.get("benchmark") != benchmark
        ):
            continue
        name, control = path.rpartition("/")[2], results.whole(path)
        ranks = _quantiles(results, name, group)
        count = results.whole(f"{group}/statistics/{name}_count")
        dims = zip(spec.dims, spec.shape, strict=True)
        labels = [_names(results, group, benchmark, dim, size) for dim, size in dims]
        for at in np.ndindex(control.shape):
            forcing, *words = (names[k] for names, k in zip(labels, at, strict=True))
            about = {"score": name, "units": spec.attrs["units"], "better": spec.attrs["better"]}
            numbers = [float(control[at]), *ranks[(slice(None), *at)].tolist()]
            where = {"forcing": forcing, "of": ", ".join(words) or "all locations"}
            known = {w: None if math.isnan(n) else n for w, n in zip(WORDS, numbers, strict=True)}
            found.append({**about, **where, **known, "samples": int(count[at])})
        found += _of_products(results, f"{group}/{benchmark}", spec, name, labels)
    return found


def _of_products(
    results: Results, path: str, spec: ArraySpec, name: str, labels: list[list[str]]
) -> Iterator[dict[str, Any]]:
    """Yield the score of each product that stands beside members, group by group."""
    store, benchmark = results.store, path.rpartition("/")[2]
    held = f"{path}/of_products_{name.removeprefix(f'{benchmark}_')}"
    if held not in store.specs:
        return
    about = {"score": name, "units": spec.attrs["units"], "better": spec.attrs["better"]}
    groups = labels[1] if group_dim(benchmark) in spec.dims else ["all locations"]
    for product, row in zip(
        store.read_strings(f"{path}/product"), results.whole(held), strict=True
    ):
        for where, number in zip(groups, row.tolist(), strict=True):
            known = {**dict.fromkeys(WORDS), "control": None if math.isnan(number) else number}
            yield {**about, "forcing": f"{product} (product)", "of": where, **known, "samples": 0}


def _table(results: Results, benchmark: str, group: str) -> Table:
    said, every = results.store.attrs[group][benchmark], records(results, benchmark, group)
    notes = [f"the first {MAX_ROWS} rows; the store holds all"] if len(every) > MAX_ROWS else []
    notes += [f"{why}: {count:,} left out" for why, count in said["left_out"].items()]
    notes += [*said["notes"], *_weighed(results, benchmark), _scored(results)]
    notes += labels_of(results.store)
    header = ["score", "forcing", "of", *WORDS, "samples", "better"]
    rows = [_row(benchmark, one) for one in every[:MAX_ROWS]]
    return Table(f"against {benchmark}", header, rows, notes, records=every)


def _weighed(results: Results, benchmark: str) -> Iterator[str]:
    """Yield which scores of a benchmark weights look at."""
    for score, names in scores_used(results).items():
        if score.startswith(f"{benchmark}_"):
            yield f"{score}: weights {', '.join(names)} look at it, so under these it is no result"


def _row(benchmark: str, one: Mapping[str, Any]) -> list[str]:
    numbers = [math.nan if one[word] is None else one[word] for word in WORDS]
    form = number_form(*(np.array(number) for number in numbers))
    title = f"{one['score'].removeprefix(f'{benchmark}_')} [{one['units']}]"
    cells = [form(number) for number in numbers]
    samples = f"{one['samples']:,}" if one["samples"] else NONE
    return [title, one["forcing"], one["of"], *cells, samples, one["better"]]


def _names(results: Results, group: str, benchmark: str, dim: str, size: int) -> list[str]:
    if dim == group_dim(benchmark):
        return list(results.store.read_strings(f"{group}/{dim}"))
    return names_along(results.store, dim, size)


def _quantiles(results: Results, name: str, group: str) -> F8:
    """Return quantiles over the samples that have a score, (level, forcing, ...); NaN of none."""
    store = results.store
    shape = store.specs[f"{group}/control/{name}"].shape
    if f"{group}/{name}" not in store.specs:
        return np.full((len(LEVELS), *shape), np.nan)
    values = results.whole(f"{group}/{name}").reshape(-1, store.specs[f"{group}/{name}"].shape[-1])
    found = np.full((len(LEVELS), len(values)), np.nan)
    for k, row in enumerate(values):
        finite = row[np.isfinite(row)]
        if finite.size:
            found[:, k] = np.quantile(finite, LEVELS)
    return found.reshape(len(LEVELS), *shape)


def _scored(results: Results) -> str:
    """Return what a sample without a score is."""
    lost = "failed or is excluded" if EXCLUDED in results.store.specs else "failed"
    samples = results.grid.axes[2].size
    return f"of {samples:,} samples; one whose member {lost} at a compared location has no score"
