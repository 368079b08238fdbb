"""A folder that is opened once: what goes into it does so whatever becomes of its name.

A process that was stopped for an hour may wake when another store has taken the name of the
one it was writing. It holds the folder and not the name, so what it still writes goes to the
folder that it opened, which nobody reads any more, or fails because that folder is gone. No
check of the name could promise as much: a stop can fall between the check and the rename.

Inside a store no link is followed: a file or folder of ours that is a link was put there by
somebody else, and would have us empty or remove what it points to.
"""

import os
import shutil
import stat
import threading
import weakref
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from functools import cache
from itertools import islice
from pathlib import Path
from typing import BinaryIO, TypeVar

from ensemble.errors import PlanError
from ensemble.store.hosts import here

_T = TypeVar("_T")

SIDE_BY_SIDE = 8
"""Files that are open at a time to be made durable, for each thread that writes blocks."""

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_FILE = os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
"""A pipe that somebody put in a file's place would else be waited for, for ever."""


class Foreign(PlanError):
    """A file or folder of a store is a link, or somebody else's: nothing was done with it."""


class Folder:
    """An open folder of this program.

    Names are relative to it, with ``/`` between folders. Every method raises `Foreign` where
    one of them is a link or belongs to somebody who should not have made it, and `OSError`
    as the system does.

    Parameters
    ----------
    path : Path
        Where it lies; for messages from then on.
    descriptor : int
        Open, and closed with this object.
    unseen : bool
        Nobody else knows this folder yet, which gets its name when all is in it: files may be
        written in their places, where they would else be renamed into them.
    inside : str
        Where below ``path`` it lies.
    """

    def __init__(
        self, path: Path, descriptor: int, *, unseen: bool = False, inside: str = ""
    ) -> None:
        self._outer, self._inside = path, inside
        self.descriptor = descriptor
        self.unseen = unseen
        weakref.finalize(self, os.close, descriptor)

    @property
    def path(self) -> Path:
        """Return where it lies: made when a message asks, as many folders are opened."""
        return self._outer / self._inside

    @classmethod
    def at(cls, path: Path, *, unseen: bool = False) -> "Folder":
        """Open a folder by its name, which may be a person's link to it."""
        return cls(path, os.open(path, _FOLDER), unseen=unseen)

    def moved_to(self, path: Path) -> "Folder":
        """Return this folder under the name that it has been given since it was opened."""
        return Folder(path, os.dup(self.descriptor))

    def is_at(self, path: Path) -> bool:
        """Return whether a name is still this folder's."""
        try:
            return os.path.samestat(os.fstat(self.descriptor), path.stat())
        except FileNotFoundError:
            return False

    def folder(self, name: str, *, make: bool = False) -> "Folder":
        """Open a folder inside, made first if there is none and ``make`` says so."""
        inner = self
        for part in name.split("/"):
            if make:
                with suppress(FileExistsError):
                    os.mkdir(part, dir_fd=inner.descriptor)
            with _told(inner, part):
                descriptor = os.open(part, _FOLDER | os.O_NOFOLLOW, dir_fd=inner.descriptor)
            inside = f"{inner._inside}/{part}" if inner._inside else part
            inner = Folder(self._outer, descriptor, unseen=self.unseen, inside=inside)
            if not self.unseen:
                self._refuse_foreign(inner)
        return inner

    def _refuse_foreign(self, inside: "Folder") -> None:
        """Refuse a folder of neither this one's owner nor a group that may write here."""
        here, there = os.fstat(self.descriptor), os.fstat(inside.descriptor)
        shared = here.st_mode & stat.S_IWGRP and here.st_gid == there.st_gid
        if there.st_uid not in (here.st_uid, os.geteuid(), 0) and not shared:
            raise Foreign(
                f"{inside.path}: belongs to user {there.st_uid} and the store to {here.st_uid}; "
                "see what it holds, and remove it"
            )

    def open(self, name: str, flags: int, mode: int = 0o666) -> int:
        """Return a descriptor of a file inside; ``flags`` are those of `os.open`."""
        folder, last = self._of(name)
        with _told(folder, last):
            descriptor = os.open(last, flags | _FILE, mode, dir_fd=folder.descriptor)
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise Foreign(f"{folder.path / last}: is no plain file; see what it is, and remove it")
        return descriptor

    def reader(self, name: str) -> BinaryIO:
        """Return a file inside, open for reading."""
        return os.fdopen(self.open(name, os.O_RDONLY), "rb")

    def read(self, name: str) -> bytes:
        """Return the content of a file inside."""
        with self.reader(name) as file:
            return file.read()

    def _of(self, name: str) -> tuple["Folder", str]:
        folder, _, last = name.rpartition("/")
        return (self.folder(folder) if folder else self), last

    def write(
        self, name: str, content: bytes | memoryview, *, sync: bool, scratch: "Folder | None" = None
    ) -> None:
        """Write a file under a temporary name and rename it, so that it is whole or absent.

        Parameters
        ----------
        name : str
            In a folder that exists.
        content : bytes
        sync : bool
            Whether the file and its name must survive a power cut.
        scratch : Folder, optional
            For the temporary name, on the same file system; what a killed process leaves is
            found there. Beside the file otherwise.
        """
        self.write_all([(name, content)], sync=sync, scratch=scratch)

    def write_all(
        self,
        files: Iterable[tuple[str, bytes | memoryview]],
        *,
        sync: bool,
        scratch: "Folder | None" = None,
    ) -> None:
        """Write files, each as `write` does; all of them are durable when this returns.

        The disk is asked for some files at a time, side by side, and then for their names: waited
        for one after the other, each would cost a turn of the disk or of the network of its own.

        Parameters
        ----------
        files : iterable of name and content
            Contents are asked for one by one, and held no longer than it takes to write them.
        sync, scratch
            As for `write`.
        """
        if self.unseen and not sync:
            for name, content in files:
                self._put(name, content)
            return
        for some in _groups(enumerate(files)):
            staged: list[_Staged] = []
            try:
                for number, (name, content) in some:
                    staged.append(_Staged(*self._of(name), scratch, number))
                    staged[-1].fill(content, keep=sync)
                if sync:
                    side_by_side(_Staged.sync, staged)
                for one in staged:
                    one.rename()
            except BaseException:
                for one in staged:
                    one.give_up()
                raise
            if sync:
                side_by_side(Folder.sync, {one.folder.path: one.folder for one in staged}.values())

    def _put(self, name: str, content: bytes | memoryview) -> None:
        """Write a file in its place."""
        # In folders of ours alone, which need not be opened and looked at one by one.
        flags, descriptor = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | _FILE, None
        try:
            descriptor = os.open(name, flags, 0o666, dir_fd=self.descriptor)
            _write(descriptor, content)
        except OSError as error:
            error.filename = str(self.path / name)
            raise
        finally:
            if descriptor is not None:
                os.close(descriptor)

    def make_inside(self, names: Iterable[str]) -> None:
        """Make folders, outer ones before those in them, in one that nobody else knows yet."""
        for name in names:
            os.mkdir(name, dir_fd=self.descriptor)

    def link(self, source: "Folder", name: str) -> None:
        """Give a file in another folder, of that name, the same name in this one."""
        (here, last), (there, _) = self._of(name), source._of(name)
        ends = {"src_dir_fd": there.descriptor, "dst_dir_fd": here.descriptor}
        os.link(last, last, **ends, follow_symlinks=False)

    def sync(self) -> None:
        """Make the names in this folder durable."""
        os.fsync(self.descriptor)

    def names(self, name: str = "") -> list[str]:
        """Return what lies in this folder, or in one inside; nothing where there is none."""
        try:
            folder = self.folder(name) if name else self
            return sorted(os.listdir(folder.descriptor))
        except FileNotFoundError:
            return []

    def status(self, name: str) -> os.stat_result:
        """Return what the system says of a file inside, of a link itself."""
        folder, last = self._of(name)
        return os.stat(last, dir_fd=folder.descriptor, follow_symlinks=False)

    def exists(self, name: str) -> bool:
        """Return whether there is a file or folder of that name inside."""
        try:
            self.status(name)
        except FileNotFoundError:
            return False
        return True

    def refuse_all_but_files(self, name: str) -> None:
        """Refuse links, pipes and folders in a folder whose files others open by their names."""
        for one in self.names(name):
            if not stat.S_ISREG(self.status(f"{name}/{one}").st_mode):
                raise Foreign(
                    f"{self.path / name / one}: is no plain file; see what it is, and remove it"
                )

    def touch(self, name: str) -> None:
        """Set a file's time to now, by the clock of the file system."""
        folder, last = self._of(name)
        os.utime(last, dir_fd=folder.descriptor, follow_symlinks=False)

    def remove(self, name: str) -> None:
        """Remove a file, or a link itself, if it is there."""
        with suppress(FileNotFoundError):
            folder, last = self._of(name)
            os.unlink(last, dir_fd=folder.descriptor)

    def remove_folder(self, name: str) -> None:
        """Remove a folder and what is in it, as far as that can be done; links are not followed."""
        with suppress(FileNotFoundError):
            folder, last = self._of(name)
            shutil.rmtree(last, ignore_errors=True, dir_fd=folder.descriptor)


