"""A stock over a flux, by bands of latitude."""

from benchmark_law import maps
from benchmark_law.example import Example

EXAMPLE = Example(
    {
        "output": "rh",
        "stocks": ["stock"],
        "observed": {
            "reader": "maps",
            "of": {"stock": maps.read("stock"), "flux": maps.read("one")},
        },
        "groups": ["global", "zonal"],
        "scores": ["bias", "time", "ratio"],
    },
    maps.write,
)
