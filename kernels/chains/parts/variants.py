"""Kernels side by side as a scenario says them: a list of them, or lists of values of options."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import numpy as np

from kernels.chains.parts import links
from kernels.chains.parts.joining import KERNEL, VARIANT, Axis
from kernels.chains.parts.links import Link
from kernels.contract.faults import Fault, Unfit
from kernels.contract.kernel import Kernel

KERNELS, OF = "kernels", "of"
"""Keys of what stands side by side: a list of kernels, or one kernel with lists of values."""

_LONGEST = 80


@dataclass(frozen=True)
class Options:
    """Kernels that stand side by side.

    Attributes
    ----------
    links : tuple of tuple of Link
        One group, in the order of the places of ``axes``, the last fastest.
    axes : tuple of Axis
        Dimensions of what all of them make.
    of : str
        The kernel whose options they are; empty of several kernels.
    left_out : tuple of str
        Combinations of values that the kernel does not have, and why.
    """

    links: tuple[tuple[Link, ...], ...] = ()
    axes: tuple[Axis, ...] = ()
    of: str = ""
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True)
class Variant(Link):
    """A kernel with one of several values of some options; ``chosen`` says which of each."""

    chosen: tuple[tuple[str, int], ...] = ()

    def fault(self, fault: Fault) -> Fault:
        """Return a fault of the kernel's at the value that it is of."""
        root = re.split(r"[.\[]", fault.where)[0]
        place = dict(self.chosen).get(root)
        if fault.file or place is None:
            return fault
        return Fault(fault.text, f"{root}[{place}]{fault.where[len(root) :]}")


Get = Callable[[str], Kernel]
Strict = Callable[[Mapping[str, Any], Kernel], Any]


def listed(words: Mapping[str, Any], kernel: Kernel, get: Get) -> list[str]:
    """Return the options of a kernel that have a list of values where they take one.

    Of one that takes a list it is a list of lists.

    Parameters
    ----------
    words : mapping
        Options as written.
    kernel : Kernel
    get : callable
        See `kernels.Kernel.read`; of a chain, options said for all are those of its links.
    """
    if kernel.name == NAME:
        return []
    if kernel.read is None:
        kinds = get_type_hints(kernel.options)
    else:
        kinds = {}
        for name in links.names(words):
            try:
                kinds |= get_type_hints(get(name).options)
            except LookupError:
                # Told where the links are read.
                continue
    return [name for name, value in words.items() if name in kinds and _several(value, kinds[name])]


NAME = "side_by_side"


def _several(value: Any, kind: Any) -> bool:
    """Return whether a value is a list of values of a kind."""
    if not isinstance(value, list | tuple):
        return False
    if _is_one(kind):
        return True
    return bool(value) and _is_list(kind) and all(isinstance(v, list | tuple) for v in value)


def _is_one(kind: Any) -> bool:
    """Return whether an option is a word, a number, or true or false."""
    if get_origin(kind) in (Union, UnionType):
        return all(_is_one(arm) or arm is type(None) for arm in get_args(kind))
    return get_origin(kind) is Literal or kind in (str, int, float, bool)


def _is_list(kind: Any) -> bool:
    """Return whether an option is a list of words or numbers."""
    inside = [arm for arm in get_args(kind) if arm is not Ellipsis]
    return get_origin(kind) in (tuple, list) and all(map(_is_one, inside))


def read(words: Mapping[str, Any], get: Get, strict: Strict) -> Options:
    """Return kernels side by side; see `kernels.Kernel.read`.

    Raises
    ------
    Unfit
        Every fault of the kernels and of their options.
    """
    if OF in words:
        return _of_options(words[OF], get, strict)
    return _of_kernels(words.get(KERNELS), get, strict)


def _of_kernels(entries: Any, get: Get, strict: Strict) -> Options:
    """Return the kernels of a list."""
    if not isinstance(entries, list | tuple) or len(entries) < 2:
        found = "one" if isinstance(entries, list | tuple) and entries else "none"
        need = "needed two kernels or more, or one without brackets"
        raise Unfit([Fault(f"found a list of {found}; {need}")])
    inside = "a list of kernels; write one chain, whose models: stand side by side"
    reader = links.Reader(get, strict, {}, inside=inside)
    every = [list(links.word(entry, f"[{k}]", reader.faults)) for k, entry in enumerate(entries)]
    links.check_labels([word for one in every for word in one], reader.faults)
    group = [reader.link(word) for one in every for word in one]
    if reader.faults:
        raise Unfit(reader.faults)
    beside = tuple(link for link in group if link)
    return Options((beside,), (Axis(KERNEL, tuple(link.label for link in beside)),))


