"""What a kernel computes with, as one hash per function, constant and table.

A run that resumes compares these with those in its store and names what differs. Hashes are
of syntax trees, so comments, docstrings, annotations and layout do not count; of what a
function captures, so a constant or a decorator's option does. Numba's own cache knows only
the file of the function that it compiled; see `kernels.block` for how that is mended.
"""

import ast
import linecache
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache, partial
from hashlib import file_digest, sha256
from importlib import import_module
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np

from kernels.contract.classes import is_as_written
from kernels.contract.kernel import Kernel
from kernels.contract.libraries import version_of

OURS = __name__.partition(".")[0]
IGNORED = frozenset({"annotation", "returns", "type_comment", "type_params", "ctx", "kind"})
PROSE = frozenset(
    {"meaning", "source", "standard_name", "expected_range", "limit", "picks", "late"}
)
"""Fields that change no value of a member; limits are compared on their own."""


def fingerprint(kernel: Kernel) -> dict[str, str]:
    """Return a hash for every part of a kernel that can change its results.

    Parameters
    ----------
    kernel : Kernel
        Its stages' ``open``, ``derive`` and ``seconds`` are followed through calls, jitted
        dispatchers, closures and captured globals, inside the top-level packages that these
        functions come from and this one; so are those of its ``parts``. Versions of numpy and
        numba are kept elsewhere.

    Returns
    -------
    dict of str to str
        Qualified name to SHA-256: functions, classes, the constants they capture, and the
        kernel's tables without their prose. Of files and programs, the contents; of libraries,
        the version.

    Raises
    ------
    ValueError
        The source of a function cannot be read, or changed since it was imported.
    """
    every = (kernel, *kernel.parts)
    roots = [root for one in every for root in _roots(one)]
    closure = _reached(roots, [one.options for one in every])
    tables = {
        "parameters": kernel.parameters,
        "drivers": kernel.drivers,
        "outputs": kernel.outputs,
        "intermediates": kernel.intermediates,
        "stages": kernel.stages,
        # Kernels without dimensions of their own keep the fingerprint that they had.
        **({"coords": kernel.coords} if kernel.coords else {}),
    }
    for name, table in tables.items():
        closure.add(f"{kernel.name}.{name}", closure.describe(table))
    hashes = closure.hashes
    for written, file in {**kernel.files, **kernel.programs}.items():
        with file.open("rb") as content:
            hashes[f"{kernel.name}.files.{written}"] = file_digest(content, "sha256").hexdigest()
    for name in kernel.libraries:
        hashes[f"{kernel.name}.libraries.{name}"] = sha256(version_of(name).encode()).hexdigest()
    return dict(sorted(hashes.items()))


def code_of(*roots: Any) -> dict[str, str]:
    """Return a hash for every function, class and constant that functions or classes reach.

    As a kernel's `fingerprint`: within the packages that they are from, and this one.

    Raises
    ------
    ValueError
        The source of a function cannot be read, or changed since it was imported.
    """
    return dict(sorted(_reached(roots).hashes.items()))


def _reached(roots: Sequence[Any], others: Sequence[Any] = ()) -> "_Closure":
    closure = _Closure({OURS, *map(_home, roots)})
    for root in (*roots, *others):
        closure.describe(root)
    return closure


def _roots(kernel: Kernel) -> list[Any]:
    return [*(stage.open for stage in kernel.stages), kernel.derive, kernel.seconds]


