"""Laws that kernels with tables of their own obey: no bit of a member depends on the others.

``run(rows, outputs=None)`` gives members as `stages.run` does; ``rows`` are (S,) by parameter.
"""

import numpy as np
from hypothesis import strategies as st

from kernels import OK


def take(found, where):
    """Return some samples of arrays whose last axis they are."""
    return {name: values[..., where] for name, values in found.items()}


def assert_same_bits(found, expected):
    assert found.keys() == expected.keys()
    for name, values in found.items():
        one, other = (np.ascontiguousarray(v).view(np.uint64) for v in (values, expected[name]))
        np.testing.assert_array_equal(one, other, err_msg=name)


def slices_and_single_members_change_no_bit(run, rows, data):
    samples = len(next(iter(rows.values())))
    cut = data.draw(st.integers(1, samples - 1))
    whole = run(rows)
    assert (whole.status == OK).all()
    parts = [run(take(rows, s)).out for s in (slice(cut), slice(cut, None))]
    joined = {n: np.concatenate([part[n] for part in parts], axis=-1) for n in parts[0]}
    assert_same_bits(joined, whole.out)
    s = data.draw(st.integers(0, samples - 1))
    alone = run(take(rows, slice(s, s + 1))).out
    assert_same_bits(alone, {n: v[..., s : s + 1] for n, v in whole.out.items()})


def what_is_asked_for_changes_no_bit(run, rows, known, data):
    asked = data.draw(st.sets(st.sampled_from(known), min_size=1))
    whole = run(rows).out
    assert_same_bits(run(rows, outputs=asked).out, {n: whole[n] for n in asked})


def a_bad_member_leaves_its_neighbours(run, rows, value, data):
    samples, bad = len(next(iter(rows.values()))), data.draw(st.sampled_from(sorted(rows)))
    s = data.draw(st.integers(0, samples - 1))
    spoilt = {n: v.copy() for n, v in rows.items()}
    spoilt[bad][s] = value
    good, found = run(rows), run(spoilt)
    others = np.arange(samples) != s
    assert (found.status[:, others] == OK).all()
    assert (found.status[:, s] != OK).all()
    assert all(np.isnan(values[..., s]).all() for values in found.out.values())
    assert_same_bits(take(found.out, others), take(good.out, others))
