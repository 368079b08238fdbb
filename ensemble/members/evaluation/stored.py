"""Benchmarks in a store: what was observed, as `prepare` paired it, and the arrays of scores."""

import hashlib
import json
import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ensemble.members.benchmarks import Moments, Pairs, Prepared
from ensemble.members.evaluation.asked import (
    CONTROL,
    FAILED,
    GROUP,
    STATISTICS,
    Evaluated,
    Scored,
    group_dim,
    losses,
)
from ensemble.store.arrays import ArraySpec
from ensemble.store.store import Store

if TYPE_CHECKING:
    from ensemble.members.layout import Layout

COUNT = "count"
"""Of the samples that have a score."""

PAIR = {
    "place": "location of the run, from 0",
    "moment": "which of the moments, from 0",
    "group": "what a pair is added up with, from 0",
    "weight": "weight of the pair",
    "observed": "observed value of the pair",
    "tolerance": "largest difference that counts as none",
}
MOMENT = {"ends": "where the steps of each moment end"}
USE = {"steps": "step of the output", "shares": "what the output is multiplied by at the step"}
FIELDS = {"pair": PAIR, "moments": MOMENT, "use": USE}
"""Arrays of pairs by the dimension that they lie along, and their words."""

Static = dict[str, tuple[ArraySpec, NDArray[Any]]]


def words(prepared: Prepared) -> dict[str, Any]:
    """Return what of a benchmark is no array, JSON-able."""
    pairs = {
        name: {"output": p.output, "groups": p.groups, "sums": list(p.sums)}
        for name, p in prepared.pairs.items()
    }
    return {
        "units": prepared.units,
        "groups": list(prepared.groups),
        "pairs": pairs,
        "left_out": dict(prepared.left_out),
        "notes": list(prepared.notes),
        "about": dict(prepared.about),
        "provenance": dict(prepared.provenance),
        "digest": digest(prepared),
    }


def digest(prepared: Prepared) -> str:
    """Return a hash of all that scores follow from, but not of where it is from."""
    whole = hashlib.sha256()
    for name, (_, values) in sorted(pairs_of("", prepared).items()):
        plain = np.ascontiguousarray(values)
        text = plain.dtype.kind in "OU"
        data = json.dumps(plain.tolist()).encode() if text else plain.tobytes()
        whole.update(f"{name}{values.shape}{plain.dtype.kind}".encode() + data)
    said = [[n, p.output, p.groups, p.sums] for n, p in sorted(prepared.pairs.items())]
    rest = [prepared.units, prepared.groups, said, dict(prepared.about)]
    whole.update(json.dumps(rest, sort_keys=True).encode())
    return whole.hexdigest()


def to_arrays(every: Mapping[str, Prepared], into: str = GROUP) -> Static:
    """Return the arrays of all benchmarks that are known before a run, in a group."""
    found: Static = {}
    for name, prepared in every.items():
        found |= pairs_of(f"{into}/{name}/", prepared)
        if len(prepared.groups) > 1:
            dim, groups = group_dim(name), np.array(prepared.groups, dtype=object)
            found |= _one(f"{into}/{dim}", groups, (dim,), {"long_name": f"groups of {name}"})
    return found


def pairs_of(group: str, prepared: Prepared) -> Static:
    """Return the arrays of one benchmark, below ``group``, which ends with a stroke."""
    found: Static = {}
    for name, pairs in prepared.pairs.items():
        fields = {**vars(pairs), **vars(pairs.moments)}
        for dim, known in FIELDS.items():
            for field, meaning in known.items():
                if (values := fields[field]) is not None:
                    about = {"long_name": meaning}
                    if field in ("observed", "tolerance"):
                        about["units"] = prepared.units
                    found |= _one(f"{group}{name}/{field}", values, (dim,), about)
    for name, values in prepared.arrays.items():
        # Dimensions of one length may be another's, and what they are is the benchmark's own.
        dims = tuple(f"{name}_{k}" for k in range(values.ndim))
        found |= _one(f"{group}{name}", values, dims, {})
    return found


def _one(path: str, values: NDArray[Any], dims: tuple[str, ...], attrs: dict[str, Any]) -> Static:
    """Return an array of one chunk."""
    text = values.dtype.kind in "OU"
    dtype = "string" if text else values.dtype.name
    fill: Any = "" if text else 0 if values.dtype.kind in "iub" else math.nan
    spec = ArraySpec(path, dtype, dims, values.shape, values.shape, fill, attrs)
    return {path: (spec, values.astype(object) if text else values)}


def read(store: Store, into: str = GROUP) -> dict[str, Prepared]:
    """Return the benchmarks of a store, as `to_arrays` and `words` have them."""
    every: Mapping[str, Any] = store.attrs.get(into, {})
    return {name: read_one(store, f"{into}/{name}", about) for name, about in every.items()}


