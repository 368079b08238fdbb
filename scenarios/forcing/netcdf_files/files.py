"""The files that a scenario names, and what variables are in each."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scenarios.forcing.common.checks import Findings, digest, not_a_file
from scenarios.forcing.common.netcdf import cut_short
from scenarios.forcing.netcdf_files.axes import bounds_names, kind_of
from scenarios.forcing.netcdf_files.space import Space
from scenarios.paths import expanded, placed
from scenarios.problems import Problem

FEW_BYTES = 64 << 20
"""Of files up to which they are read at once, and hashed."""

Paths = str | list[str]
"""A file, a pattern with ``*`` or ``{year}``, or a list of them."""


def paths_of(
    said: Paths, base: Path, years: tuple[int, int] | None, where: str, findings: Findings
) -> list[Path]:
    """Return the files that are meant, each once; those of ``{year}`` for each of the years."""
    found: list[Path] = []
    for one in [said] if isinstance(said, str) else said:
        pattern = expanded(one, where)
        if "{year}" in pattern and years is None:
            text = f"{one!r} has {{year}}, and there is no years:; say years: [first, last]"
            findings.add("files", Problem(text, where))
        elif "{year}" in pattern and years is not None:
            each = range(years[0], years[1] + 1)
            found += [placed(base, one.replace("{year}", f"{year:04d}"), where) for year in each]
        elif "*" in pattern or "?" in pattern:
            root = Path("/") if Path(pattern).is_absolute() else base
            matching = sorted(root.glob(pattern.lstrip("/")))
            if not matching:
                findings.add("files", Problem(f"no file fits {one!r} in {base}", where))
            found += matching
        else:
            found.append(placed(base, one, where))
    return list(dict.fromkeys(found))


@contextmanager
def opened(path: Path, findings: Findings) -> Iterator[Any | None]:
    """Give a NetCDF file; None, with a finding, where it is none."""
    import netCDF4

    dataset, text = None, not_a_file(path, "a NetCDF file")
    if not text:
        try:
            dataset = netCDF4.Dataset(path)
            text = cut_short(path, dataset)
        except (OSError, RuntimeError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            text = f"is not NetCDF, or not all of it ({reason}); fetch or write it again"
    if text:
        findings.add("files", Problem(text, file=str(path)))
    try:
        yield None if text else dataset
    finally:
        if dataset is not None:
            dataset.close()


@contextmanager
def again(path: Path) -> Iterator[Any]:
    """Give a NetCDF file that was opened before; raise `ScenarioError` where it is gone."""
    findings = Findings()
    with opened(path, findings) as dataset:
        findings.raise_all()
        yield dataset


@dataclass
class File:
    """One file.

    Attributes
    ----------
    path : Path
    names : tuple of str
        Variables that are no coordinates, bounds or words.
    units : mapping of str to str
        Of those; empty where it does not say.
    coordinates : tuple of str
        Latitudes and longitudes among its variables.
    nbytes, changed : int
        Size, and time of change in ns.
    """

    path: Path
    names: tuple[str, ...]
    units: Mapping[str, str]
    coordinates: tuple[str, ...]
    nbytes: int
    changed: int

    def about(self) -> dict[str, Any]:
        """Return what provenance says of it; of a large one, no hash of gigabytes."""
        if self.nbytes > FEW_BYTES:
            return {"name": self.path.name, "bytes": self.nbytes}
        return digest(self.path.name, self.path.read_bytes())


@dataclass
class Files:
    """Files that variables are looked for in, and all that were opened.

    Attributes
    ----------
    findings : Findings
    known : dict
        Files by path; None where one is no NetCDF file.
    spaces : list of Space
        Places that any file has, so that those alike are one.
    """

    findings: Findings
    known: dict[Path, File | None] = field(default_factory=dict)
    spaces: list[Space] = field(default_factory=list)

    def of(self, paths: Sequence[Path]) -> list[File]:
        """Return files that are NetCDF; each is opened once."""
        for path in paths:
            if path not in self.known:
                self.known[path] = self._look(path)
        return [file for path in paths if (file := self.known[path]) is not None]

    def _look(self, path: Path) -> File | None:
        with opened(path, self.findings) as dataset:
            if dataset is None:
                return None
            names, places = [], []
            bounds = bounds_names(dataset)
            for name, variable in dataset.variables.items():
                try:
                    place = kind_of(name, variable)
                except ValueError as error:
                    self.findings.add("places", Problem(str(error), file=str(path)))
                    place = "lat"
                if place:
                    places.append(name)
                elif name not in bounds and variable.dimensions != (name,):
                    names.append(name)
            about = path.stat()
            units = {n: str(getattr(dataset[n], "units", "")).strip() for n in names}
            return File(path, tuple(names), units, tuple(places), about.st_size, about.st_mtime_ns)

    def shared(self, space: Space) -> Space:
        """Return places that were read before, where these are alike."""
        for known in self.spaces:
            if known.alike(space):
                return known
        self.spaces.append(space)
        return space
