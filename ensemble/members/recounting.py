"""What a committed block adds up, found again from the members that the store holds.

A statistic that is asked for when blocks are done needs no second run where its values are
stored. Responses are stored as they were computed; outputs in the store's precision, so sums
of those in float32 differ from sums inside a run by their rounding. A journal line says which
sums of its block were found so.
"""

from collections.abc import Collection, Iterator, Mapping, Set
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ensemble.members import undefined
from ensemble.members.block import Block
from ensemble.members.layout import Layout
from ensemble.members.limits import EXCLUDED
from ensemble.members.responses.kinds import evaluate, looked_at, parts_of, with_parts
from ensemble.members.space.sums import CONTROL, GROUP
from ensemble.members.statistics import Reduction
from ensemble.members.tile import Tile, blanked, known_tile
from ensemble.members.undefined import GROUP as UNDEFINED
from ensemble.store.journal import Key
from kernels import F8

Arrays = Mapping[str, NDArray[Any]]


def names_of(layout: Layout) -> dict[str, str]:
    """Return the target of everything that blocks add up, by name.

    The names are ``target/family`` of statistics, ``aggregates/target`` of sums over space, and
    ``undefined/response`` of members that are no number.
    """
    over_samples = {name: name.partition("/")[0] for name in layout.reductions(0)}
    sums = layout.aggregates
    in_space = {f"{GROUP}/{target}": sums.valued(target) for target in sums.targets}
    return over_samples | in_space | {f"{UNDEFINED}/{n}": n for n in undefined.watched(layout)}


def same_sums(old: Layout, new: Layout, name: str) -> bool:
    """Return whether blocks of both layouts add up the same under a name.

    The sums of no member tell: their fields, their lengths and the edges of histograms.
    """
    if name not in names_of(old):
        return False
    if name.startswith(f"{UNDEFINED}/"):
        return True
    if name.startswith(f"{GROUP}/"):
        target = name.partition("/")[2]
        if target in new.aggregates.making:
            made_of = with_parts(new.functionals, [target.rpartition(".")[0]])
            asked = (layout.experiment.scenario.responses for layout in (old, new))
            first, second = ({n: words.get(n) for n in made_of} for words in asked)
            return first == second
        before, now = (layout.aggregates.by_target[target].bounds for layout in (old, new))
        return np.array_equal(before, now) and old.aggregates.kinds() == new.aggregates.kinds()
    pairs = ((old.reductions(f)[name], new.reductions(f)[name]) for f in range(new.shape[0]))
    return all(_start_alike(old, *pair) for pair in pairs)


def _start_alike(layout: Layout, before: Reduction, after: Reduction) -> bool:
    everywhere = slice(0, layout.shape[1])
    first, second = before.start(everywhere), after.start(everywhere)
    return first.keys() == second.keys() and all(
        np.array_equal(values, second[field]) for field, values in first.items()
    )


def stored_whole(layout: Layout, name: str) -> bool:
    """Return whether every value of an output or response is in the store, for all time."""
    if name in layout.functionals:
        return layout.keeps_responses
    return name in layout.outputs and layout.outputs[name].whole


def answerable(layout: Layout, name: str, stored: Set[str]) -> bool:
    """Return whether a response follows exactly from ``stored`` outputs and responses."""
    if name in stored:
        return True
    response = layout.functionals[name]
    outputs = looked_at(response)
    if not all(answerable(layout, part, stored) for part in parts_of(response)):
        return False
    return not outputs or (layout.precision == "float64" and stored >= set(outputs))


def answers(layout: Layout, key: Key, arrays: Arrays, names: Collection[str]) -> dict[str, F8]:
    """Return responses of a block's members from those stored, each (1, L, S)."""
    tile = _tile(layout, arrays)
    first = layout.grid.spans(key)[1].start
    wanted = with_parts(layout.functionals, names)
    known = {n: np.asarray(arrays[n][0], dtype=np.float64) for n in wanted if n in arrays}
    found = evaluate(wanted, tile, key[0], first, known)
    return {n: found[n][None] for n in names}


