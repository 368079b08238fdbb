"""What differs between two runs: in what was asked, in code and data, and in numbers."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ensemble.errors import PlanError
from ensemble.store.arrays import ArraySpec
from ensemble.store.differences import differences, other_code
from ensemble.store.reading import read
from ensemble.store.store import Store

WITHOUT_MEMBERS = "without_members"
"""Attribute of the store of an evaluation."""

MERGED_BY = ("_edges", "_histogram", "_extremes")
"""Ends of the names of arrays that quantiles are made of."""

UNTOLD = ("description", "title", "store", "execution")
"""Sections of a scenario whose words change no number."""


@dataclass(frozen=True)
class ArrayDifference:
    """What differs in an array that both have.

    Attributes
    ----------
    array, units : str
    unlike, count : int
        Numbers that are not the same to the bit, of all; NaN is like NaN.
    missing : int
        Numbers that one has and the other has not.
    largest, relative : float
        Largest absolute difference, in ``units``, and the largest over the larger of the two sizes;
        of those that both have.
    """

    array: str
    units: str
    unlike: int
    count: int
    missing: int
    largest: float
    relative: float


@dataclass(frozen=True)
class Comparison:
    """Two runs beside each other.

    Attributes
    ----------
    same : bool
        Whether all blocks of members have equal checksums: the same bytes.
    asked, code : tuple of str
        What differs in the scenarios, and in kernel, data and libraries; each with its place.
    shapes : tuple of str
        Arrays that one run alone has, or that have other shapes.
    numbers : tuple of ArrayDifference
        Arrays that differ in a number, the largest relative difference first.
    equal : int
        Arrays that do not.
    unpaired : tuple of str
        Arrays of members that are not compared: samples of one number have other parameters.
    of_members : bool
        Whether they are runs, and no evaluations of models that were there.
    scores : tuple of (benchmark, score, model, was, is now)
        Of two evaluations, as their tables have them: those that differ.
    """

    same: bool
    asked: tuple[str, ...]
    code: tuple[str, ...]
    shapes: tuple[str, ...]
    numbers: tuple[ArrayDifference, ...]
    equal: int
    unpaired: tuple[str, ...] = ()
    scores: tuple[tuple[str, str, str, str, str], ...] = ()
    of_members: bool = True


def compare(first: Path, second: Path) -> Comparison:
    """Return what differs between two stores; "was" is of the first, "is now" of the second.

    Raises
    ------
    PlanError
        One is no store, or is damaged; or one is of members and the other an evaluation.
    """
    one, other = read(first), read(second)
    evaluations = [bool(store.attrs.get(WITHOUT_MEMBERS)) for store in (one, other)]
    if any(evaluations) and not all(evaluations):
        names = (first, second) if evaluations[1] else (second, first)
        text = "{} holds members, {} what was evaluated; compare two of a kind"
        raise PlanError(text.format(*names))
    both, shapes = _shared(one, other)
    varied = [name for name in _varied(one) if name in both]
    drawn = [_numbers(name, one, other) for name in varied]
    of_members = [path for path in both if "sample" in one.specs[path].dims]
    unpaired = [path for path in of_members if any(a.unlike for a in drawn) and path not in varied]
    rest = [path for path in both if path not in varied and path not in unpaired]
    found = [*drawn, *(_numbers(path, one, other) for path in rest)]
    unlike = sorted((a for a in found if a.unlike), key=_first)
    ours, theirs = one.attrs["identity"], other.attrs["identity"]
    code = _models(one, other) if evaluations[0] else _code(ours, theirs)
    return Comparison(
        not (unlike or shapes) if evaluations[0] else one.digest() == other.digest(),
        tuple(_asked(ours, theirs)),
        tuple(code),
        tuple(shapes),
        tuple(unlike),
        len(found) - len(unlike),
        tuple(unpaired),
        tuple(_scores(one, other)) if evaluations[0] else (),
        not evaluations[0],
    )


def _models(one: Store, other: Store) -> list[str]:
    """Return what differs in the files of models, what of them was left out, and the version."""
    here, there = (
        {"data": store.attrs["models"], "soilsweep": store.attrs["soilsweep"]}
        for store in (one, other)
    )
    return differences(here, there, "")


def _scores(one: Store, other: Store) -> Iterator[tuple[str, str, str, str, str]]:
    """Yield the scores over all that differ, model by model."""
    here, there = map(_score_cells, (one, other))
    for place in dict.fromkeys([*here, *there]):
        was, now = (cells.get(place, "none") for cells in (here, there))
        if was != now:
            yield (*place, was, now)


def _score_cells(store: Store) -> dict[tuple[str, str, str], str]:
    """Return the first table of an evaluation: benchmark, score and model to the number there."""
    table = store.attrs["tables"][0]
    columns = [k for k, name in enumerate(table["header"]) if name in store.attrs["models"]]
    return {(row[0], row[1], table["header"][k]): row[k] for row in table["rows"] for k in columns}


def _varied(store: Store) -> list[str]:
    """Return the parameters that the design varies; none of what has no design."""
    return list(store.attrs.get("design", {}).get("parameters", ()))


def _first(one: ArrayDifference) -> tuple[bool, float, str]:
    """Return where an array stands: what blocks are merged by behind what people read."""
    group, _, name = one.array.rpartition("/")
    return (group == "pilot" or name.endswith(MERGED_BY), -one.relative, one.array)


def _asked(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> list[str]:
    here, there = (
        {k: v for k, v in one["scenario"].items() if k not in UNTOLD} for one in (ours, theirs)
    )
    return differences(here, there, "")


def _code(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> list[str]:
    found = other_code(ours, theirs)
    for part, what in (("forcings", "data"), ("locations", "locations"), ("block", "block length")):
        here, there = ours.get(part), theirs.get(part)
        found += [f"{what}: {text}" for text in differences(here, there, "")]
    return found


def _shared(one: Store, other: Store) -> tuple[list[str], list[str]]:
    """Return the arrays that can be compared, and what is said of the others, each once."""
    both, told = [], defaultdict(list)
    for path in sorted(one.specs.keys() | other.specs.keys()):
        ours, theirs = one.specs.get(path), other.specs.get(path)
        if ours is None or theirs is None:
            told[f"only in {(one if ours else other).path}"].append(path)
        elif ours.shape != theirs.shape:
            told[f"{_shape(ours)} in {one.path}, {_shape(theirs)} in {other.path}"].append(path)
        elif not ours.dtype.startswith(("string", "<U", "U")):
            both.append(path)
    return both, [f"{why}: {', '.join(paths)}" for why, paths in told.items()]


def _shape(spec: ArraySpec) -> str:
    return " x ".join(f"{n:,} {dim}" for dim, n in zip(spec.dims, spec.shape, strict=True))


def _numbers(path: str, one: Store, other: Store) -> ArrayDifference:
    unlike = missing = count = 0
    largest = relative = 0.0
    for ours, theirs in _parts(path, one, other):
        lacks, lacking = _nan(ours), _nan(theirs)
        apart = (ours != theirs) & ~(lacks & lacking)
        count, unlike = count + ours.size, unlike + int(apart.sum())
        missing += int((lacks != lacking).sum())
        there = apart & ~(lacks | lacking)
        if there.any():
            a, b = ours[there].astype(np.float64), theirs[there].astype(np.float64)
            off, size = np.abs(a - b), np.maximum(np.abs(a), np.abs(b))
            largest = max(largest, float(off.max()))
            relative = max(relative, float((off / size).max()))
    units = str(one.specs[path].attrs.get("units", ""))
    return ArrayDifference(path, units, unlike, count, missing, largest, relative)


def _parts(path: str, one: Store, other: Store) -> Iterator[tuple[NDArray[Any], NDArray[Any]]]:
    """Yield an array of both stores, chunk by chunk where they have the same chunks."""
    ours, theirs = one.specs[path], other.specs[path]
    if ours.chunks != theirs.chunks:
        yield one.read_whole(path), other.read_whole(path)
        return
    counts = tuple(-(-n // c) for n, c in zip(ours.shape, ours.chunks, strict=True))
    for index in np.ndindex(counts):
        yield one.read_sound(path, index), other.read_sound(path, index)


def _nan(values: NDArray[Any]) -> NDArray[np.bool_]:
    return np.isnan(values) if values.dtype.kind == "f" else np.zeros(values.shape, np.bool_)
