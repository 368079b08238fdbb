"""Analyse a finished run: the design's own indices, and variance shares of a factorial."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ensemble.launch import open_setup
from ensemble.layout import Layout
from ensemble.store import PlanError, Store, add_arrays, read
from ensemble.variance import drop_failed, shares
from ensemble.zarr_json import ArraySpec
from scenarios.designs import Design

F8 = NDArray[np.float64]
Found = dict[str, tuple[ArraySpec, NDArray[Any]]]

REFUSE_ABOVE = 0.2
"""Share of a design that may be lost to failed members before an analysis refuses."""


def analyze_store(path: Path) -> list[dict[str, Any]]:
    """Compute, store under ``sensitivity/`` and return the analysis of every response.

    Parameters
    ----------
    path : Path
        A finished run that keeps its responses.

    Returns
    -------
    list of dict
        Tables of text: title, header, rows, notes.

    Raises
    ------
    PlanError
        Not finished, no responses kept, too many failures, or a design without analysis.
    """
    store = read(path)
    layout = Layout(open_setup(store))
    done = len(store.committed())
    if done < layout.grid.blocks:
        raise PlanError(f"{path}: {done}/{layout.grid.blocks} blocks are committed; run it to the end")
    if not layout.functionals or not layout.keeps_responses:
        raise PlanError(f"{path}: keeps no responses; name some under responses:")
    tables: list[dict[str, Any]] = []
    found: Found = {}
    design = layout.sampler.first
    for name in layout.functionals:
        values = store.read_whole(name)
        if factors := factorial(design):
            tables += _variance(layout, name, values, factors, found)
        tables += _indices(layout, name, values, design, found)
    if not tables:
        method = design.attributes.get("method")
        raise PlanError(f"{path}: a {method} design has no indices of its own; use a cross, morris or sobol")
    add_arrays(store, found)
    return tables


def factorial(design: Design) -> tuple[tuple[str, int], ...]:
    """Return (name, levels) of each factor of a crossed design; empty for any other."""
    shape = design.attributes.get("shape", ())
    names = design.attributes.get("factors", ())
    return tuple(zip(names, shape, strict=True)) if len(shape) > 1 else ()


def _variance(
    layout: Layout, name: str, values: F8, factors: tuple[tuple[str, int], ...], found: Found
) -> Iterator[dict[str, Any]]:
    """Yield one table of variance shares per location."""
    names = ["forcing", *(n for n, _ in factors)]
    units = [n for _, n in factors]
    results, lost = [], []
    for place in range(values.shape[1]):
        cube, removed = drop_failed(values[:, place].reshape(-1, *units))
        _refuse(layout, name, cube.size, values[:, place].size)
        results.append(shares(cube))
        lost.append(removed)
    terms = [" x ".join(names[a] for a in subset) for subset in results[0]]
    table = np.array([list(r.values()) for r in results])
    path = f"sensitivity/{name}_variance_share"
    about = {"units": "1", "long_name": f"share of the variance of {name}", "terms": terms}
    dims = ("location", "term")
    found[path] = (ArraySpec(path, "float64", dims, table.shape, table.shape, attrs=about), table)
    found["sensitivity/term"] = _names("sensitivity/term", "term", terms)
    for place, location in enumerate(layout.setup.locations.names):
        notes = [
            f"{n} of {axis} left out: they hold failed members"
            for n, axis in zip(lost[place], names, strict=True)
            if n
        ]
        if layout.setup.synthetic:
            notes.append(layout.setup.synthetic)
        yield {
            "title": f"share of the variance of {name}, {location}",
            "header": ["term", "share"],
            "rows": [[t, f"{s:.4f}"] for t, s in zip(terms, table[place], strict=True)],
            "notes": notes,
        }


def _refuse(layout: Layout, name: str, left: int, whole: int) -> None:
    if left < (1 - REFUSE_ABOVE) * whole:
        raise PlanError(
            f"{name}: failed members leave {left:,} of {whole:,} values of a full factorial, less "
            f"than {1 - REFUSE_ABOVE:.0%}; bound the parameters so that fewer fail"
        )


def _indices(
    layout: Layout, name: str, values: F8, design: Design, found: Found
) -> Iterator[dict[str, Any]]:
    """Yield one table of the design's indices per forcing and location."""
    finite = np.isfinite(values).mean()
    if finite < 1 - REFUSE_ABOVE:
        raise PlanError(f"{name}: {1 - finite:.1%} of the members failed; bound the parameters")
    indices = design.analyze(np.where(np.isfinite(values), values, np.nan))
    per_parameter = {k: v for k, v in indices.items() if v.ndim == 3 and v.shape[:2] == values.shape[:2]}
    if not per_parameter:
        return
    groups = list(design.attributes.get("groups") or design.parameters)
    if len(groups) != next(iter(per_parameter.values())).shape[-1]:
        groups = list(design.parameters)
    found["sensitivity/parameter"] = _names("sensitivity/parameter", "parameter", groups)
    for index, array in per_parameter.items():
        path = f"sensitivity/{name}_{index}"
        about = {"long_name": f"{index} of {name}"}
        dims = ("forcing", "location", "parameter")
        found[path] = (ArraySpec(path, "float64", dims, array.shape, array.shape, attrs=about), array)
    for f, forcing in enumerate(layout.setup.forcings):
        for l, location in enumerate(layout.setup.locations.names):
            columns = [array[f, l] for array in per_parameter.values()]
            rows = [
                [g, *(f"{c[k]:.4g}" for c in columns)] for k, g in enumerate(groups)
            ]
            yield {
                "title": f"{name}, {forcing}, {location}",
                "header": ["parameter", *per_parameter],
                "rows": rows,
                "notes": [layout.setup.synthetic] if layout.setup.synthetic else [],
            }


def _names(path: str, dim: str, names: list[str]) -> tuple[ArraySpec, NDArray[Any]]:
    values = np.array(names, dtype=object)
    return ArraySpec(path, "string", (dim,), values.shape, values.shape, fill=""), values
