"""Turnover times of soil carbon by class, with their spread over draws, for boxes of carbon.

A turnover time of a class, or of all land, is its carbon over what it respires in a year, both
summed over its cells: the mean of the cells' own times is another number, and is held up by a few
cells that respire next to nothing. Carbon is the driver ``soc``, alike in every draw, so that all
spread is of respiration. It is a table for ``locations: {table: FILE, key: class}`` of a scenario
with `two_box`, whose ``parameters: {tau_soil_obs: {column: tau_soil}}`` takes it; times are in
years, the unit of that parameter, as columns of such tables have the unit of what takes them.

Source: He et al. (2022), who divide five maps of stocks by one of respiration.
"""

from pathlib import Path
from typing import Any

import numpy as np

from ensemble.errors import PlanError
from ensemble.export.selecting import Selection
from ensemble.store.opening import open_run
from kernels import F8
from scenarios.units import convert

SUFFIX = "-turnover.csv"

STOCK, FLUX, CLASS = "soc", "rh", "veg"
QUANTILES = (0.05, 0.5, 0.95)
ALL = "all"


def write(selection: Selection, path: Path, years: object = None) -> list[Path]:
    """Write the table, a row a class and one of all; return its name.

    Raises
    ------
    PlanError
        The run has no sums of respiration by class, or no driver of carbon; several forcings.
    """
    import pandas as pd

    run: Any = open_run(selection.store.path)
    name, specs = f"{FLUX}_{CLASS}", selection.store.specs
    if f"aggregates/{name}" not in specs or f"drivers/{STOCK}" not in specs:
        raise PlanError(
            f"{selection.store.path}: needed sums of {FLUX} by class, aggregates: {{{FLUX}: "
            f"[{CLASS}]}}, and the driver {STOCK}; a random_forest on predictor_grid has both"
        )
    if run.sizes["forcing"] != 1:
        raise PlanError(f"{selection.store.path}: has several forcings; needed one")
    sums, carbon, rows = run["aggregates"], _carbon(run), []
    labels = [str(label) for label in sums[f"{CLASS}_class"].values]
    draws = sums[name].transpose("forcing", f"{CLASS}_class", "sample").values[0]
    cells = sums[f"{CLASS}_locations"].values
    respired = convert(draws, str(sums[name].attrs["units"]), "Pg C yr-1")
    for k, label in enumerate(labels):
        rows.append(_row(label, carbon[k], respired[k], int(cells[k])))
    rows.append(_row(ALL, carbon.sum(), respired.sum(axis=0), int(cells.sum())))
    table = pd.DataFrame(rows)
    table.to_csv(path, index=False)
    return [path]


def _carbon(run: Any) -> F8:
    """Return the carbon of each class, Pg; a cell without a number has none."""
    stock = run["drivers"][STOCK]
    held = convert(stock.values[0], str(stock.attrs["units"]), "kg m-2")
    of = run[CLASS].values
    each = np.where(np.isfinite(held), held * run["area"].values * 1e-12, 0.0)
    known = np.unique(of)
    return np.array([each[of == one].sum() for one in known])


def _row(label: str, carbon: float, respired: F8, cells: int) -> dict[str, Any]:
    """Return a class, its turnover time over draws that ran, yr, and what it follows from."""
    ran = respired[np.isfinite(respired) & (respired > 0.0)]
    times = carbon / ran
    spread = float(times.std(ddof=1)) if ran.size > 1 else np.nan
    mean = carbon / ran.mean() if ran.size else np.nan
    ends = np.quantile(times, QUANTILES) if ran.size else np.full(len(QUANTILES), np.nan)
    named = {f"tau_soil_q{round(100 * at):02d}": end
             for at, end in zip(QUANTILES, ends.tolist(), strict=True)}  # fmt: skip
    return {
        "class": label,
        "tau_soil": mean,
        "tau_soil_sd": spread,
        **named,
        "carbon_pg": carbon,
        "respiration_pg_yr": float(ran.mean()) if ran.size else np.nan,
        "cells": cells,
        "draws": ran.size,
    }
