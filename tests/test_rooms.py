"""The rooms of the house: who may import whom, in one direction and through public names."""

import ast
from collections import defaultdict
from fnmatch import fnmatch
from functools import cache
from importlib import import_module

import pytest
from tracked import ROOT, tracked

PACKAGES = ("kernels", "scenarios", "slurm", "ensemble")

FAMILY = "kernels.contract kernels.numerics kernels.fortran"
GROUND = (
    "ensemble.errors ensemble.lazily ensemble.printing ensemble.processes "
    "kernels scenarios scenarios.*"
)
ARROWS = {
    "kernels.contract": "",
    "kernels.numerics": "kernels.contract",
    "kernels.fortran": "kernels.contract",
    "kernels.casa": FAMILY,
    "kernels.chains": FAMILY,
    "kernels.corpse": FAMILY,
    "kernels.forest": FAMILY,
    "kernels.mimics": FAMILY,
    "kernels.programs": f"{FAMILY} kernels",
    "kernels.two_box": FAMILY,
    "kernels._corpse_namelist": "kernels.corpse",
    "kernels": "kernels.contract kernels.numerics",
    "slurm": "",
    "scenarios.visible": "",
    "scenarios.unit_text": "",
    "scenarios.unit_advice": "scenarios.unit_text",
    "scenarios.units": "scenarios.unit_text scenarios.unit_advice kernels",
    "scenarios.problems": "scenarios.visible",
    "scenarios.paths": "scenarios.problems kernels.contract",
    "scenarios.plugins": "scenarios.problems kernels",
    "scenarios.grids": "kernels",
    "scenarios.execution": "scenarios.plugins",
    "scenarios.searches": "scenarios.plugins",
    "scenarios.benchmarks": "scenarios.observations scenarios.plugins scenarios.problems",
    "scenarios.limits": "scenarios.problems scenarios.units kernels",
    "scenarios.forcing": (
        "scenarios.grids scenarios.plugins scenarios.problems scenarios.units scenarios.paths "
        "scenarios.expressions kernels kernels.fortran kernels.casa kernels.forest"
    ),
    "scenarios.observations": (
        "scenarios.grids scenarios.plugins scenarios.problems scenarios.units scenarios.paths "
        "scenarios.forcing kernels"
    ),
    "scenarios.upscaling": (
        "scenarios.observations scenarios.forcing scenarios.problems kernels kernels.forest"
    ),
    "scenarios.designs": (
        "scenarios.plugins scenarios.problems scenarios.units scenarios.paths scenarios.forcing "
        "kernels"
    ),
    "scenarios.numbers": "scenarios.designs scenarios.problems scenarios.units kernels",
    "scenarios.expressions": "scenarios.problems scenarios.units scenarios.unit_text kernels",
    "scenarios.derived": "scenarios.expressions scenarios.problems kernels",
    "scenarios.metrics": "scenarios.plugins kernels",
    "scenarios.sections": "scenarios.designs scenarios.limits scenarios.problems",
    "scenarios.response_sections": (
        "scenarios.sections scenarios.designs scenarios.expressions scenarios.limits "
        "scenarios.metrics scenarios.problems"
    ),
    "scenarios.responses": (
        "scenarios.response_sections scenarios.expressions scenarios.metrics scenarios.numbers "
        "scenarios.problems kernels"
    ),
    "scenarios.outputs": (
        "scenarios.sections scenarios.designs scenarios.units scenarios.problems kernels"
    ),
    "scenarios.calibration": (
        "scenarios.sections scenarios.response_sections scenarios.designs scenarios.expressions "
        "scenarios.metrics scenarios.problems scenarios.searches scenarios.units kernels"
    ),
    "scenarios.weights": "scenarios.limits scenarios.problems scenarios.sections",
    "scenarios.evaluation": (
        "scenarios.benchmarks scenarios.observations scenarios.problems scenarios.sections "
        "scenarios.weights kernels"
    ),
    "scenarios.spec": (
        "scenarios.benchmarks scenarios.calibration scenarios.evaluation scenarios.observations "
        "scenarios.searches "
        "scenarios.sections scenarios.response_sections scenarios.outputs scenarios.designs "
        "scenarios.forcing scenarios.execution scenarios.limits scenarios.problems"
    ),
    "scenarios.reading": (
        "scenarios.spec scenarios.sections scenarios.designs scenarios.forcing "
        "scenarios.calibration scenarios.searches scenarios.derived scenarios.evaluation "
        "scenarios.execution "
        "scenarios.limits scenarios.outputs "
        "scenarios.numbers scenarios.paths scenarios.problems scenarios.responses scenarios.units "
        "kernels kernels.chains"
    ),
    "scenarios.evaluated": (
        "scenarios.evaluation scenarios.observations scenarios.problems scenarios.reading "
        "scenarios.sections"
    ),
    "scenarios.catalogue": "scenarios.reading scenarios.forcing scenarios.problems",
    "scenarios.needed": (
        "scenarios.reading scenarios.designs scenarios.forcing scenarios.paths scenarios.problems "
        "kernels"
    ),
    "scenarios.clusters": "scenarios.reading scenarios.problems",
    "scenarios.locations": (
        "scenarios.reading scenarios.sections scenarios.forcing scenarios.paths scenarios.problems "
        "kernels"
    ),
    "scenarios": (
        "scenarios.reading scenarios.spec scenarios.derived scenarios.limits scenarios.problems "
        "scenarios.catalogue"
    ),
    "ensemble.errors": "",
    "ensemble.lazily": "",
    "ensemble.processes": "",
    "ensemble.printing": "scenarios.visible",
    "ensemble.scores": "kernels scenarios.designs scenarios.grids scenarios.metrics",
    "ensemble.store": "ensemble.errors kernels",
    "ensemble.farming": (
        "ensemble.errors ensemble.printing ensemble.store slurm "
        "kernels scenarios scenarios.clusters scenarios.execution scenarios.paths"
    ),
    "ensemble.members": (
        "ensemble.errors ensemble.scores ensemble.store ensemble.farming "
        "kernels scenarios scenarios.benchmarks scenarios.designs scenarios.evaluation "
        "scenarios.expressions scenarios.forcing scenarios.grids scenarios.limits "
        "scenarios.metrics scenarios.observations "
        "scenarios.plugins scenarios.reading scenarios.responses scenarios.response_sections "
        "scenarios.sections scenarios.outputs scenarios.units scenarios.weights"
    ),
    "ensemble.calibration": (
        "ensemble.errors ensemble.store ensemble.farming ensemble.members "
        "kernels scenarios.calibration scenarios.metrics scenarios.problems scenarios.searches"
    ),
    "ensemble.planning": (
        "ensemble.errors ensemble.store ensemble.farming ensemble.members ensemble.calibration "
        "slurm kernels "
        "scenarios scenarios.calibration scenarios.forcing scenarios.locations scenarios.outputs "
        "scenarios.units"
    ),
    "ensemble.analysis": (
        "ensemble.errors ensemble.store ensemble.members scenarios.designs kernels"
    ),
    "ensemble.tables": (
        f"{GROUND} ensemble.scores ensemble.store ensemble.members ensemble.calibration "
        "ensemble.analysis scenarios.outputs"
    ),
    "ensemble.evaluation": (
        "ensemble.errors ensemble.scores ensemble.store ensemble.members ensemble.tables "
        "kernels scenarios scenarios.benchmarks scenarios.catalogue scenarios.evaluated "
        "scenarios.forcing scenarios.observations scenarios.paths scenarios.units "
        "scenarios.weights"
    ),
    "ensemble.report": (
        f"{GROUND} ensemble.scores ensemble.store ensemble.members ensemble.calibration "
        "ensemble.evaluation "
        "ensemble.tables ensemble.analysis scenarios.outputs"
    ),
    "ensemble.export": (
        "ensemble.errors ensemble.store ensemble.members kernels scenarios.grids scenarios.units"
    ),
    "ensemble.plot": "ensemble.report ensemble.store",
    "ensemble.checking": "kernels scenarios.units",
    "ensemble.describing": f"{GROUND} ensemble.members ensemble.report",
    "ensemble.citing": (
        "ensemble.describing ensemble.errors ensemble.store kernels scenarios.catalogue "
        "scenarios.evaluation"
    ),
    "ensemble.runs": (
        "ensemble.errors ensemble.store ensemble.farming ensemble.members ensemble.calibration "
        "ensemble.planning ensemble.tables ensemble.analysis ensemble.evaluation ensemble.report "
        "slurm "
        "kernels scenarios scenarios.evaluation scenarios.forcing scenarios.reading "
        "scenarios.responses scenarios.sections scenarios.units"
    ),
    "ensemble.commands": (
        f"{GROUND} ensemble.store ensemble.farming ensemble.members ensemble.planning "
        "ensemble.calibration "
        "ensemble.tables ensemble.analysis ensemble.evaluation ensemble.report ensemble.export "
        "ensemble.runs "
        "ensemble.checking ensemble.citing ensemble.describing slurm"
    ),
    "ensemble.__main__": "ensemble.commands ensemble.processes ensemble.store",
    "ensemble": "ensemble.*",
}
"""Whom a room and its parts may import, besides themselves; a module alone is a room, too."""