def recount(layout: Layout, key: Key, arrays: Arrays, names: Collection[str]) -> dict[str, Any]:
    """Return what a block adds up under some names.

    Parameters
    ----------
    layout : Layout
    key : tuple of int
        The block.
    arrays : mapping of str to ndarray, shape (1, L, *dims, S)
        Its stored members, with ``status`` and every target of the names.
    names : collection of str
        Of `names_of`.
    """
    locations, samples = layout.grid.spans(key)[1:]
    reductions = {n: r for n, r in layout.reductions(key[0]).items() if n in names}
    looked_at = {target for name, target in names_of(layout).items() if name in names}
    block = Block(layout, reductions, key[0], locations, samples, looked_at=looked_at)
    out = arrays[EXCLUDED][0] == 1 if EXCLUDED in arrays else None
    targets = _targets(layout, arrays, names)
    if out is not None:
        targets = {name: blanked(values, out) for name, values in targets.items()}
    block.add(_tile(layout, arrays), targets.__getitem__, _summed(names), out)
    return dict(_only(layout, block.partials(), names, GROUP))


def recount_control(
    layout: Layout, key: Key, control: Arrays, names: Collection[str]
) -> dict[str, Any]:
    """Return the sums over space of control members, as `recount`; arrays are (1, L, *dims)."""
    names = [name for name in names if name.startswith(f"{GROUP}/")]
    block = Block(layout, {}, key[0], layout.grid.spans(key)[1], slice(0, 1), control=True)
    if block.in_space is None or not names:
        return {}
    arrays = {name: values[..., None] for name, values in control.items()}
    targets = _targets(layout, arrays, names)
    block.add(_tile(layout, arrays), targets.__getitem__, _summed(names), None)
    return dict(_only(layout, block.in_space.partials(CONTROL), names, CONTROL))


def _tile(layout: Layout, arrays: Arrays) -> Tile:
    """Return a tile of all members of a block, as the store holds them."""
    whole = {n: arrays[n][0] for n in layout.outputs if n in arrays and stored_whole(layout, n)}
    return known_tile(arrays["status"][0], whole)


def _targets(layout: Layout, arrays: Arrays, names: Collection[str]) -> dict[str, F8]:
    targets = {target for name, target in names_of(layout).items() if name in names}
    return {t: np.asarray(arrays[t][0], dtype=np.float64) for t in targets}


def _summed(names: Collection[str]) -> list[str]:
    return [n.partition("/")[2] for n in names if n.startswith(f"{GROUP}/")]


def _only(
    layout: Layout, partials: Arrays, names: Collection[str], group: str
) -> Iterator[tuple[str, Any]]:
    """Yield the fields of the names; and cells that are lost, which every sum over space needs."""
    inside = {n.replace(f"{GROUP}/", f"{group}/", 1) for n in names}
    if any(n.startswith(f"{GROUP}/") for n in names):
        ends = layout.aggregates.lost_by()
        inside |= {f"{group}/{why}{end}" for why in ("failed", "excluded") for end in ends}
    for path, values in partials.items():
        name = path if path.startswith(f"{UNDEFINED}/") else path.rpartition("/")[0]
        if name in inside:
            yield path, values


def with_recounted(
    layout: Layout,
    key: Key,
    members: Mapping[str, Any],
    sums: Mapping[str, Any],
    names: Collection[str],
) -> dict[str, Any]:
    """Return a block's sums with those of some names found in its members, (1, L, *dims, S)."""
    anew = recount(layout, key, members, names)
    control = {p.partition("/")[2]: v for p, v in sums.items() if p.startswith("control/")}
    if control:
        anew |= recount_control(layout, key, control, names)
    stale = tuple(f"{name}/" for name in names)
    return {p: v for p, v in sums.items() if not p.startswith(stale)} | anew
