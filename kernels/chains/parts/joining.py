"""One kernel of several: whose names are whose, and what feeds what."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np

from kernels.chains.parts.deriving import Derivation, derive, derive_alike
from kernels.chains.parts.feeding import Pairs, Wiring, open_link, open_side_by_side
from kernels.chains.parts.links import Link
from kernels.contract.arrays import F8
from kernels.contract.entries import MODEL, Condition, Coordinate, Limit, Parameter, Variable
from kernels.contract.factors import but
from kernels.contract.faults import Fault, Unfit
from kernels.contract.kernel import Kernel
from kernels.contract.stages import Stage

KERNEL, VARIANT = "kernel", "variant"
"""Dimensions of several kernels, and of options of one that do not go with every other."""


@dataclass(frozen=True)
class Axis:
    """A dimension along which kernels stand side by side, and what its places are called."""

    name: str
    labels: tuple[str, ...]


def joined(
    chain: Kernel,
    groups: Sequence[Sequence[Link]],
    made: Sequence[Sequence[Kernel]],
    axes: Sequence[Axis] = (),
) -> Kernel:
    """Return the kernel of a chain's links.

    Parameters
    ----------
    chain : Kernel
        Whose name, options and reading it has.
    groups : sequence of sequences of Link
        Those of one group stand side by side.
    made : sequence of sequences of Kernel
        Each link's kernel with its tables.
    axes : sequence of Axis
        Those of the one group, the last fastest; none of a chain, whose models stand along
        ``model``.

    Raises
    ------
    Unfit
        Every driver that does not fit what feeds it, and what has no name of its own.
    """
    parts = [
        [_Part(link, kernel) for link, kernel in zip(*pair, strict=True)]
        for pair in zip(groups, made, strict=True)
    ]
    tables = _Tables([part for group in parts for part in group], tuple(axes))
    for group in parts:
        tables.add(group)
    tables.faults += _too_late(parts)
    if tables.faults:
        # What several values bring about one of them does; its place is told.
        raise Unfit([fault for fault in tables.faults if fault.where] or tables.faults)
    kernels = [part.kernel for group in parts for part in group]
    try:
        return replace(
            chain,
            title=", then ".join(
                " beside ".join(dict.fromkeys(p.kernel.title for p in group)) for group in parts
            ),
            source="; ".join(dict.fromkeys(kernel.source for kernel in kernels)),
            parameters=tuple(tables.parameters.values()),
            drivers=tuple(tables.drivers.values()),
            outputs=tuple(tables.outputs.values()),
            intermediates=tuple(tables.intermediates.values()),
            stages=tuple(tables.stages),
            seconds=partial(_seconds, tuple((p.kernel.seconds, p.options) for p in tables.parts)),
            shared_seconds=partial(
                _seconds, tuple((p.kernel.shared_seconds, p.options) for p in tables.parts)
            ),
            derive=partial(derive_alike if axes else derive, tuple(map(_derivation, tables.parts))),
            balance=tuple(tables.balance),
            isolated=any(kernel.isolated for kernel in kernels),
            tolerance=max(kernel.tolerance for kernel in kernels),
            files={n: file for kernel in kernels for n, file in kernel.files.items()},
            programs={n: file for kernel in kernels for n, file in kernel.programs.items()},
            commands=tuple(command for kernel in kernels for command in kernel.commands),
            libraries=tuple(dict.fromkeys(name for k in kernels for name in k.libraries)),
            time_limit=_time_limit(kernels),
            coords=tables.coords,
            steps=tables.steps,
            lanes=max(kernel.lanes for kernel in kernels),
            # Links that read one file say the same of it.
            notes=tuple(dict.fromkeys(note for kernel in kernels for note in kernel.notes)),
            warnings=tuple(
                dict.fromkeys(warning for kernel in kernels for warning in kernel.warnings)
            ),
            passed_on={n: of for p in tables.parts for n, of in p.passed_on().items()},
            conditions=tuple(c for group in parts for part in group for c in part.conditions()),
            parts=tuple(kernels),
        )
    except ValueError as error:
        raise Unfit([Fault(str(error))]) from error


@dataclass
class _Part:
    """A link, its kernel with tables, and what the chain calls what it has."""

    link: Link
    kernel: Kernel
    parameters: dict[str, str] = field(default_factory=dict)
    made: dict[str, str] = field(default_factory=dict)
    fed: dict[str, str] = field(default_factory=dict)
    changed: dict[str, frozenset[str]] = field(default_factory=dict)
    """Drivers that an earlier link makes, and the parameters by which it has changed its own."""

    @property
    def label(self) -> str:
        return self.link.label

    @property
    def options(self) -> Any:
        return self.link.options

    @property
    def variables(self) -> tuple[Variable, ...]:
        return (*self.kernel.outputs, *self.kernel.intermediates)

    def fault(self, message: str) -> Fault:
        return Fault(message, self.link.where)

    def passed_on(self) -> dict[str, str]:
        """Return what the kernel only passes on, in the names of the chain."""
        names = {**self.fed, **self.made}
        return {names[n]: names.get(of, of) for n, of in self.kernel.passed_on.items()}

    def conditions(self) -> Iterator[Condition]:
        """Yield the kernel's conditions in the names of the chain, but of what others feed it."""
        for one in self.kernel.conditions:
            if not self.fed.keys() & set(one.of):
                names = {name: self.parameters.get(name, name) for name in one.of}
                value = partial(_renamed, one.value, names)
                yield Condition(f"{self.label}: {one.text}", tuple(names.values()), value, one.most)

    def stages(self) -> Iterator[Stage]:
        """Yield the kernel's stages in the names of the chain."""
        several = len(self.kernel.stages) > 1
        for stage in self.kernel.stages:
            fed = {n: c for n, c in self.fed.items() if n in stage.drivers}
            names = (*stage.upstream, *stage.outputs)
            wiring = Wiring(
                parameters=_pairs(self.parameters, stage.parameters),
                made=_pairs(self.made, names),
                fed=tuple(fed.items()),
                lanes=self.kernel.lanes,
            )
            upstream = [*(self.made[n] for n in stage.upstream), *fed.values()]
            open_ = but(stage.open, self.changed)
            yield Stage(
                name=f"{self.label}.{stage.name}" if several else self.label,
                parameters=tuple(self.parameters[n] for n in stage.parameters),
                drivers=tuple(n for n in stage.drivers if n not in fed),
                upstream=tuple(dict.fromkeys(upstream)),
                outputs=tuple(self.made[n] for n in stage.outputs),
                open=partial(open_link, open_, self.options, wiring),
                ahead=stage.ahead,
            )