@cache
def modules():
    """Return every module, name to file."""
    found = {}
    for package in PACKAGES:
        for path in tracked(".py", under=package):
            parts = path.relative_to(ROOT).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def rooms():
    """Return whom each room may import: those of the table, and kernels that stand alone."""
    alone = (m for m in modules() if m.startswith("kernels.") and m.count(".") == 1)
    files = {module for module in alone if modules()[module].name != "__init__.py"}
    return {**dict.fromkeys(sorted(files), f"{FAMILY} kernels"), **ARROWS}


def room_of(module):
    """Return the room of a module: two names of its path; all of ``slurm`` is one."""
    return "slurm" if module.startswith("slurm") else ".".join(module.split(".")[:2])


@cache
def imports(module):
    """Return the modules of ours that a module imports when it runs, not for types alone."""
    tree = ast.parse(modules()[module].read_text())
    branches = [node for node in ast.walk(tree) if isinstance(node, ast.If)]
    typing = [node for node in branches if getattr(node.test, "id", "") == "TYPE_CHECKING"]
    left_out = {id(inner) for node in typing for inner in ast.walk(node)}
    found = set()
    for node in ast.walk(tree):
        if id(node) in left_out:
            continue
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            full = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= (full & modules().keys()) or {node.module}
    return found & modules().keys()


