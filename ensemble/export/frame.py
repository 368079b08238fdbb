"""Responses of members as a table of pandas, with the parameters that each has."""

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ensemble.errors import PlanError
from ensemble.members.limits import EXCLUDED
from ensemble.store.opening import open_run

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

IN_TIME_OR_SPACE = "has {dims}, too; needed a number for each member, such as a response"


def to_dataframe(
    run: "xr.DataTree | str | os.PathLike[str]", responses: str | Sequence[str]
) -> "pd.DataFrame":
    """Return responses of members and the parameters that they were made with, a row for each.

    Parameters
    ----------
    run : xarray.DataTree or path
        What `open_run` returned, or what it opens.
    responses : str or sequence of str
        Names of responses, or of other arrays of members with a number for each.

    Returns
    -------
    pandas.DataFrame
        Its index is forcing, location and sample, and what else members stand side by side along;
        columns are the parameters that the design varies, the responses in their units, ``status``
        (0: it ran, 255: not committed yet), and ``excluded`` where members can be. Of a member
        that failed or is excluded the responses are NaN; no row is left out.

    Raises
    ------
    PlanError
        Names that the run does not have of members, or that have more than a number for each.
    """
    root = (open_run(run) if isinstance(run, str | os.PathLike) else run).to_dataset()
    names = [responses] if isinstance(responses, str) else list(responses)
    known = [str(n) for n, v in root.data_vars.items() if "sample" in v.dims and n != "status"]
    wrong = [f"{name!r} is no array of members" for name in names if name not in known]
    beside = {"forcing", "location", "sample", "model", "kernel", "variant"}
    for name in set(names) & set(known):
        if more := [str(dim) for dim in root[name].dims if dim not in beside]:
            wrong.append(f"{name!r} {IN_TIME_OR_SPACE.format(dims=', '.join(more))}")
    if wrong or not names:
        told = "; ".join(wrong) or "found no name"
        raise PlanError(f"{told}. It keeps of members {', '.join(known) or 'nothing'}")
    flags = [name for name in (EXCLUDED,) if name in root]
    table = root[[*names, "status", *flags]]
    table = table.drop_vars([n for n, c in table.coords.items() if "sample" not in c.dims
                             and n not in table.dims])  # fmt: skip
    found = table.to_dataframe()
    lost = found["status"] != 0
    for flag in flags:
        lost |= found[flag] == 1
    found.loc[lost, names] = np.nan
    varied = [str(name) for name in table.coords if name not in table.dims]
    return found[[*varied, *names, "status", *flags]]
