import os

import pytest

from ensemble.store.folders import Folder
from ensemble.store.journal import Entry, Journal, disagreement, headers, set_generation
from ensemble.store.journals import Journals


def entry(block, value="aa", **rest):
    return Entry(block, {"c": value}, {0: 10}, 0.1, **rest)


def read(folder):
    journals = Journals((9, 9, 9))
    journals.look(folder)
    return journals


def write(folder, *entries):
    journal = Journal(Folder.at(folder), {"host": "h", "cpu": "c"})
    for one in entries:
        journal.commit(one, sync=False)
    journal.close()
    return folder / journal.name


def test_what_is_committed_is_read_back(tmp_path):
    write(tmp_path, entry((0, 0, 0), notes=("ValueError: x",)), entry((1, 0, 0)))
    found = read(Folder.at(tmp_path)).committed
    assert set(found) == {(0, 0, 0), (1, 0, 0)}
    assert found[0, 0, 0].status == {0: 10}
    assert found[0, 0, 0].notes == ("ValueError: x",)
    assert headers(Folder.at(tmp_path))[0]["cpu"] == "c"


@pytest.mark.parametrize("cut", [2, 5, 40])
def test_a_torn_last_line_is_not_a_commit(tmp_path, cut):
    path = write(tmp_path, entry((0, 0, 0)), entry((1, 0, 0)))
    os.truncate(path, path.stat().st_size - cut)
    assert set(read(Folder.at(tmp_path)).committed) == {(0, 0, 0)}


def test_a_flipped_bit_is_not_a_commit(tmp_path):
    path = write(tmp_path, entry((0, 0, 0)))
    content = bytearray(path.read_bytes())
    content[-10] ^= 1
    path.write_bytes(content)
    assert read(Folder.at(tmp_path)).committed == {}


def test_the_same_block_twice_counts_once(tmp_path):
    write(tmp_path, entry((0, 0, 0)))
    write(tmp_path, entry((0, 0, 0)))
    assert len(read(Folder.at(tmp_path)).committed) == 1


def test_two_lines_that_disagree_are_an_error_that_names_the_array(tmp_path):
    write(tmp_path, entry((2, 0, 1), "aa"))
    write(tmp_path, entry((2, 0, 1), "bb"))
    found = read(Folder.at(tmp_path))
    assert found.committed == {}
    (both,) = found.conflicts.values()
    assert "block [2, 0, 1] was committed twice with different c (" in disagreement(*both)


def test_a_line_that_is_disowned_does_not_count(tmp_path):
    write(tmp_path, entry((2, 0, 1), "aa"))
    write(tmp_path, entry((2, 0, 1), "bb"))
    (both,) = read(Folder.at(tmp_path)).conflicts.values()
    journal = Journal(Folder.at(tmp_path), {})
    journal.disown(next(one for one in both if one.checksums["c"] == "aa"), sync=False)
    journal.close()
    found = read(Folder.at(tmp_path))
    assert not found.conflicts
    assert found.committed[2, 0, 1].checksums == {"c": "bb"}


def test_lines_of_another_generation_do_not_count(tmp_path):
    path = write(tmp_path, entry((0, 0, 0)))
    set_generation(Folder.at(tmp_path), 1)
    write(tmp_path, entry((1, 0, 0)))
    found = read(Folder.at(tmp_path))
    assert set(found.committed) == {(1, 0, 0)}
    assert found.late == {path.name: 1}
