"""The report: one HTML page that holds everything it shows, from the store alone.

A figure of somebody else's, see `ensemble.report.figures`, needs the names of this room alone.
"""

from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from ensemble.lazily import lazy

if TYPE_CHECKING:
    from ensemble.report.figures.parts.style import Picture as Picture
    from ensemble.report.figures.parts.style import figure as figure
    from ensemble.report.figures.parts.style import finish as finish
    from ensemble.report.run import Run as Run

FORMATS = ("svg", "pdf", "png")
"""What figures are written as."""

# Asked for alone: nobody should wait for matplotlib to learn of a mistyped path.
LATER = {
    "Picture": "ensemble.report.figures.parts.style",
    "Run": "ensemble.report.run",
    "figure": "ensemble.report.figures.parts.style",
    "finish": "ensemble.report.figures.parts.style",
}

__getattr__ = lazy(__name__, LATER)


def write_report(
    store: Path,
    output: Path,
    *,
    import_kernel: bool = False,
    locations: Sequence[str] = (),
    pictures: Path | None = None,
    form: str = "svg",
) -> Path:
    """Write the page of a run, finished or not, and return its path.

    Parameters
    ----------
    store : Path
        The folder a run wrote; it is only read.
    output : Path
        The page; folders above it are made.
    import_kernel : bool
        Import modules of somebody's that the store names as its kernel, design and statistics,
        which may run anything: what an unfinished run will end with, and an analysis that is not
        stored, need them. Nothing of a calibration's page does.
    locations : sequence of str
        That get figures and tables of their own, or ``all``; by default some, evenly chosen.
    pictures : Path, optional
        A folder that gets every figure of the page, its numbers as CSV, and ``captions.txt``.
    form : str
        Of those figures: ``svg``, ``pdf`` or ``png``.

    Raises
    ------
    PlanError
        Not a store of this program, or of neither an ensemble nor a calibration; a location that
        it does not have.
    """
    from ensemble.store.reading import read

    opened = read(Path(store))
    from ensemble.report.page import render
    from ensemble.report.written import Written
    from kernels import ours_alone

    written = Written(pictures, form) if pictures else None
    # A page is looked at by others than who ran it, and a store may name any module.
    with nullcontext() if import_kernel else ours_alone("a report"):
        page = render(opened, locations=locations, keep=written.keep if written else None)
    output = Path(output)
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(page, encoding="utf-8", errors="replace")
    if written:
        written.write()
    return output
