"""Plants that feed a soil, day by day; told to, either raises or gives up in some year.

Stages say in their pools which years they have seen: who cuts years wrongly is found.
"""

from dataclasses import dataclass

import numpy as np

from kernels import BAD_INPUT, NOT_FINITE, OK, Kernel, Parameter, Stage, Variable

DAYS = 365


@dataclass(frozen=True)
class Options:
    """Members whose x or y is that number exactly raise, or end, in that year."""

    plants_raise: float = -1.0
    soil_raises: float = -1.0
    plants_end: float = -1.0
    soil_ends: float = -1.0
    in_year: int = 0


CALLS = []
"""Years of each call, (stage, first, last): no part of what they compute."""


def _go_on(batch, stage, status, values, raises, ends, in_year):
    """Return what the stage keeps; raise, and give statuses of all years until now."""
    years = batch.coords["year"]
    kept = {} if batch.slab is None else batch.slab.kept
    CALLS.append((stage, int(years[0]), int(years[-1])))
    assert kept.setdefault("next", years[0]) == years[0], "a year was left out"
    kept["next"] = years[-1] + 1
    there = in_year in years
    if there and np.isin(values, [raises]).any():
        raise ZeroDivisionError(f"{stage} in {in_year}")
    ended = kept.setdefault("ended", np.zeros(status.shape, np.bool_))
    if there:
        ended |= np.isin(values, [ends])
    status[ended] = NOT_FINITE
    return kept


def _blank(out, status):
    for values in out.values():
        np.moveaxis(values, -1, 1)[status != OK] = np.nan


def open_plants(options):
    def run(batch, out, status):
        x, warmth = batch.parameters["x"], batch.drivers["warmth"]
        about = options.plants_raise, options.plants_end, options.in_year
        kept = _go_on(batch, "plants", status, x, *about)
        assert warmth.shape[1] == DAYS * len(batch.coords["year"])
        # What drivers of any year say is so of all years.
        bad = kept.setdefault("bad", np.zeros(len(warmth), np.bool_))
        bad |= ~np.isfinite(warmth).all(axis=1)
        status[bad] = BAD_INPUT
        out["litter"][...] = x[:, None, :] * warmth[:, :, None]
        _blank(out, status)

    return run


def open_soil(options):
    def run(batch, out, status):
        y = batch.parameters["y"]
        about = options.soil_raises, options.soil_ends, options.in_year
        kept = _go_on(batch, "soil", status, y, *about)
        litter = batch.upstream["litter"][..., batch.level["litter"]]
        carbon = kept.get("carbon", np.full(status.shape, 2.0))
        days = np.empty(litter.shape)
        for day in range(litter.shape[1]):
            carbon = 0.5 * carbon + y * litter[:, day]
            days[:, day] = carbon
        kept["carbon"] = carbon
        made = {"carbon_daily": days, "carbon": days[:, DAYS - 1 :: DAYS], "carbon_end": carbon}
        for name, values in made.items():
            if name in out:
                out[name][...] = values
        _blank(out, status)

    return run


def _variables():
    yield Variable("carbon_daily", "g", "carbon by day", ("date",))
    yield Variable("carbon", "g", "carbon", ("time",))
    yield Variable("carbon_end", "g", "carbon after the last day", ())


KERNEL = Kernel(
    name="stepping.model",
    title="Plants that feed a soil, day by day",
    source="tests",
    parameters=(
        Parameter("x", "1", 1.0, 0.0, 1e9, "anything", "tests"),
        Parameter("y", "1", 1.0, 0.0, 1e9, "anything", "tests"),
    ),
    drivers=(Variable("warmth", "1", "anything", ("date",)),),
    intermediates=(Variable("litter", "g", "litter", ("date",)),),
    outputs=tuple(_variables()),
    stages=(
        Stage("plants", ("x",), ("warmth",), (), ("litter",), open_plants, ahead=2),
        Stage("soil", ("y",), (), ("litter",), tuple(v.name for v in _variables()), open_soil, 1),
    ),
    steps={"time": "year", "date": "day"},
    options=Options,
    seconds=lambda options, sizes: 1e-5,
)
