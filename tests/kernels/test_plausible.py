"""What is plausible of parameters: narrow, with a source, and of published calibrations exact."""

import re
from dataclasses import replace

import numpy as np
import pytest
import stages

import kernels
from kernels import HALF_AROUND, Parameter, Plausible, Unfit

SCENARIO_S_OWN = {"executable", "chain", "side_by_side"}
"""Their tables are those of a scenario, or of other kernels."""


def tables():
    """Return the distinct tables of parameters that the options of every kernel can make."""
    found = {}
    for name, kernel in stages.known().items():
        for options in stages.choices(kernel) if name not in SCENARIO_S_OWN else ():
            try:
                made = kernel.made(options, None)
            except Unfit:
                continue
            found.setdefault((name, made.parameters), options)
    return [(name, parameters) for name, parameters in found]


TABLES = tables()
every_table = pytest.mark.parametrize(
    ("name", "parameters"), TABLES, ids=[f"{name}-{k}" for k, (name, _) in enumerate(TABLES)]
)
TEMPERATURES = {"K", "degC", "kelvin", "degree_Celsius", "degF"}
IN_EXPONENT = re.compile(r"expon|\blog\b|logarithm|activation energy", re.IGNORECASE)


def test_every_kernel_is_looked_at():
    assert {name for name, _ in TABLES} == set(stages.known()) - SCENARIO_S_OWN


@every_table
class TestLaw:
    def test_the_default_lies_within_and_the_range_within_the_bounds(self, name, parameters):
        for p in parameters:
            low, high = p.likely()
            assert p.lower <= low < high <= p.upper, p
            assert low <= p.default <= high, p

    def test_it_has_a_source(self, name, parameters):
        assert all(p.plausible.source for p in parameters)

    def test_zeros_temperatures_and_exponents_declare_their_own(self, name, parameters):
        for p in parameters:
            if p.default == 0 or p.units in TEMPERATURES or IN_EXPONENT.search(p.meaning):
                assert p.plausible is not HALF_AROUND, p

    def test_it_is_narrower_than_the_bounds_of_rates(self, name, parameters):
        """Three orders of magnitude are more than any source has; bounds span up to fifteen."""
        for p in parameters:
            low, high = p.likely()
            if low > 0:
                assert high / low <= 2500, p


W21 = {
    "x_v": (2, 30),
    "x_k": (2, 30),
    "x_d": (0.1, 15),
    "x_D": (0.01, 25),
    "alpha_r": (1, 30),
    "alpha_v": (1, 30),
    "beta": (1, 2),
}


def of(name, **words):
    kernel = kernels.get(name)
    made = kernel.made(kernel.options(**words), None)
    return {p.name: p for p in made.parameters}


class TestPublished:
    @pytest.mark.parametrize("preset", ["w21_code", "w21_text"])
    def test_mimics_in_layers_has_the_table_of_wang_et_al(self, preset):
        found = of("mimics_profile", preset=preset)
        assert {n: p.likely() for n, p in found.items() if "table 1" in p.plausible.source} == W21

    @pytest.mark.parametrize("name", ["mimics", "mimics_testbed"])
    def test_other_mimics_have_its_density_exponent(self, name):
        assert of(name)["beta"].likely() == W21["beta"]

    def test_two_boxes_have_two_standard_deviations(self):
        found = of("two_box")
        for name, mean, sd in (("tau_veg_obs", 10.3, 1.4), ("tau_soil_obs", 38.3, 11.0)):
            expected = (mean - 2 * sd, mean + 2 * sd)
            np.testing.assert_allclose(found[name].likely(), expected, rtol=1e-12)

    def test_no_source_gives_ranges_of_the_testbed_so_they_follow_the_default(self):
        for name in ("casa_vegetation", "casa_debris", "casa_cnp", "corpse"):
            assert all(p.plausible.of in ("times", "plus") for p in of(name).values())
        assert of("casa_cnp")["tau_pass"].likely() == pytest.approx((111.11, 333.33))
        assert of("casa_cnp")["q10"].likely() == pytest.approx((1.29, 2.15))
        assert of("corpse")["vmaxref_recalc"].likely() == (12.5, 37.5)


PLAIN = Parameter("rate", "yr-1", 2.0, 0.0, 1e9, "a rate", "here")


class TestRule:
    def test_half_to_one_and_a_half_of_a_parameter_that_does_not_say(self):
        assert PLAIN.likely() == (1.0, 3.0)

    def test_it_is_cut_at_the_bounds(self):
        assert replace(PLAIN, lower=1.5, upper=2.5).likely() == (1.5, 2.5)

    def test_it_follows_the_default(self):
        assert replace(PLAIN, default=10.0).likely() == (5.0, 15.0)

    def test_it_follows_defaults_by_location(self):
        low, high = PLAIN.likely(np.array([2.0, 4.0]))
        np.testing.assert_array_equal([low, high], [[1.0, 2.0], [3.0, 6.0]])

    def test_it_rises_where_the_default_is_negative(self):
        assert replace(PLAIN, default=-2.0, lower=-10.0).likely() == (-3.0, -1.0)

    def test_differences_are_added(self):
        own = Plausible(-0.5, 1.0, "ours", "plus")
        assert replace(PLAIN, plausible=own).likely() == (1.5, 3.0)
        assert replace(PLAIN, plausible=own, default=0.0).likely() == (0.0, 1.0)

    def test_values_stay_whatever_the_default(self):
        own = replace(PLAIN, plausible=Plausible(3.0, 4.0, "a paper"))
        low, high = own.likely(np.array([2.0, 9.0]))
        np.testing.assert_array_equal([low, high], [[3.0, 3.0], [4.0, 4.0]])

    def test_it_has_nothing_to_say_of_a_default_of_zero(self):
        low, high = replace(PLAIN, default=0.0).likely()
        assert not low < high

    @pytest.mark.parametrize(
        ("words", "said"),
        [
            ((2.0, 1.0, "s"), "the first below the second"),
            ((1.0, 1.0, "s"), "the first below the second"),
            ((float("nan"), 1.0, "s"), "two finite numbers"),
            ((1.0, float("inf"), "s"), "two finite numbers"),
            ((1.0, 2.0, ""), "say where it is from"),
            ((1.0, 2.0, "s", "share"), "needed 'value', 'times' or 'plus'"),
        ],
    )
    def test_what_is_no_range_is_refused(self, words, said):
        with pytest.raises(ValueError, match=said):
            Plausible(*words)

    def test_one_outside_the_bounds_is_refused(self):
        with pytest.raises(ValueError, match=r"plausible from -1\.0 to 4\.0 is outside"):
            replace(PLAIN, plausible=Plausible(-1.0, 4.0, "a paper"))
