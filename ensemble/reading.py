"""Open a run with xarray; works while it is being written."""

from pathlib import Path
from typing import TYPE_CHECKING

from ensemble.store import read

if TYPE_CHECKING:
    import xarray as xr


def open_run(store: str | Path) -> "xr.DataTree":
    """Return a store as an `xarray.DataTree`: members at the root, groups beside them.

    Parameters
    ----------
    store : str or Path

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

    read(Path(store))
    return xr.open_datatree(store, engine="zarr", chunks=None, mask_and_scale=False)
