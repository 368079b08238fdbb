"""The store of an experiment: which arrays there are, and the blocks that fill them.

Block lengths follow from the scenario alone (`block_rule`), so that every machine writes the same
chunks; a store that is begun keeps those it has.
"""

import math
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ensemble.members import limits, undefined
from ensemble.members.block_needs import needs_of
from ensemble.members.block_rule import Needs, block_lengths
from ensemble.members.evaluation import stored as evaluation_stored
from ensemble.members.evaluation import weighted, weights
from ensemble.members.evaluation.asked import Evaluated
from ensemble.members.evaluation.statistics import arrays as score_statistics
from ensemble.members.experiment import Experiment, Sampler
from ensemble.members.keeping import keeps, picked, streams_of
from ensemble.members.remembered import remembered
from ensemble.members.responses.kinds import outputs_of
from ensemble.members.space import stored, sums
from ensemble.members.statistics import Declared, GroupsReduction, Reduction, Target, reductions
from ensemble.members.tiles import Tiler
from ensemble.store.arrays import ArraySpec
from ensemble.store.grid import Axis, Grid
from kernels import F8, NOT_RUN, STATUSES, Parameter
from scenarios.designs import Design

Lengths = tuple[int, int]
"""Locations and samples of a block."""

END_NBYTES = 256 << 10
"""What a run ends with has a chunk for the locations of as many blocks as take that, one at least.
They are held until all are there; a file for each block would be mostly its inode."""

KEEP_SAMPLES = 1_000_000
"""Up to so many samples the store holds parameters and responses of every member."""


