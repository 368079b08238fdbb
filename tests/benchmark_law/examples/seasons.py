"""Records of two regions of the north, by day of the year."""

import numpy as np
from benchmark_law.example import Example
from gridded import forcing
from workbooks import workbook

HEADER = "Study_number,Meas_Year,Meas_Month,Meas_DOY,Rh_Norm,Latitude,Longitude,Manipulation\n"


def write(folder):
    """Write ten days at each cell of the north, and the classes of these cells."""
    columns = forcing.places(30).columns
    north = np.flatnonzero(columns["lat"] > 0)
    rows, classes = [], [("Latitude", "Longitude", "ClimateTypes")]
    for k in north.tolist():
        lat, lon = (float(columns[name][k]) for name in ("lat", "lon"))
        cell = (np.floor(2 * min(lat, 89.9)) + 0.5) / 2, (np.floor(2 * lon) + 0.5) / 2
        classes.append((*map(float, cell), "Dfb" if k % 2 else "Cfa"))
        for day in range(15, 365, 35):
            rate = 0.004 * (1.5 - np.cos(2 * np.pi * (day - 20) / 365)) * (1 + 0.1 * k)
            rows.append(f"s{k},2001,1,{day},{rate:.6f},{lat},{lon},None\n")
    (folder / "records.csv").write_text(HEADER + "".join(rows))
    (folder / "classes.xlsx").write_bytes(workbook(list(dict.fromkeys(classes))))


EXAMPLE = Example(
    {
        "output": "rh",
        "observed": {"reader": "dgrsd", "path": "records.csv"},
        "scores": ["bias", "rmse"],
    },
    write,
    section={"classes": {"koeppen": {"reader": "koeppen_classes", "path": "classes.xlsx"}}},
)