class _Staged:
    """A file under its temporary name: ``.FILE.NUMBER.HOST-PROCESS-THREAD.tmp``.

    Parameters
    ----------
    folder, last
        Where it is to be, and its name there.
    scratch : Folder or None
        Where it is until then.
    number : int
        Among files that are written together and may have the same name in other folders.
    """

    def __init__(self, folder: Folder, last: str, scratch: Folder | None, number: int) -> None:
        self.folder, self._last, self._beside = folder, last, scratch or folder
        whose = f"{here()}-{os.getpid()}-{threading.get_ident()}"
        self._name = f".{last}.{number}.{whose}.tmp"
        self._descriptor: int | None = None

    def fill(self, content: bytes | memoryview, *, keep: bool) -> None:
        """Write the content, and keep the file open for `sync` if asked."""
        with self._told():
            self._descriptor = self._opened()
            _write(self._descriptor, content)
            if not keep:
                self._close()

    def _opened(self) -> int:
        """Open a new file, in place of one that a killed process of the same number left."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
        try:
            return self._beside.open(self._name, flags)
        except FileExistsError:
            self._beside.remove(self._name)
            return self._beside.open(self._name, flags)

    def sync(self) -> None:
        """Make the content durable."""
        assert self._descriptor is not None
        with self._told():
            os.fsync(self._descriptor)

    def rename(self) -> None:
        """Give the file its name."""
        self._close()
        ends = {"src_dir_fd": self._beside.descriptor, "dst_dir_fd": self.folder.descriptor}
        with self._told():
            os.rename(self._name, self._last, **ends)

    def give_up(self) -> None:
        """Remove what is still under the temporary name."""
        self._close()
        self._beside.remove(self._name)

    def _close(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Say of an error which file was to be written; the system has told another name."""
        try:
            yield
        except OSError as error:
            error.filename = str(self.folder.path / self._last)
            raise


