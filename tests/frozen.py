"""Small stores of every kind that an earlier version made, and the numbers that were read of them.

They stand in ``tests/data/stores``, packed, beside ``numbers.json``: later versions are held to
read them. ``python tests/frozen.py NAME ...`` adds stores by the version that is installed; those
that are there stay as they are. It is run as root, to have a host's name that is nobody's.
"""

import ctypes
import json
import math
import os
import signal
import socket
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

FOLDER = Path(__file__).parent / "data" / "stores"
NUMBERS = FOLDER / "numbers.json"
COMMAND = [sys.executable, "-m", "ensemble"]

TWO_BOX = """\
version: 1
name: frozen
title: Two boxes
kernel: two_box
forcing: {reader: synthetic_models, n: 2}
design: DESIGN
seed: 7
outputs: {c_soil: {at: [1901, 1960, 2018]}, c_veg: last}
responses:
  d_total: {output: c_total, change: [1901, 2018]}
  d_soil: {output: c_soil, change: [1901, 2018]}
STATISTICS
"""
CROSS = """
  cross:
    - {method: monte_carlo, n: 4, parameters: {tau_veg_obs: {normal: [10.3, 1.4], lower: 2}}}
    - {method: monte_carlo, n: 6, parameters: {tau_soil_obs: {normal: [38.3, 11], lower: 2}}}"""
UNIFORM = "parameters: {tau_veg_obs: {uniform: [6, 15]}, tau_soil_obs: {uniform: [20, 60]}}"
MORRIS = f"{{method: morris, trajectories: 6, levels: 8, {UNIFORM}}}"
MOMENTS = """\
statistics:
  d_total: [mean, std, variance, min, max, q05, q50, q95, {above: 200}]
  c_soil: [mean, std, q50]
histograms: {bins: 50}"""


def two_box(design: str, statistics: str, **changed: str) -> str:
    text = TWO_BOX.replace("DESIGN", design).replace("STATISTICS", statistics)
    for old, new in changed.items():
        text = "\n".join(
            f"{old}: {new}" if line.startswith(f"{old}:") else line for line in text.splitlines()
        )
    return text


SCENARIOS = {
    "two-box": two_box(CROSS, MOMENTS),
    "morris": two_box(MORRIS, "statistics: {d_soil: [mean, mu_star, theta], c_soil: [mu_star]}"),
    "sobol": two_box(
        f"{{method: sobol, n: 8, second_order: true, {UNIFORM}}}",
        "statistics: {d_soil: [mean, S1, ST, ST_conf]}",
    ),
    "statistics-only": two_box(
        f"{{method: latin_hypercube, n: 40, {UNIFORM}}}",
        "statistics: {c_soil: [mean, q95], c_veg: [std]}\n"
        "histograms: {bins: 50}\nblock: {sample: 16}",
        outputs="{}",
    )
    .replace("responses:\n", "")
    .replace("  d_", "#  d_"),
    "killed": two_box(CROSS, f"{MOMENTS}\nblock: {{sample: 6}}"),
    "limits": two_box(
        CROSS,
        f"{MOMENTS}\nblock: {{sample: 6}}\nlimits: {{c_soil: {{above: 1700 Pg C, then: exclude}}}}",
    ),
    "extended": two_box(MORRIS, "statistics: {c_soil: [mean]}"),
    "profile": """\
version: 1
name: frozen
title: Profiles
kernel: {name: mimics_profile, preset: w21_code, carbon14: tracer, layers: [5, 5, 10, 20, 30]}
forcing: {reader: synthetic_profiles}
design:
  method: morris
  trajectories: 3
  parameters: {x_v: {uniform: [4, 12]}, beta: {uniform: [1, 2]}}
seed: 2021
responses:
  j_soc: {output: soc, cost: {observed: soc, relative_error: 0.1}}
  j_14c: {output: fraction_modern, cost: {observed: fraction_modern, relative_error: 0.1}}
  j: {combine: {j_soc: 1, j_14c: 5}}
statistics: {j: [mean, mu_star], soc: [mean, q50]}
histograms: {bins: 20, pilot: 4}
outputs: {soc: all, fraction_modern: all}
""",
    "calibration": """\
version: 1
name: frozen
title: Turnover times
kernel: two_box
forcing: {reader: synthetic_models, n: 2, observed: true}
seed: 5
responses:
  j_veg: {output: c_veg, cost: {observed: c_veg, relative_error: 0.05}}
  j_soil: {output: c_soil, cost: {observed: c_soil, relative_error: 0.05}}
  j: {combine: {j_veg: 1, j_soil: 1}}
calibration:
  minimise: j
  groups: all
  forcings: apart
  parameters: {tau_veg_obs: {loguniform: [3, 40]}, tau_soil_obs: {loguniform: [5, 150]}}
  algorithm: {name: sceua, complexes: 2, polish: false}
  restarts: 2
  budget: 150
  validation: {folds: 2, of: layers}
""",
    "testbed": """\
version: 1
name: frozen
title: Testbed
kernel:
  chain:
    - models: [casa_cnp, mimics_testbed, corpse]
  drivers: mean
forcing: {reader: synthetic_testbed, cells: 8}
design:
  method: latin_hypercube
  n: 6
  parameters: {q10: {uniform: [1.5, 2.0]}, x_kopt_soil: {uniform: [0.75, 1.25]}}
seed: 2021
outputs: {soil_litter_carbon: all}
statistics: {soil_litter_carbon: [mean, q50]}
histograms: {bins: 20, pilot: 4}
aggregates:
  soil_litter_carbon: {over: [global, zonal], statistics: [mean, std]}
  rh: {over: [global], statistics: [mean]}
""",
    "failed": """\
version: 1
name: frozen
title: Members that crash and fail
kernel: misbehaving.model
forcing: {reader: annual_table, path: drivers.csv, units: {driver: "1"}}
design: {method: grid, parameters: {x: {linspace: [0, 39, 40]}}}
outputs: {y: all}
responses: {y_end: {output: y, at: 2001}}
statistics: {y: [mean, max]}
block: {sample: 10}
failed_limit: 0.2
""",
}


