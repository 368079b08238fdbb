"""Means of bands of latitude against a product's, each on its own grid.

Bands are 5 degrees, [-90, -85) and so on; a location belongs to one by its middle. A band's mean is
weighted by land, and modelled and observed means are then pairs that weigh as much as the run has
land there. Jian et al. 2021, 10.1111/gcb.15795, compare models so.

Source: Jian et al. (2021, 10.1111/gcb.15795).
"""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import numpy as np

from ensemble.members.benchmarks import Pairs, Prepared, Sums, Table, Task, refused
from ensemble.members.benchmarks.parts import skills
from ensemble.members.benchmarks.parts.lattices import band_name, mean_of, mean_over
from ensemble.scores.bands import BANDS, EDGES, Means, band_of, means
from ensemble.scores.skill import SCORES, compared
from kernels import F8
from scenarios.benchmarks import BenchmarkSpec, Score
from scenarios.observations import GridMap, LatitudeSeries

OF_BANDS = ("rmse", "crmse", "r", "r2", "sd_ratio", "kge", "nse", "taylor")


class Spec(BenchmarkSpec):
    """Means of bands of 5 degrees, against those of a map or of a series of latitudes."""

    SCORES: ClassVar[Mapping[str, Score]] = {
        "bias": Score("mean of modelled less observed", "nearest 0"),
        **skills.some(OF_BANDS, default=("rmse", "r", "sd_ratio"), grouped=False),
    }
    OBSERVES: ClassVar[tuple[str, ...]] = ("GridMap", "LatitudeSeries")

    compare: Literal["zonal"]


def prepare(spec: Spec, task: Task) -> Prepared:
    """Return a pair for each location, its group the band and its weight the land.

    Raises
    ------
    ScenarioError
        No area or latitude, a map without land fraction, units that do not fit, no common band.
    """
    asked = task.outputs[spec.output]
    observed = _observed(task)
    lat, area = task.column("lat", "degrees"), task.column("area", "m2")
    band = band_of(lat)
    there = np.isfinite(observed.mean)
    kept = there[band] & (area > 0)
    held = np.unique(band[kept])
    if len(held) < 2:
        raise refused(task, f"the run has {len(held)} bands that are observed; needed 2 or more")
    at = np.flatnonzero(kept)
    place_of_band = np.full(BANDS, -1)
    place_of_band[held] = np.arange(len(held))
    pairs = Pairs(
        output=spec.output,
        place=at,
        moment=np.zeros(len(at), np.int64),
        group=place_of_band[band[at]],
        weight=area[at],
        observed=np.zeros(len(at)),
        moments=mean_over(task, asked, task.observed.units),
        groups=len(held),
        sums=("first",),
    )
    arrays = {
        "band": EDGES[held],
        "observed": observed.mean[held],
        "observed_half_width": observed.half_width[held],
        "observed_cells": observed.n[held],
    }
    lost = {"locations in bands that are not observed": int((~there[band]).sum())}
    return Prepared(
        {"pairs": pairs},
        task.observed.units,
        ("global", *(band_name(k) for k in held)),
        arrays,
        {why: n for why, n in lost.items() if n},
        ("intervals take neighbouring cells to be independent, and are too narrow",),
        {"weights": "the run's land in a band", "bands": len(held)},
    )


def score(spec: Spec, prepared: Prepared, sums: Mapping[str, Sums]) -> dict[str, F8]:
    """Return the scores: differences of all bands together and of each, and of pairs of bands."""
    of = sums["pairs"]
    weight = of.seen.count
    modelled = of.of["first"] / weight[:, np.newaxis]
    observed = prepared.arrays["observed"]
    apart = modelled - observed[:, np.newaxis]
    whole = (weight @ apart / weight.sum())[np.newaxis]
    # A member that lacks a location has no score, in any band; the others keep theirs.
    known = np.isfinite(modelled).all(axis=0)
    found = {"bias": np.where(known, np.concatenate([whole, apart]), np.nan)}
    bands = compared(modelled[:, known], observed, weight).sums
    for name in OF_BANDS:
        value = np.full((1, modelled.shape[1]), np.nan)
        if known.any():
            value[:, known] = SCORES[name](bands)
        found[name] = value
    return found


def control(spec: Spec, prepared: Prepared, modelled: Mapping[str, F8]) -> dict[str, Table]:
    """Return the bands of the control member with intervals, beside what is observed."""
    pairs = prepared.pairs["pairs"]
    found = means(modelled["pairs"], pairs.weight, pairs.group, pairs.groups)
    arrays, unit = prepared.arrays, {"units": prepared.units}
    columns = {
        "south": arrays["band"],
        "cells": found.n,
        "land": found.weight,
        "modelled": found.mean,
        "half_width": found.half_width,
        "modelled_unweighted": found.plain,
        "half_width_unweighted": found.plain_half_width,
        "observed": arrays["observed"],
        "observed_half_width": arrays["observed_half_width"],
        "observed_cells": arrays["observed_cells"],
    }
    words: dict[str, dict[str, Any]] = {
        "south": {"units": "degrees_north", "long_name": "southern edge of the band"},
        "cells": {"units": "1", "long_name": "locations of the run"},
        "land": {"units": "m2", "long_name": "land of the run"},
        "modelled": {**unit, "long_name": "mean weighted by land"},
        "half_width": {**unit, "long_name": "half width of the 95 % interval of the mean"},
        "modelled_unweighted": {**unit, "long_name": "mean of locations"},
        "half_width_unweighted": {**unit, "long_name": "half width of its 95 % interval"},
        "observed": {**unit, "long_name": "observed mean, on its own grid"},
        "observed_half_width": {**unit, "long_name": "half width of its 95 % interval"},
        "observed_cells": {"units": "1", "long_name": "observed cells or latitudes"},
    }
    return {"bands": Table("band", columns, words)}


def _observed(task: Task) -> Means:
    """Return the means of bands of what is observed, on its own grid."""
    observed = task.observed
    if isinstance(observed, LatitudeSeries):
        # Rows of latitude are as wide as the cosine of theirs says.
        weights = np.cos(np.radians(observed.latitude))
        return means(observed.values, weights, band_of(observed.latitude))
    assert isinstance(observed, GridMap)
    if observed.land_area is None:
        text = "the map is of rates per area of land and has no land fraction; say land_fraction:"
        raise refused(task, f"{text} FILE of a mask, or land_fraction: 1", "observed")
    values, band = mean_of(task, observed), band_of(observed.grid.lat)
    group = np.broadcast_to(band[:, np.newaxis], values.shape).reshape(-1)
    return means(values.reshape(-1), observed.land_area.reshape(-1), group)
