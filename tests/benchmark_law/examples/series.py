"""Three years of a total, and its interval."""

from benchmark_law.example import Example

TEXT = "year,rh [Pg C yr-1]\n2000,0.005\n2001,0.006\n2002,0.0055\n"

EXAMPLE = Example(
    {
        "output": "rh",
        "observed": {"reader": "global_series", "path": "rh.csv", "value": "rh"},
        "interval": "0.002 Pg C yr-1",
        "scores": [
            *("bias", "rmse", "crmse", "mae", "r", "r2", "sd_ratio"),
            *("trend", "r_detrended", "within"),
        ],
    },
    lambda folder: (folder / "rh.csv").write_text(TEXT),
)
