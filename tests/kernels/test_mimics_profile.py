"""MIMICS by depth: the published tables, a second way in C, and what must hold of any profile."""

import numpy as np
import pytest
from benchmarks import profile_reference as reference
from profile_cases import (
    BNF,
    CASES,
    DBF,
    EBF,
    ENF,
    NAMES,
    Case,
    over,
    pools,
    run,
    solved,
    synthetic_air,
    with_14c,
)
from profile_tables import (
    COLUMN_14C,
    COLUMNS,
    ONE_AT_A_TIME,
    POOLS_14C,
    STOPS,
    TO_NINE_DIGITS,
    TRANSIENT,
    table,
)
from threadpoolctl import threadpool_limits

from kernels.contract.status import BAD_INPUT, NOT_CONVERGED, OK, OUT_OF_RANGE
from kernels.mimics.layers.stability import spectra

RULE = {"column": "total", "column_pools": "pool", "layers": "layer"}
FIVE = np.full(20, 5.0)
needs_gcc = pytest.mark.skipif(not reference.gcc, reason="gcc is not here for the C source")


def site(case):
    """Return a site as the second way wants it."""
    return (
        *case.litter,
        case.temperature,
        case.clay,
        *case.lignin_n,
        sum(case.litter),
    )


def random_rows(count, seed, beta=None):
    """Return parameters (S, 7) drawn from the ranges of table 1."""
    rows = np.random.default_rng(seed).uniform(reference.LOWEST, reference.HIGHEST, (count, 7))
    if beta is not None:
        rows[:, -1] = beta
    return rows


def rows_of(drawn):
    return dict(zip(NAMES, drawn.T, strict=True))


class TestEquilibria:
    @pytest.mark.parametrize("name", CASES)
    def test_pools_and_respiration_are_those_published(self, name):
        found = solved(name)
        rows = table("steady")[table("steady")["case"] == name]
        here = rows["layer"] - 1
        published = np.stack([rows[pool] for pool in reference.POOLS], axis=-1)
        np.testing.assert_allclose(pools(found)[here], published, rtol=TO_NINE_DIGITS)
        breath = found.out["respiration"][0, here, 0]
        np.testing.assert_allclose(breath, rows["respiration"], rtol=TO_NINE_DIGITS)

    @pytest.mark.parametrize("name", CASES)
    def test_columns_and_modes_are_those_published(self, name):
        found = {n: v.item() for n, v in solved(name, stability="spectrum").out.items()
                 if v.size == 1}  # fmt: skip
        soc, litter, respired, slowest, fastest = COLUMNS[name]
        assert found["soc_stock"] * 1000 == pytest.approx(soc, rel=TO_NINE_DIGITS)
        assert found["litter_stock"] * 1000 == pytest.approx(litter, rel=TO_NINE_DIGITS)
        assert found["column_respiration"] * 1000 == pytest.approx(respired, rel=1e-13)
        assert found["column_input"] * 1000 == pytest.approx(respired, rel=1e-14)
        assert found["slowest_mode"] == pytest.approx(slowest, rel=1e-5)
        assert found["fastest_rate"] == pytest.approx(fastest, rel=5e-4)
        assert found["stable"] == 1
        assert found["residual"] < 1e-12

    @pytest.mark.parametrize("name", ["V1", "V5"])
    def test_what_layers_are_given_is_an_output(self, name):
        case = CASES[name]
        alpha_r, alpha_v, x_v = np.array([10.0, 0.0, 25.0]), np.array([1.0, 0.0, 4.0]), 4.0
        drawn = {"alpha_r": alpha_r, "alpha_v": alpha_v, "x_v": np.full(3, x_v)}
        found = run(case.options(), case.drivers, drawn, outputs=["root_litter", "uptake_factor"])
        edges = np.concatenate([[0.0], np.cumsum(case.options().layers)]) / 100
        below = np.exp(-np.outer(edges, alpha_r))
        with np.errstate(invalid="ignore"):
            share = (below[:-1] - below[1:]) / (1 - below[-1])
        share[:, 1] = np.diff(edges) / edges[-1]
        np.testing.assert_allclose(
            found.out["root_litter"][0], case.litter[1] * share, rtol=1e-9, atol=1e-12
        )
        middle = (edges[:-1] + edges[1:]) / 2
        expected = x_v * np.exp(-np.outer(middle, alpha_v))
        np.testing.assert_allclose(found.out["uptake_factor"][0], expected, rtol=1e-12)

    @needs_gcc
    @pytest.mark.parametrize("name", ["V1", "V2", "V3", "V4"])
    def test_the_second_way_finds_the_same_of_random_members(self, name):
        case, drawn = CASES[name], random_rows(50, seed=7)
        found = run(case.options(), case.drivers, rows_of(drawn))
        other = reference.steady_many(case.preset, site(case), drawn, FIVE)
        assert not found.status.any()
        assert not other.status.any()
        ours = np.stack([pools(found, sample=s) for s in range(50)])
        np.testing.assert_allclose(ours, other.pools, rtol=1e-9)

    @pytest.mark.parametrize("beta", [None, 1.1, 1.02, 1.0])
    @pytest.mark.parametrize("name", ["V1", "V2", "V3", "V4"])
    def test_every_member_of_table_1_is_solved(self, name, beta):
        case = CASES[name]
        found = run(
            case.options(), case.drivers, rows_of(random_rows(200, 11, beta)),
            outputs=["residual", "column_respiration", "column_input", "lit_m", "mic_r"],
        )  # fmt: skip
        assert not found.status.any()
        assert found.out["residual"].max() < 1e-12
        np.testing.assert_allclose(
            found.out["column_respiration"], found.out["column_input"], rtol=1e-11
        )
        assert min(found.out["lit_m"].min(), found.out["mic_r"].min()) >= 0

    def test_layers_without_diffusion_are_profiles_of_their_own(self):
        case = CASES["V0"]
        whole = pools(solved("V0"))
        # The first layer alone: its roots are those of all layers that there are.
        edges = np.arange(0, 101, 5) / 100
        roots = np.exp(-10.51 * edges)
        share = (roots[0] - roots[1]) / (roots[0] - roots[-1])
        one = Case(
            case.preset, case.temperature, case.clay, case.lignin_n,
            (case.litter[0], case.litter[1] * share), case.changed, (5.0,),
        )  # fmt: skip
        drivers = one.drivers | {"annual_npp": case.drivers["annual_npp"]}
        alone = run(one.options(), drivers, one.changed)
        np.testing.assert_allclose(pools(alone)[0], whole[0], rtol=1e-12)

    def test_budget_of_solves_is_kept_and_said(self):
        found = solved("V2", solves=5)
        assert found.status.item() == NOT_CONVERGED
        assert np.isnan(found.out["soc"]).all()


