"""Benchmarks of members that are stored: the same pairs and sums as in a run, after it."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ensemble.errors import PlanError
from ensemble.members.evaluation.asked import GROUP, Evaluated, moments_of
from ensemble.members.evaluation.gathering import Gathered
from ensemble.members.evaluation.merging import Adding, modelled, scores
from ensemble.members.gathering import whole_stream
from ensemble.members.layout import Layout
from ensemble.members.limits import EXCLUDED
from ensemble.members.tile import known_tile
from ensemble.store.store import Store
from kernels import F8, U1


def refuse_missing(store: Store, layout: Layout, asked: Evaluated) -> None:
    """Refuse benchmarks of outputs that a store does not hold at every step.

    Raises
    ------
    PlanError
        With all of them.
    """
    kept = {name for name, one in layout.outputs.items() if one.whole}
    missing = [output for output in asked.outputs if output not in kept]
    if missing:
        words = ", ".join(f"{output}: all" for output in missing)
        raise PlanError(
            f"{store.path}: does not hold {' and '.join(missing)} at every step, to be compared; "
            f"needed outputs: {{{words}}}, or evaluation: in the scenario of a new run"
        )


def of_members(store: Store, layout: Layout, asked: Evaluated) -> dict[str, F8]:
    """Return the scores of all members, (forcing, [group], *dims, S), by name."""
    forcings, _, samples = layout.grid.axes
    made = []
    for f in range(forcings.size):
        parts = [_block(store, layout, asked, f, s) for s in range(samples.blocks)]
        made.append({n: np.concatenate([part[n] for part in parts], axis=-1) for n in parts[0]})
    return {name: np.stack([one[name] for one in made]) for name in made[0]}


def _block(
    store: Store, layout: Layout, asked: Evaluated, forcing: int, sample: int
) -> dict[str, F8]:
    """Return the scores of a block of samples."""
    places, samples = layout.grid.axes[1:]
    span = samples.span(sample)
    adding = {(b, n): Adding(asked, p, span.stop - span.start) for b, n, p in asked.pairs()}
    for place in range(places.blocks):
        key, here = (forcing, place, sample), places.span(place)
        outputs = {
            name: store.read_sound(name, (forcing, place, *_whole(store, name), sample))[0]
            for name in asked.outputs
        }
        out = store.read_sound(EXCLUDED, key)[0] == 1 if EXCLUDED in store.specs else None
        status = store.read_sound("status", key)[0]
        _take(adding, here, _gathered(asked, here, status, outputs, out, control=False))
    return scores(asked, adding)


def _whole(store: Store, name: str) -> tuple[int, ...]:
    """Return the place of the one chunk along what lies between location and sample."""
    return (0,) * (len(store.specs[name].shape) - 3)


def of_control(store: Store, layout: Layout, asked: Evaluated) -> dict[str, F8]:
    """Return the scores of the control member, (forcing, [group], *dims), by name.

    Beside them stands what it has of each pair, (forcing, pair, *dims), by `modelled_path`.
    """
    everywhere = slice(0, layout.shape[1])
    whole = {name: store.read_whole(f"control/{name}") for name in (*asked.outputs, "status")}
    made = []
    for f in range(layout.shape[0]):
        adding = {(b, n): Adding(asked, p, 1, each=True) for b, n, p in asked.pairs()}
        outputs = {name: whole[name][f][..., None] for name in asked.outputs}
        status = whole["status"][f][..., None]
        gathered = _gathered(asked, everywhere, status, outputs, None, control=True)
        _take(adding, everywhere, gathered)
        found = {name: values[..., 0] for name, values in scores(asked, adding).items()}
        made.append(found | modelled(asked, adding))
    return {name: np.stack([one[name] for one in made]) for name in made[0]}


def _gathered(
    asked: Evaluated,
    here: slice,
    status: U1,
    outputs: Mapping[str, NDArray[Any]],
    out: NDArray[np.bool_] | None,
    *,
    control: bool,
) -> dict[str, NDArray[Any]]:
    """Return what a block of the run would have added up of stored outputs (l, *dims, s)."""
    wide = {name: np.asarray(values, dtype=np.float64) for name, values in outputs.items()}
    wide |= {moments_of(s.output): whole_stream(s, wide[s.output]) for s in asked.streams}
    tile = known_tile(status, wide)
    about = {"control": control, "excluding": out is not None}
    gathered = Gathered(asked, here, status.shape[1], **about)
    gathered.take(tile, out)
    return gathered.partials()


def _take(
    adding: Mapping[tuple[str, str], Adding],
    here: slice,
    partial: Mapping[str, NDArray[Any]],
) -> None:
    for (benchmark, name), sums in adding.items():
        sums.take(here, partial, f"{GROUP}/{benchmark}/{name}")
