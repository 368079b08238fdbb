"""The formats by name, and a run written in one of them."""

from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path

from ensemble.errors import PlanError
from ensemble.export.selecting import Members, Selection, one_at_a_time, select

FORMATS = ("netcdf", "zarr", "csv")

Writer = Callable[[Selection, Path], list[Path]]

FOR = {"ilamb": "netcdf", "two_box": "csv"}
"""What wants files of its own, and their format: a program, or a kernel that a run is made for."""


def export(
    path: Path,
    to: str,
    members: Members,
    *,
    outputs: Sequence[str] = (),
    output: Path | None = None,
    program: str = "",
    years: tuple[int, int] | None = None,
) -> list[Path]:
    """Write members of a run for other programs; return what was written.

    Parameters
    ----------
    path : Path
        Of the store.
    to : str
        One of `FORMATS`.
    members : Members
    outputs : sequence of str
        Names; empty for all that the store keeps.
    output : Path, optional
        Beside the store by default.
    program : str
        One of `FOR`, or empty.
    years : (int, int), optional
        Of outputs without time, for a program that needs it.

    Raises
    ------
    PlanError
        An unknown format, members or names that are not there, a file that is.
    """
    if to not in FORMATS or program not in ("", *FOR) or (program and to != FOR[program]):
        listed, goes = ", ".join(FORMATS), "; ".join(f"{n} goes --to {f}" for n, f in FOR.items())
        raise PlanError(f"--to {to} {program}: needed one of {listed}; {goes}")
    suffix = import_module(f"ensemble.export.{program or to}").SUFFIX
    named = path.absolute() if path == Path() else path
    target = output or named.with_name(f"{named.name.removesuffix('.zarr')}-export{suffix}")
    if target.exists():
        raise PlanError(f"{target}: is there already; choose another name with --output")
    selection = select(path, members, outputs)
    with one_at_a_time():
        if program:
            return list(import_module(f"ensemble.export.{program}").write(selection, target, years))
        write: Writer = import_module(f"ensemble.export.{to}").write
        return write(selection, target)