class TestStability:
    GRID = np.array([0.0, 1 / 3, 2 / 3, 1.0])

    @pytest.mark.slow
    def test_cycles_that_grow_are_found_and_nothing_else(self):
        """At an exponent of 1, on the levels of the Morris design, some equilibria are unstable."""
        case, draw = CASES["V2"], np.random.default_rng(5)
        levels = self.GRID[draw.integers(0, 4, (60, 7))]
        drawn = reference.LOWEST + (reference.HIGHEST - reference.LOWEST) * levels
        drawn[:, -1] = 1.0
        words = ("stable", "growth")
        by_sign, by_all = (
            run(case.options(stability=s), case.drivers, rows_of(drawn), outputs=words).out
            for s in ("sign", "spectrum")
        )
        np.testing.assert_array_equal(by_sign["stable"], by_all["stable"])
        unstable = by_all["stable"] == 0
        assert 0 < unstable.sum() < 60
        np.testing.assert_allclose(
            by_sign["growth"][unstable], by_all["growth"][unstable], rtol=1e-6
        )

    def test_a_matrix_without_a_spectrum_costs_itself(self):
        matrices = np.stack([np.diag([-1.0, -2.0]), np.full((2, 2), np.nan), np.diag([-3.0, 4.0])])
        found = spectra(matrices).real
        assert sorted(found[0]) == [-2, -1]
        assert np.isnan(found[1]).all()
        assert sorted(found[2]) == [-3, 4]

    def test_a_spectrum_has_the_same_bits_on_any_number_of_threads(self):
        """BLAS alone has not, beyond some 200 rows."""
        matrix = np.random.default_rng(0).normal(size=(1, 350, 350))
        found = []
        for threads in (1, 2):
            with threadpool_limits(threads, user_api="blas"):
                found.append(spectra(matrix).tobytes())
        assert found[0] == found[1]

    @needs_gcc
    def test_growth_is_that_of_the_second_way(self):
        found = solved("V3", stability="spectrum")
        k = reference.coefficients("w21_code", site(CASES["V3"]), CASES["V3"].changed, FIVE)
        _, _, growth = reference.modes(k, reference.steady(k).pools)
        assert found.out["growth"].item() == pytest.approx(growth, rel=1e-6)


