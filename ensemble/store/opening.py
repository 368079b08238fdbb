"""Open a run with xarray; works while it is being written."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from ensemble.errors import PlanError
from ensemble.store.addresses import address_of, is_address
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
        ``status`` is 255 and outputs are NaN for members that are not committed yet.

    Raises
    ------
    PlanError
        Not a store of this program.
    """
    import xarray as xr

    if not is_address(store):
        place = Path(expanded(os.fspath(store)))
        read(place)
        return xr.open_datatree(place, engine="zarr", chunks=None, mask_and_scale=False)
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
    return tree
