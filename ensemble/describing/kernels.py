"""A kernel told from its tables: options, parameters, drivers and outputs."""

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any, Literal, get_args, get_origin, get_type_hints

import kernels
from ensemble.describing.description import Description, Row
from ensemble.describing.docstrings import attributes_of, parts_of
from ensemble.describing.words import as_text, as_yaml
from kernels import Coordinate, Kernel, Parameter, Variable
from scenarios import check_kernel, read_options
from scenarios.problems import ScenarioError
from scenarios.sections import KernelChoice


def describe(name: str, options: Mapping[str, Any]) -> Description:
    """Return what a kernel is with some of its options.

    Raises
    ------
    LookupError
        There is no such kernel.
    ScenarioError
        The options are not its own.
    """
    declared = kernels.get(name)
    doc = parts_of(kernels.module_of(name))
    tables: dict[str, list[Row]] = {"Options": list(_options(declared))}
    made = _made(declared, options)
    if made is not None:
        tables["Parameters"] = [_parameter(parameter) for parameter in made.parameters]
        tables["Drivers"] = [_driver(driver) for driver in made.drivers]
        tables["Outputs"] = [_output(output) for output in made.outputs]
        tables["Dimensions"] = [
            {
                "name": name,
                "length": str(len(one.values)),
                "units": one.units,
                "meaning": one.meaning,
            }
            for name, one in made.coords.items()
        ]
    example = doc.example or as_yaml({"kernel": {"name": name, **options} if options else name})
    return Description(
        "kernel",
        name,
        declared.title,
        "\n\n".join(filter(None, (doc.title, doc.text))),
        declared.source,
        {heading: rows for heading, rows in tables.items() if rows},
        example,
    )


def _made(declared: Kernel, options: Mapping[str, Any]) -> Kernel | None:
    """Return a kernel with its tables; None where a scenario writes them and nothing is said."""
    section = {"kernel": KernelChoice.model_validate({"name": declared.name, **options})}
    problems = [p for p in check_kernel(section, declared) if p.where.startswith("kernel")]
    if problems and options:
        raise ScenarioError(problems, f"kernel {declared.name}")
    return None if problems else declared.made(read_options(dict(options), declared), None)


def _options(kernel: Kernel) -> Iterable[Row]:
    if kernel.read is not None:
        # Its options are those of other kernels, and a scenario's words are its docstring's.
        return
    said, types = attributes_of(kernel.options), get_type_hints(kernel.options)
    for field in dataclasses.fields(kernel.options):
        default = "needed"
        if field.default is not dataclasses.MISSING:
            default = as_text(field.default)
        elif field.default_factory is not dataclasses.MISSING:
            default = as_text(field.default_factory())
        value = _type(types[field.name])
        meaning = said.get(field.name, "")
        yield {"option": field.name, "value": value, "default": default, "meaning": meaning}


def _type(annotation: Any) -> str:
    if get_origin(annotation) is Literal:
        return " | ".join(map(as_text, get_args(annotation)))
    if get_args(annotation):
        inner = [_type(one) for one in get_args(annotation) if one not in (type(None), ...)]
        origin = get_origin(annotation)
        return f"list of {inner[0]}" if origin in (tuple, list) else " | ".join(inner)
    return str(getattr(annotation, "__name__", annotation)).replace("str", "text")


def _parameter(parameter: Parameter) -> Row:
    low, high = (float(end) for end in parameter.likely())
    plausible = f"{low:g} to {high:g}" if low < high else "none: name a distribution"
    return {
        "name": parameter.name,
        "default": f"{parameter.default:g}",
        "units": parameter.units,
        "plausible": plausible,
        "bounds": f"{parameter.lower:g} to {parameter.upper:g}",
        "meaning": parameter.meaning,
        "source": parameter.source,
        "plausible_source": parameter.plausible.source,
    }


def _driver(driver: Variable) -> Row:
    seen = driver.expected_range
    return {
        "name": driver.name,
        "units": driver.units,
        "dims": ", ".join(driver.dims) or "-",
        "seen": f"{seen.low:g} to {seen.high:g}" if seen else "nobody says",
        "meaning": driver.meaning,
    }


def _dimension(name: str, one: Coordinate) -> Row:
    length = str(len(one.values))
    return {"name": name, "length": length, "units": one.units, "meaning": one.meaning}


def _output(output: Variable) -> Row:
    limit = output.limit
    return {
        "name": output.name,
        "units": output.units,
        "dims": ", ".join(output.dims) or "-",
        "limit": f"{limit.above:g}" if limit else "-",
        "meaning": output.meaning,
    }
