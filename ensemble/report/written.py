"""The figures of a page as files, each with its numbers, and what is said of them."""

from pathlib import Path

from ensemble.report.figures.parts.style import Picture
from ensemble.report.parts import as_csv

CAPTIONS = "captions.txt"


class Written:
    """Files of figures, held until the page is whole, so that a page that fails leaves none.

    Parameters
    ----------
    folder : Path
        It is made; files of these names in it are replaced.
    form : str
        One of `ensemble.report.FORMATS`.
    """

    def __init__(self, folder: Path, form: str) -> None:
        self._folder, self._form = Path(folder), form
        self._files: dict[str, bytes] = {}
        self._captions: list[str] = []

    def keep(self, name: str, picture: Picture) -> None:
        """Take a figure of the page."""
        file = f"{name}.{self._form}"
        self._files[file] = picture.written(self._form)
        table = picture.numbers
        if not table.empty:
            self._files[f"{name}.csv"] = as_csv(table)
        self._captions.append(f"{file}: {picture.caption}")

    def write(self) -> None:
        """Write all files."""
        self._folder.mkdir(parents=True, exist_ok=True)
        captions = "\n\n".join(self._captions)
        self._files[CAPTIONS] = f"{captions}\n".encode(errors="replace")
        for name, content in self._files.items():
            (self._folder / name).write_bytes(content)
