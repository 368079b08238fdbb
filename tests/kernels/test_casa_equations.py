"""CASA: equations, tables and phases, against published numbers and the testbed's own files."""

import math

import numpy as np
import pytest
from casa_cases import defaults, made
from reference_forcing import constants, table
from support import DATA, needs_data

import kernels
from kernels import Unfit
from kernels.casa import casa_cnp, casa_debris, casa_vegetation
from kernels.casa.shared.equations import (
    activity,
    cold,
    growth_efficiency,
    log_dry,
    log_wet,
    tens_above,
    warmth,
)
from kernels.casa.shared.lookup import read_table
from kernels.casa.shared.pft_table import published
from kernels.casa.shared.phenology import (
    EVERGREEN,
    days_of,
    first_phase,
    next_phase,
    read_turns,
    turns,
    year_phases,
)
from kernels.casa.shared.rows import debris_rows, exponentials, logarithms, plant_rows
from kernels.contract.paths import kept_as
from kernels.numerics.log import log
from scenarios import read_options

UNITS = table("casa_units")
PFTS = np.arange(1.0, 19.0)
PARAMS = DATA / "testbed" / "params"
POINT = DATA / "testbed" / "point_fernow"


def plants(**changed):
    x = defaults(made(casa_vegetation)) | {n: np.array([[v]]) for n, v in changed.items()}
    return plant_rows(published(), PFTS, x)


def column(name):
    return np.array([row[name] for row in UNITS])


class TestLitter:
    @pytest.mark.parametrize(
        ("names", "columns", "changed"),
        [
            (("fmet_leaf", "fmet_froot"), (0, 1), {}),
            (
                ("cable_leaf", "cable_froot"),
                (0, 1),
                {"fmet_scale": 1.0, "fmet_intercept": 0.85, "fmet_slope": 0.018},
            ),
        ],
    )
    def test_metabolic_parts(self, names, columns, changed):
        _, splits, _ = plants(**changed)
        for name, k in zip(names, columns, strict=True):
            np.testing.assert_allclose(splits[:, k], column(name), rtol=1e-9)

    def test_mimics_splits_without_resorption(self):
        _, splits, _ = plants()
        for k, name in ((2, "mimics_leaf"), (3, "mimics_froot")):
            expected = np.maximum(0.001, 0.75 * (0.85 - 0.013 * column(name)))
            np.testing.assert_allclose(splits[:, k], expected, rtol=1e-14)

    def test_lignin_n_of_mimics(self):
        rows, _ = debris_rows(published(), PFTS, defaults(made(casa_debris)))
        np.testing.assert_allclose(rows[:, 3], column("mimics_leaf"), rtol=1e-9)
        np.testing.assert_allclose(rows[:, 4], column("mimics_froot"), rtol=1e-9)
        np.testing.assert_allclose(rows[:, 1], 0.52, rtol=1e-14)
        np.testing.assert_allclose(rows[:, 2], 0.48, rtol=1e-14)

    def test_the_worst_litter_is_a_little_metabolic(self):
        _, splits, _ = plants(fmet_slope=0.1)
        assert (splits >= 0.001).all()
        assert (splits == 0.001).any()


class TestPlants:
    def test_rates(self):
        rows, _, _ = plants()
        for k, name in enumerate(("k_leaf", "k_wood", "k_froot")):
            np.testing.assert_allclose(rows[:, k], column(name), rtol=5e-10)

    def test_growth_efficiency(self):
        rows, _, _ = plants()
        found = [growth_efficiency(0.65, 1e6, 1e6, row[5], row[6]) for row in rows]
        np.testing.assert_allclose(found, column("growth"), rtol=5e-10)

    def test_growth_efficiency_lags_a_day_and_needs_a_leaf(self):
        assert growth_efficiency(0.65, 100, 110, 0.02, 0.002) > 0.77
        assert growth_efficiency(0.65, 0.0, 110, 0.02, 0.002) == 0.65

    def test_warmth(self):
        assert warmth(10.0) == pytest.approx(1, rel=1e-4)
        for kelvin in (250.1, 263.0, 301.0):
            expected = math.exp(308.56 * (1 / 56.02 - 1 / (kelvin - 227.13)))
            assert warmth(kelvin - 273.15) == pytest.approx(expected, rel=1e-13)
        for degrees in (-23.2, -46.02, -60.0):
            assert warmth(degrees) == 0.0

    @pytest.mark.parametrize(("above", "part"), [(1, 0), (0, 0), (-2.5, 0.5), (-5, 1), (-9, 1)])
    def test_cold(self, above, part):
        degrees = 268.0 + above - 273.15
        assert cold(True, degrees, 268.0) == pytest.approx(part, abs=1e-12)
        if above:
            assert cold(False, degrees, 268.0) == (above < 0)


