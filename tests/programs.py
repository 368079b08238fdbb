"""Programs as other people write them: a two-box model in C, one in Python, and their scenario."""

import atexit
import functools
import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import pytest

SOIL_MODEL = r"""
/* Two boxes, implicit years, from a steady state; reads a namelist and a driver file. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static double number(const char *file, const char *name)
{
    char line[500];
    FILE *in = fopen(file, "r");
    if (!in) { fprintf(stderr, "no namelist %s\n", file); exit(2); }
    while (fgets(line, sizeof line, in)) {
        char *sign = strchr(line, '=');
        if (sign && strstr(line, name)) { fclose(in); return strtod(sign + 1, NULL); }
    }
    fprintf(stderr, "%s has no %s\n", file, name);
    exit(2);
}

int main(int count, char **words)
{
    double a = number(words[1], "tau_veg"), b = number(words[1], "tau_soil");
    int fault = (int)number(words[1], "fault"), year, steps = 0;
    double npp, veg = 0.0, soil = 0.0;
    char line[500];
    if (count != 2) return 9;
    if (fault == 3) { fprintf(stderr, "first\nSTOP: no litter in layer 4\n"); return 3; }
    if (fault == 11) raise(SIGSEGV);
    if (fault == 60) { if (fork() == 0) sleep(600); sleep(600); }
    if (fault == 61) { if (fork() == 0) sleep(600); }
    if (fault == 4) return 0;
    FILE *in = fopen("drivers.csv", "r"), *out = fopen("soil.csv", "w");
    fgets(line, sizeof line, in);
    fprintf(out, "year, c_veg%s\n", fault == 6 ? "" : ", c_soil");
    while (fgets(line, sizeof line, in) && sscanf(line, "%d,%lf", &year, &npp) == 2) {
        if (steps++ == 0) { veg = npp * a; soil = npp * b; }
        else {
            veg = (veg + npp) / (1.0 + 1.0 / a);
            soil = (soil + veg / a) / (1.0 + 1.0 / b);
        }
        if (fault == 7 && steps == 100) break;
        fprintf(out, "%d, %.17g", year + (fault == 8 ? 1 : 0), veg);
        if (fault == 5 && steps == 50) fprintf(out, ", NaN\n");
        else if (fault == 9 && steps == 50) fprintf(out, ", ****\n");
        else if (fault != 6) fprintf(out, ", %.17g\n", soil);
        else fprintf(out, "\n");
    }
    fclose(out);
    return 0;
}
"""

NAMELIST = """&soil                   ! { braces } and {{ these }, too, stay
  tau_veg = {{tau_veg}},
  tau_soil = {{ tau_soil }},
  fault = {{fault}},
  years = {{first_year}}, {{last_year}}, {{steps}}
/
"""

PROGRAM = """version: 1
name: program
kernel:
  command: [./soil_model, soil.nml]
  time_limit: 20
  seconds: 0.02
  inputs: {soil.nml: templates/soil.nml}
  parameters:
    tau_veg: {units: yr, default: 10.3, lower: 1, upper: 100}
    tau_soil: {units: yr, default: 38.3, lower: 1, upper: 1000}
    fault: {units: '1', default: 0, lower: 0, upper: 100}
  drivers:
    npp: {units: Pg C yr-1, file: drivers.csv}
  outputs:
    c_veg: {units: Pg C, file: soil.csv}
    c_soil: {units: Pg C, file: soil.csv}
forcing: {reader: synthetic_models, n: 2}
design:
  cross:
    - {method: quantiles, n: 3, parameters: {tau_veg: {normal: [10.3, 1.4]}}}
    - {method: monte_carlo, n: 4, parameters: {tau_soil: {uniform: [20, 50]}}}
outputs: {c_veg: all, c_soil: all}
responses: {d_soil: {output: c_soil, change: [1901, 2018]}}
statistics: {d_soil: [mean, std]}
precision: float64
block: {sample: 5}
"""
# Line 4 is command:, 7 inputs:, 9 tau_veg:, 13 npp:, 15 c_veg:.

FAULTS = PROGRAM[: PROGRAM.index("design:")] + (
    "design: {method: grid, parameters: {fault: {values: [FAULTS]}}}\n"
    "outputs: {c_veg: all, c_soil: all}\nprecision: float64\n"
)

NETCDF_MODEL = """
import json, sys
import netCDF4
import numpy as np
from pathlib import Path

said = json.loads(Path("in/settings.json").read_text())
with netCDF4.Dataset("in/drivers.nc") as given:
    npp, years = np.array(given["carbon"][:]), given["year"][:]
stock = np.empty_like(npp)
stock[0] = npp[0] * said["soil"]["tau"]
for t in range(1, len(npp)):
    stock[t] = (stock[t - 1] + npp[t]) / (1 + 1 / said["soil"]["tau"])
with netCDF4.Dataset("out/result.nc", "w") as made:
    made.createDimension("time", len(npp))
    made.createVariable("year", "i4", ("time",))[:] = years
    made.createVariable("soilc", "f8", ("time",))[:] = stock
    made.createVariable("largest", "f8", ())[...] = stock.max()
"""

gcc = shutil.which("gcc")
needs_gcc = pytest.mark.skipif(gcc is None, reason="no C compiler here")


@functools.cache
def compiled() -> Path:
    """Return the C model, compiled once."""
    folder = Path(tempfile.mkdtemp(prefix="soil_model"))
    atexit.register(shutil.rmtree, folder, True)
    (folder / "soil_model.c").write_text(SOIL_MODEL)
    flags = ["-O0", "-w", "-ffp-contract=off", "-o", str(folder / "soil_model")]
    subprocess.run([gcc, *flags, str(folder / "soil_model.c")], check=True)
    return folder / "soil_model"


def put(folder: Path, *pairs: tuple[str, str], text: str = PROGRAM, namelist: str = NAMELIST):
    """Write the scenario with each text replaced, its template and its program; return its file."""
    (folder / "templates").mkdir(parents=True)
    (folder / "templates" / "soil.nml").write_text(namelist)
    shutil.copy(compiled(), folder / "soil_model")
    for old, new in pairs:
        assert text.count(old) == 1, (text.count(old), old)
        text = text.replace(old, new)
    (folder / "program.yaml").write_text(text)
    return folder / "program.yaml"


def two_boxes(npp: np.ndarray, tau_veg: float, tau_soil: float) -> tuple[np.ndarray, np.ndarray]:
    """Return both pools of a member, as a textbook writes the implicit scheme."""
    veg, soil = np.empty_like(npp), np.empty_like(npp)
    veg[0], soil[0] = npp[0] * tau_veg, npp[0] * tau_soil
    for t in range(1, len(npp)):
        veg[t] = tau_veg * (veg[t - 1] + npp[t]) / (tau_veg + 1.0)
        soil[t] = tau_soil * (soil[t - 1] + veg[t] / tau_veg) / (tau_soil + 1.0)
    return veg, soil
