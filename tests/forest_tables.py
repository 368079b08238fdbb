"""Invented records of soil respiration with predictors, as ``prepare forest`` writes them."""

import numpy as np

from kernels.forest.shared.predictors import CLASSES, NUMBERS

HEADER = [
    "Record_number", "Study_number", "rh [g C m-2 yr-1]",
    *(f"{v.name} [{v.units}]" for v in NUMBERS), "veg", "class_area [m2]", "lat", "lon",
]  # fmt: skip
AREAS = np.linspace(1e12, 1e13, len(CLASSES))


def predictors(count, seed):
    """Return invented predictors of cells by name, (count,), of the first six classes."""
    rng = np.random.default_rng(seed)
    found = {v.name: rng.uniform(max(v.expected_range.low, 0), 12.0, count) for v in NUMBERS}
    return {**found, "swc": rng.uniform(0.1, 0.9, count), "veg": 1.0 + rng.integers(0, 6, count)}


def rows(count=80, seed=1):
    """Return the rows of a table, lists of texts."""
    columns = predictors(count, seed)
    noise = np.random.default_rng(seed + 1).normal(0, 20, count)
    flux = 300 + 20 * columns["mat"] + 10 * columns["map"] + noise
    found = []
    for i in range(count):
        of = int(columns["veg"][i]) - 1
        numbers = [repr(float(columns[v.name][i])) for v in NUMBERS]
        study = str(1 + i // 4)
        found.append([str(i + 1), study, repr(float(flux[i])), *numbers, CLASSES[of],
                      repr(float(AREAS[of])), str(i % 60), str(3 * i - 120)])  # fmt: skip
    return found


def text(table, header=HEADER):
    """Return a table as it stands in a file, with a comment before it."""
    return "\n".join(["# made up", *(",".join(row) for row in [header, *table]), ""])
