"""Whether a class in memory is the one that its file says now: methods, values, fields, bases.

Python keeps the code of functions and not that of a class's body. So the body is run again, in
a namespace of its own: that makes functions and values, and no class. A process that lives on
after its file was edited differs from it; what cannot be compared is trusted where the file is
older than the process.
"""

import ast
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import MISSING, Field, dataclass
from enum import Enum
from functools import cached_property
from inspect import get_annotations
from types import CodeType, FunctionType, MemberDescriptorType
from typing import Any

import numpy as np

STARTED = time.time()
"""Seconds; about when this process began."""

_MADE = frozenset(
    "__module__ __qualname__ __doc__ __annotations__ __annotate__ __annotate_func__ __classcell__ "
    "__classdictcell__ __firstlineno__ __static_attributes__ __conditional_annotations__".split()
)
"""Names in the namespace of a body that say nothing of what it computes."""

_OF_TYPES = frozenset(["__dict__", "__weakref__"])
_ABSENT = object()
Describe = Callable[[Any], str]
Told = bool | None
"""Whether two things are the same; None where nothing tells."""


def is_as_written(
    held: type, node: ast.ClassDef, codes: Iterable[CodeType], module: Any, describe: Describe
) -> bool:
    """Return whether a class is what its definition in a file makes.

    Parameters
    ----------
    held : type
    node : ast.ClassDef
        The definition, with its decorators.
    codes : iterable of CodeType
        Of the whole file, at any depth.
    module : module
        What the class was defined in, as it is in memory.
    describe : callable
        Returns a text that is equal for equal values.
    """
    told = list(_compare(held, node, codes, module, describe))
    if False in told:
        return False
    return None not in told or os.stat(module.__file__).st_ctime < STARTED


def _compare(
    held: type, node: ast.ClassDef, codes: Iterable[CodeType], module: Any, describe: Describe
) -> Iterator[Told]:
    body = [c for c in codes if c.co_qualname == held.__qualname__ and not c.co_flags & 0x2]
    body = [c for c in body if c.co_firstlineno <= node.lineno]
    scope = {**vars(module)}
    if len(body) != 1 or body[0].co_freevars:
        yield None
        return
    written: dict[str, Any] = {}
    try:
        exec(body[0], scope, written)
        bases = [eval(ast.unparse(base), scope) for base in node.bases]
    except Exception:
        # A name that the module has not: the file is another by now.
        yield False
        return
    yield bases == list(held.__dict__.get("__orig_bases__", held.__bases__)) or (
        not bases and held.__bases__ == (object,)
    )
    yield from (_decorated(held, decorator, scope) for decorator in node.decorator_list)
    yield list(written.get("__annotations__", get_annotations(held))) == [*get_annotations(held)]
    for name in written.keys() - _MADE:
        yield _alike(written[name], _held(held, name), describe)
    for name, value in vars(held).items():
        if name not in written and not (name.startswith("_") and name.endswith("_")):
            yield _left_over(name, value, held, module.__file__)


def _decorated(held: type, decorator: ast.expr, scope: dict[str, Any]) -> Told:
    """Return whether a class was decorated so, which is known of dataclasses alone."""
    call = decorator if isinstance(decorator, ast.Call) else None
    if eval(ast.unparse(call.func if call else decorator), scope) is not dataclass:
        return None
    asked = {k.arg: eval(ast.unparse(k.value), scope) for k in call.keywords} if call else {}
    plain = {"init": True, "repr": True, "eq": True}
    named = ("init", "repr", "eq", "order", "unsafe_hash", "frozen")
    params = vars(held).get("__dataclass_params__")
    return params is not None and all(
        getattr(params, name) == asked.get(name, plain.get(name, False)) for name in named
    )


def _held(owner: type, name: str) -> Any:
    """Return what a class has of a name of its body; what dataclasses and enums keep elsewhere."""
    own = vars(owner).get(name, _ABSENT)
    fields = vars(owner).get("__dataclass_fields__", {})
    if name in fields:
        return fields[name]
    if isinstance(own, owner) and isinstance(own, Enum):
        return own.value
    defaults: Mapping[str, Any] = vars(owner).get("_field_defaults", {})
    return defaults.get(name, own)


def _alike(written: Any, held: Any, describe: Describe) -> Told:
    """Return whether a value of the body is that of the class."""
    if held is _ABSENT:
        return None
    if isinstance(held, Field):
        if isinstance(written, Field):
            pairs = ((written.default, held.default),
                     (written.default_factory, held.default_factory))  # fmt: skip
            told = [one is other or _alike(one, other, describe) for one, other in pairs]
            return False if False in told else None if None in told else True
        return held.default is not MISSING and _alike(written, held.default, describe)
    codes = list(_codes(written)), list(_codes(held))
    if any(codes):
        return codes[0] == codes[1]
    if _is_plain(written):
        return _is_plain(held) and describe(written) == describe(held)
    if isinstance(written, type) and isinstance(held, type):
        inner = vars(written).keys() - _MADE - _OF_TYPES
        told = [_alike(vars(written)[n], _held(held, n), describe) for n in inner]
        return False if False in told else None if None in told else True
    try:
        return True if type(written) is type(held) and bool(written == held) else None
    except Exception:
        return None


def _left_over(name: str, value: Any, owner: type, file: str) -> Told:
    """Return whether what the body no longer has may be of another's making."""
    if isinstance(value, MemberDescriptorType):
        return True
    if name in ("_fields", "_field_defaults") and issubclass(owner, tuple):
        return True
    own = [code for code in _codes(value) if code.co_filename == file]
    # Set by a decorator or after the class, or there no more.
    return None if own or _is_plain(value) else True


def _codes(value: Any) -> Iterator[CodeType]:
    """Yield the code of a function and of what is wrapped around functions."""
    if isinstance(value, FunctionType):
        yield value.__code__
    elif isinstance(value, staticmethod | classmethod):
        yield from _codes(value.__func__)
    elif isinstance(value, property):
        for method in (value.fget, value.fset, value.fdel):
            yield from _codes(method)
    elif isinstance(value, cached_property):
        yield from _codes(value.func)
    elif (inner := getattr(value, "py_func", None)) is not None:
        yield from _codes(inner)


def _is_plain(value: Any) -> bool:
    """Return whether a value is one that a text tells apart from every other."""
    if value is None or isinstance(value, bool | int | float | complex | str | bytes | np.generic):
        return True
    if isinstance(value, tuple | list | set | frozenset):
        return all(map(_is_plain, value))
    if isinstance(value, Mapping):
        return all(_is_plain(k) and _is_plain(v) for k, v in value.items())
    return isinstance(value, np.ndarray) and value.dtype.kind != "O"
