"""The catalogue of real data (``library/data.yaml``), and the files of a scenario beside it.

A file that the catalogue knows must be there, as long as it says and with its sha256: both are
looked at whenever a plan is made, since the few megabytes are read then anyway, and nothing is
remembered of them. Files that it does not know are their reader's business.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from scenarios.forcing import Declared
from scenarios.problems import Problem
from scenarios.reading.document import parse, read_text
from scenarios.reading.load import Loaded
from scenarios.reading.shipped import CATALOGUE


@dataclass(frozen=True)
class Listed:
    """A file of the catalogue.

    Attributes
    ----------
    path : str
        In the folder of real data.
    nbytes : int
    sha256 : str
    dataset, what : str
        The data set that it belongs to, and what that is.
    doi, licence, published : str
        Of that data set; ``not stated`` where nobody says.
    """

    path: str
    nbytes: int
    sha256: str
    dataset: str
    what: str
    doi: str
    licence: str
    published: str

    @property
    def origin(self) -> str:
        """Return where the file is published, for who has to fetch it."""
        return f"published: {self.published}; DOI {self.doi}; licence {self.licence}"


@cache
def catalogue() -> Mapping[str, Listed]:
    """Return every file of the catalogue by its path in the folder of real data."""
    file = Path(str(resources.files("scenarios") / "library" / CATALOGUE))
    data = parse(read_text(file), str(file)).data
    return {
        path: Listed(
            path,
            one["bytes"],
            one["sha256"],
            dataset,
            **{word: about[word] for word in ("what", "doi", "licence", "published")},
        )
        for dataset, about in data["sets"].items()
        for path, one in about["files"].items()
    }


def check_files(scenario: Loaded) -> Iterator[Problem]:
    """Yield the files of real data that are missing or are others than the catalogue has.

    Parameters
    ----------
    scenario : Loaded
        With ``data``, the folder; of another nothing is looked at.
    """
    if scenario.data is not None:
        yield from check_named(scenario.data, [getattr(scenario, n) for n in scenario.replaced])


def check_named(data: Path, sections: Iterable[Any]) -> Iterator[Problem]:
    """Yield the files of some sections of real data that are missing or others; see `check_files`.

    Parameters
    ----------
    data : Path
        Folder of real data.
    sections : iterable
        Read into their models.
    """
    for path in _wanted(sections):
        found = _amiss(data / path, catalogue()[path])
        if found:
            yield Problem(found, file=str(data / path))


def _wanted(sections: Iterable[Any]) -> list[str]:
    """Return the files of the catalogue that sections of real data name, in its order."""
    named = [text for section in sections for text in _named(section)]
    folders = tuple(f"{text.rstrip('/')}/" for text in named if text)
    return [path for path in catalogue() if path in named or path.startswith(folders)]


def _named(part: Any) -> Iterator[str]:
    """Yield every text of a section; of a reader, the files and folders that it says it opens."""
    if isinstance(part, Declared):
        yield from part.files()
    elif isinstance(part, Mapping):
        for below in part.values():
            yield from _named(below)
    elif isinstance(part, list | tuple):
        for below in part:
            yield from _named(below)
    elif isinstance(part, str):
        yield part
    elif isinstance(part, BaseModel):
        # Not as it is written: below may be readers, which know what they open.
        yield from _named(dict(part))


def _amiss(file: Path, listed: Listed) -> str:
    """Return what is wrong with a file; empty where it is the one of the catalogue."""
    try:
        nbytes = file.stat().st_size
        if nbytes != listed.nbytes:
            text = f"has {nbytes:,} bytes; needed the {listed.nbytes:,} of the catalogue"
            return f"{text} ({listed.origin})"
        with file.open("rb") as opened:
            sha256 = hashlib.file_digest(opened, "sha256").hexdigest()
    except FileNotFoundError:
        return f"is missing; put it there ({listed.origin})"
    except OSError as error:
        return f"cannot be read: {error.strerror} ({listed.origin})"
    if sha256 != listed.sha256:
        text = f"has sha256 {sha256[:12]}...; needed {listed.sha256[:12]}... of the catalogue"
        return f"{text}, of the same length: another version, or damaged ({listed.origin})"
    return ""
