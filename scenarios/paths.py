"""Where the files of a scenario are: beside it, with variables and ``~`` replaced."""

from pathlib import Path

from kernels.contract import paths as _paths
from scenarios.problems import Problem, ScenarioError


def placed(base: Path, written: str, where: str = "forcing.path") -> Path:
    """Return the place of a path that is relative to the scenario's folder.

    Parameters
    ----------
    base : Path
        Folder of the scenario.
    written : str
        As the scenario writes it, which is how a store keeps it.
    where : str
        Section and key.

    Raises
    ------
    ScenarioError
        A variable in it is not set.
    """
    return base / expanded(written, where)


def expanded(written: str, where: str) -> str:
    """Return a path with its variables and its leading ``~`` replaced; raises as `placed`."""
    try:
        return _paths.expanded(written)
    except ValueError as error:
        raise ScenarioError([Problem(str(error), where)]) from error
