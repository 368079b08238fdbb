"""Models and products that are there already, as benchmarks see a run: places, steps, outputs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ensemble.members.benchmarks import Asked, Prepared, Task
from ensemble.members.benchmarks.parts.lattices import Cells, cells_of, mean_of, spread
from ensemble.members.benchmarks.parts.products import maps_of
from ensemble.members.evaluation.sums import modelled_of, of_outputs
from ensemble.members.in_time import Steps
from kernels import F8, Variable
from scenarios import ScenarioError
from scenarios.benchmarks import BENCHMARKS, BenchmarkSpec
from scenarios.forcing import Locations
from scenarios.forcing.common.cell_edges import edges
from scenarios.forcing.netcdf_files.space import named
from scenarios.grids import Grid
from scenarios.observations import GridMap


@dataclass(frozen=True)
class Other:
    """A model of somebody else or a product, as benchmarks see a run.

    Attributes
    ----------
    name : str
    places : Locations
        Cells with land where every output has a value.
    asked : mapping of str to Asked
    outputs : mapping of str to ndarray, shape (L, T, 1), float64
    grid : Grid or None
        That the places are cells of, where all of it is known.
    product : bool
        Whether it is observed, and stands beside models to show how well one can do.
    left_out : mapping of str to int
        Cells of the maps, by reason.
    notes : tuple of str
    provenance : mapping of str to mapping
        Of each output.
    """

    name: str
    places: Locations
    asked: Mapping[str, Asked]
    outputs: Mapping[str, F8]
    grid: Grid | None = None
    product: bool = False
    left_out: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    provenance: Mapping[str, Any] = field(default_factory=dict)

    @property
    def cells(self) -> list[tuple[str, float]]:
        """Return what tells cells from those of other models: name and height in degrees."""
        columns = self.places.columns
        height = np.round(columns["lat_north"] - columns["lat_south"], 6)
        return list(zip(self.places.names, height.tolist(), strict=True))

    def task(self, task: Task, outputs: Sequence[str]) -> Task:
        """Return a task of its places and some of its outputs."""
        asked = {output: self.asked[output] for output in outputs}
        bare = {output: (self.outputs[output] == 0).all(axis=(1, 2)) for output in outputs}
        return replace(task, outputs=asked, places=self.places, bare=bare)

    def some(self, kept: NDArray[np.bool_]) -> "Other":
        """Return the places that are kept, (L,)."""
        names = tuple(n for n, k in zip(self.places.names, kept.tolist(), strict=True) if k)
        columns = {name: values[kept] for name, values in self.places.columns.items()}
        outputs = {name: values[kept] for name, values in self.outputs.items()}
        return replace(self, places=Locations(names, columns), outputs=outputs)


def of_maps(name: str, maps: Mapping[str, GridMap], steps: Steps | None = None) -> Other:
    """Return outputs that are maps on one grid, each the same at every step.

    Raises
    ------
    ValueError
        No cell has land and a value of every output; why, and how many.
    """
    first = next(iter(maps.values()))
    land = first.land_area
    if land is None:
        raise ValueError("has no land fraction; say land_fraction: FILE, or land_fraction: 1")
    valued = np.array([np.isfinite(one.values) for one in maps.values()])
    some, every, on_land = valued.any(axis=0), valued.all(axis=0), land > 0
    kept = every & on_land
    left_out = {
        "no value of any output": int((~some).sum()),
        "no value of some output": int((some & ~every).sum()),
        "no land": int((every & ~on_land).sum()),
    }
    if not kept.any():
        why = "; ".join(f"{reason}: {n:,}" for reason, n in left_out.items() if n)
        raise ValueError(f"no cell is left ({why})")
    row, column = np.nonzero(kept)
    count = 1 if steps is None else len(steps.years)
    dims = () if steps is None else (steps.dim,)
    return Other(
        name,
        _places(Cells(first.grid, row, column), land[kept]),
        {o: Asked(Variable(o, one.units, o, dims), steps) for o, one in maps.items()},
        # The mean of years is that of each of them.
        {o: np.repeat(one.values[kept][:, None, None], count, axis=1) for o, one in maps.items()},
        first.grid,
        left_out={reason: n for reason, n in left_out.items() if n},
        notes=tuple(dict.fromkeys(note for one in maps.values() for note in one.notes)),
        provenance={o: {**one.provenance, "land": one.land_source, "left_out": dict(one.left_out)}
                    for o, one in maps.items()},
    )  # fmt: skip


def _places(there: Cells, land: F8) -> Locations:
    """Return cells as locations, whose land is in m2."""
    lat, lon = there.grid.lat[there.row], there.grid.lon[there.column]
    about = {"lat": lat, "lon": lon, "area": land}
    return Locations(named(lat, lon), about | edges(there.grid, there.row, there.column))


def regridded(one: Other, there: Cells) -> Other:
    """Return a model or product on some cells of another grid, conservatively, with its land.

    Raises
    ------
    ValueError
        Its places are no cells, or none of them has land in these.
    """
    mine = cells_of(one.places)
    if mine is None:
        raise ValueError("has places that are no cells of a grid, and is not regridded")
    land = np.zeros(mine.grid.shape)
    land[mine.row, mine.column] = one.places.columns["area"] / mine.areas
    _, (part,) = spread([np.ones(mine.grid.shape)], land, mine.grid, there, "conservative")
    outputs = {}
    for name, values in one.outputs.items():
        # The mean of years is one map, however many years it stands for.
        same = bool((values == values[:, :1]).all())
        maps = []
        for step in values[:, : 1 if same else None, 0].T:
            full = np.full(mine.grid.shape, np.nan)
            full[mine.row, mine.column] = step
            maps.append(full)
        rates, _ = spread(maps, land, mine.grid, there, "conservative")
        outputs[name] = np.broadcast_to(rates.T, (len(part), values.shape[1]))
    kept = (part > 0) & np.all([np.isfinite(v).all(axis=1) for v in outputs.values()], axis=0)
    if not kept.any():
        raise ValueError("has no land in the cells that it is regridded to")
    some = Cells(there.grid, there.row[kept], there.column[kept])
    note = f"regridded conservatively: {len(one.places.names):,} cells of its own"
    return replace(
        one,
        places=_places(some, part[kept] * some.areas),
        outputs={name: values[kept][:, :, None] for name, values in outputs.items()},
        grid=there.grid,
        notes=(*one.notes, note),
    )


def products(
    wanted: Mapping[str, Sequence[str]],
    observed: Mapping[str, Any],
    period: tuple[int, int] | None,
    there: Cells | None = None,
) -> dict[str, Other]:
    """Return products by name, as models of the output that they are of.

    Parameters
    ----------
    wanted : mapping of str to sequence of str
        Benchmarks whose maps are products of each output.
    observed : mapping of str to observations
        By benchmark, all of them read.
    period : tuple of int, optional
        Years that maps along time are means of.
    there : Cells, optional
        To be regridded to.

    Raises
    ------
    ValueError
        Of which, and what is wrong.
    """
    found = {}
    for output, names in wanted.items():
        task = Task(f"products_{output}", {}, Locations(), None, period)
        for benchmark in names:
            try:
                maps = maps_of(observed[benchmark], benchmark)
                several = len(maps) > 1
                for own, one in maps.items():
                    name = own if several else benchmark
                    flat = replace(one, values=mean_of(task, one), years=None, month=None)
                    made = replace(of_maps(name, {output: flat}), product=True)
                    found[name] = made if there is None else regridded(made, there)
            except ValueError as error:
                raise ValueError(f"{benchmark}: {error}") from error
    return found


def may_be_held(spec: BenchmarkSpec, benchmark: str, product: Other) -> bool:
    """Return whether a product has what is compared, and is not what it is compared with."""
    itself = product.name in (benchmark, spec.same_as)
    return not itself and {*spec.outputs()} <= product.outputs.keys()


def beside(
    spec: BenchmarkSpec, task: Task, prepared: Prepared, every: Mapping[str, Other]
) -> Prepared:
    """Return what a run is held against with the scores of products in its arrays.

    They are ``product``, names, and ``of_products_<score>``, (product, groups); a product that has
    no such score is left out, and told of.
    """
    rows: dict[str, list[F8]] = {}
    names, notes = [], []
    for name, one in every.items():
        if not may_be_held(spec, task.name, one):
            continue
        try:
            found = against(spec, one.task(task, spec.outputs()), one.outputs)
        except ScenarioError as error:
            notes.append(f"{name} is not held against it: {error.problems[0].text}")
            continue
        names.append(name)
        known = {group: k for k, group in enumerate(found.prepared.groups)}
        for score, values in found.scores.items():
            groups = prepared.groups if spec.SCORES[score].grouped else prepared.groups[:1]
            row = [values[known[g]] if g in known else np.nan for g in groups]
            rows.setdefault(score, []).append(np.array(row))
    arrays = {f"of_products_{score}": np.stack(values) for score, values in rows.items()}
    if names:
        arrays = {"product": np.array(names), **arrays}
    return replace(prepared, arrays={**prepared.arrays, **arrays}, notes=(*prepared.notes, *notes))


@dataclass(frozen=True)
class Against:
    """A model against a benchmark.

    Attributes
    ----------
    prepared : Prepared
    scores : mapping of str to ndarray, shape (groups,), float64
        Those that are asked for, NaN of what is no number; of a score of the whole alone (1,).
    modelled : mapping of str to ndarray, shape (p,), float64
        What the model has of each pair, by the name of the pairs.
    own : int
        Records or places that it is compared with alone: more than `n` where others lack some.
    """

    prepared: Prepared
    scores: Mapping[str, F8]
    modelled: Mapping[str, F8]
    own: int

    @property
    def n(self) -> int:
        """Return the records or places that it is compared with."""
        return _count(self.prepared)


def _count(prepared: Prepared) -> int:
    """Return the records of a benchmark, or the places of one that has none."""
    pairs = next(iter(prepared.pairs.values()))
    if "record_line" in prepared.arrays:
        return len(pairs.place)
    return len(np.unique(pairs.place))


def against(spec: BenchmarkSpec, task: Task, outputs: Mapping[str, F8]) -> Against:
    """Return the scores of whole outputs of one model, and what they are held against."""
    module = BENCHMARKS.get(spec.compare)
    prepared: Prepared = module.prepare(spec, task)
    if task.observed is not None and not prepared.provenance:
        prepared = replace(prepared, provenance=task.observed.provenance)
    with np.errstate(all="ignore"):
        made = module.score(spec, prepared, of_outputs(prepared, outputs))
    scores = {}
    for name in spec.asked():
        values = np.asarray(made[name], dtype=np.float64).reshape(-1)
        size = len(prepared.groups) if spec.SCORES[name].grouped else 1
        scores[name] = np.where(np.isfinite(values), values, np.nan)[:size]
    return Against(prepared, scores, modelled_of(prepared, outputs), _count(prepared))
