"""Open a run with xarray; works while it is being written."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from ensemble.errors import PlanError
from ensemble.store.addresses import address_of, is_address
from ensemble.store.arrays import from_root
from ensemble.store.reading import check_root, read
from kernels import expanded

if TYPE_CHECKING:
    import xarray as xr


def open_run(
    store: str | os.PathLike[str], *, storage_options: dict[str, object] | None = None
) -> "xr.DataTree":
    """Return a store as an `xarray.DataTree`: members at the root, groups beside them.

    Parameters
    ----------
    store : str or path
        A folder, or the address of a copy, such as ``s3://bucket/run.zarr``, that fsspec reads.
    storage_options : mapping, optional
        What fsspec is to know of an address.

    Returns
    -------
    xarray.DataTree
        ``status`` is 255 and outputs are NaN for members that are not committed yet. Parameters
        that the design varies are coordinates of ``sample``, where the store has them; of what it
        was opened from, ``encoding["source"]`` has the path.

    Raises
    ------
    PlanError
        Not a store of this program.
    """
    import xarray as xr

    if not is_address(store):
        place = Path(expanded(os.fspath(store)))
        read(place)
        found = xr.open_datatree(place, engine="zarr", chunks=None, mask_and_scale=False)
        found.encoding["source"] = str(place)
        return _with_parameters(found)
    try:
        tree = xr.open_datatree(
            address_of(store),
            engine="zarr",
            chunks=None,
            mask_and_scale=False,
            storage_options=storage_options,
        )
    except (OSError, ImportError, ValueError, KeyError) as error:
        raise PlanError(f"{store}: cannot be opened: {error}") from error
    check_root(str(store), tree.attrs)
    return _with_parameters(tree)


def _with_parameters(tree: "xr.DataTree") -> "xr.DataTree":
    """Make coordinates of the parameters that differ from sample to sample."""
    design = from_root({str(k): v for k, v in tree.attrs.items()}).get("design", {})
    # Of a copy elsewhere nothing was looked at.
    names = design.get("parameters", ()) if isinstance(design, Mapping) else ()
    varied = [n for n in names if n in tree.data_vars and "sample" in tree.data_vars[n].dims]
    if varied:
        tree.dataset = tree.to_dataset(inherit=False).set_coords(varied)
    return tree
