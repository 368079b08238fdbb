"""Studies at some of the cells, kept pair by pair for the tests of studies."""

from benchmark_law.example import Example
from gridded import forcing

HEADER = "Study_number,Meas_Year,Meas_Month,Meas_DOY,Rh_Norm,Latitude,Longitude,Manipulation\n"


def write(folder):
    """Write seven records of each of five studies, next to the middles of cells."""
    columns = forcing.places(30).columns
    rows = []
    for k in range(35):
        lat, lon = (float(columns[name][4 + k // 7]) for name in ("lat", "lon"))
        rate = 0.002 * (1 + k % 7) * (1 + k // 7)
        rows.append(f"s{k // 7},{2000 + k % 3},{1 + k % 7},NA,{rate:.6f},{lat},{lon},None\n")
    (folder / "records.csv").write_text(HEADER + "".join(rows))


EXAMPLE = Example(
    {
        "output": "rh",
        "observed": {"reader": "dgrsd", "path": "records.csv"},
        "scores": [
            *("bias", "rmse", "crmse", "mae", "r", "r2", "sd_ratio", "kge", "nse", "taylor"),
            *("bias_studies", "rmse_studies", "over", "under", "well"),
        ],
    },
    write,
)