@pytest.mark.slow
class TestInTime:
    def test_transient_is_the_published_one(self):
        case = CASES["V2"]
        options = case.options(mode="transient", start="cold", tolerance=1e-9)
        found = run(options, over(case, 100), case.changed)
        ours = pools(found)
        for line in filter(None, TRANSIENT.split("\n")):
            year, layer, *published = map(float, line.split())
            np.testing.assert_allclose(ours[int(year) - 1, int(layer) - 1], published, rtol=1e-7)

    @pytest.mark.parametrize("name", ["V1", "V5"])
    def test_carbon_closes_every_year(self, name):
        case = CASES[name]
        found = run(case.options(mode="transient", start="cold"), over(case, 30), case.changed)
        stock = found.out["carbon_stock"][0, :, 0]
        change = found.out["column_input"] - found.out["column_respiration"]
        np.testing.assert_allclose(np.diff(stock), change[0, 1:, 0], atol=1e-12 * stock.max())
        begun = 16.5 * sum(case.layers) * 0.01
        assert stock[0] - begun == pytest.approx(change[0, 0, 0], abs=1e-12 * begun)

    def test_an_equilibrium_stays(self):
        case = CASES["V4"]
        found = run(case.options(mode="transient"), over(case, 20), case.changed)
        np.testing.assert_allclose(pools(found)[-1], pools(solved("V4")), rtol=1e-9)

    @pytest.mark.parametrize(("name", "rule", "year", "errors"), STOPS)
    def test_spin_ups_stop_where_published_and_how_far_off(self, name, rule, year, errors):
        found = solved(name, steady="spinup", rule=RULE[rule], tolerance=1e-7)
        assert found.out["spinup_years"].item() == year
        assert found.out["drift"].item() < 1e-4
        ours, rest = found.out["soc"][0, :, 0], solved(name).out["soc"][0, :, 0]
        column = 100 * (ours.sum() / rest.sum() - 1)
        assert column == pytest.approx(float(errors.split()[2]), abs=0.5)
        if rule == "layers":
            top = abs(100 * (ours[:6].sum() / rest[:6].sum() - 1))
            assert top == pytest.approx(float(errors.split()[3]), abs=0.06)

    def test_a_fixed_number_of_years_is_a_transient_from_the_cold_start(self):
        case = CASES["V2"]
        spun = solved("V2", steady="spinup", rule="fixed", years=10, tolerance=1e-10)
        assert (spun.status.item(), spun.out["spinup_years"].item()) == (OK, 10)
        stepped = run(case.options(mode="transient", start="cold", tolerance=1e-10),
                      over(case, 10), case.changed)  # fmt: skip
        np.testing.assert_allclose(pools(spun), pools(stepped)[-1], rtol=1e-9)

    def test_a_spin_up_without_patience_is_given_up(self):
        assert solved("V2", steady="spinup", years=10).status.item() == NOT_CONVERGED


