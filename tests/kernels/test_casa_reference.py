"""CASA against the published numbers of the testbed's Fortran: RF-1, and CS-1 of the soil alone.

Tables have ten digits. Days within a year are those of the lanes that the kernels step, and of the
same model written out plainly (`casa_scalar`).
"""

from functools import cache

import casa_scalar
import numpy as np
import pytest
from casa_cases import PLANTS, POOLS, debris, place, soil, vegetation, weather, with_litter
from reference_forcing import SITES, drivers, table

from kernels.casa.casa_cnp import KERNEL as CNP
from kernels.casa.casa_cnp import Options as CnpOptions
from kernels.casa.casa_vegetation import KERNEL as VEGETATION
from kernels.casa.casa_vegetation import Options
from kernels.casa.plants import lanes as lanes_of
from kernels.casa.shared.pft_table import published
from kernels.casa.shared.phenology import first_phase, year_phases
from kernels.casa.shared.rows import plant_rows, soil_rows
from kernels.casa.soil import lanes as soils

CLOSE = 1e-9
LANES = lanes_of.LANES


def rows_of(name, **only):
    return [row for row in table(name) if all(row[k] == v for k, v in only.items())]


@cache
def century():
    """Return vegetation and soil of RF-1, a hundred years from the cold start."""
    given, _ = with_litter(years=100, start="cold")
    return vegetation(years=100, start="cold"), soil(given, 100, start="cold")


@cache
def repeating():
    given, _ = with_litter()
    return vegetation(), soil(given), debris(given)


class TestYears:
    def test_pools(self):
        plants, ground = century()
        for row in rows_of("casa_rf1_pools", day=365.0):
            at, y = place(row["site"]), int(row["year"]) - 1
            for name in PLANTS:
                assert plants.out[f"c_{name}"][at, y, 0] == pytest.approx(row[name], rel=CLOSE)
            for name in POOLS:
                assert ground.out[f"casa_{name}"][at, y, 0] == pytest.approx(row[name], rel=CLOSE)

    def test_annual_sums(self):
        plants, ground = century()
        for row in table("casa_rf1_years"):
            at, y = place(row["site"]), int(row["year"]) - 1
            for name in ("npp", "ra", "lai"):
                assert plants.out[name][at, y, 0] == pytest.approx(row[name], rel=CLOSE)
            assert ground.out["rh"][at, y, 0] == pytest.approx(row["rh"], rel=CLOSE)

    def test_what_drives_soil_is_npp_of_the_year_before_or_half_the_gpp(self):
        plants, _ = century()
        half = 0.5 * drivers()["gpp"].sum(axis=1)
        driving = plants.out["annual_npp"][..., 0]
        np.testing.assert_allclose(driving[:, 0], half, rtol=1e-13)
        np.testing.assert_array_equal(driving[:, 1:], plants.out["npp"][:, :-1, 0])
        old = vegetation(years=2, start="cold", npp_rule="half_gpp", outputs=("annual_npp",))
        np.testing.assert_allclose(old.out["annual_npp"][:, 1, 0], half, rtol=1e-13)

    def test_the_year_before_a_cycle_is_its_last(self):
        given = weather(3)
        plants = vegetation(given, 3, cycle=3)
        np.testing.assert_allclose(
            plants.out["annual_npp"][:, 0], plants.out["npp"][:, 2], rtol=1e-9
        )


