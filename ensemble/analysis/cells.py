"""Read members of some cells of a stored output: places and rows, all samples."""

from collections.abc import Iterator

import numpy as np

from ensemble.members.layout import Layout
from ensemble.members.limits import EXCLUDED
from ensemble.members.tile import blanked
from ensemble.store.store import Store
from kernels import F8


def blocks_of(
    layout: Layout, places: slice
) -> Iterator[tuple[tuple[int, int], slice, tuple[slice, slice]]]:
    """Yield the blocks that hold some locations, with all samples.

    Each is where it is in the grid (location, sample), the locations that are meant among its
    own, and where they are among all that are meant, and their samples among all.
    """
    _, locations, samples = layout.grid.axes
    first, last = places.start // locations.length, (places.stop - 1) // locations.length
    for k, s in np.ndindex(last - first + 1, samples.blocks):
        span = locations.span(first + k)
        low, high = max(span.start, places.start), min(span.stop, places.stop)
        here = slice(low - places.start, high - places.start), samples.span(s)
        yield (first + k, s), slice(low - span.start, high - span.start), here


def read_cells(
    store: Store,
    layout: Layout,
    name: str,
    forcing: int,
    places: slice,
    rows: slice,
    out: F8 | None = None,
) -> F8:
    """Return an output of one forcing, (places, rows, sample); excluded members are NaN.

    Parameters
    ----------
    store : Store
        Every block committed.
    layout : Layout
    name : str
        A stored output, or a response.
    forcing : int
    places : slice
        Locations.
    rows : slice
        Of the output's dims, flattened.
    out : ndarray, shape (places, rows, sample), optional
        Is filled and returned, instead of a new one.

    Raises
    ------
    PlanError
        A chunk is gone or damaged.
    """
    if out is None:
        size = layout.grid.axes[2].size
        out = np.empty((places.stop - places.start, rows.stop - rows.start, size))
    spec = store.specs[name]
    middle = (0,) * (len(spec.shape) - 3)
    for (k, s), inside, (here, some) in blocks_of(layout, places):
        chunk = store.read_sound(name, (forcing, k, *middle, s))[0]
        if EXCLUDED in store.specs:
            out_of = store.read_sound(EXCLUDED, (forcing, k, s))[0]
            chunk = blanked(chunk, out_of == 1)
        cells = chunk.reshape(len(chunk), -1, chunk.shape[-1])
        out[here, :, some] = cells[inside, rows]
    return out