def _renamed(
    value: Callable[[Mapping[str, F8]], F8], names: Mapping[str, str], given: Mapping[str, F8]
) -> F8:
    """Return a condition's value, given what it is of by the names of a chain."""
    return value({own: given[name] for own, name in names.items()})


def _pairs(names: Mapping[str, str], some: Sequence[str]) -> Pairs:
    return tuple((name, names[name]) for name in some)


@dataclass
class _Tables:
    """The tables of a chain, group by group; ``given`` is what later links may be fed."""

    parts: list[_Part]
    axes: tuple[Axis, ...] = ()
    parameters: dict[str, Parameter] = field(default_factory=dict)
    drivers: dict[str, Variable] = field(default_factory=dict)
    outputs: dict[str, Variable] = field(default_factory=dict)
    intermediates: dict[str, Variable] = field(default_factory=dict)
    coords: dict[str, Coordinate] = field(default_factory=dict)
    steps: dict[str, str] = field(default_factory=dict)
    stages: list[Stage] = field(default_factory=list)
    balance: list[tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]] = field(
        default_factory=list
    )
    given: dict[str, tuple[Variable, str]] = field(default_factory=dict)
    owners: dict[str, str] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Name the parameters: those that are the same row in every kernel are one."""
        others = {v.name for p in self.parts for v in (*p.kernel.drivers, *p.variables)}
        others |= {name for p in self.parts for name in p.kernel.coords} | self.reserved
        rows: dict[str, set[tuple[Any, ...]]] = {}
        for p in (p for part in self.parts for p in part.kernel.parameters):
            row = (p.units, p.meaning, p.default, p.lower, p.upper, p.plausible)
            rows.setdefault(p.name, set()).add(row)
        for part in self.parts:
            for p in part.kernel.parameters:
                own = len(rows[p.name]) > 1 or p.name in others
                name = f"{part.label}_{p.name}" if own else p.name
                part.parameters[p.name] = name
                self.parameters.setdefault(name, replace(p, name=name))

    @property
    def reserved(self) -> set[str]:
        """Return the dimensions that kernels stand along."""
        return {axis.name for axis in self.axes} or {MODEL}

    @property
    def both(self) -> str:
        """Return what needs two kernels to say the same of something."""
        return "kernels side by side need both the same" if self.axes else _CHAIN_NEEDS

    def add(self, group: Sequence[_Part]) -> None:
        """Add the kernels of one group: drivers, names of what they make, stages."""
        for part in group:
            self._feed(part)
            self._add_coords(part)
            self._add_steps(part)
        self._name(group)
        for part in group:
            self.stages += part.stages()
        if len(group) > 1:
            self._put_beside(group)
        for part in group:
            self._add_balance(part)

    def _feed(self, part: _Part) -> None:
        """Find for every driver what feeds it: an earlier link, or the forcing."""
        for driver in part.kernel.drivers:
            if driver.name in self.given:
                other, owner = self.given[driver.name]
                part.fed[driver.name] = other.name
                part.changed[driver.name] = self._shared(part, owner)
            else:
                other = _of_both(self.drivers.get(driver.name, driver), driver)
                self.drivers[driver.name] = other
                owner = self.owners.setdefault(driver.name, part.label)
            if (driver.units, driver.dims) != (other.units, other.dims):
                verb = "makes it" if driver.name in self.given else "needs it"
                message = (
                    f"driver {driver.name!r} of {part.label!r} is {_said(driver)}, and "
                    f"{owner!r} {verb} {_said(other)}; {self.both}"
                )
                self.faults.append(part.fault(message))

    def _shared(self, part: _Part, owner: str) -> frozenset[str]:
        """Return the parameters of a part that an earlier link has, too."""
        theirs = {n for p in self.parts if p.label == owner for n in p.parameters.values()}
        return frozenset(n for n, chains in part.parameters.items() if chains in theirs)

    def _add_coords(self, part: _Part) -> None:
        for name, own in part.kernel.coords.items():
            other = self.coords.setdefault(name, own)
            same = (own.units, own.labels) == (other.units, other.labels)
            if not (same and np.array_equal(own.values, other.values)):
                message = f"dimension {name!r} of {part.label!r} is not that of "
                message += f"an earlier link; give both the same {name}s"
                if self.axes:
                    # Of one run all outputs have one shape.
                    message = message.replace("an earlier link", repr(self.parts[0].label))
                self.faults.append(part.fault(message))

    def _add_steps(self, part: _Part) -> None:
        for dim, step in part.kernel.steps.items():
            other = self.steps.setdefault(dim, step)
            if other != step:
                message = f"a step of {dim!r} of {part.label!r} is a {step}, and of an earlier link"
                self.faults.append(part.fault(f"{message} a {other}; {self.both}"))

    def _name(self, group: Sequence[_Part]) -> None:
        """Name what the kernels of a group make; a name that is taken gets theirs before it."""
        common = _common(group)
        for part in group:
            others = {v.name for p in group if p is not part for v in p.variables}
            for variable in part.variables:
                name = variable.name
                if name in common or name in others or self._taken(name):
                    name = f"{part.label}_{name}"
                if self._taken(name):
                    message = f"{name!r} is the name of two things; give the link another with as:"
                    self.faults.append(part.fault(message))
                part.made[variable.name] = name
                inside = variable not in part.kernel.outputs or variable.name in common
                table = self.intermediates if inside else self.outputs
                table[name] = replace(variable, name=name)
        for part in group:
            for variable in part.variables:
                alone = sum(variable.name in p.made for p in group) == 1
                if alone:
                    table = {**self.intermediates, **self.outputs}
                    self.given[variable.name] = table[part.made[variable.name]], part.label

    def _taken(self, name: str) -> bool:
        tables = (self.parameters, self.drivers, self.outputs, self.intermediates, self.coords)
        return name in self.reserved or any(name in table for table in tables)

    def _put_beside(self, group: Sequence[_Part]) -> None:
        """Make the outputs that all kernels have one output each, along what they stand along."""
        labels = [part.label for part in group]
        axes = self.axes or (Axis(MODEL, tuple(labels)),)
        if self._cannot_stand_along(axes, group):
            return
        for axis in axes:
            self.coords[axis.name] = Coordinate.named(axis.labels, _meaning_of(axis, self.axes))
        for name, variable in _common(group).items():
            if self._taken(name):
                message = f"output {name!r} of the models is also a driver or an earlier output"
                self.faults.append(group[0].fault(message))
                continue
            meanings = {part.label: _meaning(part, name) for part in group}
            meaning = variable.meaning
            if len(set(meanings.values())) > 1:
                meaning = "; ".join(f"{label}: {words}" for label, words in meanings.items())
            limit = _loosest([part.kernel.variable(name).limit for part in group])
            dims = (*(axis.name for axis in axes), *variable.dims)
            whole = replace(variable, dims=dims, meaning=meaning, limit=limit)
            self.outputs[name] = whole
            self.given[name] = whole, " and ".join(labels)
            columns = tuple(part.made[name] for part in group)
            shape = tuple(len(axis.labels) for axis in axes)
            stage = Stage(
                name=f"{'.'.join(axis.name for axis in axes)}.{name}",
                parameters=(),
                drivers=(),
                upstream=columns,
                outputs=(name,),
                open=partial(open_side_by_side, {name: columns}, shape),
                ahead=1,
            )
            self.stages.append(stage)

    def _cannot_stand_along(self, axes: Sequence[Axis], group: Sequence[_Part]) -> bool:
        """Return whether a dimension is there already, or nothing would have it; tell which."""
        faults = []
        if not self.axes and MODEL in self.coords:
            message = "found models: a second time; a chain has one dimension of models"
            faults.append(Fault(message, group[0].link.where.rpartition(".")[0]))
        taken = {v.name for p in group for v in (*p.kernel.drivers, *p.variables)}
        taken |= {p.name for part in group for p in part.kernel.parameters} | self.coords.keys()
        for axis in self.axes:
            if axis.name in taken:
                message = f"{axis.name!r} is also something else's name in the kernel: it cannot be"
                faults.append(Fault(f"{message} a dimension; choose one of its values", axis.name))
        if self.axes and not _common(group) and not self.faults:
            labels = ", ".join(part.label for part in group)
            message = f"{labels} have no output in common, in one unit on the same dimensions"
            faults.append(Fault(f"{message}; run each as a scenario of its own"))
        self.faults += faults
        return bool(faults)

    def _add_balance(self, part: _Part) -> None:
        """Carry what must balance, where the chain has all of it as an output or a driver."""
        names = {**{d.name: d.name for d in part.kernel.drivers}, **part.fed, **part.made}
        for entry in part.kernel.balance:
            sides = [tuple(names[name] for name in side) for side in entry]
            if all(n in self.outputs or n in self.drivers for side in sides for n in side):
                self.balance.append((sides[0], sides[1], sides[2]))


_CHAIN_NEEDS = "a chain needs both the same"


def _meaning_of(axis: Axis, axes: Sequence[Axis]) -> str:
    """Return what a dimension of kernels side by side is, for the store."""
    return axis.name if axis.name in (MODEL, KERNEL, VARIANT) or not axes else f"option {axis.name}"


def _common(group: Sequence[_Part]) -> dict[str, Variable]:
    """Return the outputs that every model of a group has in one unit, on the same dimensions."""
    if len(group) == 1:
        return {}
    tables = [{v.name: v for v in part.kernel.outputs} for part in group]
    return {
        name: variable
        for name, variable in tables[0].items()
        if all(
            name in table
            and (table[name].units, table[name].dims) == (variable.units, variable.dims)
            for table in tables
        )
    }


def _of_both(one: Variable, other: Variable) -> Variable:
    """Return a driver that two links read, in the range that both allow."""
    if one.expected_range is None or other.expected_range is None:
        return one
    return replace(one, expected_range=one.expected_range.within(other.expected_range))


def _loosest(limits: Sequence[Limit | None]) -> Limit | None:
    """Return the limit of an output of several models: the highest; none where one has none."""
    declared = [limit for limit in limits if limit is not None]
    return max(declared, key=lambda limit: limit.above) if len(declared) == len(limits) else None


def _too_late(groups: Sequence[Sequence[_Part]]) -> Iterator[Fault]:
    """Yield links that make what one before them is given by the forcing instead."""
    for k, group in enumerate(groups):
        later = {v.name: part for each in groups[k + 1 :] for part in each for v in part.variables}
        for part in group:
            for name in (d.name for d in part.kernel.drivers if d.name not in part.fed):
                if name in later:
                    maker = later[name].label
                    message = (
                        f"driver {name!r} of {part.label!r} is made by {maker!r}, which is later"
                    )
                    yield part.fault(f"{message}; put {maker!r} before {part.label!r}")


def _meaning(part: _Part, name: str) -> str:
    return next(v.meaning for v in part.variables if v.name == name)


def _said(variable: Variable) -> str:
    return f"in {variable.units!r} along ({', '.join(variable.dims) or 'nothing'})"


def _time_limit(kernels: Sequence[Kernel]) -> float:
    """Return the seconds after which a member is given up; 0 if a program has no limit."""
    limits = [kernel.time_limit for kernel in kernels if kernel.isolated]
    return sum(limits) if all(limits) else 0.0


def _seconds(
    parts: Sequence[tuple[Callable[[Any, Mapping[str, int]], float], Any]],
    options: Any,
    sizes: Mapping[str, int],
) -> float:
    return sum(seconds(own, sizes) for seconds, own in parts)


def _derivation(part: _Part) -> Derivation:
    drivers = tuple(d.name for d in part.kernel.drivers if d.name not in part.fed)
    return part.kernel.derive, part.options, drivers, tuple(part.parameters.items())
