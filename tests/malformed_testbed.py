"""Daily forcing that must be refused: by file, variable, cell and day, with exit code 2."""

from collections.abc import Callable
from pathlib import Path

import small_testbed as small
from malformed_scenarios import Case, edited

SCENARIO = """version: 1
name: testbed
kernel: casa_vegetation
forcing: {reader: testbed, grid: grid.csv, soil: soil.csv, years: [1901, 1902]}
design: {method: monte_carlo, n: 2, parameters: {x_sla: {uniform: [0.9, 1.1]}}}
outputs: {npp: all}
"""


def _made(
    change: Callable[..., object] | None = None,
    after: Callable[[Path], object] | None = None,
    scenario: str = SCENARIO,
) -> Callable[[Path], object]:
    def make(folder: Path) -> None:
        (folder / "s.yaml").write_text(scenario)
        small.tables(folder)
        small.met(folder, change=change)
        if after is not None:
            after(folder)

    return make


def _without_a_day(k, daily):
    if k == 1:
        for name in daily:
            daily[name] = daily[name][:, 1:]


def _with_a_leap_day(k, daily):
    import numpy as np

    if k == 1:
        for name in daily:
            daily[name] = np.concatenate([daily[name], daily[name][:, :1]], axis=1)


def _cut(folder: Path) -> None:
    path = folder / "met_1902_1902.nc"
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _of_class_0(folder: Path) -> None:
    small.tables(folder, pft=[2, 0, 4, 18, 12, 9, 16, 15, 17])


def _with_ocean(folder: Path) -> None:
    small.tables(folder, cell=[1, 2, 3, 4, 5, 6, 7, 8, 12])


def _in_another_order(folder: Path) -> None:
    small.tables(folder, cell=[2, 1, 3, 4, 5, 6, 7, 8, 9])


def _all_at_once(k, daily):
    if k == 0:
        daily["gpp"][3, 99] = -2
        daily["tair"][0, 0] = 26
    else:
        daily["tsoil"][6, 364, 5] = 21
        daily["liquid"][2, 56, 1] = 1.5


BAD = "variable 'xmoist', cell 3 (30, 0), 1902 day 57, layer 2: found 1.5"

CASES = {
    f"testbed: {name}": case
    for name, case in {
        "a missing day": Case(
            _made(_without_a_day),
            ("met_1902_1902.nc: dimension 'time': has 364 days for 1 year; needed 365",),
        ),
        "a leap day": Case(_made(_with_a_leap_day), ("366 days", "leave February 29 out")),
        "negative GPP": Case(
            _made(small.broken("gpp", 2, 40, -0.5)),
            ("met_1902_1902.nc: variable 'xcgpp', cell 2 (0, 0), 1902 day 40: found -0.5",),
        ),
        "moisture above 1": Case(_made(small.broken("liquid", 3, 57, 1.5, layer=2)), (BAD,)),
        "Celsius among Kelvin": Case(
            _made(small.broken("tair", 1, 3, 26.0)),
            ("variable 'xtairk', cell 1 (-30, 0), 1902 day 3: found 26, which looks like degC",),
        ),
        "class 0": Case(
            _made(after=_of_class_0), ("grid.csv:3: cell 2, column 'ivt_igbp': found 0; needed",)
        ),
        "a cell of the ocean": Case(
            _made(after=_with_ocean), ("cell 12 (30, 180): cellMissing is 1",), lines=None
        ),
        "rows in another order": Case(
            _made(after=_in_another_order),
            ("grid.csv:3: cell 1, column 'ijcam': follows cell 2; needed rows in the order of",),
            lines=None,
        ),
        "cut in half": Case(_made(after=_cut), ("met_1902_1902.nc: ", "variables need")),
        "a missing variable": Case(
            _made(lambda k, daily: daily.pop("gpp") if k else None),
            ("met_1902_1902.nc: no variable 'xcgpp'",),
        ),
        "a missing year": Case(
            _made(scenario=edited(("1902]", "1903]"), text=SCENARIO)),
            ("met_1903_1903.nc: no such file; needed a meteorological file",),
        ),
        "all at once": Case(
            _made(_all_at_once),
            (
                "s.yaml: 4 problems",
                "'xcgpp', cell 4 (-30, 90), 1901 day 100: found -2",
                "'xtairk', cell 1 (-30, 0), 1901 day 1: found 26, which looks like degC",
                "'xtsoil', cell 7 (-30, 180), 1902 day 365, layer 6: found 21, which looks",
                BAD,
            ),
            lines=None,
        ),
    }.items()
}
