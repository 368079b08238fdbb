"""Records of daily respiration beside CASA's annual mean of their cells, from the data's files.

They are read here by plain numpy, so that neither readers nor benchmarks are tested by themselves.
"""

import csv
from functools import cache

import netCDF4
import numpy as np
from support import DATA

from scenarios import grids

TABLES = DATA.parent / "science" / "acceptance"
CASA = DATA / "testbed" / "clm45_cruncep" / "casa_cnp_output_mean_2000_2010.nc"
RECORDS = DATA / "observations" / "dgrsd_daily_rh.csv"


def number(text):
    return np.nan if text in ("", "NA") else float(text)


@cache
def table():
    """Return the columns of the records, text and float64."""
    with RECORDS.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    names = {"rh": "Rh_Norm", "lat": "Latitude", "lon": "Longitude", "year": "Meas_Year",
             "doy": "Meas_DOY", "month": "Meas_Month"}  # fmt: skip
    found = {k: np.array([number(row[name]) for row in rows]) for k, name in names.items()}
    for k, name in (("study", "Study_number"), ("manipulation", "Manipulation")):
        found[k] = np.array([row[name] for row in rows])
    by_month = np.floor(30.5 * found["month"] - 15)
    found["made"] = np.isnan(found["doy"]) & np.isfinite(by_month)
    found["doy"] = np.where(np.isnan(found["doy"]), by_month, found["doy"])
    return found


@cache
def casa():
    """Return CASA's annual mean at each record, g C m-2 d-1; NaN where there is none."""
    columns = table()
    with netCDF4.Dataset(CASA) as file:
        rate = np.ma.filled(file["cresp"][:], np.nan).astype(np.float64)
        lat, lon = (np.asarray(file[name][:], np.float64) for name in ("lat", "lon"))
    there = np.isfinite(columns["lat"]) & np.isfinite(columns["lon"])
    found = np.full(len(there), np.nan)
    rows = grids.nearest(lat, columns["lat"][there])
    found[there] = rate[rows, grids.nearest(lon, columns["lon"][there], around=True)]
    return found


def left(chosen, *, months=True):
    """Return which records are left after each step, a mask of each."""
    columns = table()
    steps = [chosen, np.isfinite(columns["rh"])]
    steps.append(np.isfinite(columns["lat"]) & np.isfinite(columns["lon"]))
    timed = np.isfinite(columns["year"]) & np.isfinite(columns["doy"])
    steps.append(timed if months else timed & ~columns["made"])
    steps += [np.isfinite(casa()), casa() > 0]
    return list(np.logical_and.accumulate(steps))


@cache
def pairs(manipulation):
    """Return observed, modelled and study of the pairs: ``None`` for unmanipulated, or ``all``."""
    columns = table()
    chosen = columns["manipulation"] == "None"
    some = left(chosen if manipulation == "None" else np.ones_like(chosen))[-1]
    return columns["rh"][some], casa()[some], columns["study"][some]
