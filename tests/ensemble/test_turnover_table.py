"""Turnover times by class of a forest's run become the table that two boxes take."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from commandline import refused, soilsweep

FOREST = (
    "--set",
    "design.parameters.trees.values=[10]",
    "--set",
    "design.parameters.mtry.values=[2,4]",
)
BOXES = """
version: 1
name: boxes
kernel: {name: two_box, reference: [2001, 2002]}
forcing: {reader: site_table, path: places.csv, series: {path: npp.csv}, invented: two classes}
locations: {table: turnover.csv, key: class}
parameters: {tau_soil_obs: {column: tau_soil}}
design: {method: latin_hypercube, n: 4, parameters: {tau_veg_obs: {uniform: [8, 12]}}}
outputs: {c_soil: last}
store: runs/boxes.zarr
"""
SERIES = """location,year,npp [Pg C yr-1],rh [Pg C yr-1],c_veg_model [Pg C],c_soil_model [Pg C]
ENF,2001,3,2.5,30,300
ENF,2002,3.1,2.5,30.2,300.5
EBF,2001,25,22,250,400
EBF,2002,25.5,22.5,251,401
"""


def test_a_forest_gives_two_boxes_their_turnover_times(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert soilsweep("run", "he2022-forest", "--store", "f.zarr", "-q", *FOREST).code == 0
    words = ("export", "f.zarr", "--to", "csv", "--for", "two_box", "-o", "turnover.csv")
    assert soilsweep(*words).code == 0
    table = pd.read_csv("turnover.csv", index_col="class")
    run = xr.open_datatree("f.zarr", engine="zarr")
    area, veg, soc = run["area"].values, run["veg"].values, run["drivers/soc"].values[0]
    flux = run["rh"].values[0].astype(float)
    for at, name in ((1, "ENF"), (2, "EBF"), (10, "TUN")):
        of = veg == at
        carbon = np.sum(soc[of] * area[of]) / 1e12
        draws = (flux[of] * area[of, np.newaxis]).sum(axis=0) / 1e15
        one = table.loc[name]
        assert one["carbon_pg"] == pytest.approx(carbon, rel=1e-12)
        # Stored members have seven digits.
        assert one["tau_soil"] == pytest.approx(carbon / draws.mean(), rel=1e-6)
        assert one["tau_soil_sd"] == pytest.approx((carbon / draws).std(ddof=1), rel=1e-3)
        assert (one["cells"], one["draws"]) == (of.sum(), 2)
    whole = table.loc["all"]
    sums = table.drop("all")[["carbon_pg", "respiration_pg_yr"]].sum()
    assert whole["tau_soil"] == pytest.approx(sums.iloc[0] / sums.iloc[1], rel=1e-12)
    (tmp_path / "boxes.yaml").write_text(BOXES)
    (tmp_path / "places.csv").write_text("location,lat,lon\nENF,60,10\nEBF,0,20\n")
    (tmp_path / "npp.csv").write_text(SERIES)
    said = soilsweep("run", "boxes.yaml", "-q")
    assert said.code == 0, said.err
    taken = xr.open_datatree("runs/boxes.zarr", engine="zarr")["control/tau_soil_obs"].values[0]
    assert taken.tolist() == table.loc[["ENF", "EBF"], "tau_soil"].tolist()
    refused(
        soilsweep("export", "runs/boxes.zarr", "--to", "csv", "--for", "two_box"),
        "needed sums of rh by class",
    )
    refused(soilsweep(*words[:3], "netcdf", *words[4:6], "-o", "x"), "two_box goes --to csv")
