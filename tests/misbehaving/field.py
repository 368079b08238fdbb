"""The line that misbehaves, as a rate of an area, so that it can be held against records."""

from dataclasses import replace

from misbehaving import hill

KERNEL = replace(
    hill.KERNEL,
    name="misbehaving.field",
    outputs=(replace(hill.KERNEL.outputs[0], units="g C m-2 yr-1"),),
)
