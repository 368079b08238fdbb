"""Columns of a table of soil layers: units, what their values may be, what is declared of them."""

from collections.abc import Mapping

from scenarios.forcing.common.declared import Input, Order, Quantity, Role

DENSEST = 2.7
"""Of mineral grains, g cm-3: denser soil is in another unit."""

OBSERVED = (
    "pc_dataset_name", "ProfileID", "Lat", "Lon", "Country", "SampleYear", "Layer_top",
    "Layer_top_norm", "Layer_bottom_norm", "D14C_BulkLayer", "D14C_err", "14C_age",
    "FractionModern", "BulkDensity", "BulkDensity_original", "pct_C",
)  # fmt: skip
OF_DRIVERS: Mapping[str, tuple[str, ...]] = {
    "clay": ("sand_pct", "silt_pct", "clay_pct"),
    "soil_temperature": ("MAT", "MAT_original"),
    "litter_above": ("Abovegd_litterfall",),
}
"""Columns that one driver alone is from: where it is from elsewhere they are not looked at."""

COLUMNS = (*OBSERVED, *(name for names in OF_DRIVERS.values() for name in names))

# Beyond these a number is an error of the file, not a gap in it.
LIMITS: Mapping[str, tuple[float, float, str]] = {
    "Lat": (-90, 90, "degrees north, -90 to 90"),
    "Lon": (-180, 360, "degrees east, -180 to 180 or 0 to 360"),
    "SampleYear": (1800, 2100, "a calendar year"),
    "D14C_BulkLayer": (-1000, 1500, "per mil, -1000 or more"),
    "FractionModern": (0, 1e5, "a fraction or percent, 0 or more"),
    "14C_age": (-5000, 1e5, "years before 1950, -5000 or more"),
    "D14C_err": (0, 1000, "per mil, 0 or more"),
    "BulkDensity": (0, DENSEST, "g cm-3, 0 to 2.7: divide kg m-3 by 1000"),
    "pct_C": (0, 100, "percent, 0 to 100: divide g kg-1 by 10"),
    "sand_pct": (0, 100, "percent, 0 to 100"),
    "silt_pct": (0, 100, "percent, 0 to 100"),
    "clay_pct": (0, 100, "percent, 0 to 100"),
    "MAT": (-60, 50, "degC"),
    "Abovegd_litterfall": (0, 5000, "g C m-2 yr-1"),
}

UNIT_OF = {
    **dict.fromkeys(("Layer_top", "Layer_top_norm", "Layer_bottom_norm"), "cm"),
    **dict.fromkeys(("D14C_BulkLayer", "D14C_err"), "per mil"),
    "14C_age": "yr",
    "FractionModern": "1",
    **dict.fromkeys(("BulkDensity", "BulkDensity_original"), "g cm-3"),
    **dict.fromkeys(("pct_C", "sand_pct", "silt_pct", "clay_pct"), "percent"),
    **dict.fromkeys(("MAT", "MAT_original"), "degC"),
    "Abovegd_litterfall": "g C m-2 yr-1",
}
_ROLES: Mapping[str, Role] = {
    **dict.fromkeys(("pc_dataset_name", "ProfileID", "Country"), "name"),
    "Lat": "latitude",
    "Lon": "longitude",
    "SampleYear": "time",
    **dict.fromkeys(("Layer_top", "Layer_top_norm", "Layer_bottom_norm"), "depth"),
    **dict.fromkeys(("MAT", "MAT_original", "Abovegd_litterfall", "clay_pct"), "driver"),
}
LAYERS = Input(
    key="path",
    format="table",
    holds="one row per layer of a soil profile",
    quantities=tuple(
        Quantity(
            name,
            _ROLES.get(name, "observation"),
            (UNIT_OF[name],) if name in UNIT_OF else (),
            "layout" if name in UNIT_OF else "none",
            "refused" if name in ("pc_dataset_name", "ProfileID") else "left out",
        )
        for name in COLUMNS
    ),
    orders=(
        Order("rows", ("pc_dataset_name", "ProfileID", "Layer_top_norm")),
        Order("columns", ("name",)),
    ),
    missing="an empty cell, NA or NaN: the layer is left out and counted, or the driver is taken "
    "from a grid",
)
"""The table, as the reader declares it."""
