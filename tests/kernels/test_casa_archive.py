"""CASA against the archived run of the testbed: the steady state of its mean drivers, 2000-2010.

A mean of eleven years is no cycle and the run was not at rest, so that the pools are alike, not the
same: more litter than before 1900 makes larger pools, the more so the slower they are.
"""

import gzip
from functools import cache

import numpy as np
import pytest
from casa_cases import soil
from support import DATA, needs_data

from kernels._casa_table import of_pft, published

ARCHIVE = DATA / "testbed" / "clm45_cruncep"

# Median of ours over theirs, printed to two digits, and the correlation of their logarithms.
NEAR = {
    "casa_met": ("clitmetb", 1.01, 0.99),
    "casa_str": ("clitstr", 1.20, 0.99),
    "casa_cwd": ("clitcwd", 1.02, 0.99),
    "casa_fast": ("csoilmic", 1.13, 0.98),
    "casa_slow": ("csoilslow", 1.16, 0.98),
    "casa_pass": ("csoilpass", 1.20, 0.96),
}


def table_of(name):
    with gzip.open(ARCHIVE / name, "rt") as lines:
        next(lines)
        return np.array([[float(v) for v in line.split(",")[:9]] for line in lines])


@cache
def archive():
    """Return drivers of every cell, and what the archived run held there."""
    import xarray as xr

    ground, cells = table_of("gridinfo_soil_clm2.csv.gz"), table_of("gridinfo_igbpz.csv.gz")
    at = cells[:, 0].astype(int) - 1
    found = {}
    for name in ("drivers_mean_2000_2010.nc", "casa_cnp_output_mean_2000_2010.nc"):
        with xr.open_dataset(ARCHIVE / name, decode_times=False) as data:
            for variable in data.data_vars:
                values = np.asarray(data[variable].squeeze(), dtype=np.float64)
                # Cells are numbered along meridians, from one.
                found[variable] = values.T.reshape(-1)[at] if values.ndim == 2 else values
    pft = cells[:, 3]
    wood = 1.0 / (365.0 * of_pft(published(), "age_wood", pft))
    given = {
        "pft": pft,
        "clay": ground[:, 4],
        "silt": ground[:, 5],
        "litter_met": found["litInptMet"],
        "litter_str": found["litInptStruc"],
        "litter_cwd": wood * found["cwood"],
        "soil_temperature": found["tsoilC"],
        "theta_l": found["thetaLiq"],
    }
    return given, found


@needs_data
def test_the_steady_state_of_its_means_is_near_the_archived_run():
    given, theirs = archive()
    found = soil(given, drivers="mean")
    assert np.bincount(found.status[:, 0]).tolist() == [2970, 0, 1329]
    well = found.status[:, 0] == 0
    for name, (other, median, alike) in NEAR.items():
        ours, archived = found.out[name][well, 0], theirs[other][well]
        some = (ours > 1e-3) & (archived > 1e-3)
        ratio, logs = ours[some] / archived[some], np.log([ours[some], archived[some]])
        assert np.median(ratio) == pytest.approx(median, abs=0.006), name
        assert np.corrcoef(logs)[0, 1] > alike - 0.005, name
