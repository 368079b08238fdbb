"""Groups of parameters that Morris and Saltelli designs move together."""

from collections.abc import Mapping, Sequence
from typing import Annotated

import numpy as np
from pydantic import Field

from kernels import I8
from scenarios.problems import Problem, nearest

Groups = Annotated[
    dict[str, Annotated[list[str], Field(min_length=1)]],
    Field(
        description="name: [parameters] that move together and get one index; a parameter in no "
        "group is a group of its own"
    ),
]


def grouped(
    groups: Mapping[str, Sequence[str]],
    parameters: Sequence[str],
    where: str,
    problems: list[Problem],
) -> tuple[tuple[str, ...], I8]:
    """Return the groups' names and the group of each parameter, shape (D,).

    Groups are ordered by their first parameter, as in SALib.
    """
    owner: dict[str, str] = {}
    for group, members in groups.items():
        for name in members:
            if name not in parameters:
                text = f"{name!r} is not varied by this design{nearest(name, parameters)}"
                problems.append(Problem(text, f"{where}.groups.{group}"))
            elif name in owner:
                text = f"{name!r} is also in group {owner[name]!r}; keep it in one"
                problems.append(Problem(text, f"{where}.groups.{group}"))
            owner[name] = group
    labels = [owner.get(name, name) for name in parameters]
    names = tuple(dict.fromkeys(labels))
    clash = sorted(set(groups) & {name for name in parameters if name not in owner})
    for name in clash:
        text = f"group {name!r} has the name of a parameter outside it; rename the group"
        problems.append(Problem(text, f"{where}.groups.{name}"))
    if groups and len(names) < 2 and not problems:
        text = "found one group with every parameter; needed two or more, or no groups:"
        problems.append(Problem(text, f"{where}.groups"))
    return names, np.array([names.index(label) for label in labels], dtype=np.int64)