@pytest.mark.parametrize("room", rooms())
def test_a_room_imports_what_lies_below_it(room):
    allowed = [room, *rooms()[room].split()]
    wrong = [
        f"{module} imports {other}"
        for module in modules()
        if room_of(module) == room
        for other in imports(module)
        if not any(fnmatch(room_of(other), name) for name in allowed)
    ]
    assert not wrong


BY_NAME = {
    "scenarios.execution imports ensemble.farming.backends",
    "scenarios.searches imports ensemble.calibration.searches",
    "scenarios.benchmarks imports ensemble.members.benchmarks",
    "ensemble.store imports ensemble.members",
}
"""Arrows that point up: looked up by a name in a text when a scenario or a store says so."""


def texts(module):
    """Return the modules of ours that a module has the name of in a text."""
    nodes = ast.walk(ast.parse(modules()[module].read_text()))
    words = {node.value for node in nodes if isinstance(node, ast.Constant)}
    return {word for word in words if isinstance(word, str) and "." in word} & modules().keys()


def test_what_is_imported_by_name_lies_below_or_is_in_the_table():
    up = set()
    for module in modules():
        room = room_of(module)
        allowed = [room, *rooms()[room].split()]
        for other in texts(module):
            if not any(fnmatch(room_of(other), name) for name in allowed):
                up.add(f"{room} imports {other}")
    assert up == BY_NAME