class TestRepeatingCycles:
    def test_steady_states(self):
        plants, ground, wood = repeating()
        for row in table("casa_rf1_steady"):
            at = place(row["site"])
            for name in PLANTS:
                assert plants.out[f"c_{name}"][at, 0, 0] == pytest.approx(row[name], rel=CLOSE)
            for name in POOLS:
                assert ground.out[f"casa_{name}"][at, 0, 0] == pytest.approx(row[name], rel=CLOSE)
            assert plants.out["npp"][at, 0, 0] == pytest.approx(row["npp"], rel=CLOSE)
            assert ground.out["rh"][at, 0, 0] == pytest.approx(row["npp"], rel=CLOSE)
        np.testing.assert_array_equal(wood.out["c_cwd"], ground.out["casa_cwd"])

    def test_they_end_where_they_began(self):
        plants, ground, wood = repeating()
        for found, name in ((plants, "vegetation"), (ground, "casa"), (wood, "debris")):
            start, end = found.out[f"{name}_start"], found.out[f"{name}_end"]
            np.testing.assert_allclose(end, start, rtol=1e-10, atol=1e-12)

    @pytest.mark.parametrize(
        "site", [*(pytest.param(site, marks=pytest.mark.slow) for site in "CE"), "F"]
    )
    def test_plain_stepping_comes_to_the_same(self, site):
        plainly = casa_scalar.Site(site)
        plainly.run(3000)
        plants, _, _ = repeating()
        found = plants.out["vegetation_end"][place(site), :3, 0]
        np.testing.assert_allclose(found, plainly.pools[:3], rtol=1e-9)

    def test_spinup_comes_to_the_same(self):
        given = {n: v[4:6] for n, v in drivers().items()}
        spun = vegetation(given, start="spinup")
        solved = vegetation(given)
        assert not spun.status.any()
        np.testing.assert_allclose(
            spun.out["vegetation_end"], solved.out["vegetation_end"], rtol=1e-9
        )
        assert (spun.out["vegetation_years"] > 3 * solved.out["vegetation_years"]).all()

    def test_cycles_of_years_that_differ(self):
        given, plants = with_litter(weather(6), 6, cycle=6)
        ground, wood = soil(given, 6, cycle=6), debris(given, 6, cycle=6)
        again = vegetation(weather(6), 6, cycle=6)
        for found, name in ((again, "vegetation"), (ground, "casa"), (wood, "debris")):
            start, end = found.out[f"{name}_start"], found.out[f"{name}_end"]
            np.testing.assert_allclose(end, start, rtol=1e-9, atol=1e-12)
        total = ground.out["rh"].sum(axis=1), ground.out["litter_input"].sum(axis=1)
        np.testing.assert_allclose(*total, rtol=1e-10)
        np.testing.assert_allclose(total[1], plants.out["npp"].sum(axis=1), rtol=1e-9)

    def test_a_dense_system_has_the_same_solution(self):
        given, _ = with_litter()
        found = soil(given).out["casa_start"][..., 0]
        for at in range(len(SITES)):
            compose, added = days_of_a_year(given, at)
            expected = np.linalg.solve(np.eye(6) - compose, added)
            np.testing.assert_allclose(found[at], expected, rtol=1e-9, atol=1e-12)

    def test_powers_of_a_year_are_its_repetition(self):
        given, _ = with_litter()
        many = {n: np.tile(v, (1, 50)) if v.ndim == 2 else v for n, v in given.items()}
        ran, steady = soil(many, 50, start="cold"), soil(given)
        for at in range(len(SITES)):
            compose, _ = days_of_a_year(given, at)
            rest, first = (r.out["casa_start"][at, :, 0] for r in (steady, ran))
            expected = rest + np.linalg.matrix_power(compose, 50) @ (first - rest)
            np.testing.assert_allclose(
                ran.out["casa_end"][at, :, 0], expected, rtol=1e-9, atol=1e-12
            )


