"""Kernels that a kernel is made of: links of a chain, and what stands side by side."""

from collections.abc import Iterator
from typing import Any

from ensemble.members.experiment import Experiment


def links_of(options: Any) -> Iterator[Any]:
    """Yield every kernel inside another, at any depth, with its options and its label.

    Parameters
    ----------
    options : dataclass
        A kernel's; those of a kernel that is made of no others have no ``links``.
    """
    for group in getattr(options, "links", ()):
        for link in group:
            yield link
            yield from links_of(link.options)


def costs(experiment: Experiment) -> dict[str, float]:
    """Return what a member of each of what stands side by side costs, as declared, seconds."""
    if not getattr(experiment.options, "axes", ()):
        return {}
    (group,) = experiment.options.links
    made = zip(group, experiment.kernel.parts, strict=True)
    return {link.label: own.seconds(link.options, experiment.sizes) for link, own in made}