class TestActivity:
    @pytest.mark.parametrize("row", table("casa_temperature"))
    def test_temperature(self, row):
        tens = tens_above(row["soil_temperature"])
        found = activity(math.log(1.72), 6.6481, 3.22, tens, 0.0, 0.0)
        assert found == pytest.approx(row["f_t"], rel=5e-10)

    @pytest.mark.parametrize("row", table("casa_moisture"))
    def test_moisture(self, row):
        theta = row["theta_l"]
        found = activity(0.5, 6.6481, 3.22, 0.0, log_wet(theta), log_dry(theta))
        assert found == pytest.approx(row["f_w"], rel=1e-9)

    def test_logarithm(self):
        draw = np.random.default_rng(1)
        values = np.concatenate([10 ** draw.uniform(-300, 300, 2000), draw.uniform(0.5, 2, 2000)])
        expected = np.array([math.log(v) for v in values])
        found = np.array([log(v) for v in values])
        np.testing.assert_allclose(found, expected, rtol=4e-16)
        assert log(1.0) == 0.0

    def test_functions_of_arrays_are_those_of_numbers(self):
        values = np.array([[0.5, 1.7], [3.0, 2.0]])
        np.testing.assert_allclose(exponentials(values), np.exp(values), rtol=4e-16)
        np.testing.assert_allclose(logarithms(values), np.log(values), rtol=4e-16)
        assert values[0, 0] == 0.5


class TestTables:
    @needs_data
    def test_ours_is_the_published_one(self):
        found = read_table(PARAMS / "pftlookup_igbp_updated4.csv", "table").table
        ours = published()
        assert found.keys() == ours.keys()
        for name, values in found.items():
            np.testing.assert_array_equal(values, ours[name], err_msg=name)

    @needs_data
    def test_the_accelerated_one_has_a_younger_passive_pool(self):
        found = read_table(PARAMS / "pftlookup_igbp_updated4_AD.csv", "table").table
        ours = published()
        assert {n for n in ours if (found[n] != ours[n]).any()} == {"tau_pass"}
        assert (found["tau_pass"] == 22.222).all()

    @needs_data
    def test_a_calibrated_one_has_defaults_by_type(self):
        name = "pftlookup_igbp_FEF_CASAcal26_xkNlitteropt.csv"
        kernel = casa_cnp.KERNEL.made(casa_cnp.Options(table=name), POINT)
        assert kernel.files == {name: POINT / name}
        pft = np.array([4.0, 5.0, 10.0])
        derived = kernel.derive(casa_cnp.Options(table=name), {"pft": pft}, {})
        np.testing.assert_array_equal(derived["q10"].default, [1.5, 1.72, 1.5])
        np.testing.assert_array_equal(derived["tau_slow"].default, [4.0, 5.0, 2.5])
        assert "met_to_fast" not in derived

    @needs_data
    def test_one_table_for_two_links_is_one_parameter_and_two_are_two(self):
        name, chain = "pftlookup_igbp_FEF_CASAcal26_xkNlitteropt.csv", kernels.get("chain")
        for other, expected in ((name, {"q10"}), ("", {"casa_debris_q10", "casa_cnp_q10"})):
            links = [{"name": "casa_debris", "table": other}, {"name": "casa_cnp", "table": name}]
            kernel = chain.made(read_options({"chain": links}, chain), POINT)
            assert {p.name for p in kernel.parameters if p.name.endswith("q10")} == expected
            derived = kernel.derive(None, {"pft": np.array([4.0, 5.0])}, {})
            known = {n: one.default.tolist() for n, one in derived.items() if n.endswith("q10")}
            assert known == {max(expected & {"q10", "casa_cnp_q10"}): [1.5, 1.72]}

    @needs_data
    def test_a_store_keeps_the_file(self, tmp_path):
        name = "pftlookup_igbp_updated4_AD.csv"
        (tmp_path / kept_as(name)).write_bytes((PARAMS / name).read_bytes())
        kernel = casa_cnp.KERNEL.made(casa_cnp.Options(table=name), tmp_path)
        (age,) = (p for p in kernel.parameters if p.name == "tau_pass")
        assert age.default == 22.222
        assert kernel.kept == {kept_as(name): tmp_path / kept_as(name)}

    def test_ours_has_no_defaults_by_type(self):
        kernel = made(casa_cnp)
        assert kernel.derive(casa_cnp.Options(), {"pft": PFTS}, {}) == {}

    def test_a_file_that_ends_early_is_refused(self, tmp_path):
        lines = ["a", "b", "c", *(f"{k},1,name" for k in range(1, 10)), "ten,1,name"]
        (tmp_path / "short.csv").write_text("\n".join(lines))
        with pytest.raises(Unfit, match="vegetation type 10") as refused:
            casa_cnp.KERNEL.made(casa_cnp.Options(table="short.csv"), tmp_path)
        assert refused.value.faults[0].line == 13

    def test_a_file_that_is_not_there_is_refused(self, tmp_path):
        with pytest.raises(Unfit, match="needed a file"):
            casa_vegetation.KERNEL.made(casa_vegetation.Options(table="no.csv"), tmp_path)


