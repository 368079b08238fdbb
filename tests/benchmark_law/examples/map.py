"""The median of two products, by bands of latitude."""

from benchmark_law import maps
from benchmark_law.example import Example

EXAMPLE = Example(
    {
        "output": "rh",
        "observed": {"reader": "maps", "of": {"one": maps.read("one"), "two": maps.read("two")}},
        "groups": ["global", "zonal"],
        "scores": [*("bias", "rmse", "crmse", "mae", "r", "r2"),
                   *("sd_ratio", "kge", "nse", "taylor", "within", "within_cells"),
                   *("rmse_unweighted", "ilamb_bias", "ilamb_bias_mass", "ilamb_spatial")],
    },
    maps.write,
)  # fmt: skip
