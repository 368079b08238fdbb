"""A block's files are made durable side by side, and in the order that a commit promises."""

import os
import threading
from pathlib import Path

import pytest
from support import plan

import ensemble
from ensemble.planning.creating import create_store
from ensemble.store import folders
from ensemble.store.folders import SIDE_BY_SIDE, Folder, side_by_side
from ensemble.store.reading import read


@pytest.fixture
def happened(monkeypatch):
    """Return what is asked of the system from now on, in order: what, and of which file."""
    events, lock = [], threading.Lock()

    def noted(word, function, path):
        def call(*arguments, **named):
            where = path(*arguments, **named)
            done = function(*arguments, **named)
            with lock:
                events.append((word, where))
            return done

        return call

    def of_descriptor(descriptor, *_):
        return os.readlink(f"/proc/self/fd/{descriptor}")

    def of_names(old, new, *, src_dir_fd=None, dst_dir_fd=None):
        folders = (f"{of_descriptor(one)}/" if one else "" for one in (src_dir_fd, dst_dir_fd))
        return tuple(f"{folder}{name}" for folder, name in zip(folders, (old, new), strict=True))

    for word, path in (("fsync", of_descriptor), ("write", of_descriptor), ("rename", of_names)):
        monkeypatch.setattr(os, word, noted(word, getattr(os, word), path))
    monkeypatch.setattr(os, "fdatasync", noted("fsync", os.fdatasync, of_descriptor))
    return events


def test_a_line_is_written_when_all_it_vouches_for_is_durable(tmp_path, happened):
    planned = plan(tmp_path, "execution.sync=true")
    create_store(planned)
    happened.clear()
    assert ensemble.run(planned, workers=1).complete
    lines = [k for k, (word, where) in enumerate(happened) if word == "write" and "jsonl" in where]
    blocks = len(read(planned.path).committed())
    assert len(lines) == blocks + 1
    for begin, end in zip([0, *lines[1:]], lines[1:], strict=False):
        events = happened[begin:end]
        names = [where for word, where in events if word == "rename"]
        assert any("/partials/" in new for _, new in names)
        for old, new in names:
            at = events.index(("rename", (old, new)))
            assert ("fsync", old) in events[:at]
            assert ("write", old) in events[: events.index(("fsync", old))]
            assert ("fsync", str(Path(new).parent)) in events[at:]
    journal = happened[lines[-1]][1]
    assert happened[lines[-1] + 1] == ("fsync", journal)
    # The journal's own name too: a line of a file that is gone after a power cut vouches for none.
    assert ("fsync", str(Path(journal).parent)) in happened[: lines[1]]


@pytest.mark.parametrize("sync", [True, False])
def test_more_files_than_may_be_open_are_written_group_by_group(tmp_path, sync):
    folder, count = Folder.at(tmp_path), 3 * SIDE_BY_SIDE + 1
    for name in ("scratch", *map(str, range(count))):
        (tmp_path / name).mkdir()
    open_before, seen = len(os.listdir("/proc/self/fd")), []

    def files():
        for number in range(count):
            seen.append(len(os.listdir("/proc/self/fd")))
            yield f"{number}/c.0", b"%d" % number

    folder.write_all(files(), sync=sync, scratch=folder.folder("scratch"))
    assert [(tmp_path / str(k) / "c.0").read_text() for k in range(count)] == [
        str(k) for k in range(count)
    ]
    assert not any((tmp_path / "scratch").iterdir())
    assert max(seen) <= open_before + 2 * SIDE_BY_SIDE + 2


@pytest.mark.parametrize("call", ["write", "fsync", "rename"])
def test_a_file_that_cannot_be_written_is_named_and_leaves_no_temporary(
    tmp_path, monkeypatch, call
):
    folder = Folder.at(tmp_path)
    for name in ("scratch", "a", "b", "c"):
        (tmp_path / name).mkdir()
    folder.write("b/c.0", b"old", sync=True)
    honest, calls = getattr(os, call), []

    def failing(*arguments, **named):
        calls.append(arguments)
        if len(calls) == 2:
            raise OSError(28, "No space left on device")
        return honest(*arguments, **named)

    monkeypatch.setattr(folders.os, call, failing)
    files = [(f"{name}/c.0", b"new") for name in "abc"]
    with pytest.raises(OSError, match="No space") as raised:
        folder.write_all(files, sync=True, scratch=folder.folder("scratch"))
    named = Path(raised.value.filename)
    assert named in [tmp_path / name for name, _ in files]
    if call != "fsync":
        assert named == tmp_path / "b/c.0"
    assert (tmp_path / "b/c.0").read_bytes() == b"old"
    assert not any((tmp_path / "scratch").iterdir())


def test_all_calls_have_ended_when_the_first_error_is_told():
    ended, lock = [], threading.Lock()

    def call(number):
        if number == 0:
            raise OSError(5, "first")
        threading.Event().wait(0.02 * number)
        with lock:
            ended.append(number)

    with pytest.raises(OSError, match="first"):
        side_by_side(call, range(5))
    assert sorted(ended) == [1, 2, 3, 4]
