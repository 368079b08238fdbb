"""Searches: one file each; the file's name is the ``name`` of a scenario's ``algorithm:``.

A search holds ``Spec``, the words that it takes of a scenario (`scenarios.searches.SearchSpec`
with its own), and ``begin(spec, task)``, which returns the searches of a block as one `Batch`.
What takes long to import, or is compiled, stands in ``parts/`` and is imported in ``begin``.
Others install one by an entry point of the group ``soilsweep.searches`` that names such a module.
"""

from types import FunctionType

from ensemble.calibration.searches._contract import BUDGET as BUDGET
from ensemble.calibration.searches._contract import CONVERGED as CONVERGED
from ensemble.calibration.searches._contract import ENDED as ENDED
from ensemble.calibration.searches._contract import INFEASIBLE as INFEASIBLE
from ensemble.calibration.searches._contract import ITERATIONS as ITERATIONS
from ensemble.calibration.searches._contract import LIVE as LIVE
from ensemble.calibration.searches._contract import NO_FINITE_START as NO_FINITE_START
from ensemble.calibration.searches._contract import NO_PROGRESS as NO_PROGRESS
from ensemble.calibration.searches._contract import REASONS as REASONS
from ensemble.calibration.searches._contract import Asked as Asked
from ensemble.calibration.searches._contract import Batch as Batch
from ensemble.calibration.searches._contract import Found as Found
from ensemble.calibration.searches._contract import State as State
from ensemble.calibration.searches._contract import Task as Task
from ensemble.calibration.searches._contract import Told as Told
from kernels import code_of
from scenarios.searches import SEARCHES, SearchSpec


def begin(spec: SearchSpec, task: Task) -> Batch:
    """Return the searches of a task, begun by the file that the words are of.

    Raises
    ------
    LookupError
        It is installed no more.
    ValueError
        The budget is less than it can begin with; a plan has refused that.
    """
    residuals = task.residuals is not None
    least = spec.least_budget(task.parameters, residuals=residuals)
    if task.budget < least:
        raise ValueError(f"found a budget of {task.budget}; {spec.name} needs {least} at least")
    batch: Batch = SEARCHES.get(spec.name).begin(spec, task)
    return batch


def code(spec: SearchSpec) -> dict[str, str]:
    """Return a hash for every part of a search's code, as a kernel's fingerprint has.

    Raises
    ------
    LookupError
        It is installed no more.
    ValueError
        The source cannot be read, or changed since it was imported.
    """
    module, own = SEARCHES.get(spec.name), vars(type(spec)).values()
    methods = [f for f in own if isinstance(f, FunctionType) and f.__module__ == module.__name__]
    return code_of(module.begin, *methods)
