"""Kernels one after the other: what an earlier one makes is a driver of a later one.

``links`` names them. An output, or an intermediate, of a link feeds the driver of the same name
of every later link; what no earlier link makes is a driver of the chain. Kernels in ``models``
stand side by side: what all of them make under one name, in one unit and on the same dimensions
is one output along the dimension ``model``. Every other key is an option of all links that have
one of that name.

.. code-block:: yaml

    kernel:
      chain:
        - casa_vegetation
        - casa_debris
        - models: [casa_cnp, mimics_testbed, corpse]
      start: steady
"""

from pathlib import Path

from kernels.chains.parts.joining import joined
from kernels.chains.parts.links import Link, Options, read
from kernels.contract.faults import Fault, Unfit
from kernels.contract.kernel import Kernel


def _no_seconds(options: Options, sizes: object) -> float:
    raise ValueError("a chain that is not made has no cost")


def _make(options: Options, base: Path | None) -> Kernel:
    """Return one kernel of the links, each made with its own options."""
    faults: list[Fault] = []
    groups: list[list[Link]] = []
    made: list[list[Kernel]] = []
    for group in options.links:
        groups.append([])
        made.append([])
        for link in group:
            try:
                kernel = link.kernel.made(link.options, base)
            except Unfit as error:
                faults += map(link.fault, error.faults)
            else:
                groups[-1].append(link)
                made[-1].append(kernel)
    if faults:
        raise Unfit(faults)
    return joined(KERNEL, groups, made)


KERNEL = Kernel.declared(
    _make,
    name="chain",
    title="Kernels one after the other, and models side by side",
    source="those of its links",
    options=Options,
    seconds=_no_seconds,
    read=read,
)
