"""Means of bands of latitude against a product's, each on its own grid.

Bands are 5 degrees, [-90, -85) and so on; a location belongs to one by its middle. A band's mean is
weighted by land, and modelled and observed means are then pairs that weigh as much as the run has
land there. Of several products a band has the median of their means, and their range beside it. A
run of some cells is compared with the product on these alone (``cells: run``).

Source: Jian et al. (2021, 10.1111/gcb.15795).
"""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from ensemble.members.benchmarks import Pairs, Prepared, Sums, Table, Task, refused
from ensemble.members.benchmarks.parts import skills
from ensemble.members.benchmarks.parts.lattices import (
    band_name,
    cells,
    mean_of,
    mean_over,
    on_cells,
)
from ensemble.members.benchmarks.parts.products import maps_of
from ensemble.scores.bands import BANDS, EDGES, Means, band_of, means
from ensemble.scores.products import best_estimate
from ensemble.scores.skill import SCORES, compared
from kernels import F8
from scenarios import ScenarioError
from scenarios.benchmarks import BenchmarkSpec, Score
from scenarios.observations import GridMap, LatitudeSeries
from scenarios.units import factor

ENDS = {"observed_low": "smallest", "observed_high": "largest"}
OF_BANDS = ("rmse", "crmse", "r", "r2", "sd_ratio", "kge", "nse", "taylor")


class Spec(BenchmarkSpec):
    """Means of bands of 5 degrees, against those of a map or of a series of latitudes."""

    SCORES: ClassVar[Mapping[str, Score]] = {
        "bias": Score("mean of modelled less observed", "nearest 0"),
        **skills.some(OF_BANDS, default=("rmse", "r", "sd_ratio"), grouped=False),
    }
    OBSERVES: ClassVar[tuple[str, ...]] = ("GridMap", "GridMaps", "LatitudeSeries")

    compare: Literal["zonal"]
    cells: Literal["own", "run"] = Field(
        default="own",
        description="whether bands of a product are of all its cells, or of the run's alone",
    )


def prepare(spec: Spec, task: Task) -> Prepared:
    """Return a pair for each location, its group the band and its weight the land.

    Raises
    ------
    ScenarioError
        No area or latitude, a map without land fraction, units that do not fit, no common band.
    """
    asked = task.outputs[spec.output]
    products, units = _observed(spec, task)
    observed, ends = _together(products)
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
        moments=mean_over(task, asked, units),
        groups=len(held),
        sums=("first",),
    )
    arrays = {
        "band": EDGES[held],
        "observed": observed.mean[held],
        "observed_half_width": observed.half_width[held],
        "observed_cells": observed.n[held],
        **{name: values[held] for name, values in ends.items()},
    }
    lost = {"locations in bands that are not observed": int((~there[band]).sum())}
    return Prepared(
        {"pairs": pairs},
        units,
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
    # In their place, and not without them: last bits of a product hang on how many columns it has.
    bands = compared(np.where(known, modelled, observed[:, np.newaxis]), observed, weight).sums
    return found | {name: np.where(known, SCORES[name](bands), np.nan) for name in OF_BANDS}


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
        **{name: arrays[name] for name in ENDS if name in arrays},
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
    for name, word in ENDS.items():
        words[name] = {**unit, "long_name": f"{word} of the products' means"}
    return {"bands": Table("band", columns, {name: words[name] for name in columns})}


def _observed(spec: Spec, task: Task) -> tuple[list[Means], str]:
    """Return the means of bands of each product, and their unit."""
    observed = task.observed
    if isinstance(observed, LatitudeSeries):
        if spec.cells == "run":
            text = "means of latitudes are of no cells; needed a map, or cells: own"
            raise refused(task, text, "cells")
        # Rows of latitude are as wide as the cosine of theirs says.
        weights = np.cos(np.radians(observed.latitude))
        return [means(observed.values, weights, band_of(observed.latitude))], observed.units
    try:
        maps = [*maps_of(observed, task.name).values()]
        units = maps[0].units
        return [_bands(spec, task, one, factor(one.units, units)) for one in maps], units
    except ValueError as error:
        if isinstance(error, ScenarioError):
            raise
        raise refused(task, str(error), "observed") from error


def _bands(spec: Spec, task: Task, one: GridMap, scale: float) -> Means:
    """Return the means of bands of a map, on its own grid or on the run's cells."""
    if one.land_area is None:
        text = "the map is of rates per area of land and has no land fraction; say land_fraction:"
        raise refused(task, f"{text} FILE of a mask, or land_fraction: 1", "observed")
    values = scale * mean_of(task, one)
    if spec.cells == "run":
        there = cells(task)
        here = on_cells(task, values, one, there, "conservative", rescale=False)
        return means(here.rate, here.land * there.areas, band_of(task.column("lat", "degrees")))
    group = np.broadcast_to(band_of(one.grid.lat)[:, np.newaxis], values.shape).reshape(-1)
    return means(values.reshape(-1), one.land_area.reshape(-1), group)


def _together(products: list[Means]) -> tuple[Means, dict[str, F8]]:
    """Return the median of products in each band that all have, and the ends of their range."""
    if len(products) == 1:
        return products[0], {}
    every = np.stack([one.mean for one in products])
    median, _, _ = best_estimate(every)
    some = np.isfinite(median)
    none = np.full(BANDS, np.nan)
    n = np.min([one.n for one in products], axis=0)
    weight = np.min([one.weight for one in products], axis=0)
    ends = {"observed_low": every.min(axis=0), "observed_high": every.max(axis=0)}
    ends = {name: np.where(some, values, np.nan) for name, values in ends.items()}
    return Means(n, weight, median, none, none, none), ends
