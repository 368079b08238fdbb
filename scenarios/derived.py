"""Outputs by expression: ``derived: {nee: rh - npp}`` is an output like those of the kernel.

It has the dimensions of what it names, at every step, layer and place, and is stored, added up over
space, analysed and compared as any other. Each is a stage behind those of the kernel, so that what
is shared among members stays shared, and slabs of years go on as they do.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from kernels import F8, U1, Batch, Kernel, Run, Stage, Variable
from scenarios.expressions import (
    ExpressionError,
    Node,
    Quantity,
    evaluate,
    measure,
    names,
    parse,
    pointed,
    widened,
)
from scenarios.expressions.measuring import ExpressionErrors
from scenarios.problems import Problem, ScenarioError, nearest

SECTION = "derived"

Texts = Mapping[str, str | None]
"""Expressions by name; None where an entry is not sound."""


def extended(
    kernel: Kernel, texts: Texts, reserved: Collection[str] = ()
) -> tuple[Kernel, list[Problem]]:
    """Return a kernel that has outputs by expression as well, and what is wrong with these.

    Parameters
    ----------
    kernel : Kernel
        With its tables.
    texts : mapping of str to str
    reserved : collection of str
        Names that every store has.
    """
    table = _Table(kernel, texts, reserved)
    return table.kernel, table.problems


def with_derived(kernel: Kernel, texts: Texts) -> Kernel:
    """Return a kernel that has outputs by expression as well.

    Raises
    ------
    ScenarioError
        What is wrong with them; all of it.
    """
    kernel, problems = extended(kernel, texts)
    if problems:
        raise ScenarioError(problems)
    return kernel


def syntax(texts: Texts) -> Iterator[Problem]:
    """Yield expressions that cannot be read; no kernel is needed."""
    for name, text in texts.items():
        if text is not None:
            try:
                parse(text)
            except ExpressionError as error:
                yield _at_character(name, text, error)


def _at_character(name: str, text: str, error: ExpressionError) -> Problem:
    """Return a fault of an expression with a caret under its place."""
    return Problem(str(error), f"{SECTION}.{name}", below=pointed(text, error.at))


@dataclass
class _Table:
    """Expressions measured, each behind those that it names; what is wrong with them."""

    kernel: Kernel
    texts: Texts
    reserved: Collection[str]
    problems: list[Problem] = field(default_factory=list)
    _trees: dict[str, Node] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, text in self.texts.items():
            if text is not None and not self._is_taken(name):
                try:
                    self._trees[name] = parse(text)
                except ExpressionError as error:
                    self.problems.append(_at_character(name, text, error))
        waiting = dict(self._trees)
        while ready := [
            n for n, tree in waiting.items() if not names(tree).keys() & waiting.keys()
        ]:
            for name in ready:
                self._add(name, waiting.pop(name))
        # Whatever waits still waits for another that does, or for itself.
        for name, tree in waiting.items():
            way = ", ".join(other for other in names(tree) if other in waiting)
            text = f"rests on itself, by way of {way}; needed outputs of the kernel"
            self.problems.append(Problem(text, f"{SECTION}.{name}"))
        places = list(self.texts)
        self.problems.sort(key=lambda p: places.index(p.where.split(".", 2)[1]))

    def _is_taken(self, name: str) -> bool:
        """Return whether something else has a name, and tell."""
        kernel = self.kernel
        owners = {
            "an output of the kernel": (v.name for v in (*kernel.outputs, *kernel.intermediates)),
            "a parameter of the kernel": (p.name for p in kernel.parameters),
            "a driver of the kernel": (d.name for d in kernel.drivers),
            "a dimension of the kernel": iter(kernel.coords),
            "a name that every store has": iter(self.reserved),
        }
        owner = next((words for words, taken in owners.items() if name in taken), "")
        if owner:
            text = f"is also {owner}; give it a name of its own, such as {name}_derived"
            self.problems.append(Problem(text, f"{SECTION}.{name}"))
        return bool(owner)

    def _add(self, name: str, tree: Node) -> None:
        text, outputs = self.texts[name] or "", {o.name: o for o in self.kernel.outputs}
        used = names(tree)
        for other, at in used.items():
            if other not in outputs and other not in self.texts:
                hint = nearest(other, outputs.keys() | self.texts.keys() - {name})
                error = ExpressionError(f"no output {other!r}{hint}", at)
                self.problems.append(_at_character(name, text, error))
        # Of one that is wrong itself nothing more is said.
        if used.keys() - outputs.keys():
            return
        if not used:
            text = "names no output; needed an expression of outputs, such as rh - npp"
            self.problems.append(Problem(text, f"{SECTION}.{name}"))
            return
        quantities = {n: Quantity(outputs[n].dims, outputs[n].units) for n in used}
        try:
            measured = measure(tree, quantities)
        except ExpressionErrors as errors:
            self.problems += [_at_character(name, text, fault) for fault in errors.faults]
            return
        whole = measured.quantity
        if whole.of:
            text = f"found a {whole.of} in {whole.units!r}; needed {whole.of} of a plain number"
            self.problems.append(Problem(f"{text}: divide by a unit", f"{SECTION}.{name}"))
            return
        variable = Variable(name, whole.units, " ".join(text.split()), whole.dims)
        missing = {n: len(whole.dims) - len(outputs[n].dims) for n in used}
        stage = Stage(
            f"{SECTION}.{name}",
            parameters=(),
            drivers=(),
            upstream=tuple(used),
            outputs=(name,),
            open=partial(_open, measured.tree, name, missing),
            ahead=1,
        )
        self.kernel = replace(
            self.kernel,
            outputs=(*self.kernel.outputs, variable),
            stages=(*self.kernel.stages, stage),
        )


def _open(tree: Node, name: str, missing: Mapping[str, int], _: Any) -> Run:
    """Return the run of an expression.

    Parameters
    ----------
    tree : Node
        Without units.
    name : str
    missing : mapping of str to int
        Of the outputs that it names, dimensions that they lack, which are the first.
    """

    def run(batch: Batch, out: Mapping[str, F8], status: U1) -> None:
        values = {
            n: widened(batch.upstream[n][..., batch.level[n]], lacking)
            for n, lacking in missing.items()
        }
        out[name][...] = evaluate(tree, values)

    return run
