"""The command that holds a model of somebody's against the laws of ours."""

from typing import Annotated

import typer

from ensemble.commands.ending import fail
from ensemble.errors import USER
from ensemble.printing import put


def check(
    kind: Annotated[str, typer.Argument(metavar="kernel", help="What it is: kernel.")],
    name: Annotated[
        str, typer.Argument(metavar="MODULE", help="As a scenario names it: package.module.")
    ],
) -> None:
    """Run the laws of kernels on one: no member sees another, gaps never pass, balances close.

    Drivers are drawn from the ranges that it declares, parameters from what is plausible of them.
    """
    from ensemble.checking import check as checked
    from scenarios.problems import Problem, ScenarioError

    if kind != "kernel":
        raise typer.BadParameter(f"found {kind!r}; needed kernel", param_hint="check")
    try:
        found = checked(name)
    except LookupError as error:
        raise ScenarioError([Problem(str(error))], name) from error
    broken = [one for one in found if one.wrong]
    for one in found:
        how = "broken" if one.wrong else "skipped" if one.skipped else "holds"
        put(
            f"{how:<8} {one.law}",
            *(f"         {text}" for text in (one.wrong or one.skipped,) if text),
        )
    if broken:
        laws = len(broken)
        fail(f"{name}: {laws} {'law is' if laws == 1 else 'laws are'} broken", USER)
