"""``soc = scale exp(-shape z) (1 + clay)`` in layers; ``fraction_modern`` of a year of its own."""

from dataclasses import dataclass

import numpy as np

from kernels import NOT_FINITE, Coordinate, Kernel, Parameter, Stage, Variable

YEAR = 1985.5


@dataclass(frozen=True)
class Options:
    """Thickness of every layer, cm."""

    layers: tuple[float, ...] = (5.0, 5.0, 10.0, 20.0, 60.0)


def bounds(options):
    edges = np.concatenate([[0.0], np.cumsum(options.layers)])
    return np.column_stack([edges[:-1], edges[1:]])


def open_(options):
    edges = bounds(options)
    middle, thick = edges.mean(axis=1), edges[:, 1] - edges[:, 0]

    def run(batch, out, status):
        scale, shape = batch.parameters["scale"][:, None], batch.parameters["shape"][:, None]
        clay = batch.drivers["clay"][:, None, None]
        years = batch.coords["atmosphere_year"]
        modern = [np.interp(YEAR, years, row) for row in batch.drivers["atmosphere"]]
        soc = scale * np.exp(-shape * middle[:, None]) * (1 + clay)
        filled = {
            "soc": soc,
            "fraction_modern": np.array(modern)[:, None, None] * np.exp(-shape * middle[:, None]),
            "soc_stock": (soc * thick[:, None]).sum(axis=1) / 100,
        }
        bad = np.broadcast_to(batch.parameters["scale"] > 99, status.shape)
        status[bad] = NOT_FINITE
        for name, values in out.items():
            values[...] = filled[name]
            values[np.broadcast_to(bad if values.ndim == 2 else bad[:, None], values.shape)] = (
                np.nan
            )

    return run


OUTPUTS = (
    Variable("soc", "mg C cm-3", "carbon of the soil", ("layer",)),
    Variable("fraction_modern", "1", "radiocarbon of the soil", ("layer",)),
    Variable("soc_stock", "kg C m-2", "carbon of the column", ()),
)
PARAMETERS = (
    Parameter("scale", "mg C cm-3", 30.0, 0.1, 100.0, "carbon at the surface", "tests"),
    Parameter("shape", "cm-1", 0.02, 0.0, 1.0, "decline with depth", "tests"),
)
DRIVERS = (
    Variable("clay", "1", "clay", ()),
    Variable("atmosphere", "1", "fraction modern of CO2", ("atmosphere_year",)),
)


def make(options, base):
    edges = bounds(options)
    layer = Coordinate(edges.mean(axis=1), "cm", "depth of the middle of the layer", edges)
    names = tuple(v.name for v in OUTPUTS)
    stage = Stage("all", ("scale", "shape"), ("clay", "atmosphere"), (), names, open_)
    return kernel(parameters=PARAMETERS, drivers=DRIVERS, outputs=OUTPUTS, stages=(stage,),
                  coords={"layer": layer})  # fmt: skip


def kernel(**tables):
    empty = dict.fromkeys(("parameters", "drivers", "outputs", "stages"), ())
    return Kernel(
        name="layered.model",
        title="Layers of carbon that declines with depth",
        source="tests",
        steps={"time": "year"},
        options=Options,
        seconds=lambda options, sizes: 1e-5,
        make=make,
        **{**empty, **tables},
    )


KERNEL = kernel()
