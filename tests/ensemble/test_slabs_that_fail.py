"""Members that fail in mid-run, stages that raise, kills and tiles: slabs of years are not seen."""

import signal
from itertools import pairwise

import farming
import numpy as np
import pytest
from commandline import soilsweep
from stepping import model
from support import give, plan
from waiting import wait_for

import ensemble
import scenarios
from ensemble.members import slabs, tile_sizes, tiles
from ensemble.members.work import EnsembleWork
from ensemble.runs import status as progress
from ensemble.store.reading import read
from kernels import BAD_INPUT, CRASHED, NOT_FINITE, OK
from scenarios.forcing import Forcing, Locations

YEARS, DAYS = 6, 365
TEXT = """\
version: 1
name: stepping
kernel: {{name: stepping.model, {options}}}
forcing: {{reader: synthetic_models, n: 1}}
design:
  cross:
    - {{method: grid, parameters: {{x: {{values: [1, 2, 3, 4]}}}}}}
    - {{method: grid, parameters: {{y: {{values: [0.25, 0.5, 0.75]}}}}}}
precision: float64
outputs: {{carbon_daily: {kept}, carbon: all}}
responses: {{last: {{output: carbon, at: 2006}}}}
statistics: {{carbon: [mean, max], last: [mean, std]}}
limits: {{carbon_daily: {{above: 21 g, then: exclude}}}}
failed_limit: 1
"""
KEPT = (
    "[{month: mean}, {season: mean, over_years: mean}, {doy: max}, {over_years: mean}, "
    "{year: last}, {years: [2003, 2004], month: max}]"
)


def data():
    draw = np.random.default_rng(1)
    warmth = draw.uniform(0.5, 3.0, (3, DAYS * YEARS))
    coords = {"year": np.arange(2001, 2001 + YEARS), "date": np.arange(DAYS * YEARS)}
    places = Locations(("a", "b", "c"), {"lat": np.arange(3.0)})
    return Forcing("here", {"warmth": warmth}, coords, places, provenance={"reader": "tests"})


@pytest.fixture(autouse=True)
def given(monkeypatch):
    """Give every scenario here three places; return their weather, to be spoilt."""
    forcing = data()
    give(monkeypatch, [forcing])
    return forcing.drivers["warmth"]


def planned(folder, name, *, slab, options="in_year: 0", kept=KEPT, settings=()):
    """Return a plan whose slabs have so many years; 0 takes all at once."""
    text = TEXT.format(options=options, kept=kept)
    made = plan(folder, *settings, text=text, store=f"{name}.zarr")
    cut = made.layout.tiler().slabs
    first = max(2, slab)
    assert (cut and (cut.first, cut.each)) == ((first, slab) if slab else None)
    return made


def slab_of(monkeypatch, years):
    """Make slabs after the first have so many years."""
    one_year = 8 * (2 * DAYS + 1)
    held = years * one_year if years else 1 << 50
    monkeypatch.setattr(slabs, "SLAB_BYTES", held)


def blocks_of(made):
    """Return what each block of a plan gives."""
    run = EnsembleWork(made.experiment, made.layout).open()
    return [run(key) for key in made.layout.grid.keys()]


def assert_equal(found, expected):
    for one, other in zip(found, expected, strict=True):
        assert one.arrays.keys() == other.arrays.keys()
        for some, others in ((one.arrays, other.arrays), (one.partials, other.partials)):
            for name, values in some.items():
                np.testing.assert_array_equal(values, others[name], err_msg=name)
        assert (one.status, one.notes) == (other.status, other.notes)
        assert (one.beyond, one.excluded) == (other.beyond, other.excluded)


FAULTS = {
    "soil ends late": ("soil_ends: 0.5, in_year: 2005", NOT_FINITE, (slice(None), 1)),
    "soil ends in the first slab": ("soil_ends: 0.5, in_year: 2001", NOT_FINITE, (slice(None), 1)),
    "plants end late": ("plants_end: 2, in_year: 2006", NOT_FINITE, (1, slice(None))),
    "soil raises late": ("soil_raises: 0.75, in_year: 2004", CRASHED, (slice(None), 2)),
    "soil raises at once": ("soil_raises: 0.75, in_year: 2002", CRASHED, (slice(None), 2)),
    "plants raise late": ("plants_raise: 3, in_year: 2006", CRASHED, (2, slice(None))),
}