def _of_options(words: Mapping[str, Any], get: Get, strict: Strict) -> Options:
    """Return one kernel with every combination of the values of its options that it has."""
    kernel = get(words["name"])
    plain = {name: value for name, value in words.items() if name != "name"}
    names = listed(plain, kernel, get)
    if faults := [fault for name in names for fault in _not_several(name, plain[name])]:
        raise Unfit(faults)
    axes = [Axis(name, tuple(map(spelled, plain[name]))) for name in names]
    fitting: dict[tuple[int, ...], Link] = {}
    refused: dict[tuple[int, ...], list[Fault]] = {}
    for places in np.ndindex(*(len(axis.labels) for axis in axes)):
        chosen = dict(zip(names, places, strict=True))
        one = {**plain, **{name: plain[name][k] for name, k in chosen.items()}}
        about = (_label(axes, places), _where(chosen), frozenset[str](), tuple(chosen.items()))
        try:
            options = strict(one, kernel)
            kernel.made(options, None)
        except Unfit as error:
            refused[places] = list(map(Variant(kernel, None, *about).fault, error.faults))
        else:
            fitting[places] = Variant(kernel, options, *about)
    return _as_far_as_they_fit(kernel.name, axes, fitting, refused)


def _as_far_as_they_fit(
    name: str,
    axes: Sequence[Axis],
    fitting: Mapping[tuple[int, ...], Link],
    refused: Mapping[tuple[int, ...], Sequence[Fault]],
) -> Options:
    """Return the combinations that a kernel has; along one dimension where it lacks some.

    Raises
    ------
    Unfit
        A value stands in none that it has.
    """
    if not refused:
        return Options((tuple(fitting.values()),), tuple(axes), name)
    alone = [
        {(a, k) for a, k in enumerate(places) if not any(p[a] == k for p in fitting)}
        for places in refused
    ]
    faults = [f for own, found in zip(alone, refused.values(), strict=True) if own for f in found]
    if faults:
        raise Unfit(tuple(dict.fromkeys(faults)))
    left_out = tuple(
        f"{_said(axes, places)} is left out: {'; '.join(dict.fromkeys(f.text for f in found))}"
        for places, found in refused.items()
    )
    axis = Axis(VARIANT, tuple(link.label for link in fitting.values()))
    return Options((tuple(fitting.values()),), (axis,), name, left_out)


def _not_several(name: str, values: Sequence[Any]) -> Iterator[Fault]:
    """Yield why a list of values makes no dimension."""
    if len(values) < 2:
        found = "an empty list" if not values else f"a list of {spelled(values[0])} alone"
        need = "needed one value, or a list of two or more to run side by side"
        yield Fault(f"found {found}; {need}", name)
    seen: dict[str, int] = {}
    for k, value in enumerate(values):
        first = seen.setdefault(spelled(value), k)
        if first != k:
            yield Fault(f"found {spelled(value)} a second time; needed each once", f"{name}[{k}]")


def spelled(value: Any) -> str:
    """Return a value as it is written."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(spelled, value))}]"[:_LONGEST]
    return f"{value:.12g}" if isinstance(value, float) else str(value)


def _label(axes: Sequence[Axis], places: Sequence[int]) -> str:
    """Return a combination as a part of names."""
    words = [
        re.sub(r"\W+", "_", axis.labels[k]).strip("_") for axis, k in zip(axes, places, strict=True)
    ]
    text = "_".join(words)
    return text if text[:1].isalpha() else f"{axes[0].name}_{text}"


def _said(axes: Sequence[Axis], places: Sequence[int]) -> str:
    return ", ".join(f"{axis.name}: {axis.labels[k]}" for axis, k in zip(axes, places, strict=True))


def _where(chosen: Mapping[str, int]) -> str:
    """Return the place of what makes a combination another than the first; none of several."""
    own = [f"{name}[{k}]" for name, k in chosen.items() if k]
    return own[0] if len(own) == 1 else ""