class _Closure:
    """Everything reachable from some functions: name to the texts that are hashed."""

    def __init__(self, packages: set[str]) -> None:
        self.found: dict[str, set[str]] = {}
        self._packages = packages
        self._seen: dict[int, tuple[str, Any]] = {}

    @property
    def hashes(self) -> dict[str, str]:
        """Return a hash for each name."""
        return {name: _hash(sorted(texts)) for name, texts in self.found.items()}

    def add(self, name: str, description: str) -> None:
        # Two closures of one function share a name; both count, in any order.
        self.found.setdefault(name, set()).add(description)

    def describe(self, value: Any) -> str:
        """Return a text that is equal for equal values, and visit functions and classes."""
        if value is None or isinstance(value, bool | int | float | complex | str | bytes):
            return repr(value)
        if isinstance(value, Enum):
            return str(value)
        if isinstance(value, np.ndarray | np.generic):
            array = np.ascontiguousarray(value)
            return f"{array.dtype.str}{array.shape}{_hash([array.tobytes().hex()])}"
        if id(value) not in self._seen:
            # Kept alive, so that the id stays its own; named first, so that a cycle ends.
            self._seen[id(value)] = (_name(value), value)
            self._seen[id(value)] = (self._compound(value), value)
        return self._seen[id(value)][0]

    def _compound(self, value: Any) -> str:
        if isinstance(value, tuple | list):
            return f"[{', '.join(map(self.describe, value))}]"
        if isinstance(value, set | frozenset):
            return f"{{{', '.join(sorted(map(self.describe, value)))}}}"
        if isinstance(value, Mapping):
            pairs = (f"{self.describe(k)}: {self.describe(v)}" for k, v in value.items())
            return f"{{{', '.join(sorted(pairs))}}}"
        if isinstance(value, partial):
            return self.describe((value.func, value.args, value.keywords))
        if isinstance(value, MethodType):
            return self.describe((value.__func__, value.__self__))
        function = getattr(value, "py_func", None) or getattr(value, "__wrapped__", value)
        if _home(function) not in self._packages:
            return _name(function)
        if isinstance(function, FunctionType):
            self._function(function, options=getattr(value, "targetoptions", None))
        elif isinstance(value, type):
            self._class(value)
        elif is_dataclass(value):
            held = {f.name: getattr(value, f.name) for f in fields(value) if f.name not in PROSE}
            return f"{_name(type(value))}({self.describe(held)})"
        elif not isinstance(value, ModuleType):
            self.describe(type(value))
        return _name(function)

    def _function(self, function: FunctionType, options: Mapping[str, Any] | None) -> None:
        tree = _Plain(decorators=options is None).visit(_source(function))
        names, cells = function.__code__.co_freevars, function.__closure__ or ()
        captured = {n: c.cell_contents for n, c in zip(names, cells, strict=True)}
        used = self._used(tree, {**function.__globals__, **captured}, set(captured))
        held = [function.__defaults__, function.__kwdefaults__, options]
        self.add(_name(function), "\n".join([_text(tree), *map(self.describe, held), *used]))

    def _class(self, described: type) -> None:
        tree = _Plain(decorators=True).visit(_class_source(described))
        scope = vars(import_module(described.__module__))
        bases = [self.describe(base) for base in described.__bases__]
        self.add(
            _name(described), "\n".join([_text(tree), *bases, *self._used(tree, scope, set())])
        )

    def _used(self, tree: ast.AST, scope: Mapping[str, Any], closed: set[str]) -> list[str]:
        """Return what the names in a tree stand for; constants get an entry of their own."""
        texts = []
        for name, owner, value in sorted(self._names(tree, scope), key=lambda found: found[0]):
            description = self.describe(value)
            texts.append(f"{name} = {description}")
            if owner and name not in closed and not callable(value):
                self.add(f"{owner}.{name.rpartition('.')[2]}", description)
        return texts

    def _names(self, tree: ast.AST, scope: Mapping[str, Any]) -> Iterator[tuple[str, str, Any]]:
        """Yield name, owning module and value of the names in a tree that lead outside it."""
        scope = {**scope, **self._imports(tree)}
        leading = {}
        for node in ast.walk(tree):
            if isinstance(node, ast.Name) and node.id in scope:
                leading[node.id] = (str(scope.get("__name__", "")), scope[node.id])
            elif isinstance(node, ast.Attribute):
                name, owner, value = _resolve(node, scope)
                if owner.partition(".")[0] in self._packages:
                    leading[name] = (owner, value)
        for name, (owner, value) in leading.items():
            yield name, "" if isinstance(value, ModuleType) else owner, value

    def _imports(self, tree: ast.AST) -> dict[str, Any]:
        """Return what import statements inside a function bind, from our packages."""
        bound = {}
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
                if node.module.partition(".")[0] in self._packages:
                    module = import_module(node.module)
                    for alias in node.names:
                        bound[alias.asname or alias.name] = getattr(module, alias.name)
        return bound


class _Plain(ast.NodeTransformer):
    """Drop docstrings, and the decorators of a dispatcher, whose options are hashed instead."""

    def __init__(self, *, decorators: bool) -> None:
        self._decorators = decorators

    def generic_visit(self, node: ast.AST) -> ast.AST:
        copy = type(node)(**dict(ast.iter_fields(node)))
        for name, value in ast.iter_fields(copy):
            if name in IGNORED or (name == "decorator_list" and not self._decorators):
                setattr(copy, name, [] if isinstance(value, list) else None)
            elif isinstance(value, ast.AST):
                setattr(copy, name, _Plain(decorators=True).visit(value))
            elif isinstance(value, list):
                setattr(copy, name, [self._item(item) for item in value if not _is_prose(item)])
        return copy

    def _item(self, item: Any) -> Any:
        return _Plain(decorators=True).visit(item) if isinstance(item, ast.AST) else item


