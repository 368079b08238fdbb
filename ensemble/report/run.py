"""What a page reads of a run, each of it once: figures, tables and texts ask here."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from ensemble.analysis import indices, shares
from ensemble.analysis.indices import Found
from ensemble.errors import PlanError
from ensemble.members.layout import Layout
from ensemble.members.reopening import open_layout
from ensemble.report.data.cells import evenly
from ensemble.report.data.effects import Effects, all_effects
from ensemble.report.data.evaluated import Evaluated, of_run
from ensemble.report.data.failures import Account, account
from ensemble.report.reported import Known, Reported
from ensemble.store.store import Store
from ensemble.tables.results import Results, Summary
from kernels import OK
from scenarios.problems import nearest

MOST_PLACES = 4
"""Locations that get figures and tables of their own."""

MOST_RESPONSES = 12
"""Responses that get figures."""

MOST_MEMBERS = 50_000_000
"""Values of all responses that are analysed for the page alone."""


@dataclass(frozen=True)
class Analysis:
    """The arrays of an analysis, or why there are none."""

    arrays: Found = field(default_factory=dict)
    why: tuple[str, ...] = ()


def _chosen(store: Store, known: Sequence[str], asked: Sequence[str]) -> list[int]:
    """Return where locations stand that are asked for by name; none where none is."""
    if "all" in asked and "all" not in known:
        return list(range(len(known)))
    lists = "`location` of `ensemble.open_run`"
    if unknown := [f"{name!r}{nearest(name, known, lists)}" for name in asked if name not in known]:
        raise PlanError(f"{store.path}: no location {', nor '.join(unknown)}")
    return [known.index(name) for name in dict.fromkeys(asked)]


class Run(Reported):
    """A run that is reported.

    Parameters
    ----------
    store : Store
    locations : sequence of str
        Names of those that get figures of their own, or ``all``; by default some, evenly chosen.

    Attributes
    ----------
    results : Results
        Values as far as they are known; it notes what cannot be read.

    Raises
    ------
    PlanError
        A location that the store does not have.
    """

    unfinished = (
        "Numbers and figures are of these alone, and an ensemble is shown only where all its "
        "members are. The same run command goes on where it stopped."
    )

    def __init__(self, store: Store, locations: Sequence[str] = ()) -> None:
        super().__init__(store)
        self.results = Results(store)
        self._chosen = _chosen(store, self.results.locations, locations)

    def places(self, most: int = MOST_PLACES) -> list[int]:
        """Return locations that get figures of their own: those asked for, or up to ``most``."""
        return self._chosen or evenly(range(len(self.results.locations)), most)

    def left_out(self, most: int = MOST_PLACES) -> str:
        """Return of how many locations something is, as a sentence; empty where it is of all."""
        shown, count = len(self.places(most)), len(self.results.locations)
        if shown == count:
            return ""
        why = (
            "as asked"
            if self._chosen
            else "evenly chosen; `soilsweep report STORE --at LOCATION` has others, `--at all` all"
        )
        return f"Of {shown} of {count:,} locations, {why}."

    @property
    def known(self) -> Known:
        """Return values as far as they are known."""
        return self.results

    @property
    def cards(self) -> list[tuple[str, str]]:
        """Return the run's sizes, and what each is."""
        forcings, locations, samples = (axis.size for axis in self.results.grid.axes)
        committed = self.results.committed
        members = sum(committed.totals.members.values())
        failed = members - committed.totals.members.get(OK, 0)
        share = f" ({failed / members:.2%})" if failed else ""
        return [
            (f"{members:,}", f"members of {forcings * locations * samples:,}"),
            (f"{forcings:,}", "forcings" if forcings > 1 else "forcing"),
            (f"{locations:,}", "locations" if locations > 1 else "location"),
            (f"{samples:,}", "samples each"),
            (f"{failed:,}{share}", "failed members"),
            (f"{committed.seconds:,.1f} s", "worker time"),
        ]

    @cached_property
    def benchmarks(self) -> Sequence[Evaluated]:
        """Return what control members are held against, of a finished run."""
        return list(of_run(self.results))

    @property
    def responses(self) -> list[str]:
        """Return the names of the responses that get figures."""
        return self.results.responses[:MOST_RESPONSES]

    @cached_property
    def summaries(self) -> list[Summary]:
        """Return every response that has a mean, or members to take it from."""
        return self.results.summaries()

    @property
    def has_results(self) -> bool:
        """Return whether the mean of any response is known anywhere."""
        return any(np.isfinite(s.mean).any() for s in self.summaries)

    @cached_property
    def account(self) -> Account:
        """Return what is known of failures."""
        return account(self.results)

    @cached_property
    def layout(self) -> Layout:
        """Return the layout of the store; raises `PlanError` where its kernel is not here."""
        return open_layout(self.store)

    @cached_property
    def of_scores(self) -> Found:
        """Return the indices of scores, stored or made now; none of an unfinished run."""
        if not (self.scenario.get("evaluation") and self.results.complete):
            return {}
        try:
            stored = indices.stored(self.store)
            names = indices.scores_of(self.layout)
            known = {spec.attrs.get("response") for spec, _ in stored.values()}
            missing = [name for name in names if name not in known]
            return {**stored, **(indices.indices_of(self.store, missing) if missing else {})}
        except (ValueError, OSError) as error:
            self.results.damage.append(f"indices of scores: {self.said(error)}")
            return {}

    @cached_property
    def split(self) -> Found:
        """Return shares of variance: stored, or of a complete run's sums and scores made now."""
        try:
            stored = shares.stored(self.store)
            asked = any(self.scenario.get(word) for word in ("aggregates", "evaluation"))
            asked = asked or (self._is_factorial and not self._too_many)
            if stored or not (asked and self.results.complete):
                return stored
            return shares.splits(self.store, self.layout, outputs=False)
        except (ValueError, OSError) as error:
            # A kernel that is not imported is no damage, and `analysis` says so of responses.
            if not (isinstance(error, PlanError) and self.scenario["responses"]):
                self.results.damage.append(f"shares of variance: {self.said(error)}")
            return {}

    @cached_property
    def analysis(self) -> Analysis:
        """Return the stored analysis or one made now, or why there is none."""
        if not self.scenario["responses"]:
            # Of outputs nothing is made for the page alone; what `analyze` found is shown.
            return self._kept
        if not self.results.complete:
            return Analysis(why=("An unfinished run is not analysed.",))
        try:
            if arrays := indices.stored(self.store):
                return Analysis(arrays)
            if self._too_many:
                advice = (
                    "Not analysed yet: `soilsweep analyze` does it, and this page then shows it."
                )
                return Analysis(why=(advice,))
            if self._is_factorial:
                return Analysis(shares.analyse(self.store, outputs=False)[0])
            return Analysis(indices.results(self.store, outputs=False))
        except (ValueError, OSError) as error:
            return Analysis(why=tuple(f"No analysis: {self.said(error)}".splitlines()))

    @property
    def _kept(self) -> Analysis:
        """Return the stored analysis of a complete run, or none."""
        try:
            return Analysis(indices.stored(self.store) if self.results.complete else {})
        except (ValueError, OSError) as error:
            return Analysis(why=(f"No analysis: {self.said(error)}",))

    @property
    def _is_factorial(self) -> bool:
        """Return whether the design's own analysis is that of variance."""
        return bool(self.attrs["design"].get("factors")) and bool(self.scenario["responses"])

    @property
    def _too_many(self) -> bool:
        """Return whether there are more values of responses than a page analyses by itself."""
        sizes = [axis.size for axis in self.results.grid.axes]
        return float(np.prod(sizes)) * len(self.scenario["responses"]) > MOST_MEMBERS

    @cached_property
    def effects(self) -> list[Effects]:
        """Return the elementary effects on responses that get figures."""
        return list(all_effects(self.results, self.analysis.arrays))[:MOST_RESPONSES]