class Layout:
    """Arrays and blocks of an experiment.

    Parameters
    ----------
    experiment : Experiment
    lengths : tuple of int, optional
        Locations and samples of a block, as a store that is begun has them; else by the rule.
    apart : bool
        Whether what a run ends with has a chunk for each block's locations, as stores of earlier
        versions have; see `stored.is_apart`.
    """

    def __init__(
        self, experiment: Experiment, lengths: Lengths | None = None, *, apart: bool = False
    ) -> None:
        self.apart = apart
        self.experiment = experiment
        self.sampler = Sampler(experiment)
        scenario = experiment.scenario
        self.precision = scenario.precision
        self.functionals = experiment.functionals()
        self.outputs = {
            array: kept
            for name, output in scenario.outputs.items()
            for array, kept in keeps(name, output, experiment).items()
        }
        self.evaluation = Evaluated(experiment)
        self.weightings = weights.weightings(self.evaluation, scenario.name)
        self.statistics = scenario.of_members
        self.reduced_outputs = [n for n in self.statistics if n not in self.functionals]
        self.reduced_outputs += [n for n in scenario.aggregates if n not in self.functionals]
        looked_at = outputs_of(self.functionals)
        limited = [n for n in scenario.limits if n in experiment.limits]
        self.wanted = tuple(
            dict.fromkeys(
                [
                    *scenario.outputs,
                    *looked_at,
                    *self.reduced_outputs,
                    *self.evaluation.outputs,
                    *limited,
                ]
            )
        )
        self.reduced = {*self.statistics, *scenario.aggregates}
        self.limits = {n: limit for n, limit in experiment.limits.items() if n in self.wanted}
        # What has no time is whole as it is.
        whole = {*self.reduced_outputs, *self.evaluation.steady}
        whole |= {n for n in self.limits if not experiment.has_time(n)}
        responses = self.functionals.values()
        picks = picked(self.outputs, responses, self.wanted, whole, experiment)
        held = {kept.output for kept in self.outputs.values() if kept.stream() is None}
        held = {*held, *looked_at, *whole} - picks.keys()
        self.whole = tuple(name for name in self.wanted if name in held)
        watched = [name for name in self.limits if name not in held]
        self.streams = streams_of(self.outputs, watched, picks, experiment)
        self.streams += self.evaluation.streams
        self.excluding = any(limit.exclude for limit in self.limits.values())
        self.aggregates = sums.Aggregates(experiment, self)
        self.keeps_responses = self.sampler.size <= KEEP_SAMPLES
        self.stored_parameters = self.sampler.parameters if self.keeps_responses else ()
        self.reductions = remembered(self._reductions, 4)
        self.grid = self._grid(lengths)

    def tiler(self, together: int = 1) -> Tiler:
        """Return what runs members tile by tile and has of them what blocks keep."""
        experiment = self.experiment
        kernel, options = experiment.kernel, experiment.options
        return Tiler(kernel, options, self.whole, experiment.sizes, together, self.streams)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Return the number of forcings, locations and samples."""
        locations = len(self.experiment.locations.names)
        return len(self.experiment.forcings), locations, self.sampler.size

    def owns(self, key: tuple[int, ...], path: str) -> bool:
        """Return whether a block writes an array."""
        return self.grid.owns(key, self._by_path[path])

    def exact(self, path: str, values: NDArray[Any]) -> NDArray[Any]:
        """Return values as an array of the store holds them."""
        return np.ascontiguousarray(values, dtype=self._by_path[path].dtype)

    @cached_property
    def _by_path(self) -> dict[str, ArraySpec]:
        return {spec.path: spec for spec in self.arrays}

    def _grid(self, lengths: Lengths | None) -> Grid:
        forcings, locations, samples = self.shape
        if lengths is None:
            stated = self.experiment.scenario.block
            lengths = block_lengths(self.needs, location=stated.location, sample=stated.sample)
        depth, width = lengths
        axes = (
            ("forcing", forcings, 1),
            ("location", locations, depth),
            ("sample", samples, width),
        )
        return Grid(tuple(Axis(*axis) for axis in axes))

    @cached_property
    def needs(self) -> Needs:
        """Return what blocks take and hold."""
        return needs_of(self)

    @property
    def block_nbytes(self) -> int:
        """Return the memory that one block takes, or what its sums become, bytes."""
        return math.ceil(self.needs.holds(*(axis.length for axis in self.grid.axes[1:])))

    @cached_property
    def in_groups(self) -> dict[str, GroupsReduction]:
        """Return the reductions that need whole groups of rows, by ``target/family``."""
        every = self.reductions(0)
        return {name: r for name, r in every.items() if isinstance(r, GroupsReduction)}

    @cached_property
    def sums_nbytes(self) -> dict[str, int]:
        """Return the bytes at one location of each target's sums of whole groups of rows."""
        nbytes: dict[str, int] = {}
        for name, reduction in self.in_groups.items():
            target = name.partition("/")[0]
            rows = math.prod(self.target_shape(target))
            nbytes[target] = nbytes.get(target, 0) + rows * reduction.row_nbytes()
        return nbytes

    @property
    def rows_together(self) -> int:
        """Return the samples that a tile must not part."""
        return self.sampler.first.rows_together if self.in_groups else 1

    @cached_property
    def labels(self) -> dict[str, tuple[str, ...]]:
        """Return the names along dimensions of statistics, by dimension."""
        declared = (d for r in self.reductions(0).values() for d in r.declare().values())
        return {dim: names for each in declared for dim, names in each.labels.items()}

    @cached_property
    def seconds_per_member(self) -> float:
        """Return the kernel's declared cost of one member, seconds."""
        return self.experiment.kernel.seconds(self.experiment.options, self.experiment.sizes)

    @cached_property
    def shared_seconds(self) -> float:
        """Return what a sample takes beside, declared, once for all locations of a block."""
        kernel, experiment = self.experiment.kernel, self.experiment
        return kernel.shared_seconds(experiment.options, experiment.sizes)

    @property
    def seconds(self) -> float:
        """Return the declared cost of all members, seconds."""
        forcings, locations, samples = self.shape
        shared = self.shared_seconds * self.grid.axes[1].blocks
        return forcings * samples * (locations * self.seconds_per_member + shared)

    @property
    def seconds_per_block(self) -> float:
        """Return the kernel's declared cost of a whole block, seconds."""
        return self.needs.takes(*(axis.length for axis in self.grid.axes[1:]))

    def target_shape(self, target: str) -> tuple[int, ...]:
        """Return the dims' lengths of a statistic's target, between location and sample."""
        if sums.is_of_score(target):
            return (sums.TERMS,)
        target = target.partition(".")[0]
        if target in self.functionals:
            return ()
        dims = self.experiment.kernel.variable(target).dims
        return tuple(self.experiment.sizes[d] for d in dims)

    def target_dims(self, target: str) -> tuple[str, ...]:
        """Return the dims of a statistic's target, between location and sample."""
        return () if target in self.functionals else self.experiment.kernel.variable(target).dims

    def own_dims(self, output: str) -> dict[str, int]:
        """Return the dimensions of an output that are the kernel's own, such as layers."""
        dims = self.experiment.kernel.variable(output).dims
        return {d: self.experiment.sizes[d] for d in dims if d in self.experiment.kernel.coords}

    def target(self, name: str, forcing: int) -> Target:
        """Return what a statistic needs to know of an output or a response."""
        variable = self.functionals.get(name) or self.experiment.kernel.variable(name)
        locations = len(self.experiment.locations.names)
        known = self.experiment.edges.get(name)
        edges = np.tile([0.0, 1.0], (locations, 1)) if known is None else known[forcing]
        rows = math.prod(self.target_shape(name))
        bins = self.experiment.scenario.histograms.bins
        # Not of this object: what is returned would hold it, and it what is returned.
        sampler = self.sampler
        own, members = "location" in sampler.independent, sampler.size

        def design(location: int) -> Design:
            return sampler.design(forcing, location)

        about = (name, variable.units, variable.meaning, rows, edges, bins, design, own)
        return Target(*about, members)

    def _reductions(self, forcing: int) -> dict[str, Reduction]:
        """Return every reduction of a forcing by ``target/family``."""
        return {
            f"{target}/{family}": reduction
            for target, requests in self.statistics.items()
            for family, reduction in reductions(requests, self.target(target, forcing)).items()
        }

    @cached_property
    def arrays(self) -> tuple[ArraySpec, ...]:
        """Return every array that blocks fill."""
        members = (*self._members(), *self._parameters(), *self._control())
        return (
            *members,
            *self._statistics(),
            *stored.arrays(self),
            *evaluation_stored.arrays(self),
            *score_statistics(self),
            *weights.arrays(self),
            *weighted.arrays(self),
            *limits.arrays(self),
            *undefined.arrays(self),
        )

    @cached_property
    def lengths(self) -> dict[str, tuple[int, int]]:
        """Return length and chunk length of the members' axes."""
        return {axis.name: (axis.size, axis.length) for axis in self.grid.axes}

    def spec(self, path: str, dtype: str, dims: dict[str, int], **rest: Any) -> ArraySpec:
        """Return an array over the members' axes and whole other dims, in the given order.

        What a run ends with (control members, statistics) has all forcings in one chunk, and the
        locations of many blocks: it is written once; what blocks write is chunked as they are.
        """
        sizes = {d: self.lengths.get(d, (n, n)) for d, n in dims.items()}
        if "/" in path and "forcing" in sizes:
            sizes["forcing"] = (self.shape[0], self.shape[0])
        if "/" in path and "location" in sizes and not self.apart:
            (size, length), one = sizes["location"], np.dtype(dtype).itemsize
            of_block = length * one * math.prod(n for d, (n, _) in sizes.items() if d != "location")
            sizes["location"] = size, min(size, length * max(1, END_NBYTES // max(1, of_block)))
        shape, chunks = zip(*sizes.values(), strict=True) if sizes else ((), ())
        return ArraySpec(path, dtype, tuple(sizes), shape, chunks, **rest)

    def summed(
        self,
        path: str,
        middle: Mapping[str, int],
        attrs: dict[str, Any],
        *,
        sample: bool,
        dtype: str = "float64",
        fill: float = math.nan,
    ) -> ArraySpec:
        """Return an array of what is summed over locations.

        With samples its chunks are as long as blocks, else it is one chunk.
        """
        forcings, _, samples = self.shape
        dims = {"forcing": (forcings, 1 if sample else forcings)}
        dims |= {d: (n, n) for d, n in middle.items()}
        if sample:
            dims["sample"] = (samples, self.grid.axes[2].length)
        shape, chunks = zip(*dims.values(), strict=True)
        return ArraySpec(path, dtype, tuple(dims), shape, chunks, fill, attrs)

    def _over_members(self, names: tuple[str, ...], lengths: tuple[int, ...]) -> dict[str, int]:
        middle = dict(zip(names, lengths, strict=True))
        return {"forcing": 0, "location": 0, **middle, "sample": 0}

    def _members(self) -> Iterator[ArraySpec]:
        flags = {
            "long_name": "outcome of each member",
            "flag_values": [s.code for s in STATUSES],
            "flag_meanings": " ".join(s.name for s in STATUSES),
        }
        dims = self._over_members((), ())
        yield self.spec("status", "uint8", dims, fill=NOT_RUN, attrs=flags)
        if self.excluding:
            text = "1 where the member is beyond a limit and in no statistic and no index"
            meanings = {"flag_values": [0, 1], "flag_meanings": "kept excluded"}
            attrs = {"long_name": text, **meanings}
            yield self.spec(limits.EXCLUDED, "uint8", dims, fill=NOT_RUN, attrs=attrs)
        for name, kept in self.outputs.items():
            dims = self._over_members(kept.dims, kept.shape)
            yield self.spec(name, self.precision, dims, attrs=kept.attrs)
        if self.keeps_responses:
            for name, response in self.functionals.items():
                attrs = {"units": response.units, "long_name": response.meaning}
                yield self.spec(name, "float64", self._over_members((), ()), attrs=attrs)

    def _parameters(self) -> Iterator[ArraySpec]:
        table = {p.name: p for p in self.experiment.kernel.parameters}
        for name in self.stored_parameters:
            p = table[name]
            attrs = {"units": p.units, "long_name": p.meaning, "source": p.source}
            attrs |= self._ranges(p)
            dims = dict.fromkeys(self.sampler.dims(name), 0)
            yield self.spec(name, "float64", dims, attrs=attrs)

    def _ranges(self, p: Parameter) -> dict[str, Any]:
        """Return a parameter's bounds, and its plausible range if it is one at all locations."""
        attrs: dict[str, Any] = {"plausible_source": p.plausible.source}
        if np.isfinite([p.lower, p.upper]).all():
            attrs["valid_range"] = [p.lower, p.upper]
        rows = [values[p.name] for values in self._controls]
        low, high = (np.unique(end) for end in p.likely(np.concatenate(rows)))
        if len(low) == len(high) == 1:
            attrs["plausible_range"] = [float(low[0]), float(high[0])]
        return attrs

    @cached_property
    def _controls(self) -> list[Mapping[str, F8]]:
        """Return the parameters of the control members of each forcing, (L, 1)."""
        forcings, places, _ = self.shape
        every = slice(0, places)
        return [self.experiment.control_rows(f, every).values for f in range(forcings)]

    def _control(self) -> Iterator[ArraySpec]:
        base = {"forcing": 0, "location": 0}
        for name, kept in self.outputs.items():
            dims = {**base, **dict(zip(kept.dims, kept.shape, strict=True))}
            yield self.spec(f"control/{name}", self.precision, dims, attrs=kept.attrs)
        for name, response in self.functionals.items():
            attrs = {"units": response.units, "long_name": response.meaning}
            yield self.spec(f"control/{name}", "float64", base, attrs=attrs)
        yield self.spec("control/status", "uint8", base, fill=NOT_RUN)
        for p in self.experiment.kernel.parameters:
            attrs = {"units": p.units, "long_name": f"{p.meaning}, as the control member has it"}
            yield self.spec(f"control/{p.name}", "float64", base, attrs=attrs)

    def _statistics(self) -> Iterator[ArraySpec]:
        base = {"forcing": 0, "location": 0}
        attrs = {"long_name": "members that ran and are counted in every statistic"}
        if self.statistics:
            yield self.spec("statistics/count", "uint64", base, fill=0, attrs=attrs)
        for key, reduction in self.reductions(0).items():
            target = key.partition("/")[0]
            middle = zip(self.target_dims(target), self.target_shape(target), strict=True)
            dims = {**base, **dict(middle)}
            for name, declared in reduction.declare().items():
                yield self._statistic(target, name, dims, declared)

    def _statistic(
        self, target: str, name: str, dims: dict[str, int], declared: Declared
    ) -> ArraySpec:
        variable = self.functionals.get(target) or self.experiment.kernel.variable(target)
        attrs = {"long_name": f"{name} of {variable.meaning}", **declared.attrs}
        fill = 0 if declared.dtype.startswith("uint") else math.nan
        path = f"statistics/{target}_{name}"
        return self.spec(
            path, declared.dtype, {**dims, **dict(declared.extra)}, fill=fill, attrs=attrs
        )
