"""What figures by latitude and in time show of sums over space: mean, spread and control."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ensemble.report.data.beside import labels_along
from ensemble.report.data.fields import last_year
from ensemble.store.arrays import ArraySpec
from ensemble.tables.results import Results
from ensemble.tables.signs import never_negative
from ensemble.tables.sums import over_samples
from kernels import F8


@dataclass(frozen=True)
class Lines:
    """A sum over space along latitude or time, over the ensemble.

    Attributes
    ----------
    name, units, meaning, words : str
    along : str
        ``latitude`` or ``year``.
    at : ndarray, shape (n,), float64
    models : tuple of str
        What stands side by side, along ``beside``; one without a name where nothing does.
    mean, std, control : ndarray, shape (model, forcing, n), float64
    """

    name: str
    units: str
    meaning: str
    words: str
    along: str
    at: F8
    models: tuple[str, ...]
    mean: F8
    std: F8
    control: F8
    never_negative: bool = False
    beside: str = "model"


def all_lines(results: Results) -> Iterator[Lines]:
    """Yield sums by band of latitude, and those over all locations that have a time."""
    specs = results.store.specs
    asked = results.store.attrs["identity"]["scenario"].get("aggregates") or {}
    if not results.complete:
        return
    for target, aggregate in asked.items():
        for over in aggregate["over"]:
            spec = specs.get(f"aggregates/control/{target}_{over}")
            lines = _lines(results, spec) if spec else None
            if lines is not None and np.isfinite(lines.control).any():
                yield lines


def _lines(results: Results, spec: ArraySpec) -> Lines | None:
    zonal = "band" in spec.dims
    rest = [d for d in spec.dims[1:] if d != "band"]
    when = [d for d in rest if d == "time"]
    named = [d for d in rest if d not in when]
    models = labels_along(results, *named)
    if not models or not (zonal or when):
        return None
    name = spec.path.rpartition("/")[2]
    mean, std = over_samples(results, name)
    control = results.whole(spec.path)
    words = ""
    axis = spec.dims.index("time") if when else 0
    if zonal and when:
        control, mean, std = (np.take(a, -1, axis=axis) for a in (control, mean, std))
        words = last_year(results, "time")
    along = "band" if zonal else "time"
    order = ["forcing", along, *named]
    dims = [d for d in spec.dims if d in order]
    turn = [dims.index(d) for d in order]
    arrays = [np.transpose(a, turn) for a in (mean, std, control)]
    shape = (*arrays[0].shape[:2], len(models))
    arrays = [a.reshape(shape).transpose(2, 0, 1) for a in arrays]
    at = results.whole("aggregates/band" if zonal else "year")
    sign = never_negative(results.store, name)
    labels = (name, str(spec.attrs["units"]), str(spec.attrs["long_name"]), words)
    values, where = (arrays[0], arrays[1], arrays[2]), "latitude" if zonal else "year"
    return Lines(*labels, where, at, models, *values, sign, ", ".join(named) or "model")


def side_by_side(every: Iterable[Lines]) -> list[Lines]:
    """Return sums by latitude of one unit as lines of one sum, where each is one line.

    Two fluxes and their difference are read off one axis; what has several models or forcings
    stays alone.
    """
    alike: dict[tuple[str, ...], list[Lines]] = {}
    for one in every:
        single = one.along == "latitude" and one.mean.shape[:2] == (1, 1)
        key = (one.units, one.words, str(one.at.tolist())) if single else (one.name,)
        alike.setdefault(key, []).append(one)
    return [each[0] if len(each) == 1 else _stacked(each) for each in alike.values()]


def _stacked(each: Sequence[Lines]) -> Lines:
    names = tuple(one.name.removesuffix("_zonal") for one in each)
    told = "; ".join(f"{n}, {one.meaning}" for n, one in zip(names, each, strict=True))
    mean, std, control = (
        np.concatenate([getattr(one, of) for one in each]) for of in ("mean", "std", "control")
    )
    return replace(
        each[0],
        name="sum of a band",
        meaning=f"lines are {told}",
        models=names,
        mean=mean,
        std=std,
        control=control,
        never_negative=all(one.never_negative for one in each),
        beside="sum",
    )


def gaps(at: F8, values: Sequence[F8], step: float) -> tuple[F8, list[F8]]:
    """Return a line with a gap wherever its points are further apart than a step."""
    breaks = np.flatnonzero(np.diff(at) > 1.5 * step) + 1
    middle = (at[breaks - 1] + at[breaks]) / 2
    return np.insert(at, breaks, middle), [np.insert(v, breaks, np.nan) for v in values]
