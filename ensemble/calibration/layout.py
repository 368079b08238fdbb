"""The arrays of a calibration's store, and the blocks of groups that fill them."""

import math
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ensemble.calibration.early import Early
from ensemble.calibration.folds import WHOLE, Folds
from ensemble.calibration.groups import Groups, layers_kept
from ensemble.calibration.objective import Objective, Term, objective_of
from ensemble.calibration.searches import REASONS
from ensemble.calibration.space import Space
from ensemble.members.experiment import Experiment
from ensemble.members.responses.places import compared
from ensemble.store.arrays import ArraySpec
from ensemble.store.grid import Axis, Grid
from kernels import I8, NOT_RUN, STATUSES, U1
from scenarios.calibration import Calibration
from scenarios.searches import SEARCHES, SearchSpec

GROUP = "calibration"
"""The group of the store that results are in."""

FEW, QUARANTINED = 252, 253
"""Reasons beside those of searches: nothing is observed, or the search ended its process."""

OTHER_REASONS = {FEW: "too few observations", QUARANTINED: "quarantined"}

WITH_SQUARES, WITHOUT = "levenberg_marquardt", "sceua"
"""Searches where none is named: with residuals, and without."""

METRICS = ("n", "rmse", "aic", "bic", "intercept", "slope", "r2", "nse", "kge", "bias")
PARTS = ("calibration", "validation")

ROUND_SECONDS = 0.04
"""Declared, of a round of a block: what Python adds to each, some 2 ms, is little beside it."""

ASKED = 8
"""Candidates of a search in a usual round: complexes of SCE-UA, derivatives and steps of others."""

LEAST_BLOCKS, BLOCK_SECONDS = 8, 20.0
"""Of a run whose rounds take long enough with fewer groups in each: so many, for as many workers,
or two at least of so many seconds declared, as blocks of many groups have longer rounds."""

MOST_BYTES = 256 << 20
"""What the searches of a block hold at most, unless one group takes more."""