class TestCarbon14:
    def run(self, name, mode, year, **chosen):
        case = CASES[name]
        drivers, coords = with_14c(case, year)
        return run(case.options(carbon14=mode, **chosen), drivers, case.changed, coords=coords)

    @pytest.mark.parametrize("mode", ["tracer", "separate"])
    @pytest.mark.parametrize("name", COLUMN_14C)
    def test_fractions_modern_are_those_published(self, name, mode):
        word, tolerance = ("tracer", 1e-6) if mode == "tracer" else ("paper", 1e-5)
        for i, year in enumerate((1950, 2000)):
            found = self.run(name, mode, year).out
            printed = table("14c")[f"{name}_{word}_{year}"]
            np.testing.assert_allclose(found["fraction_modern"][0, :, 0], printed, atol=tolerance)
            column = COLUMN_14C[name][i + 2 * (mode == "separate")]
            assert found["column_fraction_modern"].item() == pytest.approx(column, abs=tolerance)

    def test_pools_are_those_published(self):
        found = self.run("V2", "tracer", 2000).out
        for layer, values in POOLS_14C.items():
            ours = [found[f"fraction_modern_{p}"][0, layer, 0] for p in
                    ("lit_m", "lit_s", "mic_r", "mic_k", "som_p", "som_c", "som_a")]  # fmt: skip
            np.testing.assert_allclose(ours, values, atol=1e-6)

    @needs_gcc
    @pytest.mark.parametrize("sampled", [1952, 1961, 1990, 2020, 2090])
    @pytest.mark.parametrize("name", ["V2", "V3", "V5"])
    def test_the_second_way_finds_the_same_of_random_members(self, name, sampled):
        """The exponential of the whole matrix, year by year."""
        case, drawn = CASES[name], random_rows(4, seed=sampled)
        drivers, coords = with_14c(case, sampled)
        found = run(case.options(carbon14="tracer"), drivers, rows_of(drawn), coords=coords)
        years, air = synthetic_air()
        litter = np.interp(np.arange(1949, sampled - 1), years, air)
        layers = np.array(case.layers)
        for s, row in enumerate(drawn):
            k = reference.coefficients(case.preset, site(case), row, layers)
            steady = reference.steady(k).pools
            atoms = (reference.fraction_modern([0.975, *litter], k)[-1] * steady)[:, 4:].sum(axis=1)
            np.testing.assert_allclose(
                found.out["fraction_modern"][0, :, s], atoms / steady[:, 4:].sum(axis=1), atol=2e-7
            )

    def test_the_equilibrium_lies_below_its_litter(self):
        """That of a separate run does not: it is no tracer."""
        assert (self.run("V2", "tracer", 1950).out["fraction_modern"] < 0.975).all()
        assert self.run("V2", "separate", 1950).out["fraction_modern"].max() > 0.975

    def test_a_tracer_is_linear_in_its_history(self):
        case = CASES["V1"]
        drivers, coords = with_14c(case, 1995)
        years = coords["atmosphere_year"]
        two = np.stack([np.ones(len(years)), 1 + 0.5 * np.sin(years)])

        def of(air):
            drivers["atmosphere"] = air[np.newaxis]
            options = case.options(carbon14="tracer")
            return run(options, drivers, case.changed, coords=coords).out["fraction_modern"]

        one, other, both = of(two[0]), of(two[1]), of(2 * two[0] + 3 * two[1])
        np.testing.assert_allclose(both, 2 * one + 3 * other, rtol=1e-10)

    def test_litter_lags_a_year_behind_the_air(self):
        """A pulse of one year is in the soil of the year after the next, and not before."""
        case = CASES["V1"]
        drivers, coords = with_14c(case, 1990)
        flat = np.ones(len(coords["atmosphere_year"]))
        pulse = flat + 10.0 * (coords["atmosphere_year"] == 1980)

        def of(air, sampled):
            drivers["atmosphere"] = np.minimum(air, 9.0)[np.newaxis]
            drivers["sampling_year"] = np.array([sampled])
            options = case.options(carbon14="tracer")
            return run(options, drivers, case.changed, coords=coords).out["fraction_modern_lit_m"]

        for sampled, seen in ((1980.0, False), (1981.0, False), (1982.0, True)):
            differ = np.abs(of(pulse, sampled) - of(flat, sampled)).max() > 1e-3
            assert differ == seen, sampled

    def test_a_record_lasts_beyond_its_ends(self):
        case = CASES["V1"]
        drivers, coords = with_14c(case, 1990)
        drivers["atmosphere"] = np.full((1, len(coords["atmosphere_year"])), 1.1)
        options = case.options(carbon14="tracer")
        whole = run(options, drivers, case.changed, coords=coords).out["fraction_modern"]
        drivers["atmosphere"], short = np.full((1, 2), 1.1), {"atmosphere_year": [1970, 1971]}
        cut = run(options, drivers, case.changed, coords={n: np.array(v) for n, v in short.items()})
        np.testing.assert_array_equal(cut.out["fraction_modern"], whole)

    def test_a_separate_run_may_be_spun_up_like_carbon(self):
        spun = self.run("V1", "separate", 1950, steady="spinup").out["fraction_modern"][0, :6, 0]
        solved_for = self.run("V1", "separate", 1950).out["fraction_modern"][0, :6, 0]
        np.testing.assert_allclose(spun, solved_for, rtol=0.02)
        assert (spun != solved_for).any()

    @pytest.mark.parametrize("year", [1949.0, np.nan])
    def test_sampling_years_that_cannot_be(self, year):
        assert self.run("V1", "tracer", year).status.item() in (OUT_OF_RANGE, BAD_INPUT)


