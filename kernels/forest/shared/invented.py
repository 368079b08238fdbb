"""An invented world of predictors, and invented records of respiration in it; no data.

Cells of five degrees on land of our own shape, with climate by latitude, plants by climate and
soils by both. Records stand where people measure: more than half of them in the temperate north,
several to a study and to a cell, and none where it is coldest or driest, so that a part of the
world lies outside what they tell. Their flux follows from productivity, warmth and water of the
cell, times what is of the cell, of the study, and of the record alone; so random folds, which
leave records of a study on both sides, promise more than other studies hold.

Source: invented.
"""

from functools import cache

import numpy as np

from kernels.contract.arrays import F8
from kernels.forest.shared.predictors import CLASSES, NUMBERS

INVENTED = "invented"
"""What ``training:`` says for these records."""

LABEL = "synthetic predictors and records (invented; not measured)"

STEP = 5.0
"""Degrees, of a cell."""

RADIUS = 6.371e6
"""Of the Earth, m."""

RECORDS = {"rh": 320, "rs": 520}
SEEDS = {"rh": 2022, "rs": 2021}
STUDIES = 0.3
"""Studies for each record."""

SCATTER = {"cell": 0.20, "study": 0.22, "record": 0.12}
"""Standard deviations of the logarithm of the flux."""

HETEROTROPHIC = 0.56
"""Part of all respiration of a soil."""


@cache
def world() -> dict[str, F8]:
    """Return the cells, by latitude, then longitude: ``lat``, ``lon``, ``area`` and predictors.

    Returns
    -------
    dict of str to ndarray, shape (cells,)
        Degrees, m2, and units of `PREDICTORS`; ``veg`` is the class from 1.
    """
    middles = (np.arange(-52.5, 75.0, STEP), np.arange(-177.5, 180.0, STEP))
    lat, lon = (axis.ravel() for axis in np.meshgrid(*middles, indexing="ij"))
    north, east = np.radians(lat), np.radians(lon)
    land = np.sin(1.3 * east + 0.9 * np.sin(2.0 * north)) + 0.6 * np.sin(2.1 * east + 1.0)
    found = _climate(lat, east)
    found |= _life(found, east, north)
    kept = (land + 0.5 * np.sin(2.0 * north) > 0.25) & (found["map"] > 120.0)
    half = np.radians(STEP / 2.0)
    area = RADIUS**2 * 2.0 * half * (np.sin(north + half) - np.sin(north - half))
    cells = {"lat": lat, "lon": lon, "area": area, **found}
    return {name: values[kept] for name, values in cells.items()}


def _climate(lat: F8, east: F8) -> dict[str, F8]:
    """Return temperature, rain and their seasons, as round numbers."""
    far = np.abs(lat)
    mat = 27.0 - 0.011 * far**2 + 2.0 * np.sin(3.0 * east)
    swing = 0.35 * far
    months = mat[:, np.newaxis] + swing[:, np.newaxis] * np.cos(np.arange(12) * np.pi / 6.0)
    rain = 1900.0 * np.exp(-((lat / 13.0) ** 2)) + 750.0 * np.exp(-(((far - 48.0) / 15.0) ** 2))
    rain = (rain + 130.0) * (1.0 + 0.45 * np.sin(2.0 * east + 0.4))
    warm = (months > 0.0).sum(axis=1).astype(np.float64)
    need = np.clip(months, 0.0, None) * 5.5
    dry = (need > rain[:, np.newaxis] / 12.0).sum(axis=1).astype(np.float64)
    return {"mat": mat.round(2), "map": rain.round(1), "dry": dry, "gsl": warm,
            "map_gs": (rain * warm / 12.0).round(1)}  # fmt: skip


def _life(climate: dict[str, F8], east: F8, north: F8) -> dict[str, F8]:
    """Return plants and soils of a climate."""
    mat, rain, dry = climate["mat"], climate["map"], climate["dry"]
    gpp = 3000.0 * (1.0 - np.exp(-rain / 1100.0)) * np.clip((mat + 12.0) / 38.0, 0.02, 1.0)
    soc = 5.0 + 24.0 / (1.0 + np.exp((mat - 2.0) / 3.0)) + rain / 400.0
    clay = 22.0 + 12.0 * np.sin(2.7 * east + 3.0 * north)
    return {
        "gpp": gpp.round(1),
        "litter": (0.21 * gpp * (1.0 + 0.2 * np.cos(4.0 * east))).round(2),
        "soc": soc.round(3),
        "clay": clay.round(3),
        "swc": np.clip(0.15 + rain / 3200.0 - 0.012 * dry, 0.05, 0.95).round(4),
        "veg": _classes(mat, rain, east),
    }