def days_of_a_year(given, at):
    """Return M and c of a year's map, its days multiplied as dense matrices."""
    table_, pft = published(), given["pft"][at : at + 1]
    x = {p.name: np.array([[p.default]]) for p in CNP.made(CnpOptions(), None).parameters}
    rows, _ = soil_rows(table_, pft, given["clay"][at : at + 1], given["silt"][at : at + 1], x)
    rates, f = rows[0, :6], rows[0, 6:14]
    moved = -np.eye(6)
    for (to, of), part in zip(
        ((3, 0), (3, 1), (4, 1), (3, 2), (4, 2), (4, 3), (5, 3), (5, 4)), f, strict=True
    ):
        moved[to, of] = part
    theta, warm = given["theta_l"][at], given["soil_temperature"][at]
    active = 1.72 ** (0.1 * (warm - 35))
    if int(pft[0]) not in (12, 14):
        active = active * ((theta - 1.7) / (0.55 - 1.7)) ** 6.6481
        active = active * ((theta + 0.007) / 0.557) ** 3.22
    compose, added = np.eye(6), np.zeros(6)
    for day in range(365):
        step = np.eye(6) + moved * (rates * active[day])
        fallen = [given[n][at, day] for n in ("litter_met", "litter_str", "litter_cwd")]
        compose, added = step @ compose, step @ added + np.array([*fallen, 0.0, 0.0, 0.0])
    return compose, added


class Stepped:
    """Vegetation and soil of all sites in lanes, stepped day by day from here."""

    def __init__(self):
        self.given = drivers()
        pft = self.given["pft"]
        table_ = published()
        veg = {p.name: np.array([[p.default]]) for p in VEGETATION.made(Options(), None).parameters}
        ground = {p.name: np.array([[p.default]]) for p in CNP.made(CnpOptions(), None).parameters}
        rows, self.splits, pools = plant_rows(table_, pft, veg)
        texture = self.given["clay"], self.given["silt"]
        soil_row, soil_pools = soil_rows(table_, pft, *texture, ground)
        turn = [self.given[n].astype(np.int64) for n in ("greenup", "fall")]
        self.phases = np.zeros((len(pft), 4, 365), np.uint8)
        year_phases(pft.astype(np.int64), *turn, self.phases)
        first = first_phase(self.given["greenup"], self.given["fall"])
        self.m, self.lanes, self.weather, self.tile, _ = lanes_of.lane_work()
        self.s, self.soil_lanes, self.climate, self.soil_tile = soils.soil_work()
        for w in range(LANES):
            at = min(w, len(pft) - 1)
            lanes_of.enter_lane(w, at, at, rows[at], pools[at], first[at], self.lanes, self.m)
            soils.enter_soil(w, at, at, soil_row[at], soil_pools[at], self.soil_lanes, self.s)
        self.shed = np.stack([table_[n][pft.astype(int) - 1] for n in _SHED], axis=1)
        self.series = tuple(self.given[n] for n in _SERIES)
        self.soonest = lanes_of.begin_year(self.phases, self.lanes, self.m)
        self.litter, self.day = np.zeros(3 * LANES), 0

    def step(self):
        i = self.day % lanes_of.CHUNK
        if i == 0:
            lanes_of.fill(
                True, self.shed, self.series, self.day, self.lanes, self.m, self.weather, self.tile
            )
        if self.day == self.soonest:
            self.soonest = lanes_of.turn_lanes(self.phases, self.day, self.lanes, self.m)
        wide = lanes_of.TILE * LANES
        lanes_of.day(self.m, self.tile[i * wide : (i + 1) * wide], self.litter)
        leaf, froot, wood = self.litter.reshape(3, LANES)[:, : len(SITES)]
        split = self.splits.T
        fallen = (
            split[0] * leaf + split[1] * froot,
            (1 - split[0]) * leaf + (1 - split[1]) * froot,
            wood,
        )
        one = slice(self.day, self.day + 1)
        series = (*(np.tile(f[:, np.newaxis], (1, 365)) for f in fallen), *(
            np.ascontiguousarray(np.repeat(self.given[n][:, one], 365, axis=1))
            for n in ("soil_temperature", "theta_l")
        ))  # fmt: skip
        soils.fill_soil(series, 0, self.soil_lanes, self.s, self.climate, self.soil_tile)
        soils.soil_day(self.s, self.soil_tile[: soils.TILE * LANES])
        self.day += 1

    def plant(self, begins):
        return self.m[begins:][: len(SITES)].copy()

    def soil(self, begins):
        return self.s[begins:][: len(SITES)].copy()


