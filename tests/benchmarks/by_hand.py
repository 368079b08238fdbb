"""The tau job as a careful scientist writes it in one afternoon: numpy, numba and zarr.

``python by_hand.py DRIVERS.npz RESULT.zarr`` does the statistics of the job in one process:
draws, kernel, mean, standard deviation and quantiles by numpy, results into a zarr group.
"""

import sys

import numpy as np
from numba import njit

BLOCK = 512


@njit(error_model="numpy", nogil=True, cache=True)
def two_box(npp, tau_veg, tau_soil, veg_shift, soil_shift, c_veg, c_soil):
    """Fill c_veg and c_soil (T, S) of one land model by the implicit scheme."""
    years, samples = c_veg.shape
    veg, soil = np.empty(BLOCK), np.empty(BLOCK)
    for start in range(0, samples, BLOCK):
        width = min(BLOCK, samples - start)
        for i in range(width):
            veg[i] = npp[0] * (tau_veg[0] + veg_shift[start + i])
            soil[i] = npp[0] * (tau_soil[0] + soil_shift[start + i])
        for t in range(years):
            if t > 0:
                for i in range(width):
                    a = tau_veg[t] + veg_shift[start + i]
                    b = tau_soil[t] + soil_shift[start + i]
                    grown = veg[i] + npp[t]
                    veg[i] = grown * (a / (1.0 + a))
                    soil[i] = (soil[i] + (grown - veg[i])) * (b / (1.0 + b))
            for i in range(width):
                c_veg[t, start + i] = veg[i]
                c_soil[t, start + i] = soil[i]


def diagnose(npp, c_veg, c_soil):
    """Return the turnover times of vegetation and soil (models, T) of land models."""
    litter = npp[:, 1:] - np.diff(c_veg)
    tau_veg = c_veg[:, 1:] / litter
    tau_soil = c_soil[:, 1:] / (litter - np.diff(c_soil))
    return (np.concatenate([tau[:, :1], tau], axis=1) for tau in (tau_veg, tau_soil))


def shifts(tau, years, observed):
    """Return by how much each model's series is moved for each draw (models, S)."""
    reference = (years >= 1982) & (years <= 2018)
    return observed - tau[:, reference].mean(axis=1, keepdims=True)


def main(source, target):
    """Write the statistics of the changes 1901-2018 of every model."""
    import zarr

    given = np.load(source)
    npp, years = given["npp"], given["years"]
    tau_veg, tau_soil = diagnose(npp, given["c_veg"], given["c_soil"])
    random = np.random.default_rng(2022)
    veg = np.repeat(random.normal(10.3, 1.4, 100), 100)
    soil = np.tile(np.maximum(random.normal(38.3, 11.0, 100), 4.0), 100)
    veg_shift, soil_shift = shifts(tau_veg, years, veg), shifts(tau_soil, years, soil)
    shape = (len(years), veg.size)
    c_veg, c_soil = np.empty(shape), np.empty(shape)
    first = int(np.flatnonzero(years == 1901)[0])
    found = {}
    for m in range(len(npp)):
        two_box(npp[m], tau_veg[m], tau_soil[m], veg_shift[m], soil_shift[m], c_veg, c_soil)
        d_veg, d_soil = c_veg[-1] - c_veg[first], c_soil[-1] - c_soil[first]
        for name, change in (("veg", d_veg), ("soil", d_soil), ("total", d_veg + d_soil)):
            found.setdefault(f"{name}_mean", []).append(change.mean())
            found.setdefault(f"{name}_std", []).append(change.std())
        found.setdefault("total_quantiles", []).append(np.quantile(change, [0.05, 0.5, 0.95]))
    group = zarr.create_group(target)
    for name, values in found.items():
        group.create_array(name, data=np.array(values))


if __name__ == "__main__":
    main(*sys.argv[1:])