class Layout:
    """Arrays and blocks of a calibration.

    Parameters
    ----------
    experiment : Experiment
        Its scenario has a ``calibration``.
    groups : Groups
    calibrated : ndarray, shape (F, L), bool
        Which places are calibrated on; the others are held back.
    folds : Folds, optional
        What is held back in turn, by searches beside that of all observations.
    length : int, optional
        Groups of a block, as a store that is begun has them; else by the rule.
    """

    def __init__(
        self,
        experiment: Experiment,
        groups: Groups,
        calibrated: NDArray[np.bool_],
        folds: Folds | None = None,
        length: int | None = None,
    ) -> None:
        section = experiment.scenario.calibration
        assert section is not None
        self.experiment, self.groups, self.calibrated = experiment, groups, calibrated
        self.folds = folds
        self.section: Calibration = section
        self.functionals = experiment.functionals()
        self.objective: Objective = objective_of(section, self.functionals)
        self.space = Space.of(section, experiment.kernel.parameters)
        self.limits: Mapping[str, Any] = {}
        groups_of_block = length or self._length()
        searches = section.restarts
        self.grid = Grid((
            Axis("group", len(groups.names), groups_of_block),
            Axis("restart", searches, searches),
        ))  # fmt: skip

    @cached_property
    def spec(self) -> SearchSpec:
        """Return the words of the search; of the one that suits where none is named."""
        if self.section.algorithm is not None:
            return self.section.algorithm
        name = WITH_SQUARES if self.objective.has_residuals else WITHOUT
        spec: SearchSpec = SEARCHES.get(name).Spec(name=name)
        return spec

    @cached_property
    def every_place(self) -> list[I8]:
        """Return the places of every group, (p, 2): those held back, too."""
        return self.groups.every()

    @cached_property
    def searched_places(self) -> list[I8]:
        """Return the places of every group that are calibrated on."""
        return [one[self.calibrated[one[:, 0], one[:, 1]]] for one in self.every_place]

    @cached_property
    def keep(self) -> tuple[NDArray[np.bool_] | None, ...]:
        """Return which observations of each term are calibrated on, (F, L, n); None for all."""
        split = self.section.validation
        if split is None or split.by_location or split.split is None:
            return tuple(None for _ in self.objective.terms)
        names, seed = self.experiment.locations.names, self.experiment.scenario.seed
        return tuple(
            layers_kept(split.split, term.pairs.there, names, seed, term.name)
            for term in self.objective.terms
        )

    @cached_property
    def fold_of(self) -> tuple[I8, ...]:
        """Return the fold that each observation of each term is of, (F, L, n); -1 for none."""
        terms, names = self.objective.terms, self.experiment.locations.names
        if self.folds is None:
            return tuple(np.full(term.pairs.there.shape, WHOLE, np.int64) for term in terms)
        seed = self.experiment.scenario.seed
        return tuple(
            self.folds.observations(term.pairs.there, self.groups, names, seed, term.name)
            for term in terms
        )

    @cached_property
    def in_fold(self) -> I8:
        """Return how many observations of each group each fold has, (G, K)."""
        count = 0 if self.folds is None else len(self.folds.names)
        total = np.zeros((len(self.groups.names) + 1, count), np.int64)
        for fold in range(count):
            for of in self.fold_of:
                np.add.at(total[:, fold], self.groups.of, (of == fold).sum(axis=-1))
        return total[:-1]

    @property
    def turns(self) -> int:
        """Return how often a group is searched for at most: of all, and without each fold."""
        return 1 + (0 if self.folds is None else len(self.folds.names))

    def looked_at(self, group: int, fold: int) -> tuple[I8, list[NDArray[np.bool_] | None]]:
        """Return what a search of a group looks at: places (p, 2), and (p, n) of each term.

        Parameters
        ----------
        group : int
        fold : int
            That is held back; -1 for none.
        """
        places = self.searched_places[group]
        if self.folds is not None and self.folds.of is not None and fold != WHOLE:
            places = places[self.folds.of[tuple(places.T)] != fold]
        keep = self.keep if self.folds is None else [of != fold for of in self.fold_of]
        return places, [None if one is None else one[tuple(places.T)] for one in keep]

    def part(self, number: int, fold: int = WHOLE) -> U1:
        """Return the part that each observation of a term is of, (F, L, n); 255 for none."""
        there = self.objective.terms[number].pairs.there
        keep = self.keep[number] if fold == WHOLE else self.fold_of[number] != fold
        mine = there & self.calibrated[..., None] if keep is None else there & keep
        return np.where(mine, 0, np.where(there, 1, NOT_RUN)).astype(np.uint8)

    @cached_property
    def observations(self) -> I8:
        """Return how many observations each group is calibrated on, (G,)."""
        total = np.zeros(len(self.groups.names) + 1, np.int64)
        for number in range(len(self.objective.terms)):
            np.add.at(total, self.groups.of, (self.part(number) == 0).sum(axis=-1))
        return total[:-1]

    @cached_property
    def tallied(self) -> tuple[str, ...]:
        """Return the kinds of events of candidates: failed, outside, rejected early, cut back."""
        failures = [status.name for status in STATUSES if status.code not in (0, NOT_RUN)]
        limits = [f"outside {limit.name}" for limit in self.objective.limits]
        late = [f"rejected without {name}" for name in self.early.late]
        return (*failures, *limits, *late, *(["clipped"] if self.space.below else []))

    @cached_property
    def early(self) -> Early:
        """Return which terms of the cost the kernel makes first."""
        return Early.of(self.objective, self.experiment.kernel)

    @property
    def seconds_per_member(self) -> float:
        """Return the kernel's declared cost of one member, seconds."""
        kernel, experiment = self.experiment.kernel, self.experiment
        return kernel.seconds(experiment.options, experiment.sizes)

    @property
    def evaluations(self) -> int:
        """Return how many evaluations all searches make at most."""
        return len(self.groups.names) * self.turns * self.section.restarts * self.section.budget

    @property
    def seconds(self) -> float:
        """Return the declared cost of all evaluations at their most, seconds on one core."""
        places = sum(map(len, self.searched_places))
        each = self.section.restarts * self.section.budget * self.seconds_per_member
        return places * self.turns * each

    @property
    def seconds_per_block(self) -> float:
        """Return the declared cost of a block, seconds."""
        return self.seconds / self.grid.blocks

    @property
    def block_nbytes(self) -> int:
        """Return what the searches of a block hold, bytes."""
        return self.grid.axes[0].length * self._group_nbytes()

    def _group_nbytes(self) -> int:
        """Return what the searches of a group hold at once, bytes: mostly a first generation."""
        n, generations, points = self.space.size, *self.sizes
        residuals = max(1, self.objective.observations) * max(map(len, self.searched_places))
        each = 8 * (points * (2 * n + residuals + 4) + 3 * generations)
        return int(self.turns * self.section.restarts * each)

    @cached_property
    def sizes(self) -> tuple[int, int]:
        """Return the generations and points of a search that the store has room for."""
        return self.spec.sizes(
            self.space.size, budget=self.section.budget, residuals=self.objective.has_residuals
        )

    def _length(self) -> int:
        """Return how many groups a block takes: by the scenario alone."""
        groups = len(self.groups.names)
        places = max(1, max(map(len, self.searched_places), default=1))
        asked = ASKED * self.turns * self.section.restarts * places
        lanes = math.ceil(self.experiment.kernel.lanes / asked)
        long = math.ceil(ROUND_SECONDS / max(asked * self.seconds_per_member, 1e-9))
        blocks = min(LEAST_BLOCKS, max(2, math.ceil(self.seconds / BLOCK_SECONDS)))
        least = max(1, lanes, min(long, math.ceil(groups / blocks)))
        return max(1, min(groups, least, MOST_BYTES // max(1, self._group_nbytes())))

    def spec_of(
        self, name: str, dims: Mapping[str, int], dtype: str = "float64", **rest: Any
    ) -> ArraySpec:
        """Return an array of the group; along groups and restarts it is cut as blocks are."""
        axes = {axis.name: (axis.size, axis.length) for axis in self.grid.axes}
        sizes = [axes.get(dim, (length, length)) for dim, length in dims.items()]
        shape, chunks = zip(*sizes, strict=True) if sizes else ((), ())
        if dtype != "float64":
            rest.setdefault("fill", 0)
        return ArraySpec(f"{GROUP}/{name}", dtype, tuple(dims), shape, chunks, **rest)

    @cached_property
    def arrays(self) -> tuple[ArraySpec, ...]:
        """Return every array that blocks fill, and what the run ends with."""
        own = (self._status(), *self._found(), *self._certain(), *self._compared())
        return own if self.folds is None else (*own, *self._in_turn(self.folds))

    def _status(self) -> ArraySpec:
        attrs = {
            "long_name": "outcome of each search",
            "flag_values": [s.code for s in STATUSES],
            "flag_meanings": " ".join(s.name for s in STATUSES),
        }
        shape = tuple(axis.size for axis in self.grid.axes)
        chunks = tuple(axis.length for axis in self.grid.axes)
        return ArraySpec("status", "uint8", ("group", "restart"), shape, chunks, NOT_RUN, attrs)

    @property
    def _reasons(self) -> dict[str, Any]:
        reasons = {**dict(enumerate(REASONS)), **OTHER_REASONS}
        return {
            "flag_values": list(reasons),
            "flag_meanings": " ".join(word.replace(" ", "_") for word in reasons.values()),
            "long_name": "why the search stopped",
        }

    def _found(self) -> Iterator[ArraySpec]:
        of, n = {"group": 0, "restart": 0}, {"parameter": len(self.space.names)}
        squares = self.objective.has_residuals
        yield self.spec_of("parameters", {**of, **n}, attrs={
            "long_name": "best parameters of each search, in the units of the kernel"})  # fmt: skip
        yield self.spec_of(
            "cost", of, attrs={"long_name": f"cost of the best: {self.objective.meaning}"}
        )
        yield self.spec_of("reason", of, "uint8", fill=NOT_RUN, attrs=self._reasons)
        for name, text in (
            ("evaluations", "candidates that were evaluated"),
            ("generations", "generations of the search"),
        ):
            yield self.spec_of(name, of, "int64", attrs={"long_name": text})
        if squares:
            terms = {**of, "response": len(self.objective.terms)}
            text = "share of each response in the cost, with its weight"
            yield self.spec_of("cost_terms", terms, attrs={"long_name": text})
        if self.objective.limits:
            text = "how far the best is outside what is required; 0 within"
            yield self.spec_of("violation", of, attrs={"long_name": text})
        text = "candidates that failed, broke a limit, were rejected early or cut back"
        yield self.spec_of(
            "tallies", {**of, "tally": len(self.tallied)}, "int64", attrs={"long_name": text}
        )
        yield from self._traces(of, n)

    def _traces(self, of: Mapping[str, int], n: Mapping[str, int]) -> Iterator[ArraySpec]:
        generations, points = self.sizes
        if self.section.keep.trace:
            along = {**of, "generation": generations}
            yield self.spec_of("trace_cost", along, attrs={"long_name": "best cost so far"})
            text = "geometric mean of the population's ranges"
            yield self.spec_of("trace_range", along, attrs={"long_name": text})
            text = "evaluations so far; -1 behind the last generation"
            yield self.spec_of("trace_evaluations", along, "int64", fill=-1,
                               attrs={"long_name": text})  # fmt: skip
        if self.section.keep.population:
            along = {**of, "candidate": points}
            text = "points that the search ended with, best first"
            yield self.spec_of("population", {**along, **n}, attrs={"long_name": text})
            yield self.spec_of("population_cost", along, attrs={"long_name": "their cost"})

    def _certain(self) -> Iterator[ArraySpec]:
        """Yield what is known of how well parameters are determined."""
        n = len(self.space.names)
        of = {"group": 0, "parameter": n}
        words = f"candidates within {self.section.keep.equifinal:g} times the best cost"
        about = {"long_name": f"lowest of {words}", "of": ", ".join(self.space.searched)}
        yield self.spec_of("equifinal_low", of, attrs=about)
        yield self.spec_of("equifinal_high", of,
                           attrs={**about, "long_name": f"highest of {words}"})  # fmt: skip
        yield self.spec_of("equifinal_count", {"group": 0}, "int64", attrs={"long_name": words})
        text = "1 at the upper, -1 at the lower end of its range, within 0.001 of it"
        yield self.spec_of("at_bound", of, "int8", attrs={"long_name": text})
        if self.objective.has_residuals:
            text = "singular values of the residuals' derivative, parameters in units of the range"
            yield self.spec_of("jacobian_sv", of, attrs={"long_name": text})
            text = "direction that moves residuals least, in units of the range"
            yield self.spec_of("weakest", of, attrs={"long_name": text})
            both = {**of, "parameter_": n}
            text = "linear correlation of parameters at the best point; the valley may bend"
            yield self.spec_of("correlation", both, attrs={"long_name": text})

    def _compared(self) -> Iterator[ArraySpec]:
        """Yield metrics, and what is modelled beside what is observed."""
        if not self.objective.compares:
            return
        along = {"group": 0, "part": len(PARTS), "response": len(self.objective.terms)}
        along |= {"metric": len(METRICS)}
        text = "of modelled against observed values; rmse is first a mean over each location's"
        if self.folds is not None:
            text += "; held back: all folds together, each as a search has it that has not seen it"
        yield self.spec_of("metrics", along, attrs={"long_name": text})
        text = f"{text}, at the kernel's defaults"
        yield self.spec_of("default_metrics", along, attrs={"long_name": text})
        for term in self.objective.terms:
            yield self.of_observations("modelled", term)

    def _in_turn(self, folds: Folds) -> Iterator[ArraySpec]:
        """Yield what the searches found that a fold was held back from."""
        of = {"group": 0, "fold": len(folds.names)}
        text = "of the best search that has not seen the fold"
        n, about = {"parameter": len(self.space.names)}, {"long_name": f"parameters {text}"}
        yield self.spec_of("fold_parameters", {**of, **n}, attrs=about)
        yield self.spec_of("fold_cost", of, attrs={"long_name": f"cost {text}"})
        yield self.spec_of("fold_reason", of, "uint8", fill=NOT_RUN, attrs=self._reasons)
        about = {"long_name": "candidates of all searches that have not seen the fold"}
        yield self.spec_of("fold_evaluations", of, "int64", attrs=about)
        along = {**of, "part": len(PARTS), "response": len(self.objective.terms)}
        along |= {"metric": len(METRICS)}
        text = "of the other folds and of the fold itself, which the search has not seen"
        yield self.spec_of("fold_metrics", along, attrs={"long_name": f"metrics {text}"})
        text = f"metrics {text}, at the kernel's defaults"
        yield self.spec_of("fold_default_metrics", along, attrs={"long_name": text})
        for term in self.objective.terms:
            yield self.of_observations("predicted", term)

    def of_observations(self, word: str, term: Term, dtype: str = "float64") -> ArraySpec:
        """Return an array beside a term's observations, (forcing, location, observation)."""
        dims = dict(zip(("forcing", "location", "observation"), term.pairs.there.shape,
                        strict=True))  # fmt: skip
        words = {
            "observed": f"{term.response.meaning}: observed",
            "modelled": "what is modelled beside each observation, at the best parameters",
            "predicted": "the same, at the best parameters that its fold was held back from",
            "fold": "the fold that each observation is of, counted from 0; -1 for none",
            "weight": "share of the squared difference in the cost",
            "part": "0 calibrated on, 1 held back, 255 no observation",
        }
        attrs = {"long_name": words[word]}
        if word in ("observed", "modelled", "predicted"):
            attrs["units"] = self._units(term)
        rest: dict[str, Any] = {"fill": NOT_RUN} if dtype == "uint8" else {}
        return self.spec_of(f"{word}_{term.name}", dims, dtype, attrs=attrs, **rest)

    def _units(self, term: Term) -> str:
        """Return the unit of what a term compares: that of its output, or of an expression."""
        inner = compared(term.response)
        every = {v.name: v.units for v in self.experiment.kernel.outputs}
        return every.get(inner.output, "") if inner is not None else ""