_SHED = ("t_shed", "cold_exp", "dry_exp")
_SERIES = ("gpp", "air_temperature", "soil_temperature", "btran")


class TestDays:
    def test_the_first_day(self):
        lanes = Stepped()
        lanes.step()
        for row in rows_of("casa_rf1_pools", year=1.0, day=1.0):
            at = place(row["site"])
            for k, name in enumerate(PLANTS):
                assert lanes.plant(k * LANES)[at] == pytest.approx(row[name], rel=CLOSE)
            for k, name in enumerate(POOLS):
                assert lanes.soil(k * LANES)[at] == pytest.approx(row[name], rel=CLOSE)

    def test_fluxes_and_phases_within_the_year(self):
        lanes = Stepped()
        found = {}
        for day in range(1, 181):
            before = lanes.plant(lanes_of.NPP), lanes.soil(soils.RH), lanes.plant(lanes_of.LEAF)
            lanes.step()
            if day in (1, 180):
                npp = lanes.plant(lanes_of.NPP) - before[0]
                k_leaf = lanes.litter[: len(SITES)] / before[2]
                phase = lanes.lanes[lanes_of.PHASE, : len(SITES)].copy()
                found[day] = {
                    "npp": npp,
                    "rh": lanes.soil(soils.RH) - before[1],
                    "k_leaf": k_leaf,
                    "phase": phase,
                }
        for row in table("casa_rf1_days"):
            at = place(row["site"])
            for name, values in found[int(row["day"])].items():
                # A day is the difference of sums over half a year.
                expected = pytest.approx(row[name], rel=1e-9, abs=1e-12)
                assert values[at] == expected, (name, row["site"])

    def test_carbon_closes_every_day(self):
        lanes = Stepped()
        for _ in range(365):
            plants, ground = self.stocks(lanes), self.ground(lanes)
            lanes.step()
            fallen = lanes.litter.reshape(3, LANES)[:, : len(SITES)].sum(axis=0)
            npp, _, ra = (self.stocks(lanes)[k] - plants[k] for k in (1, 2, 2))
            gained = self.stocks(lanes)[0] - plants[0]
            np.testing.assert_allclose(gained, npp - fallen, atol=2e-11)
            gpp = lanes.given["gpp"][:, lanes.day - 1]
            np.testing.assert_allclose(npp + ra, gpp, atol=1e-12)
            gained, respired = (a - b for a, b in zip(self.ground(lanes), ground, strict=True))
            np.testing.assert_allclose(gained, fallen - respired, atol=2e-11)

    @staticmethod
    def stocks(lanes):
        pools = sum(lanes.plant(k * LANES) for k in range(3))
        return pools, lanes.plant(lanes_of.NPP), lanes.plant(lanes_of.RA)

    @staticmethod
    def ground(lanes):
        return sum(lanes.soil(k * LANES) for k in range(6)), lanes.soil(soils.RH)


