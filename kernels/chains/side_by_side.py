"""Several kernels, or options of one, on the same drivers: side by side along a dimension.

``kernel: [a, b]`` is along ``kernel``, and ``kernel: {name: a, option: [x, y]}`` along ``option``,
a dimension for each option that has a list of values where it takes one. What all of them make
under one name, in one unit and on the same dimensions is one output along it; what some make has
their name before it, unless one alone does. A parameter that is the same row in all is one, others
have the name of theirs before them. A member is one row of parameters for all: it fails where one
of them does.

.. code-block:: yaml

    kernel: {name: mimics_profile, steady: [newton, spinup]}
"""

from dataclasses import replace
from pathlib import Path

from kernels.chains.parts.joining import joined
from kernels.chains.parts.variants import NAME, Options, read
from kernels.contract.faults import Fault, Unfit
from kernels.contract.kernel import Kernel


def _no_seconds(options: Options, sizes: object) -> float:
    raise ValueError("kernels side by side that are not made have no cost")


def _make(options: Options, base: Path | None) -> Kernel:
    """Return one kernel of all, each made with its own options."""
    faults: list[Fault] = []
    made: list[Kernel] = []
    (group,) = options.links
    for link in group:
        try:
            made.append(link.kernel.made(link.options, base))
        except Unfit as error:
            faults += map(link.fault, error.faults)
    if faults:
        raise Unfit(tuple(dict.fromkeys(faults)))
    kernel = joined(KERNEL, [group], [made], options.axes)
    return replace(kernel, name=options.of or NAME, notes=(*options.left_out, *kernel.notes))


KERNEL = Kernel.declared(
    _make,
    name=NAME,
    title="Kernels, or options of one, side by side",
    source="those of its kernels",
    options=Options,
    seconds=_no_seconds,
    read=read,
)