def _write(descriptor: int, content: bytes | memoryview) -> None:
    """Write all of a content; the system may take it in parts."""
    view = memoryview(content)
    while view:
        view = view[os.write(descriptor, view) :]


def _groups(items: Iterable[_T]) -> Iterator[list[_T]]:
    """Yield some items at a time, as many as may be open."""
    left = iter(items)
    while some := list(islice(left, SIDE_BY_SIDE)):
        yield some


def side_by_side(function: Callable[[_T], None], items: Iterable[_T]) -> None:
    """Call a function that waits for the disk with each of some items, in threads.

    All calls have ended when this returns or raises what the first of them did.
    """
    given = list(items)
    if len(given) == 1:
        function(given[0])
        return
    calls = [_threads(os.getpid()).submit(function, item) for item in given]
    wait(calls)
    for call in calls:
        call.result()


@cache
def _threads(pid: int) -> ThreadPoolExecutor:
    """Return the threads of this process that wait for the disk; those of a parent do not fork."""
    return ThreadPoolExecutor(SIDE_BY_SIDE, thread_name_prefix="disk")


@contextmanager
def _told(folder: Folder, last: str) -> Iterator[None]:
    """Say of a link that it is one, and of every other error where it was."""
    try:
        yield
    except OSError as error:
        path = folder.path / last
        if path.is_symlink():
            text = f"{path}: is a symbolic link, which no file or folder of a store is"
            raise Foreign(f"{text}; see where it leads, and remove it") from error
        # The system has told only the last name.
        error.filename = str(path)
        raise
