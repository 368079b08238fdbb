"""Where numba keeps what it compiles for jobs: in a folder that nodes see and may write to.

Numba's own places are the folder of the code, which nodes may not write to, and a home folder,
which they may not have; without either it refuses to import a kernel.
"""

import os
import stat
from dataclasses import replace
from pathlib import Path

from ensemble.errors import PlanError
from scenarios.paths import placed
from slurm.resources import Resources

VARIABLE = "NUMBA_CACHE_DIR"


def with_cache(asked: Resources, base: Path, store: Path) -> Resources:
    """Return what jobs ask for, with the folder of what is compiled for them.

    That is ``execution.cache``, relative to the scenario's folder ``base``; else the one that
    numba is told of here; else one beside the store.
    """
    if asked.cache:
        folder = placed(base, asked.cache, "execution.cache").absolute()
    elif os.environ.get(VARIABLE):
        folder = Path(os.environ[VARIABLE]).absolute()
    else:
        folder = store.absolute().parent / f".numba-{os.getuid()}"
    return replace(asked, cache=str(folder))


def make(folder: Path) -> None:
    """Make a folder of compiled kernels, for its owner alone.

    Raises
    ------
    PlanError
        Others may write to it: what lies there is loaded as code.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        status = folder.stat()
        if status.st_uid not in (os.geteuid(), 0) or status.st_mode & stat.S_IWOTH:
            raise PlanError(
                f"{folder}: compiled kernels are loaded as code, and others may write there; name "
                "a folder of your own in execution.cache"
            ) from None