class TestWrittenOutPlainly:
    @pytest.mark.parametrize("row", table("casa_rf1_days"), ids=lambda r: f"{r['site']}{r['day']}")
    def test_within_the_day(self, row):
        made, _ = casa_scalar.Site(row["site"]).run(keep=True)
        today = made[int(row["day"]) - 1, 9:]
        for name, value in zip(casa_scalar.DIAGNOSTICS, today, strict=True):
            assert value == pytest.approx(row[name], rel=1e-9, abs=1e-15), name

    @pytest.mark.parametrize("site", SITES)
    @pytest.mark.parametrize("ramp", ["linear", "step"])
    def test_every_day_of_litter_and_year_of_rh(self, site, ramp):
        given = {n: v[[place(site)]] for n, v in drivers(years=5).items()}
        given, _ = with_litter(given, 5, start="cold", cold_ramp=ramp)
        ground = soil(given, 5, start="cold")
        plainly = casa_scalar.Site(site, linear=ramp == "linear")
        made, sums = plainly.run(5, keep=True)
        np.testing.assert_allclose(ground.out["rh"][0, :, 0], sums[:, 2], rtol=1e-11)
        # What left the leaves is what they did not keep of NPP.
        table_ = np.concatenate([casa_scalar.Site(site).pools[np.newaxis, :9], made[:, :9]])
        kept, npp = np.diff(table_[:, 0]), made[:, 9] * made[:, 14]
        np.testing.assert_allclose(given["litter_leaf"][0], npp - kept, rtol=1e-7, atol=1e-11)

    def test_lignin_n_of_mimics(self):
        given, _ = with_litter(start="cold")
        found = debris(given, start="cold").out["lignin_n"]
        for row in table("mimics_rf1_day180"):
            assert found[place(row["site"]), 179, 0] == pytest.approx(row["lignin_n"], rel=CLOSE)


class TestSoilAlone:
    """CS-1."""

    GIVEN = {  # noqa: RUF012
        "litter_met": 0.6, "litter_str": 0.9, "litter_cwd": 0.3, "soil_temperature": 15.0,
        "theta_l": 0.5, "pft": 10.0, "clay": 0.2, "silt": 0.4,
    }  # fmt: skip
    FIRST = (100.0, 200.0, 300.0, 50.0, 3000.0, 2000.0)

    def daily(self, years):
        series = ("litter_met", "litter_str", "litter_cwd", "soil_temperature", "theta_l")
        return {
            n: np.full((1, 365 * years), v) if n in series else np.array([v])
            for n, v in self.GIVEN.items()
        }

    @staticmethod
    def published(day):
        (row,) = (r for r in table("casa_cs1") if str(r["day"]) == day)
        return row

    def test_steady_by_algebra_and_by_days(self):
        means = {n: np.array([v]) for n, v in self.GIVEN.items()}
        row = self.published("steady")
        for found in (soil(means, drivers="mean"), soil(self.daily(2), 2)):
            for name in POOLS:
                value = found.out[f"casa_{name}"].reshape(-1)[-1]
                assert value == pytest.approx(row[name], rel=CLOSE)
            assert found.out["rh"].reshape(-1)[-1] == pytest.approx(365 * 1.8, rel=1e-12)

    def test_years(self):
        start = {"casa_start": np.array(self.FIRST).reshape(1, 6, 1)}
        found = soil(self.daily(100), 100, begun=start)
        for day, y in (("365.0", 0), ("3650.0", 9), ("36500.0", 99)):
            row = self.published(day)
            for name in POOLS:
                assert found.out[f"casa_{name}"][0, y, 0] == pytest.approx(row[name], rel=CLOSE)

    def test_days(self):
        given = self.daily(1)
        x = {p.name: np.array([[p.default]]) for p in CNP.made(CnpOptions(), None).parameters}
        rows, _ = soil_rows(published(), given["pft"], given["clay"], given["silt"], x)
        s, lanes, climate, tile = soils.soil_work()
        for w in range(LANES):
            soils.enter_soil(w, 0, 0, rows[0], np.array(self.FIRST), lanes, s)
        names = ("litter_met", "litter_str", "litter_cwd", "soil_temperature", "theta_l")
        soils.fill_soil(tuple(given[n] for n in names), 0, lanes, s, climate, tile)
        for day in range(1, 3651):
            s[soils.RH :][:LANES] = 0.0
            soils.soil_day(s, tile[: soils.TILE * LANES])
            if day in (1, 365, 3650):
                row = self.published(f"{day}.0")
                pools = s.reshape(-1, LANES)[:7, 5]
                for name, value in zip((*POOLS, "rh"), pools, strict=True):
                    assert value == pytest.approx(row[name], rel=CLOSE), (day, name)