@pytest.mark.parametrize("years", [1, 2, 3])
@pytest.mark.parametrize("case", FAULTS)
def test_members_that_fail_in_any_year_are_those_of_all_years_at_once(
    case, years, tmp_path, monkeypatch
):
    options, code, which = FAULTS[case]
    slab_of(monkeypatch, 0)
    whole = blocks_of(planned(tmp_path, "whole", slab=0, options=options))
    slab_of(monkeypatch, years)
    found = blocks_of(planned(tmp_path, "slabs", slab=years, options=options))
    assert_equal(found, whole)
    status = np.concatenate([block.arrays["status"][0] for block in found], axis=-1)
    expected = np.zeros((4, 3), np.uint8)
    expected[which] = code
    np.testing.assert_array_equal(status, np.tile(expected.reshape(-1), (3, 1)))
    kept = [name for name in found[0].arrays if name.startswith("carbon")]
    assert len(kept) == 7
    for name in kept:
        values = np.concatenate([block.arrays[name][0] for block in found], axis=-1)
        lost = np.isnan(values).reshape(3, -1, 12)
        np.testing.assert_array_equal(lost, np.broadcast_to((status != OK)[:, None], lost.shape))
    if "raise" in options:
        assert any("ZeroDivisionError" in note for block in found for note in block.notes)


@pytest.mark.parametrize("year", [2001, 2003, 2006])
def test_weather_that_is_no_number_in_some_year_is_counted_once(year, given, tmp_path, monkeypatch):
    given[1, DAYS * (year - 2001) + 200] = np.nan
    slab_of(monkeypatch, 1)
    made = planned(tmp_path, "slabs", slab=1)
    outcome = ensemble.run(made, workers=1, try_first=False)
    assert outcome.members == {OK: 24, BAD_INPUT: 12}
    (one,) = progress.summary(made.path)["failures"]
    assert (one["status"], one["members"], one["first"][0]) == ("bad_input", 12, "here/b/0")
    found = ensemble.open_run(made.path).to_dataset()
    for name in (n for n in found if n.startswith("carbon")):
        assert np.isnan(found[name][:, 1]).all()
        assert np.isfinite(found[name][:, [0, 2]]).all()
    left = ensemble.open_run(made.path)["statistics"]["count"].values
    beyond = ensemble.open_run(made.path)["limits"].to_dataset()
    assert left[0, 1] == 0
    assert (left + beyond["excluded"].values).tolist() == [[12, 0, 12]]
    slab_of(monkeypatch, 0)
    whole = planned(tmp_path, "whole", slab=0)
    assert ensemble.run(whole, workers=1, try_first=False).complete
    assert read(made.path).digest() == read(whole.path).digest()


def test_a_stage_that_raises_is_run_again_with_all_years_in_tiles_that_hold_them(
    tmp_path, monkeypatch
):
    slab_of(monkeypatch, 1)
    made = planned(tmp_path, "s", slab=1, options="soil_raises: 0.75, in_year: 2004")
    model.CALLS.clear()
    seen, take = [], tiles.Tiler.tiles

    def spying(self, drivers, coords, *rest):
        seen.append((self.slabs is None, drivers["warmth"].shape))
        for tile in take(self, drivers, coords, *rest):
            seen.append((tile.locations, tile.samples))
            yield tile

    monkeypatch.setattr(tiles.Tiler, "tiles", spying)
    (block,) = blocks_of(made)
    calls = [call for call in model.CALLS if call[0] == "soil"]
    # Slab by slab until it raises, once more with all years, and the halves of these.
    assert calls[:2] == [("soil", 2001, 2002), ("soil", 2003, 2003)]
    assert ("soil", 2001, 2006) in calls
    assert (block.arrays["status"][0, :, 2::3] == CRASHED).all()
    assert (True, (3, DAYS * YEARS)) in seen


def test_what_is_left_undone_ends_the_run(tmp_path, monkeypatch):
    """A fault of the machine, or of what takes steps, is nobody's member."""
    slab_of(monkeypatch, 1)
    made = planned(tmp_path, "s", slab=1)

    def broken(self, values, first):
        raise RuntimeError("a taker that is broken")

    monkeypatch.setattr("ensemble.members.running.Running.take", broken)
    with pytest.raises(RuntimeError, match="a taker that is broken"):
        blocks_of(made)


@pytest.mark.parametrize("settings", [("block={location: 1, sample: 4}",), ("block.sample=5",)])
@pytest.mark.parametrize("workers", [1, 2])
def test_blocks_threads_and_tiles_change_no_member(settings, workers, tmp_path, monkeypatch):
    slab_of(monkeypatch, 0)
    whole = planned(tmp_path, "whole", slab=0)
    assert ensemble.run(whole, workers=1).complete
    slab_of(monkeypatch, 2)
    monkeypatch.setattr(tile_sizes, "TILE_SAMPLES", 2)
    made = planned(tmp_path, "cut", slab=2, settings=settings)
    assert ensemble.run(made, workers=workers).complete
    again = planned(tmp_path, "again", slab=2, settings=settings)
    assert ensemble.run(again, workers=3 - workers).complete
    assert read(made.path).digest() == read(again.path).digest()
    one, other = (ensemble.open_run(p.path).to_dataset() for p in (whole, made))
    for name in one:
        np.testing.assert_array_equal(one[name], other[name], err_msg=name)


