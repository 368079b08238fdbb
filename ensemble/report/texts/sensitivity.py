"""What the spread is due to: shares of variance and indices, or why there are none."""

from collections.abc import Iterator

from ensemble.report.parts import Part
from ensemble.report.run import Run
from ensemble.tables.indices import analysis_tables, output_tables
from ensemble.tables.shares import variance_tables


def shares(run: Run) -> Iterator[Part]:
    """Yield shares of variance of models, forcings and parameters."""
    yield from variance_tables(run.store, run.split)


def not_analysed(run: Run) -> Iterator[Part]:
    """Yield why there is no analysis."""
    yield from run.analysis.why


def indices(run: Run) -> Iterator[Part]:
    """Yield the arrays of the analysis."""
    if not run.analysis.why:
        arrays = run.analysis.arrays
        yield from analysis_tables(run.store, arrays)
        yield from output_tables(run.store, arrays)
