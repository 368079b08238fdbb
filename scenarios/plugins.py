"""Plug-ins: the files of a room, and what others install by entry point.

An entry point names a module that holds what a file of the room holds. Reading the metadata of
all installed distributions takes a good part of a second on a shared file system, so they are
looked at only for a name that is no file of ours, and where all are listed.
"""

import ast
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin

from pydantic import BaseModel, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from kernels import (
    NAME,
    hidden,
    imports_ours_alone,
    in_words,
    installed,
    installed_as,
    load_installed,
    module_names,
)
from scenarios.problems import nearest, shown

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint


@lru_cache(maxsize=16)
def _entries(group: str, path: tuple[str, ...]) -> "dict[str, list[EntryPoint]]":
    """Return the entry points of a group by name; ``path`` is where Python looks for them."""
    return installed(group)


@dataclass(frozen=True)
class Plugins:
    """What is of one kind: files of a folder, and installed modules.

    Attributes
    ----------
    kind : str
        For messages: ``"reader"``.
    package : str
        Whose modules are ours; it is imported when it is first asked.
    group : str
        Of entry points.
    needs : tuple of str
        Names that a module must have.
    spec : type, optional
        What the class ``Spec`` of a module must be made of, where it needs one.
    key : str
        Of a section, that names the plug-in: ``"reader"``; empty where there is no ``Spec``.
    lacking : callable, optional
        Returns what the names of a module are not that they have to be, each after "has no".
    """

    kind: str
    package: str
    group: str
    needs: tuple[str, ...]
    spec: type[BaseModel] | None = None
    key: str = ""
    lacking: Callable[[Any], list[str]] | None = None
    _met: dict[str, Any] = field(default_factory=dict, compare=False, repr=False)

    def ours(self) -> list[str]:
        """Return the names of our own files, sorted."""
        return module_names(import_module(self.package).__path__)

    def met(self) -> list[str]:
        """Return the names of our own files, and of what has been loaded besides."""
        return [*self.ours(), *self._met]

    def has(self, name: str) -> bool:
        """Return whether there is one of that name, of use or not."""
        return name in self.ours() or name in self._installed()

    def names(self) -> list[str]:
        """Return what a scenario may name: ours, and what is installed under a name of its own."""
        ours = self.ours()
        others = [n for n, several in self._installed().items() if len(several) == 1]
        return sorted({*ours, *filter(NAME.fullmatch, others)})

    def get(self, name: str) -> Any:
        """Return the module of that name; imports it.

        Raises
        ------
        LookupError
            There is none, there are two, or it is of no use; the message says what to do.
        """
        if name in self.ours():
            return import_module(f"{self.package}.{name}")
        if name not in self._met:
            entries = self._installed().get(name, [])
            if not entries:
                raise LookupError(f"unknown {self.kind} {name!r}{nearest(name, self.names())}")
            self._met[name] = self._sound(entries[0], load_installed(self.kind, entries))
        return self._met[name]

    def every(self, *, ours_may_fail: bool = False) -> tuple[dict[str, Any], list[str]]:
        """Return all modules by name, and what is said of installed ones that are of no use.

        A file of ours that cannot be imported is raised, or named with these where it may fail.
        """
        ours = self.ours()
        modules: dict[str, Any] = {}
        refused: list[str] = []
        for name in ours:
            try:
                modules[name] = self.get(name)
            except Exception as error:
                if not ours_may_fail:
                    raise
                refused.append(f"the {self.kind} {name!r} cannot be imported: {in_words(error)}")
        for name, entries in sorted(self._installed().items()):
            if name in ours:
                refused += [hidden(self.kind, entry) for entry in entries]
                continue
            try:
                modules[name] = self.get(name)
            except LookupError as error:
                refused.append(str(error))
        return modules, refused

    def listed(self) -> tuple[dict[str, str], list[str]]:
        """Return what each is by name, and what is said of installed ones of no use; imports none.

        Of ours the first line of the file, of others the module and its owner.
        """
        lines = {name: self._first_line(name) for name in self.ours()}
        refused, ours = [], set(lines)
        for name, entries in sorted(self._installed().items()):
            if name in ours:
                refused += [hidden(self.kind, entry) for entry in entries]
            elif name in self.names():
                lines[name] = installed_as(self.kind, entries[0])
            else:
                try:
                    # Refused by its name before anything is imported.
                    load_installed(self.kind, entries)
                except LookupError as error:
                    refused.append(str(error))
        return lines, refused

    def _first_line(self, name: str) -> str:
        """Return the first line of one of our files, unimported."""
        spec = find_spec(f"{self.package}.{name}")
        text = Path(spec.origin).read_text(encoding="utf-8") if spec and spec.origin else ""
        return (ast.get_docstring(ast.parse(text)) or "").partition("\n")[0]

    def _installed(self) -> "dict[str, list[EntryPoint]]":
        return _entries(self.group, tuple(sys.path))

    def _sound(self, entry: "EntryPoint", module: Any) -> Any:
        """Return what an entry point names; raises `LookupError` where that is no plug-in."""
        try:
            lacking = [name for name in self.needs if not hasattr(module, name)]
            if not lacking and self.spec:
                lacking += _unfit(module.Spec, self.spec, self.key, entry.name)
            if not lacking and self.lacking:
                lacking += self.lacking(module)
        except Exception as error:
            # A module may make its names when they are asked for, and a model its schema.
            lacking = [f"names that can be read ({in_words(error)})"]
        if lacking:
            called = installed_as(self.kind, entry)
            raise LookupError(f"{called} has no {' and no '.join(lacking)}")
        return module


