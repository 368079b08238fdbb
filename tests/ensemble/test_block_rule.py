"""The rule of block lengths: what it must never do, and what it is for."""

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ensemble.members import block_rule
from ensemble.members.block_rule import Needs, block_lengths

KB = 1 << 10
bytes_of = st.one_of(st.just(0.0), st.floats(1.0, 1e6))
needs = st.builds(
    Needs,
    forcings=st.integers(1, 40),
    locations=st.integers(1, 100_000),
    samples=st.integers(1, 10**9),
    together=st.integers(1, 60),
    seconds=st.floats(1e-9, 100.0),
    shared_seconds=st.one_of(st.just(0.0), st.floats(1e-6, 100.0)),
    array_nbytes=st.floats(1.0, 1e6),
    location_array_nbytes=bytes_of,
    member_nbytes=st.floats(1.0, 2e6),
    location_nbytes=bytes_of,
    sample_nbytes=bytes_of,
    lanes=st.sampled_from([1, 8, 32]),
    depth=st.sampled_from([1, 5, 1002]),
)


def blocks(asked, lengths):
    """Return how many blocks a run has along its axes."""
    return math.ceil(asked.locations / lengths[0]), math.ceil(asked.samples / lengths[1])


@given(needs)
def test_blocks_hold_whole_groups_and_cover_every_member_once(asked):
    location, sample = block_lengths(asked)
    assert 1 <= location <= asked.locations
    assert 1 <= sample <= asked.samples
    assert sample == asked.samples or sample % asked.together == 0
    along, across = blocks(asked, (location, sample))
    assert (along - 1) * location < asked.locations
    assert (across - 1) * sample < asked.samples


@given(needs)
def test_blocks_fit_unless_the_least_there_can_be_does_not(asked):
    location, sample = block_lengths(asked)
    if location > 1 and sample > asked.together:
        assert asked.fits(location, sample)
    elif not asked.fits(location, sample):
        assert location == 1 or asked.shared_seconds or sample <= asked.together
        assert not asked.fits(1, min(asked.together, asked.samples)) or not asked.fits(
            location, min(asked.together, asked.samples)
        )


@given(needs)
def test_no_block_is_longer_than_a_minute_that_could_be_cut(asked):
    location, sample = block_lengths(asked)
    if location > 1 and sample > asked.together:
        assert asked.takes(location, sample) <= block_rule.MOST_SECONDS


@given(needs)
def test_a_run_has_blocks_enough_where_each_is_long_enough(asked):
    location, sample = block_lengths(asked)
    along, across = blocks(asked, (location, sample))
    if asked.forcings * along * across >= block_rule.BLOCKS or asked.shared_seconds:
        return
    # One part more along either axis would be too short, or leave a call half empty.
    if location > 1:
        shorter = asked.locations // (along + 1)
        short = asked.takes(shorter, sample) < block_rule.LEAST_SECONDS
        assert short or shorter < asked.lanes
    groups = math.ceil(asked.samples / asked.together)
    if along == asked.locations and across < groups:
        assert not asked.is_worth(1, asked.together * (groups // (across + 1)))


@given(needs)
def test_no_block_but_the_last_is_so_short_that_committing_counts(asked):
    location, sample = block_lengths(asked)
    if asked.shared_seconds == 0 and location < asked.locations:
        enough = asked.takes(location, sample) >= block_rule.LEAST_SECONDS
        assert enough or not asked.fits(location * 2, sample)


@given(needs)
def test_samples_are_split_for_three_reasons_alone(asked):
    location, sample = block_lengths(asked)
    if sample == asked.samples or asked.shared_seconds:
        return
    whole = asked.fits(1, asked.samples) and (
        asked.takes(1, asked.samples) <= block_rule.MOST_SECONDS
    )
    if whole:
        assert asked.forcings * asked.locations < block_rule.BLOCKS
        assert location == 1
        assert asked.takes(1, sample) >= block_rule.SPLIT_SECONDS
        assert sample >= asked.depth


@given(needs)
def test_what_locations_share_is_paid_again_only_for_what_is_worth_it(asked):
    asked = replace(asked, shared_seconds=max(asked.seconds, 1e-6))
    location, _ = block_lengths(asked)
    least = min(asked.together, asked.samples)
    whole = asked.fits(asked.locations, least) and (
        asked.takes(asked.locations, least) <= block_rule.MOST_SECONDS
    )
    if whole and location < asked.locations:
        assert asked.takes(location, least) >= block_rule.SPLIT_SECONDS
        assert location * asked.seconds >= asked.shared_seconds


@given(needs, st.floats(1.0, 1e3))
def test_slower_members_never_give_fewer_blocks(asked, factor):
    # Where parts of a location are forced for their bytes by sample, more locations fit beside.
    asked = replace(asked, shared_seconds=0.0, sample_nbytes=0.0)
    slower = replace(asked, seconds=asked.seconds * factor)
    before, after = (math.prod(blocks(n, block_lengths(n))) for n in (asked, slower))
    assert after >= before


@given(needs, st.floats(1.0, 1e3))
def test_larger_members_never_give_fewer_blocks(asked, factor):
    asked = replace(asked, shared_seconds=0.0, sample_nbytes=0.0)
    larger = replace(
        asked,
        array_nbytes=asked.array_nbytes * factor,
        member_nbytes=asked.member_nbytes * factor,
        location_nbytes=asked.location_nbytes * factor,
    )
    before, after = (math.prod(blocks(n, block_lengths(n))) for n in (asked, larger))
    assert after >= before


@given(needs, st.integers(1, 10**5), st.integers(1, 10**9))
def test_what_the_scenario_says_wins(asked, location, sample):
    assert block_lengths(asked, location=location)[0] == min(location, asked.locations)
    got = block_lengths(asked, location=location, sample=sample)
    groups = max(1, sample // asked.together)
    assert got == (
        min(location, asked.locations),
        min(asked.samples, groups * asked.together),
    )
    assert block_lengths(asked, sample=sample)[1] == got[1]


@pytest.mark.parametrize(
    ("asked", "lengths"),
    [
        # Four profiles of a third of a second each: a block each, not one for all.
        (Needs(1, 4, 400, 8, seconds=8e-4, depth=1006), (1, 400)),
        # Sixteen models of milliseconds: nothing is to be won.
        (Needs(16, 1, 10_000, seconds=2.4e-7), (1, 10_000)),
        # One site, an hour of work: 32 parts would take two minutes each.
        (Needs(1, 1, 3600, seconds=1.0), (1, 60)),
        # One site, 64 s: 32 parts, two seconds each.
        (Needs(1, 1, 640, seconds=0.1), (1, 20)),
        # Daily years: 32 locations fill the lanes of what no sample changes.
        (Needs(2, 100, 6, seconds=3e-3, lanes=32), (34, 6)),
        # One fit a sample, for all locations.
        (Needs(1, 2000, 64, seconds=1e-4, shared_seconds=5.0), (2000, 1)),
        (Needs(1, 2000, 960, 6, seconds=1e-5, shared_seconds=0.1), (2000, 30)),
        # Histograms of 10,000 cells: as many as may be held.
        (Needs(1, 10_000, 4, seconds=1e-6, location_nbytes=64 * KB), (2000, 4)),
    ],
)
def test_cases_by_hand(asked, lengths):
    assert block_lengths(asked) == lengths