def test_years_are_cut_wherever_they_stand():
    kernel = model.KERNEL
    filled = [kernel.variable("carbon_daily"), kernel.variable("litter")]
    made = slabs.slabs_of(kernel, kernel.stages, filled, {"time": 6, "date": 6 * DAYS}, 1)
    assert [(s.first, s.last) for s in made.spans()] == [(0, 2), (2, 3), (3, 4), (4, 5), (5, 6)]
    assert [a.last == b.first for a, b in pairwise(made.spans())] == [True] * 4
    sizes = {"time": 6, "date": 6 * DAYS + 1}
    assert slabs.slabs_of(kernel, kernel.stages, filled, sizes, 1) is None
    sizes = {"date": 6 * DAYS + 1}
    assert slabs.slabs_of(kernel, kernel.stages, filled, sizes, 1) is None


CHAIN = """\
version: 1
name: killed
kernel:
  chain: [casa_vegetation, casa_debris, {models: [casa_cnp, corpse]}]
  start: steady
  cycle: 2
forcing: {reader: synthetic_testbed, cells: 3, years: [2001, 2040], forcings: [clm45_cruncep]}
design:
  method: latin_hypercube
  n: 12
  parameters: {q10: {uniform: [1.5, 2.0]}, x_wood_age: {uniform: [0.8, 1.2]}}
outputs:
  rh_daily: [{month: mean, over_years: mean}, {season: sum}]
  npp_daily: {month: sum}
  casa_fast_daily: last
statistics: {rh: [mean, std]}
block: {location: 1, sample: 2}
"""


@pytest.mark.slow
def test_a_killed_run_goes_on_and_replays_its_members(tmp_path):
    (tmp_path / "s.yaml").write_text(CHAIN)
    made = ensemble.plan(scenarios.load(tmp_path / "s.yaml"), store=tmp_path / "s.zarr")
    cut = made.layout.tiler().slabs
    assert cut is not None
    assert cut.first < cut.years
    words = ("run", tmp_path / "s.yaml", "--store", tmp_path / "s.zarr", "-q")
    one = ("--set", "execution.workers=1", "--set", "execution.workers_are=threads")
    process = farming.start(farming.command(*words, *one))
    journal = tmp_path / "s.zarr" / "journal"

    def begun():
        files = journal.iterdir() if journal.is_dir() else ()
        return any(len(file.read_bytes().splitlines()) > 3 for file in files)

    wait_for(begun, "some blocks")
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    left = read(tmp_path / "s.zarr").committed()
    assert 0 < len(left) < 18
    code, _, err = farming.call(*words)
    assert code == 0, err
    whole = tmp_path / "whole.zarr"
    code, _, err = farming.call("run", tmp_path / "s.yaml", "--store", whole, "-q")
    assert code == 0, err
    assert farming.digest(tmp_path / "s.zarr") == farming.digest(whole)
    said = soilsweep("replay", tmp_path / "s.zarr", "0/2/7")
    assert said.code == 0
    assert "match the store bit for bit" in said.out
    assert soilsweep("verify", tmp_path / "s.zarr", "--rerun", 6).code == 0


STARTS = ("casa_start", "corpse_start", "corpse_cycles", "debris_start")


def test_what_links_say_of_their_start_is_kept_for_later_slabs(tmp_path, monkeypatch):
    """Samples with litter of their own are calls of their own, of which no one forgets."""
    text = CHAIN.replace("[2001, 2040]", "[2001, 2006]").replace("name: killed", "name: starts")
    text = text.replace("  npp_daily", "".join(f"  {n}: all\n" for n in STARTS) + "  npp_daily")
    text = text.replace("block: {location: 1, sample: 2}\n", "precision: float64\n")
    (tmp_path / "s.yaml").write_text(text)
    scenario = scenarios.load(tmp_path / "s.yaml")
    stores = []
    for most in (1 << 50, 1):
        monkeypatch.setattr(slabs, "SLAB_BYTES", most)
        made = ensemble.plan(scenario, store=tmp_path / f"{most}.zarr")
        cut = made.layout.tiler().slabs
        assert (cut and (cut.first, cut.each)) == ((2, 1) if most == 1 else None)
        assert ensemble.run(made, workers=1).complete
        stores.append(ensemble.open_run(made.path).to_dataset())
    whole, cut = stores
    assert {*STARTS} <= {*cut}
    for name in cut:
        np.testing.assert_array_equal(cut[name], whole[name], err_msg=name)
