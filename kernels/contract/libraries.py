"""Installed packages whose version changes the numbers of a kernel."""

from importlib.metadata import PackageNotFoundError, version

from kernels.contract.faults import Fault, Unfit

ABSENT = "not installed"


def version_of(name: str) -> str:
    """Return the version of an installed package, without importing it; `ABSENT` if there is none.

    Parameters
    ----------
    name : str
        As it is installed: ``scikit-learn``.
    """
    try:
        return version(name)
    except PackageNotFoundError:
        return ABSENT


def need(name: str, extra: str) -> None:
    """Refuse to make a kernel whose package is missing.

    Parameters
    ----------
    name : str
        As it is installed.
    extra : str
        Of this program, which installs it.

    Raises
    ------
    Unfit
        With the command that installs it.
    """
    if version_of(name) == ABSENT:
        text = f"needs {name}, which is not installed; pip install 'soilsweep[{extra}]'"
        raise Unfit([Fault(text, "name")])
