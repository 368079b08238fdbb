"""Bands of one product."""

from benchmark_law import maps
from benchmark_law.example import Example

EXAMPLE = Example(
    {
        "output": "rh",
        "observed": maps.read("one"),
        "scores": ["bias", "rmse", "crmse", "r", "r2", "sd_ratio", "kge", "nse", "taylor"],
    },
    maps.write,
)
