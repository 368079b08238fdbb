"""The door through which all that is printed goes: no text of a file acts upon the terminal."""

import logging
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TextIO, cast

from scenarios.visible import visible


class _Door:
    """A stream of text that spells out what a terminal would act upon."""

    def __init__(self, behind: TextIO) -> None:
        self.behind = behind

    def write(self, text: str) -> int:
        self.behind.write(visible(text, lines=True))
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.behind, name)


@contextmanager
def guarded() -> Iterator[None]:
    """Let nothing through standard output and standard error that a terminal would act upon."""
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = (cast(TextIO, _Door(behind(stream))) for stream in before)
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before


class _Saying(logging.Handler):
    """Prints what is logged."""

    def __init__(self, print_: Callable[[str], None]) -> None:
        super().__init__()
        self.print_ = print_

    def emit(self, record: logging.LogRecord) -> None:
        self.print_(record.getMessage())


@contextmanager
def announced(print_: Callable[[str], None] | None = None) -> Iterator[None]:
    """Print what is logged of what takes long before the first block: kernels are compiled.

    To standard error by default; workers, which say there why they end, give `put`.
    """
    log, saying = logging.getLogger("soilsweep"), _Saying(print_ or say)
    if any(isinstance(handler, _Saying) for handler in log.handlers):
        yield
        return
    log.addHandler(saying)
    log.setLevel(logging.INFO)
    try:
        yield
    finally:
        log.removeHandler(saying)


def behind(stream: TextIO) -> TextIO:
    """Return the stream behind the door, for bars and what else moves a cursor on purpose."""
    return stream.behind if isinstance(stream, _Door) else stream


def warn(text: str) -> None:
    """Print a warning to standard error."""
    sys.stderr.write(f"warning: {visible(text)}\n")


def say(text: str) -> None:
    """Print what a person who waits should know to standard error."""
    sys.stderr.write(f"{visible(text, lines=True)}\n")


def put(*lines: str) -> None:
    """Print lines; whatever a name or note in one of them holds, it stays one line."""
    print("\n".join(map(visible, lines)))


def silence(text: str) -> None:
    """Print nothing."""
