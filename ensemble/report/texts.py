"""Tables and texts of the page, and where they stand between the figures."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from ensemble.report import provenance as made
from ensemble.report.html.markup import Html, paragraphs, table, tag
from ensemble.report.run import MOST_PLACES, Run
from ensemble.tables.indices import output_tables
from ensemble.tables.responses import analysis_tables, key_table, location_tables, tables_of
from ensemble.tables.shares import variance_tables
from ensemble.tables.sums import sum_tables

NOT_DRAWN = ("morris", "grid", "table")
"""Designs whose rows are not spread as the parameters' distributions."""


@dataclass(frozen=True)
class Text:
    """Something of a section that is not a figure.

    Attributes
    ----------
    section : str
    order : float
        Where it stands, as a figure's ``ORDER``.
    make : callable
    """

    section: str
    order: float
    make: Callable[[Run], Iterable[Html]]


def _results(run: Run) -> Iterable[Html]:
    """Yield key numbers of the responses, or why there are none."""
    if not run.summaries:
        if not run.scenario.get("aggregates"):
            yield tag("p", "The scenario names no responses, so there is nothing to sum up.")
        return
    if not run.has_results:
        yield tag("p", "No ensemble is complete with members that ran; see Failures.")
        return
    if len(run.numbers.locations) == 1:
        key = key_table(run.numbers)
        assert key is not None
        yield table(key)
    for shown in location_tables(run.numbers):
        yield table(shown)
    method = run.attrs["design"]["method"]
    if method in NOT_DRAWN:
        yield tag(
            "p",
            f"Means and standard deviations are over the rows of a {method} design, "
            "which are no draws from a distribution.",
        )


def _by_forcing(run: Run) -> Iterable[Html]:
    """Yield the responses under each forcing, at some locations."""
    if not run.has_results:
        return
    for k, shown in enumerate(tables_of(run.numbers)):
        if k >= MOST_PLACES * max(1, -(-len(run.summaries) // 4)):
            locations = len(run.numbers.locations)
            yield paragraphs([f"Tables of the first {MOST_PLACES} of {locations} locations."])
            return
        place = shown.title.removeprefix(run.attrs["title"])
        yield table(replace(shown, title=f"by forcing{place}"))


def _sums(run: Run) -> Iterable[Html]:
    """Yield sums over space."""
    return map(table, sum_tables(run.numbers))


def _split(run: Run) -> Iterable[Html]:
    """Yield shares of variance of models, forcings and parameters."""
    return map(table, variance_tables(run.store, run.split))


def _not_analysed(run: Run) -> Iterable[Html]:
    """Yield why there is no analysis."""
    if run.analysis.why:
        yield paragraphs(run.analysis.why, class_="")


def _indices(run: Run) -> Iterable[Html]:
    """Yield the arrays of the analysis."""
    if not run.analysis.why:
        found = run.analysis.found
        for shown in [*analysis_tables(run.store, found), *output_tables(run.store, found)]:
            yield table(shown)


def _design(run: Run) -> Iterable[Html]:
    """Yield how parameters were varied."""
    return made.design(run.attrs["design"], run.numbers, run.account.spreads)


def _scenario(run: Run) -> Iterable[Html]:
    """Yield the scenario as it was written."""
    yield tag("pre", run.attrs["scenario"])


TEXTS = (
    Text("results", 10, _results),
    Text("results", 30, _by_forcing),
    Text("space", 10, _sums),
    Text("sensitivity", 20, _split),
    Text("sensitivity", 80, _not_analysed),
    Text("sensitivity", 110, _indices),
    Text("design", 10, _design),
    Text("limits", 10, lambda run: made.limits(run.numbers)),
    Text("failures", 10, lambda run: made.failures(run.numbers, run.account)),
    Text("provenance", 10, lambda run: made.provenance(run.store, run.numbers)),
    Text("scenario", 10, _scenario),
)
