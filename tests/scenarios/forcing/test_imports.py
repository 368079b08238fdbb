"""Readers cost nothing until they read."""

import subprocess
import sys

HEAVY = ("pandas", "pyarrow", "xarray", "pint", "scipy", "netCDF4", "h5netcdf", "numba", "dask")


def run(code):
    subprocess.run([sys.executable, "-c", code], check=True)


def test_importing_every_reader_imports_nothing_heavy():
    run(
        "import sys\n"
        "from scenarios import forcing\n"
        "assert {'annual_table', 'global_means', 'synthetic_models'} <= set(forcing.names())\n"
        "for name in forcing.names(): forcing.get(name)\n"
        f"heavy = [m for m in {HEAVY} if m in sys.modules]\n"
        "assert not heavy, heavy\n"
    )


def test_reading_csv_in_the_right_units_imports_nothing_heavy(tmp_path):
    (tmp_path / "t.csv").write_text("year,model,NPP [Pg C yr-1]\n1901,A,50\n1902,A,51\n")
    run(
        "import sys\n"
        "from pathlib import Path\n"
        "from kernels import Variable\n"
        "from scenarios.forcing.annual_table import Spec\n"
        "needs = [Variable('npp', 'Pg C yr-1', 'net primary production')]\n"
        f"Spec(reader='annual_table', path='t.csv').read(needs, Path({str(tmp_path)!r}))\n"
        f"heavy = [m for m in {HEAVY} if m in sys.modules]\n"
        "assert not heavy, heavy\n"
    )
