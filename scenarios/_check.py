"""Checks across the sections of a scenario: names that one section uses of another."""

from collections.abc import Iterator
from functools import cache
from typing import Any, get_type_hints

from pydantic import TypeAdapter, ValidationError

import kernels
from kernels import Kernel
from scenarios._problems import Problem, nearest


def check(sections: dict[str, Any]) -> Iterator[Problem]:
    """Yield the problems of the sections that are well formed.

    A kernel outside this package is not imported here, so what depends on its table is
    checked when the run is planned.
    """
    chosen = sections.get("kernel")
    if chosen is None:
        return
    if "." in chosen.name:
        return
    try:
        kernel = kernels.get(chosen.name)
    except LookupError as error:
        yield Problem(str(error), "kernel")
        return
    yield from check_kernel(sections, kernel)


def check_kernel(sections: dict[str, Any], kernel: Kernel) -> Iterator[Problem]:
    """Yield what does not fit the kernel's table."""
    yield from _options(sections["kernel"].options, kernel)
    outputs = [o.name for o in kernel.outputs]
    responses = sections.get("responses", {})
    for name in sections.get("outputs", {}):
        if name not in outputs:
            yield _no_output(kernel, f"outputs.{name}", name, outputs)
    for name, response in responses.items():
        if name in outputs:
            text = "is also an output of the kernel; give the response a name of its own"
            yield Problem(text, f"responses.{name}")
        if response.output not in outputs:
            yield _no_output(kernel, f"responses.{name}.output", response.output, outputs)
    for name in sections.get("statistics", {}):
        if name not in outputs and ("responses" not in sections or name not in responses):
            text = f"no output or response {name!r}{nearest(name, [*outputs, *responses])}"
            yield Problem(text, f"statistics.{name}")
    if "design" in sections:
        yield from _parameters(sections["design"], kernel)


def _no_output(kernel: Kernel, where: str, name: str, outputs: list[str]) -> Problem:
    return Problem(f"kernel {kernel.name!r} has no output {name!r}{nearest(name, outputs)}", where)


def _parameters(design: Any, kernel: Kernel) -> Iterator[Problem]:
    known = [p.name for p in kernel.parameters]
    for name in design.names():
        if name != "*" and name not in known:
            text = f"kernel {kernel.name!r} has no parameter {name!r}{nearest(name, known)}"
            yield Problem(text, "design")


@cache
def _adapter(kind: type[Any]) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def _options(options: dict[str, Any], kernel: Kernel) -> Iterator[Problem]:
    known = get_type_hints(kernel.options)
    for name in options.keys() - known.keys():
        text = f"kernel {kernel.name!r} has no option {name!r}{nearest(name, known)}"
        yield Problem(text, f"kernel.{name}")
    try:
        read_options({k: v for k, v in options.items() if k in known}, kernel)
    except ValidationError as error:
        for finding in error.errors():
            where = ".".join(["kernel", *map(str, finding["loc"])])
            text = finding["msg"].replace("Input should be", "needed")
            yield Problem(f"found {finding['input']!r}; {text}", where)


def read_options(options: dict[str, Any], kernel: Kernel) -> Any:
    """Return the kernel's options as its dataclass; raises `pydantic.ValidationError`."""
    return _adapter(kernel.options).validate_python(options)
