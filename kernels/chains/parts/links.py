"""The links of a chain as a scenario says them: kernels, what they are called, their options."""

import difflib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, get_type_hints

from kernels.contract.faults import Fault, Unfit
from kernels.contract.kernel import Kernel

SPELLINGS = ("links", "chain")
"""Keys that hold the links; the second is the short form ``kernel: {chain: [...]}``."""

_LABEL = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_EXAMPLE = "such as [two_box] or [{models: [a, b]}]"


@dataclass(frozen=True)
class Link:
    """A kernel of a chain.

    Attributes
    ----------
    kernel : Kernel
        As it is got, without tables where its options make them.
    options : dataclass
        The kernel's.
    label : str
        What the chain calls it: its name, or what ``as:`` says.
    where : str
        Its place in the scenario, below ``kernel:``.
    shared : frozenset of str
        Options that the chain says for all.
    """

    kernel: Kernel
    options: Any
    label: str
    where: str
    shared: frozenset[str] = frozenset()

    def fault(self, fault: Fault) -> Fault:
        """Return a fault of the kernel's as one of the chain's, at its place in the scenario."""
        if fault.file:
            return fault
        if re.split(r"[.\[]", fault.where)[0] in self.shared:
            return Fault(f"{fault.text} (link {self.label!r})", fault.where)
        where = f"{self.where}.{fault.where}" if fault.where else self.where
        return Fault(fault.text, where)


@dataclass(frozen=True)
class Options:
    """Kernels one after the other; those of one entry stand side by side."""

    links: tuple[tuple[Link, ...], ...] = ()


@dataclass(frozen=True)
class Word:
    """One kernel as written."""

    name: str
    label: str
    options: Mapping[str, Any]
    where: str


@dataclass
class Reader:
    """Reads words; gathers what is wrong with them.

    ``rest`` are options said for all; ``inside`` says where no kernel of kernels may stand, and
    what to do instead.
    """

    get: Callable[[str], Kernel]
    strict: Callable[[Mapping[str, Any], Kernel], Any]
    rest: Mapping[str, Any]
    faults: list[Fault] = field(default_factory=list)
    used: set[str] = field(default_factory=set)
    known: set[str] = field(default_factory=set)
    inside: str = "a chain; write its links here instead"

    def link(self, word: Word) -> Link | None:
        """Return the kernel of a word with its options; None with faults."""
        try:
            kernel = self.get(word.name)
        except LookupError as error:
            self.faults.append(Fault(str(error), word.where))
            return None
        if kernel.read is not None:
            message = f"found {word.name!r} in {self.inside}"
            self.faults.append(Fault(message, word.where))
            return None
        options = set(get_type_hints(kernel.options))
        shared = (self.rest.keys() & options) - word.options.keys()
        self.known |= options
        self.used |= self.rest.keys() & options
        bare = Link(kernel, None, word.label, word.where, frozenset(shared))
        try:
            words = {**{name: self.rest[name] for name in sorted(shared)}, **word.options}
            read_options = self.strict(words, kernel)
        except Unfit as error:
            self.faults += map(bare.fault, error.faults)
            return None
        return Link(kernel, read_options, word.label, word.where, frozenset(shared))


def read(
    words: Mapping[str, Any],
    get: Callable[[str], Kernel],
    strict: Callable[[Mapping[str, Any], Kernel], Any],
) -> Options:
    """Return the options of a chain; see `kernels.Kernel.read`.

    Raises
    ------
    Unfit
        Every fault of the links and of their options.
    """
    spelling = _spelling(words)
    rest = {name: value for name, value in words.items() if name != spelling}
    reader = Reader(get, strict, rest)
    groups = [list(_group(entry, where, reader.faults)) for entry, where in _entries(words)]
    check_labels([word for group in groups for word in group], reader.faults)
    links = [[reader.link(word) for word in group] for group in groups]
    if set(SPELLINGS) <= words.keys():
        reader.faults.append(Fault("found links: and chain:; needed one of them", SPELLINGS[0]))
    known = not reader.faults and any(groups)
    for name in sorted(rest.keys() - reader.used):
        # Where a link is not known, neither is what it might have been told.
        if known:
            message = f"no link has an option {name!r}{_near(name, reader.known)}"
            reader.faults.append(Fault(message, name))
    if not any(groups) and not reader.faults:
        message = f"is missing; needed one kernel or more, {_EXAMPLE}"
        reader.faults.append(Fault(message, spelling))
    if reader.faults:
        raise Unfit(reader.faults)
    return Options(tuple(tuple(link for link in group if link) for group in links))


def names(words: Mapping[str, Any]) -> list[str]:
    """Return the kernels that the words of a chain name, as far as they can be read."""
    entries = _entries(words)
    return [word.name for entry, where in entries for word in _group(entry, where, [])]


def _spelling(words: Mapping[str, Any]) -> str:
    return SPELLINGS[1] if SPELLINGS[1] in words else SPELLINGS[0]


def _entries(words: Mapping[str, Any]) -> list[tuple[Any, str]]:
    """Return every entry of the links and its place; one that is no list is one entry."""
    spelling = _spelling(words)
    entries = words.get(spelling, [])
    if not isinstance(entries, list | tuple):
        return [(entries, spelling)]
    return [(entry, f"{spelling}[{i}]") for i, entry in enumerate(entries)]


def _group(entry: Any, where: str, faults: list[Fault]) -> Iterator[Word]:
    """Yield the kernels of one entry of the links."""
    if not (isinstance(entry, Mapping) and "models" in entry):
        yield from word(entry, where, faults)
        return
    for name in sorted(entry.keys() - {"models"}):
        message = f"unknown key {name!r}; say it of one of the models, or for all beside links:"
        faults.append(Fault(message, f"{where}.{name}"))
    models = entry["models"]
    if not isinstance(models, list | tuple) or len(models) < 2:
        message = f"found {_spelled(models)}; needed a list of two kernels or more"
        faults.append(Fault(message, f"{where}.models"))
        return
    for k, model in enumerate(models):
        yield from word(model, f"{where}.models[{k}]", faults)


def word(entry: Any, where: str, faults: list[Fault]) -> Iterator[Word]:
    """Yield one kernel, if it can be read."""
    words = {"name": entry} if isinstance(entry, str) else entry
    name = words.get("name") if isinstance(words, Mapping) else None
    if not isinstance(name, str):
        need = "needed a kernel's name, {name: kernel} with its options, or {models: [...]}"
        faults.append(Fault(f"found {_spelled(entry)}; {need}", where))
        return
    label = words.get("as", name.rpartition(".")[2].replace("-", "_"))
    if not (isinstance(label, str) and _LABEL.fullmatch(label)):
        need = "needed a name of letters, digits and '_', a letter first"
        faults.append(Fault(f"found {_spelled(label)}; {need}", f"{where}.as"))
        return
    options = {key: value for key, value in words.items() if key not in ("name", "as")}
    yield Word(name, label, options, where)


def check_labels(words: Iterable[Word], faults: list[Fault]) -> None:
    """Note labels that two kernels have."""
    owners: dict[str, str] = {}
    for word in words:
        if word.label in owners:
            message = f"{word.label!r} is {owners[word.label]} too; give one a name with as:"
            faults.append(Fault(message, word.where))
        owners.setdefault(word.label, word.where)


def _near(name: str, names: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, sorted(names), n=1)
    if close:
        return f"; did you mean {close[0]!r}?"
    return f"; available: {', '.join(sorted(names))}" if names else ""


def _spelled(value: Any) -> str:
    return "nothing" if value is None else repr(value)[:60]