class TestPhenology:
    def test_rows_of_the_table(self):
        pft, latitude = np.array([3.0, 18.0, 10.0, 9.0]), np.array([80.53, 69.16, 0.95, -55.89])
        greenup, fall = days_of(turns(), pft, latitude)
        np.testing.assert_array_equal(greenup, [167, 179, 4, 289])
        np.testing.assert_array_equal(fall, [231, 234, 176, 60])

    def test_beyond_the_table_its_last_rows_hold(self):
        greenup, _ = days_of(turns(), np.array([3.0, 3.0]), np.array([90.0, -90.0]))
        np.testing.assert_array_equal(greenup, [167, 280])

    def test_types_without_an_entry_do_not_turn(self):
        pft = np.array([1.0, 2.0, 16.0, 11.0])
        greenup, fall = days_of(turns(), pft, np.zeros(4))
        assert (greenup == -50).all()
        assert (fall == 367).all()
        assert (first_phase(greenup, fall) == 2).all()

    def test_first_phases_are_the_published_ones(self):
        known = constants()
        found = first_phase(known["greenup"], known["fall"])
        np.testing.assert_array_equal(found, known["phase"])

    def test_a_file_of_every_half_degree(self, tmp_path):
        lines = ["Lat" + "\tGREENUP" * 2 + "\tFALL" * 2 + "\tPHENDOY1" * 2, "\t4\t10" * 3]
        lines += [
            f"{79.75 - 0.5 * i}\t{i + 2}\t{i + 1}\t{i + 50}\t{i + 51}\t0\t0" for i in range(271)
        ]
        (tmp_path / "phen.txt").write_text("\n".join(lines) + "\n")
        known = read_turns(tmp_path / "phen.txt")
        latitude = np.array([40.0, 39.99, 79.9, 90.0, -55.25, -89.0])
        greenup, fall = days_of(known, np.full(6, 10.0), latitude)
        # A latitude between two rows takes the southern one, as truncation does.
        np.testing.assert_array_equal(greenup, [81, 81, 1, 1, 271, 271])
        np.testing.assert_array_equal(fall - greenup, np.full(6, 50))

    @pytest.mark.parametrize("text", ["a\nb\n", "Lat\n4 10\n1 2\n2 3\n", "Lat\n4 4 4\n79 1 2 0\n"])
    def test_a_file_of_another_kind_is_refused(self, tmp_path, text):
        (tmp_path / "phen.txt").write_text(text)
        options = casa_vegetation.Options(phenology_file="phen.txt")
        with pytest.raises(Unfit, match="greenup and fall"):
            casa_vegetation.KERNEL.made(options, tmp_path)

    @pytest.mark.parametrize("site", "ABCDEFG")
    def test_phases_of_a_year_follow_one_another(self, site):
        known = {n: int(v[0]) for n, v in constants(site).items() if n in _PHASE_NAMES}
        phases = np.zeros((1, 4, 365), np.uint8)
        year_phases(*(np.array([known[n]]) for n in ("pft", "greenup", "fall")), phases)
        phase, seen = known["phase"], set()
        for day in range(1, 366):
            phase = next_phase(phase, day, known["greenup"], known["fall"])
            expected = 2 if known["pft"] in EVERGREEN else phase
            assert phases[0, known["phase"], day - 1] == expected
            seen.add(expected)
        assert seen == ({0, 1, 2, 3} if site in "CDEF" else {2})


_PHASE_NAMES = ("pft", "greenup", "fall", "phase")