def run_it(file: str) -> None:
    subprocess.run([*COMMAND, "run", file, "-q"], check=True)


def kill_it(file: str) -> None:
    """Run three of eight blocks and kill the process that runs them."""
    child = os.fork()
    if child == 0:
        import ensemble
        import scenarios

        def progress(done: int, blocks: int, seconds: float) -> None:
            if done == 3:
                os.kill(os.getpid(), signal.SIGKILL)

        ensemble.run(ensemble.plan(scenarios.load(file)), workers=1, progress=progress)
    os.waitpid(child, 0)


def fail_it(file: str) -> None:
    Path("drivers.csv").write_text("model,year,driver\nm,2000,1.0\nm,2001,2.0\n")
    os.environ["MISBEHAVE"] = "segfault=13,nan=7+25"
    run_it(file)


def extend_it(file: str) -> None:
    run_it(file)
    store = "runs/frozen.zarr"
    subprocess.run([*COMMAND, "extend", store, "--until", "1e-9", "--most", "12"], check=False)


def analyze_it(file: str) -> None:
    run_it(file)
    subprocess.run([*COMMAND, "analyze", "runs/frozen.zarr"], check=True)


MAKE: dict[str, Callable[[str], None]] = {
    "killed": kill_it,
    "failed": fail_it,
    "extended": extend_it,
    "morris": analyze_it,
    "testbed": analyze_it,
}


def numbers_of(store: Path) -> dict[str, Any]:
    """Return what of a store's arrays is to stay, by path: shape, names, or sum and extremes."""
    from ensemble import open_run

    found: dict[str, Any] = {}
    for node in open_run(store).subtree:
        for name, array in node.to_dataset(inherit=False).variables.items():
            about: dict[str, Any] = {"dims": list(array.dims), "shape": list(array.shape)}
            values = np.asarray(array.values)
            if values.dtype.kind in "OTUS":
                about["names"] = [str(v) for v in values.ravel()]
            else:
                known = values[np.isfinite(values)].astype(float).ravel()
                about["known"] = known.size
                if known.size:
                    about |= {"sum": math.fsum(known), "min": known.min(), "max": known.max()}
            found[f"{node.path.strip('/')}/{name}".strip("/")] = about
    return found


def analysis_of(store: Path) -> dict[str, Any]:
    """Return what `numbers_of` tells of the arrays that an analysis wrote."""
    ours = ("sensitivity/", "variance/")
    return {path: about for path, about in numbers_of(store).items() if path.startswith(ours)}


def unpack(name: str, folder: Path) -> Path:
    """Return a fresh copy of a frozen store, beside its scenario."""
    with tarfile.open(FOLDER / f"{name}.tar.xz") as packed:
        packed.extractall(folder, filter="data")
    return folder / "runs" / "frozen.zarr"


def _make(name: str) -> dict[str, Any]:
    """Make one store, pack it, and return the numbers that are read of it."""
    from commandline import soilsweep

    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        Path("frozen.yaml").write_text(SCENARIOS[name])
        MAKE.get(name, run_it)("frozen.yaml")
        with tarfile.open(FOLDER / f"{name}.tar.xz", "w:xz") as packed:
            for path in sorted(Path(".").rglob("*")):
                packed.add(path, recursive=False, filter=_nobody)
        store = Path("runs/frozen.zarr")
        status = json.loads(soilsweep("status", store, "--json").out)
        verdict = json.loads(soilsweep("verify", store, "--json").out)
        found = {
            "arrays": numbers_of(store),
            "status": {
                word: status[word] for word in ("blocks", "members", "quarantine", "digest")
            },
            "verify": {word: verdict[word] for word in ("blocks", "damage", "digest")},
        }
        code = soilsweep("analyze", store).code
        found["analyze"] = {"code": code, "arrays": {} if code else analysis_of(store)}
        os.chdir(FOLDER)
    return found


def _nobody(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    return member


def main(names: list[str]) -> None:
    new_names = 0x04000000  # CLONE_NEWUTS: the host's name that follows is this process' own
    if ctypes.CDLL(None, use_errno=True).unshare(new_names):
        raise OSError(ctypes.get_errno(), "needed root, for a host's name that is nobody's")
    socket.sethostname("laboratory")
    # Ours first: folders of the tests have the names of our packages.
    sys.path.insert(0, str(Path(__file__).parents[1]))
    os.environ["PYTHONPATH"] = os.pathsep.join(sys.path[:2])
    FOLDER.mkdir(parents=True, exist_ok=True)
    known = json.loads(NUMBERS.read_text()) if NUMBERS.exists() else {}
    for name in names:
        if name in known:
            raise SystemExit(f"{name} is frozen already; give the new one another name")
        known[name] = _make(name)
        NUMBERS.write_text(json.dumps(known, indent=1, sort_keys=True) + "\n")
        print(name, (FOLDER / f"{name}.tar.xz").stat().st_size)


if __name__ == "__main__":
    main(sys.argv[1:] or list(SCENARIOS))
