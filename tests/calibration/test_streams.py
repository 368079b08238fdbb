"""Random words by number, against numpy's own Philox."""

import json
from hashlib import sha256

import numpy as np
import pytest

from ensemble.calibration.searches.parts import streams


def test_the_key_and_the_first_numbers_of_the_reference():
    found = streams.key(1, "camel", 0, "initial")
    assert found.tolist() == [4220215004267421658, 11432754255575538575]
    numbers = streams.uniforms(found[None], np.zeros(1, np.int64), 4)[0]
    assert numbers.tolist() == [
        0.17163010472252183,
        0.5042053043100815,
        0.2919753341689827,
        0.6825707333812435,
    ]


def test_a_key_is_the_hash_of_what_a_search_is():
    text = json.dumps([7, "calibration", "Wälder", 2, "starts"])
    assert streams.key(7, "Wälder", 2, "starts").tobytes() == sha256(text.encode()).digest()[:16]


def test_keys_of_searches_and_purposes_differ():
    purposes = ("initial", "evolution", "starts")
    found = [streams.keys(s, ("a", "b"), (0, 1), p) for s in (0, 1) for p in purposes]
    assert len({tuple(key) for each in found for key in each.tolist()}) == 12


@pytest.mark.parametrize("first", [0, 1, 2, 3, 4, 5, 2310, 10**9 + 3, 2**40 + 2, 2**61 + 1])
def test_words_are_those_of_numpy(first):
    keys = streams.keys(3, tuple("abcde"), (0, 0, 1, 2, 3), "evolution")
    found = streams.words(keys, np.full(5, first), 23)
    for key, mine in zip(keys, found, strict=True):
        numpys = np.random.Philox(key=key, counter=first // 4).random_raw(23 + first % 4)
        assert mine.tolist() == numpys[first % 4 :].tolist()


def test_each_stream_has_a_place_of_its_own():
    keys = streams.keys(0, ("a", "b"), (0, 0), "initial")
    first = np.array([6, 101])
    found = streams.words(keys, first, 9)
    for i in range(2):
        alone = streams.words(keys[i : i + 1], first[i : i + 1] - 3, 12)[0, 3:]
        assert found[i].tolist() == alone.tolist()


def test_numbers_are_inside():
    keys = streams.keys(0, ("a",), (0,), "initial")
    found = streams.uniforms(keys, np.zeros(1, np.int64), 100_000)
    assert 0 < found.min() < found.max() < 1
    # The mean of so many has a standard deviation of 0.0009.
    assert abs(found.mean() - 0.5) < 0.005