TYPES = {
    "ENF": Case("w21_code", 8, 0.20, (30, 30), (250, 150), ENF),
    "EBF": Case("w21_code", 20, 0.30, (15, 20), (500, 400), EBF),
    "DBF": Case("w21_code", 10, 0.25, (18, 22), (300, 200), DBF),
    "BNF": Case("w21_code", 2, 0.10, (30, 30), (150, 100), BNF),
}


@pytest.mark.parametrize("key", ONE_AT_A_TIME, ids=lambda key: " ".join(map(str, key)))
def test_one_parameter_at_a_time(key):
    """Figure 7 of the paper, with the site inputs of the specification."""
    case = TYPES[key[0]]
    base = run(case.options(), case.drivers, case.changed).out
    *layers, whole = ONE_AT_A_TIME[key]
    here = [0, 3, 9, 19]
    if key[1] == "base":
        np.testing.assert_allclose(base["soc"][0, here, 0], layers, rtol=1e-7)
        assert base["soc_stock"].item() * 1000 == pytest.approx(whole, rel=1e-7)
        return
    changed = case.changed | {key[1]: case.changed[key[1]] * key[2]}
    other = run(case.options(), case.drivers, changed).out
    change = 100 * (other["soc"] / base["soc"] - 1)[0, :, 0]
    np.testing.assert_allclose(change[here], layers, atol=1e-3)
    assert np.abs(change).mean() == pytest.approx(whole, abs=1e-3)


class TestBadInput:
    @pytest.mark.parametrize(
        ("name", "value", "status"),
        [
            ("soil_temperature", np.nan, BAD_INPUT),
            ("litter_above", -1.0, OUT_OF_RANGE),
            ("clay", 1.01, OUT_OF_RANGE),
            ("clay", -0.1, OUT_OF_RANGE),
            ("soil_temperature", 283.15, OUT_OF_RANGE),
            ("lignin_n_below", np.inf, BAD_INPUT),
        ],
    )
    def test_a_site_gets_a_status_and_its_neighbours_their_numbers(self, name, value, status):
        case = CASES["V2"]
        drivers = {n: np.repeat(v, 3) for n, v in case.drivers.items()}
        drivers[name][1] = value
        found = run(case.options(), drivers, case.changed)
        assert found.status[:, 0].tolist() == [OK, status, OK]
        assert np.isnan(found.out["soc"][1]).all()
        for at in (0, 2):
            np.testing.assert_array_equal(found.out["soc"][at], solved("V2").out["soc"][0])

    def test_no_litter_at_all(self):
        case = CASES["V2"]
        drivers = case.drivers | dict.fromkeys(("litter_above", "litter_below"), np.zeros(1))
        assert run(case.options(), drivers, case.changed).status.item() == OUT_OF_RANGE

    @pytest.mark.parametrize(
        ("name", "value"), [("x_v", np.nan), ("x_k", 0.0), ("beta", 0.9), ("x_D", -1.0)]
    )
    def test_parameters(self, name, value):
        case = CASES["V2"]
        values = np.array([case.changed[name], value])
        found = run(case.options(), case.drivers, case.changed | {name: values})
        assert found.status[0, 0] == OK
        assert found.status[0, 1] in (BAD_INPUT, OUT_OF_RANGE)
        np.testing.assert_array_equal(found.out["soc"][..., 0], solved("V2").out["soc"][..., 0])

    def test_a_profile_of_one_layer(self):
        case = CASES["V2"]
        one = Case(case.preset, 10, 0.2, (20, 25), (300, 200), case.changed, (100.0,))
        found = run(one.options(stability="spectrum", carbon14="none"), one.drivers, one.changed)
        assert found.status.item() == OK
        assert found.out["column_respiration"].item() == pytest.approx(0.5, rel=1e-13)
