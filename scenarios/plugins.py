"""Plug-ins: the files of a room, and what others install by entry point.

An entry point names a module that holds what a file of the room holds. Reading the metadata of
all installed distributions takes a good part of a second on a shared file system, so they are
looked at only for a name that is no file of ours, and where all are listed.
"""

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from kernels import installed, module_names
from scenarios.problems import nearest, shown

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

DISTRIBUTION = "soilsweep"


@lru_cache(maxsize=16)
def _entries(group: str, path: tuple[str, ...]) -> "dict[str, list[EntryPoint]]":
    """Return the entry points of a group by name; ``path`` is where Python looks for them."""
    by_name: dict[str, list[EntryPoint]] = {}
    for entry in installed(group):
        by_name.setdefault(entry.name, []).append(entry)
    return by_name


def _whose(entry: "EntryPoint") -> str:
    """Return the module that an entry point names, and the distribution that it is of."""
    dist = entry.dist
    return f"{entry.value} of {dist.name} {dist.version}" if dist else entry.value


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
    """

    kind: str
    package: str
    group: str
    needs: tuple[str, ...]
    spec: type[BaseModel] | None = None
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
        return sorted({*ours, *others})

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
            if len(entries) > 1:
                raise LookupError(f"{self._several(name, entries)}; uninstall one of them")
            self._met[name] = self._loaded(entries[0])
        return self._met[name]

    def every(self) -> tuple[dict[str, Any], list[str]]:
        """Return all modules by name, and what is said of installed ones that are of no use."""
        ours = self.ours()
        modules, refused = {name: self.get(name) for name in ours}, []
        for name, entries in sorted(self._installed().items()):
            if name in ours:
                owner = f"{DISTRIBUTION} has one of that name, which is used"
                refused += [f"{self._called(entry)} is not used: {owner}" for entry in entries]
                continue
            try:
                modules[name] = self.get(name)
            except LookupError as error:
                refused.append(str(error))
        return modules, refused

    def _installed(self) -> "dict[str, list[EntryPoint]]":
        return _entries(self.group, tuple(sys.path))

    def _called(self, entry: "EntryPoint") -> str:
        return f"the installed {self.kind} {entry.name!r} ({_whose(entry)})"

    def _several(self, name: str, entries: "list[EntryPoint]") -> str:
        owners = " and ".join(_whose(entry) for entry in entries)
        return f"the {self.kind} {name!r} is installed {len(entries)} times: {owners}"

    def _loaded(self, entry: "EntryPoint") -> Any:
        """Return what an entry point names; raises `LookupError` where that is no plug-in."""
        try:
            module = entry.load()
        except (Exception, SystemExit) as error:
            # Somebody else's module may fail in any way; the user needs to know in which.
            why = f"{type(error).__name__}: {error}".removesuffix(": ")
            text = f"{self._called(entry)} cannot be imported: {why}"
            raise LookupError(f"{text}; correct or uninstall it") from error
        lacking = [name for name in self.needs if not hasattr(module, name)]
        if not lacking and self.spec and self.spec not in getattr(module.Spec, "__mro__", ()):
            lacking = [f"Spec made of {self.spec.__name__}"]
        if lacking:
            raise LookupError(f"{self._called(entry)} has no {' and no '.join(lacking)}")
        return module


@dataclass(frozen=True)
class Chosen:
    """Of the type of a section: its model is the ``Spec`` of the plug-in that it names.

    Attributes
    ----------
    plugins : Plugins
    key : str
        That names it: ``"reader"``.
    unsaid : callable, optional
        Returns the name of the plug-in from a section without the key; None where it is needed.
    """

    plugins: Plugins
    key: str
    unsaid: Callable[[Mapping[str, Any]], str | None] | None = None
    _under_way: list[str] = field(default_factory=list, compare=False, repr=False)

    def name(self, section: Any) -> Any:
        """Return which plug-in a section as written names; None where it names none."""
        if not isinstance(section, Mapping):
            return None
        if self.key in section or self.unsaid is None:
            return section.get(self.key)
        return self.unsaid(section)

    def read(self, section: Any) -> Any:
        """Return the section as the model of its plug-in."""
        if isinstance(section, BaseModel):
            return section
        name = self.name(section)
        if not isinstance(name, str) or not self.plugins.has(name):
            raise ValueError(self._unknown(section, name))
        try:
            spec = self.plugins.get(name).Spec
        except LookupError as error:
            raise ValueError(str(error)) from error
        return spec.model_validate(section)

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
        return core_schema.no_info_plain_validator_function(
            self.read, serialization=core_schema.simple_ser_schema("any")
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