def read_one(store: Store, group: str, about: Mapping[str, Any]) -> Prepared:
    """Return the benchmark of a group, of which `words` are ``about``."""
    pairs = {}
    for name, said in about["pairs"].items():
        held = {
            field: store.read_whole(path)
            for known in FIELDS.values()
            for field in known
            if (path := f"{group}/{name}/{field}") in store.specs
        }
        moments = Moments(*(held.pop(field) for field in ("ends", "steps", "shares")))
        pairs[name] = Pairs(
            said["output"],
            moments=moments,
            groups=said["groups"],
            sums=tuple(said["sums"]),
            **held,
        )
    arrays = {
        name: _values(store, path)
        for path in store.specs
        if path.rpartition("/")[0] == group and (name := path.rpartition("/")[2])
    }
    return Prepared(
        pairs,
        about["units"],
        tuple(about["groups"]),
        arrays,
        dict(about["left_out"]),
        tuple(about["notes"]),
        dict(about["about"]),
        dict(about["provenance"]),
    )


def _values(store: Store, path: str) -> NDArray[Any]:
    spec = store.specs[path]
    if spec.dtype != "string":
        return store.read_whole(path)
    return np.array(store.read_strings(path), dtype=np.str_).reshape(spec.shape)


def arrays(layout: "Layout") -> Iterator[ArraySpec]:
    """Yield every array of scores, how many samples have each, and what control members have."""
    asked = layout.evaluation
    for scored in asked.all:
        attrs = _about(scored)
        middle = {**scored.lead, **dict(zip(scored.dims, scored.shape, strict=True))}
        if layout.keeps_responses:
            yield layout.summed(f"{GROUP}/{scored.name}", middle, attrs, sample=True)
        yield layout.summed(f"{CONTROL}/{scored.name}", middle, attrs, sample=False)
        path, counted = f"{STATISTICS}/{scored.name}_{COUNT}", _counted(scored)
        yield layout.summed(path, middle, counted, sample=False, dtype="uint64", fill=0)
    for benchmark, name, pairs in asked.pairs():
        yield _modelled(asked, (benchmark, name), pairs, layout.shape[0], GROUP)
    forcings, _, samples = layout.shape
    kept = asked and layout.keeps_responses
    for why in losses(excluding=layout.excluding) if kept else ():
        what = "failed" if why == FAILED else "is beyond a limit and left out"
        text = f"locations whose member {what}; a sample that lacks one has no score"
        about = {"units": "1", "long_name": text}
        shape, chunks = (forcings, samples), (1, layout.grid.axes[2].length)
        yield ArraySpec(f"{GROUP}/{why}", "uint32", ("forcing", "sample"), shape, chunks, 0, about)


def specs_of(
    asked: Evaluated, values: Mapping[str, NDArray[Any]], into: str
) -> Iterator[tuple[str, ArraySpec]]:
    """Yield the arrays that are made of stored members, each of one chunk, by path.

    Parameters
    ----------
    asked : Evaluated
    values : mapping of str to ndarray, shape (forcing, [group], *dims, sample)
        By name.
    into : str
        The group.
    """
    for scored in asked.all:
        whole = values[scored.name].shape
        dims = ("forcing", *scored.lead, *scored.dims, "sample")
        attrs = _about(scored)
        path = f"{into}/{scored.name}"
        yield path, ArraySpec(path, "float64", dims, whole, whole, math.nan, attrs)
        path, shape = f"{into}/control/{scored.name}", whole[:-1]
        yield path, ArraySpec(path, "float64", dims[:-1], shape, shape, math.nan, attrs)
        path = f"{into}/statistics/{scored.name}_{COUNT}"
        yield path, ArraySpec(path, "uint64", dims[:-1], shape, shape, 0, _counted(scored))
    for benchmark, name, pairs in asked.pairs():
        spec = _modelled(asked, (benchmark, name), pairs, len(values[asked.all[0].name]), into)
        yield spec.path, spec


def _about(scored: Scored) -> dict[str, Any]:
    return {
        "units": scored.units,
        "long_name": scored.meaning,
        "better": scored.about.better,
        "benchmark": scored.benchmark,
    }


def _counted(scored: Scored) -> dict[str, Any]:
    return {"units": "1", "long_name": f"samples that have {scored.name}, all locations whole"}


def modelled_path(benchmark: str, pairs: str) -> str:
    """Return where in a group it stands what a model has of the pairs of a benchmark."""
    return f"{benchmark}/{pairs}/modelled"


def _modelled(
    asked: Evaluated, of: tuple[str, str], pairs: Pairs, forcings: int, into: str
) -> ArraySpec:
    """Return what the control member has of each pair."""
    dims, lengths = asked.beside(pairs.output)
    shape = (forcings, len(pairs.place), *lengths)
    units = asked.prepared[of[0]].units
    about = {"units": units, "long_name": f"{pairs.output} of the control member"}
    path = f"{into}/{modelled_path(*of)}"
    return ArraySpec(path, "float64", ("forcing", "pair", *dims), shape, shape, math.nan, about)