def _is_prose(node: Any) -> bool:
    held = node.value if isinstance(node, ast.Expr) else None
    return isinstance(held, ast.Constant) and isinstance(held.value, str)


def _text(node: Any) -> str:
    """Return a syntax tree as text, the same in all versions of Python."""
    if isinstance(node, ast.AST):
        held = [(k, v) for k, v in ast.iter_fields(node) if v is not None and v != []]
        return f"{type(node).__name__}({', '.join(f'{k}={_text(v)}' for k, v in held)})"
    return f"[{', '.join(map(_text, node))}]" if isinstance(node, list) else repr(node)


def _resolve(node: ast.Attribute, scope: Mapping[str, Any]) -> tuple[str, str, Any]:
    """Return the dotted name, module and value of ``module.name``; no module if it is none."""
    if isinstance(node.value, ast.Name):
        name, base = node.value.id, scope.get(node.value.id)
    elif isinstance(node.value, ast.Attribute):
        name, _, base = _resolve(node.value, scope)
    else:
        return "", "", None
    if not isinstance(base, ModuleType) or not hasattr(base, node.attr):
        return "", "", None
    return f"{name}.{node.attr}", base.__name__, getattr(base, node.attr)


def _source(function: FunctionType) -> ast.AST:
    code = function.__code__
    matches: list[ast.expr | ast.stmt] = []
    source = "".join(linecache.getlines(code.co_filename, function.__globals__))
    # What runs is what was imported; a file that was edited since says something else.
    for node in _definitions(source) if code in _compiled(source, code.co_filename) else ():
        if not isinstance(node, ast.ClassDef):
            decorators = getattr(node, "decorator_list", [])
            first = min([node.lineno, *(d.lineno for d in decorators)])
            if first == code.co_firstlineno and getattr(node, "name", "<lambda>") == code.co_name:
                matches.append(node)
    if matches:
        # Lambdas that share a line cannot be told apart, so each stands for all of them.
        lambdas = [node for node in matches if isinstance(node, ast.Lambda)]
        return matches[0] if len(matches) == 1 else ast.Tuple(elts=[*lambdas])
    raise ValueError(
        f"{_name(function)}: not found at line {code.co_firstlineno} of {code.co_filename!r}; "
        "was the file changed after it was imported? start again"
    )


def _class_source(wanted: type) -> ast.ClassDef:
    module = import_module(wanted.__module__)
    file = str(module.__file__)
    source = "".join(linecache.getlines(file, vars(module)))
    for node in _definitions(source):
        if isinstance(node, ast.ClassDef) and node.name == wanted.__name__:
            # As of functions: what runs is what was imported.
            if is_as_written(
                wanted, node, _compiled(source, file), module, _Closure(set()).describe
            ):
                return node
            raise ValueError(
                f"{_name(wanted)}: not that at line {node.lineno} of {file!r}; "
                "was the file changed after it was imported? start again"
            )
    raise ValueError(f"{_name(wanted)}: not found in {file!r}; start again")


Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef


@cache
def _compiled(source: str, file: str) -> frozenset[CodeType]:
    """Return the code of every function of a module, at any depth."""
    codes, waiting = set(), [compile(source, file, "exec", dont_inherit=True)]
    while waiting:
        code = waiting.pop()
        codes.add(code)
        waiting += [const for const in code.co_consts if isinstance(const, CodeType)]
    return frozenset(codes)


@cache
def _definitions(source: str) -> tuple[Definition, ...]:
    """Return every definition of a module; walking it once for each function is what costs."""
    return tuple(node for node in ast.walk(ast.parse(source)) if isinstance(node, Definition))


def _home(value: Any) -> str:
    """Return the top-level package of a function, class, module or instance."""
    owner = value.func if isinstance(value, partial) else value
    if isinstance(owner, ModuleType):
        return owner.__name__.partition(".")[0]
    return str(getattr(owner, "__module__", None) or type(owner).__module__).partition(".")[0]


def _name(value: Any) -> str:
    if isinstance(value, ModuleType):
        return value.__name__
    owner = value if hasattr(value, "__qualname__") else type(value)
    return f"{getattr(owner, '__module__', None)}.{owner.__qualname__}"


def _hash(texts: list[str]) -> str:
    return sha256("\n".join(texts).encode()).hexdigest()
