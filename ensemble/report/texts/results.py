"""What the run found: responses by location and forcing, and sums over space."""

from collections.abc import Iterator
from dataclasses import replace

from ensemble.report.parts import Notes, Part
from ensemble.report.run import Run
from ensemble.tables.learned import learned_tables
from ensemble.tables.responses import is_by_location, key_table, location_tables, tables_of
from ensemble.tables.scores import score_tables
from ensemble.tables.spreads import spread_tables
from ensemble.tables.subsets import subset_tables
from ensemble.tables.sums import sum_tables
from ensemble.tables.validation import is_validation, validation_tables
from ensemble.tables.weights import weight_tables

NOT_DRAWN = ("morris", "grid", "table")
"""Designs whose rows are not spread as the parameters' distributions."""


def by_location(run: Run) -> Iterator[Part]:
    """Yield key numbers of the responses, or why there are none."""
    if not run.summaries:
        found = run.scenario.get("aggregates") or run.scenario.get("evaluation")
        if not (found or is_validation(run.results) or any(learned(run))):
            yield "The scenario names no responses, so there is nothing to sum up."
        return
    if not run.has_results:
        yield "No ensemble is complete with members that ran; see Failures."
        return
    if len(run.results.locations) == 1:
        key = key_table(run.results)
        assert key is not None
        yield key
    yield from location_tables(run.results)
    method = run.attrs["design"]["method"]
    if method in NOT_DRAWN:
        yield (
            f"Means and standard deviations are over the rows of a {method} design, "
            "which are no draws from a distribution."
        )


def by_forcing(run: Run) -> Iterator[Part]:
    """Yield the responses under each of several forcings, at some locations."""
    if not run.has_results or is_by_location(run.results):
        return
    for table in tables_of(run.results, run.places()):
        place = table.title.removeprefix(run.attrs["title"])
        yield replace(table, title=f"by forcing{place}")
    if left := run.left_out():
        yield Notes([f"Tables and figures by forcing: {left[0].lower()}{left[1:]}"])


def sums(run: Run) -> Iterator[Part]:
    """Yield sums over space."""
    yield from sum_tables(run.results)


def spreads(run: Run) -> Iterator[Part]:
    """Yield the spreads of totals, of locations and of single sites, apart."""
    yield from spread_tables(run.results)


def scores(run: Run) -> Iterator[Part]:
    """Yield what members are against each benchmark."""
    yield from score_tables(run.results)


def validation(run: Run) -> Iterator[Part]:
    """Yield scores of what was held out, and what intervals of it hold."""
    yield from validation_tables(run.results)


def learned(run: Run) -> Iterator[Part]:
    """Yield what a model learned from, and what a search over its predictors is worth."""
    yield from subset_tables(run.results) or learned_tables(run.results)


def weights(run: Run) -> Iterator[Part]:
    """Yield what weights leave of the members, and what these say."""
    tables = weight_tables(run.results)
    if not tables:
        return
    yield (
        "Members are weighed by how near their scores are to what was observed. The weights enter "
        "nothing but what stands in this section: all else on this page is of all members alike."
    )
    if (method := run.attrs["design"]["method"]) in NOT_DRAWN:
        yield f"All members alike are the rows of a {method} design, no draws from a distribution."
    yield from tables