def _classes(mat: F8, rain: F8, east: F8) -> F8:
    """Return the class of vegetation from 1."""
    wooded = np.sin(5.0 * east)
    rules = (
        (mat < -9.0, "TUN"),
        ((mat < 3.0) & (wooded > 0.6), "DNF"),
        (mat < 3.0, "ENF"),
        (rain < 330.0, "SHR"),
        (rain < 620.0, "GRA"),
        ((mat > 20.0) & (rain > 1500.0), "EBF"),
        (mat > 17.0, "SAV"),
        (wooded > 0.3, "CRO"),
        (wooded > -0.4, "DBF"),
    )
    number = {name: k + 1.0 for k, name in enumerate(CLASSES)}
    return np.select([where for where, _ in rules], [number[n] for _, n in rules], number["MF"])


def _climate_zone(mat: float, rain: float) -> str:
    """Return a climate of Koeppen's first letter and rain, roughly."""
    if rain < 20.0 * mat + 140.0 and mat > -5.0:
        return "BSk"
    return "Af" if mat > 21.0 else "Cfb" if mat > 9.0 else "Dfc" if mat > -9.0 else "ET"


def table(flux: str) -> str:
    """Return records of a flux as ``soilsweep prepare forest`` writes them.

    Parameters
    ----------
    flux : str
        ``rh`` or ``rs``.
    """
    cells, count = world(), RECORDS[flux]
    # Of numpy's old generator, whose stream is promised not to change.
    random = np.random.RandomState(SEEDS[flux])
    seen = np.exp(-(((cells["lat"] - 45.0) / 18.0) ** 2)) + 0.12 * (cells["mat"] > 12.0)
    seen *= (cells["mat"] > -8.0) & (cells["map"] > 260.0)
    studies = int(count * STUDIES)
    home = np.searchsorted(np.cumsum(seen) / seen.sum(), random.random_sample(studies))
    study = random.randint(studies, size=count)
    cell = home[study]
    of_cell = SCATTER["cell"] * random.standard_normal(cells["lat"].size)[cell]
    of_study = SCATTER["study"] * random.standard_normal(studies)[study]
    alone = SCATTER["record"] * random.standard_normal(count)
    water = np.clip(cells["swc"][cell] / 0.5, 0.3, 1.2)
    mean = 55.0 + 0.16 * cells["gpp"][cell] * water + 4.5 * np.clip(cells["mat"][cell], 0.0, None)
    whole = mean if flux == "rh" else mean / HETEROTROPHIC
    values = (whole * np.exp(of_cell + of_study + alone)).round(2)
    aside = STEP / 2.0 * (2.0 * random.random_sample((2, studies)) - 1.0)
    area = np.bincount(cells["veg"].astype(np.int64), cells["area"])[cells["veg"].astype(np.int64)]
    lines = ["# invented: no data", ",".join(_header(flux))]
    for i, k in enumerate(cell.tolist()):
        place = (cells[name][k] + aside[j, study[i]] for j, name in enumerate(("lat", "lon")))
        texts = [
            str(i + 1), str(study[i] + 1), *(f"{one:.4f}" for one in place),
            *(repr(float(cells[name][k])) for name in ("lat", "lon")),
            _climate_zone(cells["mat"][k], cells["map"][k]), repr(float(values[i])),
            *(repr(float(cells[v.name][k])) for v in NUMBERS),
            CLASSES[int(cells["veg"][k]) - 1], repr(float(area[k])),
        ]  # fmt: skip
        lines.append(",".join(texts))
    return "\n".join([*lines, ""])


def _header(flux: str) -> tuple[str, ...]:
    units = (f"{v.name} [{v.units}]" for v in NUMBERS)
    return ("Record_number", "Study_number", "lat", "lon", "cell_lat", "cell_lon", "koeppen",
            f"{flux} [g C m-2 yr-1]", *units, "veg", "class_area [m2]")  # fmt: skip
