"""The vertically resolved forward MIMICS a second time, in C, from its specification alone.

Pools are (layers, 7) in mg C cm-3 in the order of `POOLS`; times are years of 8760 h. A profile
is ``preset, site, params, thickness``: sites and parameters in the order of `SITE` and
`PARAMETERS` (or by name), thicknesses in cm. In its place stand its `coefficients` too, one row
a layer, of which some may have been changed.
"""

import ctypes
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy.linalg import expm

PRESETS = ("w21_text", "w21_code")
PARAMETERS = ("x_v", "x_k", "x_d", "x_D", "alpha_r", "alpha_v", "beta")
SITE = ("I_A", "I_B", "T", "clay", "LN_A", "LN_B", "NPP")
POOLS = ("m", "s", "r", "k", "p", "c", "a")
RULES = ("column", "column_pools", "layers")
LOWEST = np.array([2, 2, 0.1, 0.01, 1, 1, 1])
HIGHEST = np.array([30, 30, 15, 25, 30, 30, 2])
"""The ranges of Table 1."""
COLD = 16.5 * np.array([0.1, 0.1, 0.025, 0.025, 0.1125, 0.375, 0.2625])
YEAR = 8760.0
LAMBDA = np.log(2) / 5730 / YEAR
INPUTS, UP, DOWN, DECAY, DZ, COEFFICIENTS = slice(23, 27), 32, 33, 34, 35, 36
"""Columns of the coefficients, by the C source's own numbers."""

gcc = shutil.which("gcc")


@cache
def library():
    """Compile the C source and return it."""
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder, "profile.so"))
        # Its functions must find each other first: the C library has an `advance` too, say.
        flags = ["-O3", "-march=native", "-shared", "-fPIC", "-std=gnu11", "-Wl,-Bsymbolic"]
        source = str(Path(__file__).with_name("profile.c"))
        subprocess.run([gcc, *flags, "-o", path, source, "-lm"], check=True)
        found = ctypes.CDLL(path)
    whole, real, place = ctypes.c_long, ctypes.c_double, ctypes.c_void_p
    flag = ctypes.c_int
    of_profile = (whole, place, place)
    for name, result, arguments in (
        ("coefficients", None, (flag, place, place, whole, place, place)),
        ("rates", None, (*of_profile, place, place)),
        ("jacobian", None, (*of_profile, place)),
        ("donors", None, (*of_profile, place)),
        ("steady", flag, (*of_profile, whole, place, place)),
        (
            "steady_many",
            None,
            (whole, flag, place, place, whole, *[place] * 2, whole, *[place] * 4),
        ),
        ("hourly", None, (*of_profile, whole)),
        ("integrate", flag, (*of_profile, real, real, place)),
        ("stopping_year", whole, (flag, real, whole, real, *of_profile)),
    ):
        function = getattr(found, name)
        function.restype, function.argtypes = result, arguments
    return found


def _place(array):
    return array.ctypes.data


def _made(profile):
    return profile[0] if len(profile) == 1 else coefficients(*profile)


def _of(k, pools):
    """Return the arguments that name a profile; the arrays must outlive the call."""
    assert k.flags.c_contiguous
    assert pools.flags.c_contiguous
    assert k.shape == (len(pools), COEFFICIENTS)
    return len(k), _place(k), _place(pools)


def _start(k, start=None):
    """Return a copy to be changed in place, of the cold state where nothing is given."""
    whole = np.broadcast_to(COLD if start is None else start, (len(k), 7))
    return np.array(whole, dtype=float, order="C")


def _row(given, names):
    """Return the values of a mapping, or an array as it is, in the order of `names`."""
    values = [given[name] for name in names] if isinstance(given, dict) else given
    return np.ascontiguousarray(values, dtype=float)


def coefficients(preset, site, params, thickness):
    """Return the coefficients of a profile, one row a layer."""
    site, params = _row(site, SITE), _row(params, PARAMETERS)
    dz = np.ascontiguousarray(thickness, dtype=float)
    k = np.empty((len(dz), COEFFICIENTS))
    library().coefficients(
        PRESETS.index(preset), _place(site), _place(params), len(dz), _place(dz), _place(k)
    )
    return k


def rates(k, pools):
    """Return rates of all pools (mg C cm-3 h-1) and respiration of the layers."""
    found, breath = np.empty_like(pools), np.empty(len(k))
    library().rates(*_of(k, pools), _place(found), _place(breath))
    return found, breath


def _dense(k, blocks):
    """Return the whole matrix, (7 layers, 7 layers), from what C leaves of minus its blocks."""
    layers = len(k)
    whole = np.zeros((layers, 7, layers, 7))
    here = np.arange(layers)
    whole[here, :, here, :] = -blocks[:, :, :7]
    for pool in range(7):
        whole[here[1:], pool, here[:-1], pool] = k[1:, UP]
        whole[here[:-1], pool, here[1:], pool] = k[:-1, DOWN]
    return whole.reshape(7 * layers, 7 * layers)


def jacobian(k, pools):
    """Return the derivatives of all rates by all pools (h-1)."""
    blocks = np.empty((len(k), 7, 8))
    library().jacobian(*_of(k, pools), _place(blocks))
    return _dense(k, blocks)


