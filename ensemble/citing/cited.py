"""The parts of a run, from its store alone, and what each is to be cited with."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ensemble.citing.bibtex import BIBLIOGRAPHY, entries_for, made
from ensemble.describing import kind_of
from ensemble.errors import PlanError
from ensemble.store.reading import read
from ensemble.store.store import Store
from kernels import NotOurs, ours_alone
from scenarios.catalogue import Listed, catalogue
from scenarios.evaluation import Evaluation

PLACES = (
    ("forcing", "reader", "reader"),
    ("design", "method", "design"),
    ("evaluation", "reader", "observation"),
    ("models", "reader", "observation"),
)
"""Section of a scenario, the word in it that names a plug-in, and of which kind that is."""

SOFTWARE = ("numpy", "numba", "scipy", "xarray")
LIBRARIES = ("quantile-forest", "scikit-learn")
"""Of kernels of ours, in runs of theirs alone."""
LICENCE = "Apache-2.0"
NOT_STATED = "not stated"


@dataclass(frozen=True)
class Part:
    """A part of a run.

    Attributes
    ----------
    kind, name : str
    source : str
        In the words of its own file.
    licence : str
        Of data and software; empty for others.
    entries : mapping of str to str
        BibTeX by key; empty where the source names no DOI.
    """

    kind: str
    name: str
    source: str
    licence: str = ""
    entries: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Cited:
    """All parts of a run.

    Attributes
    ----------
    title : str
        The run's.
    parts : tuple of Part
    """

    title: str
    parts: tuple[Part, ...]

    @property
    def entries(self) -> dict[str, str]:
        """Return every entry once, by its key."""
        return {key: entry for part in self.parts for key, entry in part.entries.items()}

    def bibtex(self) -> str:
        """Return the entries, and as comments which part each is for."""
        lines = [f"% What the run {self.title!r} stands on, part by part; then the entries."]
        for part in self.parts:
            licence = f"; licence {part.licence}" if part.licence else ""
            keys = f" -> {', '.join(part.entries)}" if part.entries else ""
            lines.append(f"% {part.kind} {part.name}: {part.source}{licence}{keys}")
        return "\n".join([*lines, *(f"\n{entry}" for entry in self.entries.values())])


def cite(path: Path) -> Cited:
    """Return what a run, a calibration or an evaluation is to be cited with.

    Nothing that the store names is imported, but what is ours.

    Raises
    ------
    PlanError
        There is no such store.
    """
    store = read(path)
    words = store.attrs["identity"]["scenario"]
    with ours_alone("`soilsweep cite`"):
        parts = [*_kernel(store), *_plugins(words), *_data(store), *_software(store)]
    return Cited(str(store.attrs.get("title", path.name)), tuple(parts))


def _kernel(store: Store) -> Iterator[Part]:
    """Yield the kernel as the run noted it; an evaluation has none."""
    if said := store.attrs.get("references"):
        name = str(store.attrs["source"]).removeprefix("soilsweep, kernel ")
        yield Part("kernel", name, said, entries=entries_for(said))


def _plugins(words: Mapping[str, Any]) -> Iterator[Part]:
    """Yield readers, designs, benchmarks, metrics and searches, each once."""
    for kind, name in dict.fromkeys(_named(words)):
        try:
            said = kind_of(kind).describe(name).source
        except (LookupError, NotOurs, PlanError) as error:
            said = f"its source is not known here, as it is not ours or not installed ({error})"
        yield Part(kind, name, said, entries=entries_for(said))


def _named(words: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for section, word, kind in PLACES:
        yield from ((kind, str(name)) for name in _values(words.get(section), word))
    yield from (("benchmark", name) for name in _benchmarks(words.get("evaluation")))
    for metric in _values(words.get("responses"), "metric"):
        yield from (("metric", str(name)) for name in metric)
    for algorithm in _values(words.get("calibration"), "algorithm"):
        yield ("search", str(algorithm["name"]))


def _benchmarks(section: Any) -> Iterator[str]:
    """Yield how each benchmark compares: the reader says it where the section does not."""
    if not section:
        return
    try:
        read_in = Evaluation.model_validate(section)
    except ValidationError:
        # What is not installed here cannot say it.
        yield from (str(name) for name in _values(section, "compare"))
        return
    yield from (one.compare for one in read_in.benchmarks.values())


def _values(part: Any, word: str) -> Iterator[Any]:
    """Yield what a word says wherever it stands below a section."""
    below = part if isinstance(part, list) else []
    if isinstance(part, Mapping):
        if part.get(word):
            yield part[word]
        below = [one for name, one in part.items() if name != word]
    for one in below:
        yield from _values(one, word)


def _data(store: Store) -> Iterator[Part]:
    """Yield the files that were read: sets of the catalogue, others, and what was made up."""
    known = {one.sha256: one for one in catalogue().values()}
    files = {one["sha256"]: one["name"] for one in _files(store.attrs)}
    sets: dict[str, Listed] = {}
    for sha256 in files:
        if sha256 in known:
            sets.setdefault(known[sha256].dataset, known[sha256])
    for name, one in sets.items():
        yield _data_set(name, one)
    for sha256, name in files.items():
        if sha256 not in known:
            text = f"sha256 {sha256[:12]}..., in no catalogue; cite who published it"
            yield Part("file", str(name), text)
    if made_up := store.attrs.get("synthetic"):
        yield Part("data", "made up", str(made_up))


def _data_set(name: str, one: Listed) -> Part:
    doi = {} if one.doi == NOT_STATED else {"doi": one.doi}
    note = f"licence: {one.licence}" + ("" if doi else "; DOI not stated")
    fields = {"title": one.what, "howpublished": one.published, **doi, "note": note}
    key = f"data-{name}"
    entries = {key: made(key, fields), **entries_for(one.published)}
    return Part("data", name, f"{one.what}; {one.published}", one.licence, entries)


def _files(part: Any) -> Iterator[Mapping[str, Any]]:
    """Yield every file that provenance has the sum of."""
    if isinstance(part, Mapping):
        if {"name", "sha256"} <= part.keys():
            yield part
            return
        part = part.values()
    elif not isinstance(part, list | tuple):
        return
    for below in part:
        yield from _files(below)


def _software(store: Store) -> Iterator[Part]:
    """Yield this program and the libraries that numbers depend on, in the versions of the run."""
    versions = store.attrs["identity"].get("versions", {})
    own = str(versions.get("soilsweep") or store.attrs.get("soilsweep", ""))
    fields = {
        "author": "The soilsweep developers",
        "title": "soilsweep: distributed ensembles of soil-carbon models",
        "version": own,
        "note": f"licence {LICENCE}",
    }
    entry = made("soilsweep", fields, "software")
    yield Part("software", f"soilsweep {own}", "this program", LICENCE, {"soilsweep": entry})
    for name in (*SOFTWARE, *(name for name in LIBRARIES if name in versions)):
        entry = BIBLIOGRAPHY[name]
        licence = entry.partition("licence ")[2].partition("}")[0]
        told = f"{name} {versions.get(name, '')}".strip()
        yield Part("software", told, "numbers depend on it", licence, {name: entry})
