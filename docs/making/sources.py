"""Files that a reader reads, and what it says of spoilt ones, for a page of its own.

Both are made by the build, of the small files that the law of readers is tried on: what a page
shows as read was read, and each message is the reader's own.
"""

import gzip
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

import xarray as xr

from ensemble.describing.words import as_yaml
from scenarios import ScenarioError
from scenarios.forcing import READERS
from scenarios.observations import OBSERVATIONS
from scenarios.plugins import Plugins

ROOT = Path(__file__).parents[2]


def _find_tests() -> None:
    """Let examples of readers be imported; mkdocs forgets what hooks add to the path."""
    if str(ROOT / "tests") not in sys.path:
        sys.path.insert(0, str(ROOT / "tests"))


_find_tests()

import forcing_law.netcdf_traps  # noqa: E402
import forcing_law.table_traps  # noqa: F401, E402
from forcing_law.example import Example  # noqa: E402
from forcing_law.example import read as read_forcing  # noqa: E402
from forcing_law.law import Law, broken  # noqa: E402
from forcing_law.trap import TRAPS  # noqa: E402

MOST_LINES, MOST_REFUSALS = 7, 10
FIRST = (
    "units_left_out",
    "units_of_another_dimension",
    "a_column_left_out",
    "a_variable_left_out",
    "words_for_numbers",
    "fill_values",
    "fill_values_without_attribute",
    "a_row_twice",
    "a_month_left_out",
    "a_month_twice",
    "impossible_latitudes",
)
"""Ways of spoiling a file that are shown before others: what happens most."""


def _read_observed(reader: str, example: Example, folder: Path) -> list[Any]:
    words = {"reader": reader, **example.words}
    return [OBSERVATIONS.get(reader).Spec.model_validate(words).read(folder)]


@dataclass(frozen=True)
class Readers:
    """Readers of a kind, with their law.

    Attributes
    ----------
    word, section : str
        The kind, and the section of a scenario that names one.
    law : Law
    """

    word: str
    section: str
    law: Law

    def with_files(self) -> list[str]:
        """Return the readers that open files."""
        return [name for name in self.law.covered if self.law.reads(name)]

    def shown(self, name: str) -> Iterator[str]:
        """Yield what a page says of a reader's files: good ones, and spoilt ones with words."""
        _find_tests()
        example = self.law.example_of(name)
        with tempfile.TemporaryDirectory() as made:
            good, folder = Path(made) / "good", Path(made) / "files"
            good.mkdir()
            example.write(good)
            self.law.read(name, example, good)
            words = {self.section: {"reader": name, **_plain(example.words)}}
            yield from ("", "## Files that it reads", "", "The build has read these:", "")
            yield from ("```yaml", as_yaml(words), "```", "", *_files(good))
            told = list(_refusals(self.law, name, example, good, folder))
        if not told:
            # Its files are neither tables nor NetCDF, of which the law knows how to spoil them.
            return
        yield from ("## What it refuses", "")
        yield "Such files, each spoilt in one place by the build, and what is said of it:"
        for said, text in told:
            yield from ("", f"**{said}**", "", "``` { .text .said }", text, "```")


def _law(plugins: Plugins, examples: str, read: Callable[[str, Any, Any], list[Any]]) -> Law:
    return Law(plugins, examples, read, lambda found: {})


KINDS = (
    Readers("reader", "forcing", _law(READERS, "forcing_law.examples", read_forcing)),
    Readers("observation", "observed", _law(OBSERVATIONS, "observation_examples", _read_observed)),
)


def _plain(words: Any) -> Any:
    """Return words of an example as YAML can have them."""
    if isinstance(words, Mapping):
        return {str(name): _plain(one) for name, one in words.items()}
    if isinstance(words, Sequence) and not isinstance(words, str):
        return [_plain(one) for one in words]
    return words


def _files(folder: Path) -> Iterator[str]:
    for file in sorted(folder.rglob("*")):
        if file.is_file():
            yield from (f"`{file.relative_to(folder)}`", "", "```text", _head(file), "```", "")


def _head(file: Path) -> str:
    """Return how a file begins, or what is in it where it is no text."""
    if file.suffix == ".nc":
        text = StringIO()
        with xr.open_dataset(file, decode_cf=False) as held:
            held.info(text)
        return text.getvalue()
    data = file.read_bytes()
    try:
        lines = (gzip.decompress(data) if file.suffix == ".gz" else data).decode().splitlines()
    except UnicodeDecodeError:
        return f"(no text: {len(data):,} bytes)"
    more = [f"... {len(lines) - MOST_LINES:,} more lines"] if len(lines) > MOST_LINES else []
    return "\n".join([line[:200] for line in lines[:MOST_LINES]] + more)


def _refusals(
    law: Law, name: str, example: Example, good: Path, folder: Path
) -> Iterator[tuple[str, str]]:
    """Yield what was done to a file and the message, of the first change of each kind."""
    shutil.copytree(good, folder)
    count = 0
    for trap in (*FIRST, *(one for one in TRAPS if one not in FIRST)):
        for one, _ in broken(law.reads(name), trap, example, folder):
            one.change()
            try:
                law.read(name, example, folder)
            except ScenarioError as error:
                yield one.said, str(error).replace(f"{folder}/", "")
                count += 1
            shutil.copytree(good, folder, dirs_exist_ok=True)
            break
        if count == MOST_REFUSALS:
            return
