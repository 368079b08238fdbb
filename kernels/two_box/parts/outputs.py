"""Two boxes: outputs that are made of the pools, and those of which some years are asked for."""

from collections.abc import Mapping, Sequence

import numpy as np

from kernels.contract.arrays import F8, I8
from kernels.contract.stages import Batch, highest_of
from kernels.two_box.parts.all_steps import add


def steps_of(batch: Batch) -> I8:
    """Return the steps that any output is asked at, and the first where changes are asked for."""
    first = {0} if any(name.startswith("delta_") for name in batch.picks) else set()
    # They are few: numpy would take longer for them than for the members of a small call.
    every = first.union(*(steps.tolist() for steps in batch.picks.values()))
    return np.array(sorted(every), dtype=np.int64)


def or_some(batch: Batch, out: Mapping[str, F8], name: str, steps: I8, width: int) -> F8:
    """Return an output that is asked at these very steps, or memory for it at them."""
    if name in out and len(batch.picks[name]) == len(steps):
        return out[name]
    return np.empty((len(batch.drivers["npp"]), len(steps), width))


def report_some(
    batch: Batch, steps: I8, some: Sequence[F8], most: F8, out: Mapping[str, F8]
) -> None:
    """Fill outputs at the steps that each is asked at, and the highest of all steps."""
    for name, values, high in zip(("c_soil", "c_total"), some, most, strict=True):
        if name in out and out[name] is not values:
            np.take(values, np.searchsorted(steps, batch.picks[name]), axis=1, out=out[name])
        if (highest := highest_of(name)) in out:
            out[highest][...] = high
        if (change := f"delta_{name}") in out:
            places = np.searchsorted(steps, batch.picks[change])
            np.subtract(values[:, places], values[:, :1], out=out[change])
        if (highest := highest_of(change)) in out:
            # Rounding keeps the order: the highest change is that of the highest stock.
            np.subtract(high, values[:, 0], out=out[highest])


def pick(name: str, values: F8, steps: I8, out: Mapping[str, F8]) -> None:
    """Fill some steps of an output, and the highest, from all."""
    if name in out:
        out[name][...] = values[:, steps]
    if (highest := highest_of(name)) in out:
        out[highest][...] = values.max(axis=1)


def report(
    npp: F8, times: F8, c_veg: F8, litter: F8, veg: I8, c_soil: F8, out: Mapping[str, F8]
) -> None:
    """Fill what is made of the pools."""
    if "delta_c_soil" in out:
        np.subtract(c_soil, c_soil[:, :1], out=out["delta_c_soil"])
    if "c_total" in out or "delta_c_total" in out:
        total = or_work(out, "c_total", c_soil.shape)
        add(c_veg, veg, c_soil, total)
        if "delta_c_total" in out:
            np.subtract(total, total[:, :1], out=out["delta_c_total"])
    if "rh_box" in out:
        # What soil gets less what it keeps; of the first year, its stock over its turnover time.
        out["rh_box"][:, :1] = npp[:, :1, np.newaxis] * times[:, np.newaxis] + 0.0 * c_soil[:, :1]
        kept = np.diff(c_soil, axis=1)
        np.subtract(litter[:, 1:, veg], kept, out=out["rh_box"][:, 1:])


def or_work(out: Mapping[str, F8], name: str, shape: tuple[int, ...]) -> F8:
    """Return an output that is asked for, or memory for one that is only passed through."""
    asked = out.get(name)
    return np.empty(shape) if asked is None else asked
