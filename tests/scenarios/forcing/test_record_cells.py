"""Cells that records of a table are in: those alone are run, and what is in none is told."""

import nc_files as nc
import numpy as np
import pandas as pd
import pytest
from support import DATA, needs_data

from scenarios import ScenarioError
from scenarios.forcing.testbed_means import Spec as Means
from scenarios.grids import grid_of

T = nc.need("t", "degC")
ROWS = """\
# by hand
study,Latitude,Longitude
a,50.4,4.9
a,51.0,5.0
b,NA,6
c,53.2,9.9
d,57.0,6.0
e,52.0,20
"""


def read(folder, text=ROWS, **words):
    nc.grid(nc.cells()).to_dataset(name="t").to_netcdf(folder / "f.nc")
    (folder / "sites.csv").write_text(text)
    return nc.read(folder, [T], cells={"records": "sites.csv", **words})


def test_cells_that_hold_records_are_taken(tmp_path):
    found = read(tmp_path)
    # 51 N, 5 E lies between four cells: the first in latitude and in longitude is taken.
    assert found.locations.names == ("50N_4E", "54N_10E")
    told = found.provenance["records"]
    assert {k: told[k] for k in ("records", "without_a_place", "in_cells", "cells")} == {
        "records": 6, "without_a_place": 1, "in_cells": 3, "cells": 2
    }  # fmt: skip
    assert told["beyond_the_grid"] == "2: line 7 (57, 6), 8 (52, 20)"
    text = "2 of 5 records of sites.csv are more than half a cell beyond the grid: line 7 (57, 6)"
    assert found.provenance["warnings"][0].startswith(text)


def test_a_record_in_a_cell_that_is_not_run_is_told(tmp_path):
    found = read(tmp_path, box=[49, 51, 0, 20])
    assert found.locations.names == ("50N_4E",)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("study,lat\na,1\n", "has no column of longitudes"),
        ("lat,lon\n91,5\n", "degrees north"),
        ("lat,lon\nx,5\n", "needed degrees"),
        ("lat,lon\n-30,5\n", "no place is left"),
    ],
)
def test_what_cannot_be_is_refused(text, said, tmp_path):
    with pytest.raises(ScenarioError, match=said):
        read(tmp_path, text)


def test_the_nearest_centre_of_a_circle_may_be_beyond_its_beginning():
    grid = grid_of(np.linspace(-90, 90, 96).astype("f4"), np.arange(0, 360, 2.5))
    row, column, inside = grid.nearest(np.array([89.9, 0.0, 0.0]), np.array([-0.5, 101.25, 123.75]))
    # evaluation.md 3.2: 101.25 E and 123.75 E are as near to two columns; the first is taken.
    assert (row.tolist(), column.tolist()) == ([95, 47, 47], [0, 40, 49])
    assert inside.all()


@needs_data
def test_records_of_dgrsd_are_in_the_cells_of_the_testbed():
    folder = DATA / "testbed" / "clm45_cruncep"
    files = {"path": "drivers_mean_2000_2010.nc", "grid": "gridinfo_igbpz.csv.gz"}
    table = DATA / "observations" / "dgrsd_daily_rh.csv"
    words = {**files, "soil": "gridinfo_soil_clm2.csv.gz", "cells": {"records": str(table)}}
    (found,) = Means(reader="testbed_means", **words).read([], folder)
    records = pd.read_csv(table, keep_default_na=False)
    places = records[["Latitude", "Longitude"]].apply(pd.to_numeric, errors="coerce").dropna()
    lat, lon = places.to_numpy().T
    # The second way: by the whole grid's spacing.
    row, column = np.ceil((lat + 90) * 95 / 180 - 0.5), np.ceil(lon % 360 / 2.5 - 0.5) % 144
    run = found.locations.columns
    cells = set(zip(np.rint((run["lat"] + 90) * 95 / 180), run["lon"] % 360 / 2.5, strict=True))
    held = [pair in cells for pair in zip(row, column, strict=True)]
    told = found.provenance["records"]
    assert told["records"] == 9489
    assert told["without_a_place"] == 9489 - len(lat)
    assert told["in_cells"] == sum(held)
    assert told["cells"] == len(cells) == len({*zip(row[held], column[held], strict=True)})
