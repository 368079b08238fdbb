import os

import pytest

from ensemble.folders import Folder
from ensemble.journal import Entry, Journal, headers, read


def entry(block, value="aa", **rest):
    return Entry(block, {"c": value}, {0: 10}, 0.1, **rest)


def write(folder, *entries):
    journal = Journal(Folder.at(folder), {"host": "h", "cpu": "c"})
    for one in entries:
        journal.commit(one, sync=False)
    journal.close()
    return folder / journal.name


def test_what_is_committed_is_read_back(tmp_path):
    write(tmp_path, entry((0, 0, 0), notes=("ValueError: x",)), entry((1, 0, 0)))
    found = read(Folder.at(tmp_path))
    assert set(found) == {(0, 0, 0), (1, 0, 0)}
    assert found[0, 0, 0].status == {0: 10}
    assert found[0, 0, 0].notes == ("ValueError: x",)
    assert headers(Folder.at(tmp_path))[0]["cpu"] == "c"


@pytest.mark.parametrize("cut", [2, 5, 40])
def test_a_torn_last_line_is_not_a_commit(tmp_path, cut):
    path = write(tmp_path, entry((0, 0, 0)), entry((1, 0, 0)))
    os.truncate(path, path.stat().st_size - cut)
    assert set(read(Folder.at(tmp_path))) == {(0, 0, 0)}


def test_a_flipped_bit_is_not_a_commit(tmp_path):
    path = write(tmp_path, entry((0, 0, 0)))
    content = bytearray(path.read_bytes())
    content[-10] ^= 1
    path.write_bytes(content)
    assert read(Folder.at(tmp_path)) == {}


def test_the_same_block_twice_counts_once(tmp_path):
    write(tmp_path, entry((0, 0, 0)))
    write(tmp_path, entry((0, 0, 0)))
    assert len(read(Folder.at(tmp_path))) == 1


def test_two_lines_that_disagree_are_an_error_that_names_the_array(tmp_path):
    write(tmp_path, entry((2, 0, 1), "aa"))
    write(tmp_path, entry((2, 0, 1), "bb"))
    with pytest.raises(ValueError, match=r"block \[2, 0, 1\] was committed twice with different c"):
        read(Folder.at(tmp_path))
