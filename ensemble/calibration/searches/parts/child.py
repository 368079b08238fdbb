"""A child process that runs spotpy, which draws from generators that are global in a process."""

import pickle
import tempfile
import weakref
from collections.abc import Mapping
from contextlib import suppress
from typing import IO, Any

from ensemble.farming.children import PIPES, Process, how, start


class Child:
    """A process that runs spotpy; it ends with whoever asked for it.

    Parameters
    ----------
    name : str
        Of the module beside this one that it runs.
    words : mapping
        Its task, as JSON can say it.
    """

    def __init__(self, name: str, words: Mapping[str, Any]) -> None:
        self._complaints = tempfile.TemporaryFile()
        module = f"{__name__.rpartition('.')[0]}.{name}"
        self._process = start(module, words, stderr=self._complaints, **PIPES)
        self._end = weakref.finalize(self, _ended, self._process, self._complaints)

    def tell(self, what: Any) -> Any:
        """Tell it something and return what it says; see `hear`."""
        assert self._process.stdin is not None
        # Where it is no more, `hear` finds out.
        with suppress(BrokenPipeError):
            pickle.dump(what, self._process.stdin, protocol=pickle.HIGHEST_PROTOCOL)
            self._process.stdin.flush()
        return self.hear()

    def hear(self) -> Any:
        """Return what it says next.

        Raises
        ------
        RuntimeError
            It is no more; with the end of what it complained of.
        """
        assert self._process.stdout is not None
        try:
            return pickle.load(self._process.stdout)
        except (EOFError, pickle.UnpicklingError) as error:
            code = self._process.wait()
            self._complaints.seek(0)
            said = self._complaints.read().decode(errors="replace").strip()[-1000:]
            raise RuntimeError(f"the process of spotpy ended, {how(code)}: {said}") from error

    def end(self) -> None:
        """End it."""
        self._end()


def _ended(process: Process, complaints: IO[bytes]) -> None:
    process.kill()
    process.wait()
    for stream in (process.stdin, process.stdout, complaints):
        if stream:
            with suppress(OSError):
                stream.close()