def _unfit(spec: Any, base: type[BaseModel], key: str, name: str) -> list[str]:
    """Return what a ``Spec`` is not that a section is to be read into; nothing if it is."""
    if not (isinstance(spec, type) and issubclass(spec, base)):
        return [f"Spec made of {base.__name__}"]
    named = spec.model_fields.get(key)
    choices = get_args(named.annotation) if named else ()
    if named is None or (get_origin(named.annotation) is Literal and name not in choices):
        return [f"'{key}: {name}' among the words of its Spec"]
    # Every message about a scenario asks for the schema of all that was loaded.
    spec.model_json_schema()
    return []


class NotHere(ValueError):
    """A section names a plug-in that is not installed here, is of no use, or is not imported."""


AS_WRITTEN = "kinds of plug-ins whose sections stay as written"
"""Key of the context of a validation: such sections are not read, and no plug-in is imported."""


@dataclass(frozen=True)
class Chosen:
    """Of the type of a section: its model is the ``Spec`` of the plug-in that it names.

    Attributes
    ----------
    plugins : Plugins
    unsaid : callable, optional
        Returns the name of the plug-in from a section without the key; None where it is needed.
    """

    plugins: Plugins
    unsaid: Callable[[Mapping[str, Any]], str | None] | None = None
    _under_way: list[str] = field(default_factory=list, compare=False, repr=False)

    @property
    def key(self) -> str:
        """Return the key of a section that names the plug-in."""
        return self.plugins.key

    def name(self, section: Any) -> Any:
        """Return which plug-in a section as written names; None where it names none."""
        if not isinstance(section, Mapping):
            return None
        if self.key in section or self.unsaid is None:
            return section.get(self.key)
        return self.unsaid(section)

    def read(self, section: Any, context: Any = None) -> Any:
        """Return the section as the model of its plug-in."""
        if self.plugins.spec and isinstance(section, self.plugins.spec):
            return section
        name = self.name(section)
        if not isinstance(name, str):
            raise ValueError(self._unknown(section, name))
        if name not in self.plugins.ours() and (who := imports_ours_alone()):
            raise NotHere(f"{self.key} {name!r} is not one of ours, and {who} imports no other")
        if not self.plugins.has(name):
            raise NotHere(self._unknown(section, name))
        try:
            spec = self.plugins.get(name).Spec
        except LookupError as error:
            raise NotHere(str(error)) from error
        if self.key not in section and self.key in spec.model_fields:
            section = {self.key: name, **section}
        return spec.model_validate(section, context=context)

    def _validated(self, section: Any, info: core_schema.ValidationInfo) -> Any:
        """Return the section as `read`, or as it is written where the context says so."""
        left = (info.context or {}).get(AS_WRITTEN, ())
        if self.plugins.kind in left and isinstance(self.name(section), str):
            return section
        return self.read(section, info.context)

    def _unknown(self, section: Any, name: Any) -> str:
        """Return what to say of a section that names no plug-in, or none that is known."""
        known = self.plugins.names()
        listed = f"one of {', '.join(known)}"
        if not isinstance(section, Mapping):
            return f"found {shown(section)}; needed '{self.key}:' and its keys, {self.key} {listed}"
        if self.key not in section:
            return f"has no '{self.key}:'; needed {listed}"
        return f"unknown {self.key} {shown(name)}{nearest(str(name), known)}"

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.with_info_plain_validator_function(
            self._validated, serialization=core_schema.simple_ser_schema("any")
        )

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Describe the models of our files and of what was loaded, each by itself."""
        choices: dict[Any, CoreSchema] = {}
        new = [name for name in self.plugins.met() if name not in self._under_way]
        for name in self.plugins.met():
            model = self.plugins.get(name).Spec.__pydantic_core_schema__
            # A section that may hold others of its kind would describe itself for ever.
            choices[name] = model if name in new else _reference(model)
        self._under_way.extend(new)
        try:
            key = self.key if self.unsaid is None else self.name
            return handler(core_schema.tagged_union_schema(choices, discriminator=key))
        finally:
            del self._under_way[len(self._under_way) - len(new) :]


def _reference(model: Any) -> CoreSchema:
    """Return a reference to the schema of a model."""
    inner = model["schema"] if model["type"] == "definitions" else model
    return core_schema.definition_reference_schema(inner.get("schema_ref") or inner["ref"])