def donors(k, pools):
    """Return A of dN/dt = A N + b for a tracer that goes where the carbon of `pools` goes."""
    blocks = np.empty((len(k), 7, 8))
    library().donors(*_of(k, pools), _place(blocks))
    return _dense(k, blocks)


def inputs(k):
    """Return the inputs of all pools, (layers, 7), in mg C cm-3 h-1."""
    found = np.zeros((len(k), 7))
    found[:, [0, 1, 4, 5]] = k[:, INPUTS]
    return found


class Steady(NamedTuple):
    """Pools at rest, linear solves, largest relative rate (yr-1) and status.

    Status 1 is a budget used up; 2 a state whose updates are small and which is not at rest.
    """

    pools: np.ndarray
    solves: np.ndarray
    rate: np.ndarray
    status: np.ndarray


def steady(*profile, start=None, budget=300):
    """Return the steady state of one profile."""
    k = _made(profile)
    pools, solves, rate = _start(k, start), np.zeros(1, int), np.zeros(1)
    status = library().steady(*_of(k, pools), budget, _place(solves), _place(rate))
    return Steady(pools, solves[0], rate[0], status)


def modes(k, pools):
    """Return the slowest mode (yr), the fastest rate (yr-1) and the largest real part (yr-1)."""
    scale = pools.ravel()
    # In relative units, as pools are many orders of magnitude apart.
    found = np.linalg.eigvals(jacobian(k, pools) * scale / scale[:, None])
    real = found.real * YEAR
    return 1 / np.abs(real).min(), np.abs(real).max(), real.max()


def steady_many(preset, site, params, thickness, *, budget=300):
    """Return the steady states of members, rows of `params` and `site` (or one for all)."""
    params = np.ascontiguousarray(params, dtype=float)
    members = len(params)
    site = np.ascontiguousarray(np.broadcast_to(_row(site, SITE), (members, 7)))
    dz = np.ascontiguousarray(thickness, dtype=float)
    found = Steady(
        np.empty((members, len(dz), 7)),
        np.empty(members, int),
        np.empty(members),
        np.empty(members, np.intc),
    )
    job = (members, PRESETS.index(preset), _place(site), _place(params), len(dz), _place(dz))
    library().steady_many(*job, _place(COLD), budget, *map(_place, found))
    return found


def hourly_years(years, *profile, start=None):
    """Return the pools after years of fully implicit hourly steps, one Newton iteration each."""
    k = _made(profile)
    pools = _start(k, start)
    library().hourly(*_of(k, pools), round(years * YEAR))
    return pools


def transient(years, *profile, start=None, tolerance=1e-11):
    """Return the pools at each of the `years` since `start`, exact in time to `tolerance`."""
    k = _made(profile)
    pools, step, now, found = _start(k, start), np.array([100.0]), 0.0, []
    for year in years:
        span = (year - now) * YEAR
        assert library().integrate(*_of(k, pools), span, tolerance, _place(step)) == 0
        found.append(pools.copy())
        now = year
    return np.array(found)


def stopping_year(rule, *profile, limit=1e-4, years=20_000, start=None, tolerance=1e-11):
    """Return the first year in which nothing that `rule` names changed by `limit`, and its pools.

    The year is -1 where that does not happen within `years`.
    """
    k = _made(profile)
    pools = _start(k, start)
    of_rule = (RULES.index(rule), limit, years, tolerance)
    return library().stopping_year(*of_rule, *_of(k, pools)), pools


def arrival_year(limit, *profile, start=None, tolerance=1e-11):
    """Return the first year at which every pool is within `limit` of the steady state.

    Found by strides that shrink, as the worst pool comes nearer steadily once it is near.
    """
    k = _made(profile)
    target, pools, year = steady(k).pools, _start(k, start), 0
    for stride in (1000, 100, 10, 1):
        while True:
            later = transient([stride], k, start=pools, tolerance=tolerance)[0]
            if np.abs(later / target - 1).max() < limit:
                break
            pools, year = later, year + stride
    return year + 1


def fraction_modern(litter, *profile, decay=LAMBDA):
    """Return FM of all pools before and after each year of a tracer, (years + 1, layers, 7).

    `litter` is the FM of the litter of the spin-up and then of every year; carbon is at rest.
    """
    k = _made(profile)
    carbon, own = steady(k).pools, k.copy()
    own[:, DECAY] = decay
    a = donors(own, carbon)
    per_fm = -np.linalg.solve(a, inputs(k).ravel())
    year = expm(a * YEAR)
    found = [per_fm * litter[0]]
    for fm in litter[1:]:
        rest = per_fm * fm
        found.append(rest + year @ (found[-1] - rest))
    return np.array(found).reshape(-1, *carbon.shape) / carbon


def fraction_modern_apart(litter, *profile, decay=LAMBDA, tolerance=1e-10):
    """Return the same of the paper's mode: the whole model run again on 14C by itself."""
    k = _made(profile)
    carbon, own = steady(k).pools, k.copy()
    own[:, DECAY] = decay
    own[:, INPUTS] = k[:, INPUTS] * litter[0]
    rest = steady(own)
    assert rest.status == 0
    found = [rest.pools]
    for fm in litter[1:]:
        own[:, INPUTS] = k[:, INPUTS] * fm
        found.append(transient([1], own, start=found[-1], tolerance=tolerance)[0])
    return np.array(found) / carbon
