"""The gallery: each shipped scenario run with a small design, and the figures of its page.

A page is made by what a person would type, `run` or `evaluate` and `report --figures`. Figures are
kept in ``.cache``, by what the packages are made of: a build of other words draws nothing anew.
"""

import hashlib
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import scenarios
from scenarios import evaluated
from scenarios.reading.shipped import EVALUATIONS, library

ROOT = Path(__file__).parents[2]
CACHE = ROOT / ".cache" / "gallery"
MOST_FIGURES = 12

QUICK = {
    "jian2021-benchmarks": ("forcing.cells=12", "design.trajectories=4"),
    "jian2021-forcing": ("forcing.cells=6",),
    "jian2021-parameters": ("forcing.cells=20", "design.n=40"),
    "forest-importance": ("kernel.trees=20", "design.n=8"),
    "forest-subsets": ("kernel.trees=5",),
    "forest-validation": ("kernel.trees=10",),
    "lu2021-forest": ("design.n=30",),
    "mimics-calibration": ("calibration.restarts=1", "calibration.algorithm.starts=6"),
    "mimics-reynolds-creek": (),
    "tau-constraint": ("design.cross.0.n=30", "design.cross.1.n=30"),
    "turnover-screening": ("design.trajectories=20",),
    "wang2021-morris": ("design.trajectories=6",),
}
"""Settings by which a scenario takes seconds, where it takes longer as it is shipped."""


@dataclass(frozen=True)
class Shown:
    """A scenario of the gallery.

    Attributes
    ----------
    kind, name, title, description : str
    command, store : str
        What it was run with, and where that goes.
    figures : tuple of (Path, str)
        Files, and captions.
    """

    kind: str
    name: str
    title: str
    description: str
    command: str
    store: str
    figures: tuple[tuple[Path, str], ...]


def names() -> list[str]:
    """Return the names of all that is shipped."""
    return [*scenarios.library(), *library(EVALUATIONS)]


@cache
def every() -> tuple[Shown, ...]:
    """Return each shipped scenario and evaluation with its figures; runs those not yet kept."""
    return tuple(_every())


def _every() -> Iterator[Shown]:
    if unknown := QUICK.keys() - {*names()}:
        raise ValueError(f"settings for what is not shipped: {', '.join(sorted(unknown))}")
    for name in scenarios.library():
        loaded = scenarios.load(name)
        command = " ".join(["run", name, *(f"--set {one}" for one in QUICK.get(name, ()))])
        text = loaded.description
        yield Shown("scenario", name, loaded.title, text, command, loaded.store, _figures(command))
    for name in library(EVALUATIONS):
        asked = evaluated.load(name)
        command = f"evaluate {name}"
        title = asked.asked.title
        yield Shown("evaluation", name, title, "", command, asked.store, _figures(command))


def _figures(command: str) -> tuple[tuple[Path, str], ...]:
    """Return the figures that a command leads to, and their captions."""
    folder = CACHE / _made_of() / command.split()[1]
    if not (folder / "captions.txt").is_file():
        _draw(command, folder)
    captions = (folder / "captions.txt").read_text(encoding="utf-8").strip().split("\n\n")
    pairs = (one.partition(": ") for one in captions[:MOST_FIGURES] if one)
    return tuple((folder / file, said) for file, _, said in pairs)


def _draw(command: str, folder: Path) -> None:
    """Run a scenario in a folder of its own, and keep the figures of its page."""
    work = folder.with_name(f"{folder.name}-running")
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    quiet = ["-q"] if command.startswith("run") else []
    _soilsweep(work, *command.split(), *quiet, "--store", "run.zarr")
    _soilsweep(work, "report", "run.zarr", "--figures", "figures")
    (work / "figures").rename(folder)
    shutil.rmtree(work)


def _soilsweep(folder: Path, *words: str) -> None:
    program = [sys.executable, "-m", "ensemble", *words]
    done = subprocess.run(program, cwd=folder, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"soilsweep {' '.join(words)}: {done.stderr[-2000:]}")


@cache
def _made_of() -> str:
    """Return a hash of all code and scenarios of the packages."""
    whole = hashlib.sha256(str(QUICK).encode())
    for package in ("ensemble", "kernels", "scenarios"):
        for file in sorted((ROOT / package).rglob("*")):
            if file.suffix in (".py", ".yaml", ".json"):
                whole.update(file.read_bytes())
    return whole.hexdigest()[:16]
