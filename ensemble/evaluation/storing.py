"""The store of an evaluation: scores by model, and all that they follow from."""

import math
import shutil
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ensemble.errors import PlanError
from ensemble.evaluation.evaluating import Evaluation
from ensemble.evaluation.tables import tables
from ensemble.members.evaluation.asked import GROUP, group_dim
from ensemble.members.evaluation.others import Against, Other
from ensemble.members.evaluation.stored import modelled_path, pairs_of, words
from ensemble.members.evaluation.weights import GROUP as WEIGHTS
from ensemble.store.arrays import FORMAT, ArraySpec
from ensemble.store.reading import read
from ensemble.store.store import Store
from ensemble.store.writing import create
from ensemble.tables.responses import Table

WORK = "ensemble.evaluation"
"""Attribute ``work`` of such stores: no members are in them."""

MODELS = "models"
"""Group, and attribute, of what the models are."""

Static = dict[str, tuple[ArraySpec, NDArray[Any]]]


def refuse_others(path: Path) -> None:
    """Refuse a place where something else is than an evaluation, which is made anew in seconds."""
    if not path.exists():
        return
    if not (path / "zarr.json").is_file():
        raise PlanError(f"{path}: is there and no store; choose another place: --store STORE")
    if read(path).attrs.get("work") != WORK:
        text = "is a store of members, and results go into one of their own"
        raise PlanError(f"{path}: {text}; choose another place: --store STORE")


def write(found: Evaluation, path: Path) -> None:
    """Write an evaluation into a store, in the place of an older one."""
    refuse_others(path)
    arrays = _arrays(found)
    if path.exists():
        shutil.rmtree(path)
    specs = tuple(spec for spec, _ in arrays.values())
    create(path, specs, _attributes(found), {name: v for name, (_, v) in arrays.items()})


def _attributes(found: Evaluation) -> dict[str, Any]:
    loaded = found.loaded
    return {
        "soilsweep": version("soilsweep"),
        "soilsweep_format": FORMAT,
        "work": WORK,
        "without_members": True,
        "title": loaded.asked.title or loaded.asked.name,
        "synthetic": found.synthetic,
        "identity": {"kernel": {}, "scenario": loaded.document.data},
        "accepted_changes": [],
        "source": Path(loaded.source).name,
        "tables": [
            {"title": t.title, "header": t.header, "rows": t.rows, "notes": list(t.notes)}
            for t in tables(found)
        ],
        "scenario_text": loaded.text,
        MODELS: {
            name: {
                "cells": len(one.places.names),
                "left_out": dict(one.left_out),
                "notes": list(one.notes),
                "outputs": dict(one.provenance),
                "product": one.product,
            }
            for name, one in found.models.items()
        },
        "stacked": found.stacked,
        "products": {one.output: asdict(one) for one in found.ceilings},
        GROUP: {
            model: {b: words(a.prepared) for (m, b), a in found.found.items() if m == model}
            for model in found.models
        },
    }


def is_evaluation(store: Store) -> bool:
    """Return whether a store is one of these."""
    return store.work == WORK


def tables_of(store: Store) -> list[Table]:
    """Return the tables that were printed, as they are kept with the numbers."""
    kept = store.attrs["tables"]
    return [Table(t["title"], t["header"], t["rows"], notes=t["notes"]) for t in kept]


def _arrays(found: Evaluation) -> Static:
    models = list(found.models)
    made = _text("model", models, "model")
    for benchmark, score, about in found.scored():
        by_model = found.of(benchmark)
        every = [by_model.get(model) for model in models]
        groups = list(dict.fromkeys(g for a in by_model.values() for g in a.prepared.groups))
        attrs = {
            "units": found.units(benchmark, about),
            "long_name": f"{about.meaning}, against {benchmark}",
            "better": about.better,
            "benchmark": benchmark,
        }
        dims: tuple[str, ...] = ("model",)
        values = np.array([one.scores[score][0] if one else math.nan for one in every])
        if about.grouped and len(groups) > 1:
            dims = ("model", group_dim(benchmark))
            values = np.array([_by_group(one, score, groups) for one in every])
            made |= _text(f"{GROUP}/{dims[1]}", groups, dims[1])
        made |= _numbers(f"{GROUP}/{benchmark}_{score}", values, dims, attrs)
    for benchmark in found.loaded.asked.evaluation.benchmarks:
        counted = {"n": "records or cells that are compared", "n_own": "those of a model alone"}
        for (word, meaning), field in zip(counted.items(), ("n", "own"), strict=True):
            by_model = found.of(benchmark)
            numbers = [getattr(by_model[m], field) if m in by_model else 0 for m in models]
            said = {"units": "1", "long_name": meaning}
            values = np.array(numbers, dtype=np.float64)
            made |= _numbers(f"{GROUP}/{benchmark}_{word}", values, ("model",), said)
    made |= _text(f"{GROUP}/model", models, "model")
    made |= _weights(found, models)
    for (model, benchmark), one in found.found.items():
        made |= pairs_of(f"{GROUP}/{model}/{benchmark}/", one.prepared)
        for name, values in one.modelled.items():
            attrs = {"units": one.prepared.units, "long_name": f"modelled by {model}"}
            path = f"{GROUP}/{model}/{modelled_path(benchmark, name)}"
            made |= _numbers(path, values, ("pair",), attrs)
    for model, other in found.models.items():
        made |= _places(f"{MODELS}/{model}", other)
    return made


def _weights(found: Evaluation, models: list[str]) -> Static:
    """Return what models weigh; NaN of products and of means of models."""
    made = _text(f"{WEIGHTS}/model", models, "model") if found.weighed else {}
    for weighed in found.weighed:
        looked = ", ".join(one.name for one in weighed.one.scores)
        words = f"weight by {weighed.one.spec.kind} of {looked}; all models together have 1"
        known = dict(zip(weighed.models, weighed.weights.tolist(), strict=True))
        values = np.array([known.get(model, math.nan) for model in models])
        attrs = {"units": "1", "long_name": words, "effective_size": weighed.effective}
        made |= _numbers(f"{WEIGHTS}/{weighed.one.name}", values, ("model",), attrs)
    return made


def _places(group: str, one: Other) -> Static:
    """Return where the cells of a model are, where that is known."""
    known = {"lat": ("degrees_north", "latitude"), "lon": ("degrees_east", "longitude")}
    made: Static = {}
    for name, (units, meaning) in known.items():
        if name in one.places.columns:
            values = np.asarray(one.places.columns[name], dtype=np.float64)
            attrs = {"units": units, "standard_name": meaning}
            made |= _numbers(f"{group}/{name}", values, ("cell",), attrs)
    return made


def _by_group(one: Against | None, score: str, groups: list[str]) -> list[float]:
    if one is None:
        return [math.nan] * len(groups)
    known = dict(zip(one.prepared.groups, one.scores[score].tolist(), strict=False))
    return [known.get(group, math.nan) for group in groups]


def _text(path: str, names: list[str], dim: str) -> Static:
    size = (len(names),)
    spec = ArraySpec(path, "string", (dim,), size, size, "", {"long_name": dim})
    return {path: (spec, np.array(names, dtype=object))}


def _numbers(path: str, values: NDArray[Any], dims: tuple[str, ...], attrs: Any) -> Static:
    spec = ArraySpec(path, "float64", dims, values.shape, values.shape, math.nan, attrs)
    return {path: (spec, values)}