SAID_ONE_BY_ONE = [
    room for room, names in ARROWS.items() if room.startswith("ensemble.") and "*" not in names
]


@pytest.mark.parametrize("room", SAID_ONE_BY_ONE)
def test_the_table_names_no_arrow_that_nobody_takes(room):
    taken = {room_of(o) for m in modules() if room_of(m) == room for o in imports(m)}
    assert set(ARROWS[room].split()) <= taken | {room}


def test_every_room_is_in_the_table():
    assert {room_of(module) for module in modules()} == rooms().keys()


def imported_names(path):
    """Yield every module of ours that a file imports from, and the name, inside functions too."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from ((a.name, "") for a in node.names if a.name.split(".")[0] in PACKAGES)
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            if node.module.split(".")[0] in PACKAGES:
                yield from ((node.module, alias.name) for alias in node.names)


def is_there(module, name):
    """Return whether a module can be imported and has a name, or a module of that name in it."""
    try:
        found = import_module(module)
    except ModuleNotFoundError as error:
        # Extras may not be installed; modules of ours are there.
        return str(error.name).split(".")[0] not in PACKAGES
    return not name or hasattr(found, name) or f"{module}.{name}" in modules()


def test_every_name_of_ours_that_a_file_imports_is_there():
    # `mypy` does not see it where names come late, nor in tests; benchmarks run seldom.
    imported = {(m, n): path for path in tracked(".py") for m, n in imported_names(path)}
    assert len(imported) > 1000
    gone = [
        f"{path.relative_to(ROOT)}: from {module} import {name}"
        for (module, name), path in imported.items()
        if not is_there(module, name)
    ]
    assert not gone


@pytest.mark.parametrize(
    ("module", "name"), [("kernels", "absent"), ("ensemble.engine", ""), ("ensemble", "engine")]
)
def test_a_name_that_is_gone_is_missed(module, name):
    assert not is_there(module, name)


def folder_of(module):
    """Return the folder that a module lies in; one that lies directly in a package is its own."""
    alone = modules()[module].name == "__init__.py" or module.count(".") == 1
    return module if alone else module.rpartition(".")[0]


def test_no_circle_of_folders():
    below = defaultdict(set)
    for module in modules():
        for other in imports(module):
            here, there = folder_of(module), folder_of(other)
            # What a folder and its own parts have of each other is their affair.
            if here != there and not there.startswith(f"{here}.") and "." in there:
                below[here].add(there)
    for folder in list(below):
        seen, waiting = set(), [folder]
        while waiting:
            for other in below[waiting.pop()] - seen:
                seen.add(other)
                waiting.append(other)
        assert folder not in seen, f"{folder} imports itself by way of {sorted(seen)}"


def test_what_begins_with_an_underscore_is_of_its_own_room():
    for module in modules():
        for other in imports(module):
            home, _, name = other.rpartition(".")
            if name.startswith("_") and not name.endswith("__"):
                assert module == home or module.startswith(f"{home}."), f"{module} imports {other}"


def test_every_room_says_what_it_is_for():
    for module, path in modules().items():
        if path.name == "__init__.py":
            charter = ast.get_docstring(ast.parse(path.read_text()))
            assert charter, module
            assert charter.splitlines()[0].endswith("."), module


FORMER = ("kernels._corpse_namelist", "scenarios.forcing._served", "scenarios.forcing._monthly")


def test_former_places_that_others_import_are_there():
    for name in FORMER:
        assert import_module(name).__doc__.startswith("The former place of")
