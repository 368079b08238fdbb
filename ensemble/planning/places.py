"""Where the store of a run is: a folder of a POSIX file system, whatever leads to it."""

import os
from pathlib import Path

from ensemble.store.addresses import is_address
from ensemble.store.names import beside
from kernels import expanded
from scenarios import Loaded, Problem, ScenarioError


def store_place(scenario: Loaded, store: str | os.PathLike[str] | None) -> Path:
    """Return the folder that a run goes into.

    Parameters
    ----------
    scenario : Loaded
    store : str or path, optional
        Instead of the scenario's own.

    Raises
    ------
    ScenarioError
        A variable that is not set, an address, or a link that leads to no folder.
    """
    written = os.fspath(store) if store else scenario.store_path()
    where = "" if store else "store"
    if is_address(written):
        text = f"found the address {written!r}; needed a folder of this machine's file system"
        raise _refused(f"{text}: blocks are renamed into place and locked there", where, scenario)
    try:
        path = Path(expanded(written))
    except ValueError as error:
        raise _refused(str(error), where, scenario) from error
    if path.is_symlink():
        _check_link(path, where, scenario)
    return path


def check_execution(scenario: Loaded) -> None:
    """Refuse files of the section ``execution`` whose paths have a variable that is not set.

    Raises
    ------
    ScenarioError
        All of them.
    """
    chosen, problems = scenario.execution, []
    tls = getattr(chosen, "tls", None)
    named = {word: getattr(chosen, word, None) for word in ("scheduler_file", "profiles")}
    named |= {f"tls.{word}": getattr(tls, word, None) for word in ("ca", "cert", "key")}
    for word, written in named.items():
        try:
            expanded(written or "")
        except ValueError as error:
            problems.append(Problem(str(error), f"execution.{word}"))
    if problems:
        raise ScenarioError(problems, scenario.source)


def _check_link(path: Path, where: str, scenario: Loaded) -> None:
    target = os.path.realpath(path)
    if not os.path.exists(path) and beside(Path(target), "before").exists():
        # It was killed between two names: the run goes on with what lies beside.
        return
    if not os.path.exists(path):
        text = f"is a symbolic link to {target}, which does not exist; make that folder"
    elif not os.path.isdir(path):
        text = f"is a symbolic link to {target}, which is not a folder"
    else:
        return
    raise _refused(f"{path}: {text}, or choose another place with --store", where, scenario)


def _refused(text: str, where: str, scenario: Loaded) -> ScenarioError:
    return ScenarioError([Problem(text, where)], scenario.source if where else "--store")


def remarks(scenario: Loaded, path: Path) -> list[str]:
    """Return what to say of a store that is about to be made: another one lies elsewhere.

    A relative store lies beside the working folder, and the scenario may have been run from its
    own folder before.
    """
    other = scenario.base / path
    here = path.exists() or path.is_absolute()
    if here or not (other / "zarr.json").is_file() or scenario.base.resolve() == Path.cwd():
        return []
    return [
        f"this makes {path.absolute()}; a store of that name is beside the scenario: to go on "
        f"with it, say --store {other}"
    ]
