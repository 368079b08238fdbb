"""What is kept of compiled blocks: never of another text or other types, whoever writes beside."""

import errno

import pytest

from kernels.contract.kept import Kept

ONE, TWO = ("float64", 1), ("int64", 1)


def kept(folder, stamp="a" * 64):
    return Kept(str(folder), "m.f-1.py311", stamp)


def test_two_processes_that_write_at_once_lose_nothing(tmp_path):
    """Both have looked at what is there before either writes, which numba's index does not bear."""
    here, there = kept(tmp_path), kept(tmp_path)
    assert not here.has(ONE)
    assert not there.has(TWO)
    here.save(ONE, "code of one")
    there.save(TWO, "code of two")
    for other in (here, there, kept(tmp_path)):
        assert other.load(ONE) == "code of one"
        assert other.load(TWO) == "code of two"


def test_one_that_is_killed_while_it_writes_leaves_nothing_that_is_taken(tmp_path, monkeypatch):
    kept(tmp_path).save(ONE, "old code")
    edited = kept(tmp_path, "b" * 64)
    monkeypatch.setattr("os.replace", lambda *names: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        edited.save(ONE, "new code")
    monkeypatch.undo()
    assert edited.load(ONE) is None
    assert not edited.has(ONE)
    assert kept(tmp_path).load(ONE) == "old code"


def test_of_another_text_nothing_is_taken_and_nothing_stays(tmp_path):
    kept(tmp_path).save(ONE, "old code")
    (tmp_path / "m.f-1.py311.nbi").write_bytes(b"numba's own, of before")
    (tmp_path / "m.f-12.py311.1.nbc").write_bytes(b"another function's")
    edited = kept(tmp_path, "b" * 64)
    assert edited.load(ONE) is None
    edited.save(TWO, "new code")
    names = {path.name for path in tmp_path.iterdir()}
    assert "m.f-12.py311.1.nbc" in names
    assert len(names) == 2
    assert kept(tmp_path).load(ONE) is None
    assert edited.load(TWO) == "new code"
    edited.flush()
    assert [path.name for path in tmp_path.iterdir()] == ["m.f-12.py311.1.nbc"]


def test_a_file_that_is_cut_short_or_of_another_key_is_none(tmp_path, monkeypatch):
    one = kept(tmp_path)
    one.save(ONE, "code")
    (file,) = tmp_path.iterdir()
    whole = file.read_bytes()
    # A power cut may leave a file empty, short or of zeros; what opens it may raise anything.
    for part in (b"", whole[: len(whole) // 2], bytes(len(whole)), b"cno_such_module\nx\n."):
        file.write_bytes(part)
        assert one.load(ONE) is None
    file.write_bytes(whole)
    monkeypatch.setattr(Kept, "_name", lambda self, key: file.name)
    assert one.load(TWO) is None
    assert one.load(ONE) == "code"


def test_where_nothing_can_be_written_nothing_is_kept(tmp_path, monkeypatch):
    def refuse(*names):
        raise OSError(errno.EDQUOT, "the quota is used up")

    one = kept(tmp_path)
    monkeypatch.setattr("os.replace", refuse)
    one.save(ONE, "code")
    monkeypatch.undo()
    assert one.load(ONE) is None
    assert not list(tmp_path.iterdir())
