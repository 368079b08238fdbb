"""The law of parameter files: what a file of a Fortran model says is read, named or refused.

Each kind of file is written here whole, from its kernel's own published values, and spoilt in
every way of a list; a kind that a kernel reads and that is not here fails the law. What Fortran
makes of numbers and of groups is in `test_fortran.py`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields

import pytest
import stages
from fortran_forms import FORMS, NONE
from parameter_files import casa, corpse, mimics, phenology
from support import DATA, needs_data

import kernels
from kernels.casa.shared.lookup import NOTE
from kernels.corpse.cohort.namelist import read_namelist
from kernels.fortran import numbers as _fortran


@dataclass(frozen=True)
class Kind:
    """A kind of file.

    Attributes
    ----------
    kernel, option : str
        What reads it, and its name there.
    whole : callable
        Returns a file that is right.
    parameter : str
        One whose value the file holds alone in a cell ...
    cell : tuple of str
        ... with what stands around it, to find it; empty where a file holds no parameters.
    """

    kernel: str
    option: str
    whole: Callable[[], str]
    parameter: str = ""
    cell: tuple[str, str, str] = ("", "", "")
    words: Mapping[str, object] = field(default_factory=dict)

    def made(self, folder, text):
        (folder / "file").write_text(text)
        kernel = kernels.get(self.kernel)
        options = kernel.options(**{self.option: "file", **self.words})
        return kernel.made(options, folder)

    def default(self, folder, text):
        found = {p.name: p.default for p in self.made(folder, text).parameters}
        return found[self.parameter]

    def with_number(self, spelled):
        before, value, after = self.cell
        whole = self.whole()
        assert whole.count(before + value + after) >= 1
        return whole.replace(before + value + after, before + spelled + after)


KINDS = {
    "casa_cnp": Kind("casa_cnp", "table", casa, "tau_slow", (",", "5.0", ",222")),
    "casa_debris": Kind("casa_debris", "table", casa, "tau_cwd", (",", "0.824", ",")),
    "casa_vegetation": Kind("casa_vegetation", "table", casa),
    "casa_vegetation, phenology": Kind("casa_vegetation", "phenology_file", phenology),
    "mimics_testbed": Kind("mimics_testbed", "table", mimics, "KO_r", ("", "6.0", ",KO(1)")),
    "corpse": Kind("corpse", "namelist", corpse, "Tmic", ("Tmic = ", "0.25", "\n")),
}
WITH_NUMBERS = {name: kind for name, kind in KINDS.items() if kind.parameter}


@pytest.fixture(params=KINDS)
def kind(request):
    return KINDS[request.param]


def refused(kind, folder, text):
    """Return the faults of a file that must be refused, as text with lines."""
    with pytest.raises(kernels.Unfit) as caught:
        kind.made(folder, text)
    return [(fault.line, fault.text) for fault in caught.value.faults]


def test_every_kernel_that_reads_a_file_is_here():
    files = ("table", "namelist", "phenology_file")
    found = set()
    for name, kernel in stages.known().items():
        known = {field.name for field in fields(kernel.options)}
        found |= {(name, option) for option in files if option in known}
    assert found == {(kind.kernel, kind.option) for kind in KINDS.values()}


def test_a_whole_file_is_what_the_kernel_has_without(kind, tmp_path):
    own = kernels.get(kind.kernel)
    without = own.made(own.options(**kind.words), tmp_path)
    made = kind.made(tmp_path, kind.whole())
    assert {p.name: p.default for p in made.parameters} == pytest.approx(
        {p.name: p.default for p in without.parameters}, rel=1e-12
    )
    assert made.warnings == ()


# --- numbers ---


@pytest.mark.parametrize("name", WITH_NUMBERS)
@pytest.mark.parametrize("form", FORMS)
def test_forms_of_numbers_are_one_number(name, form, tmp_path):
    kind = WITH_NUMBERS[name]
    # Of a parameter that must stay in its bounds, a tenth is written.
    scale = 0.1 if kind.parameter in ("tau_cwd", "Tmic") else 1.0
    value = _fortran.real(form)
    spelled = form if scale == 1.0 else f"{value * scale!r}".replace("e", "D")
    assert kind.default(tmp_path, kind.with_number(spelled)) == pytest.approx(
        5.0 * scale, rel=1e-15
    )


# In a namelist nothing leaves a constant as it is, and ! begins a comment.
@pytest.mark.parametrize(
    ("name", "form"),
    [(n, f) for n in WITH_NUMBERS for f in NONE if n != "corpse" or f not in ("", "5.0!")],
)
def test_what_is_no_number_of_fortran_is_refused(name, form, tmp_path):
    kind = WITH_NUMBERS[name]
    faults = refused(kind, tmp_path, kind.with_number(form))
    assert all(line for line, _ in faults if line is not None)


@pytest.mark.parametrize("name", WITH_NUMBERS)
@pytest.mark.parametrize("value", ["-9999", "-99", "1e20", "9.96921e36"])
def test_a_value_for_missing_is_refused(name, value, tmp_path):
    kind = WITH_NUMBERS[name]
    faults = refused(kind, tmp_path, kind.with_number(value))
    assert any("needed" in text for _, text in faults)


# --- lookup tables of CASA ---

CASA = KINDS["casa_cnp"]


def swapped(text, one, other):
    """Return a text with two of its lines, found by their beginning, in each other's place."""
    lines = text.splitlines()
    a, b = (next(i for i, line in enumerate(lines) if line.startswith(x)) for x in (one, other))
    lines[a], lines[b] = lines[b], lines[a]
    return "\n".join(lines) + "\n"


class TestCasa:
    def test_what_has_no_effect_is_noted(self, tmp_path):
        assert CASA.made(tmp_path, casa()).notes == (f"file: {NOTE}",)

    def test_a_file_without_the_last_block_has_the_published_shares(self, tmp_path):
        assert CASA.made(tmp_path, casa(shares=False)).warnings == ()

    def test_columns_in_another_order_are_refused(self, tmp_path):
        text = casa().replace("metage,strage", "strage,metage")
        (first, second) = refused(CASA, tmp_path, text)
        assert first == (
            22,
            "column 12 is 'strage'; needed 'metage', as the testbed reads columns by their place",
        )
        assert second[1].startswith("column 13 is 'metage'")

    def test_blocks_in_another_order_are_refused(self, tmp_path):
        lines = casa().splitlines()
        # Blocks of 20 lines behind the 21 of the first: ages, then allocation.
        moved = [*lines[:21], *lines[41:61], *lines[21:41], *lines[61:]]
        assert any(
            "needed 'kroot'" in text for _, text in refused(CASA, tmp_path, "\n".join(moved))
        )

    def test_rows_in_another_order_are_refused(self, tmp_path):
        lines = casa().splitlines()
        lines[24], lines[25] = lines[25], lines[24]
        ((line, text),) = refused(CASA, tmp_path, "\n".join(lines))
        assert (line, "vegetation type 2" in text) == (25, True)

    def test_a_column_that_nobody_knows_is_named(self, tmp_path):
        text = casa().replace("pleaf\n", "pleaf,fireproof\n")
        (warning,) = CASA.made(tmp_path, text).warnings
        assert "'fireproof'" in warning
        assert "is not read" in warning

    def test_other_roots_than_those_of_the_drivers_are_refused(self, tmp_path):
        text = casa().replace("4,3.9,1.5,", "4,3.1,1.5,")
        ((line, said),) = refused(CASA, tmp_path, text)
        assert line == 27
        assert "found 3.1; kroot of vegetation type 4 is 3.9 here" in said

    def test_exudates_are_named_with_what_they_change(self, tmp_path):
        text = casa()
        at = text.index("fracrootexudate")
        text = text[:at] + text[at:].replace("\n4,0,0,0.0,", "\n4,0,0,0.1,")
        (warning,) = CASA.made(tmp_path, text).warnings
        assert warning.startswith("file: fracRootExudate is above 0 for vegetation types 4: ")
        assert "metabolic litter" in warning

    def test_every_bad_cell_is_told_at_once(self, tmp_path):
        text = casa().replace("\n5,2.0,1.5,", "\n5,2.0,T,").replace("\n6,2.0,0.5,", "\n6,2_0,0.5,")
        assert [line for line, _ in refused(CASA, tmp_path, text)] == [28, 29]

    def test_types_that_are_not_simulated_hold_what_they_like(self, tmp_path):
        # Class 0 of type 15: the real file has a leaf area of 0 there.
        assert CASA.made(tmp_path, casa().replace("\n15,5.5,0.5,", "\n15,4.4,0.4,")).warnings == ()

    def test_a_repeat_count_stands_for_columns(self, tmp_path):
        text = (
            casa()
            .replace("\n4,0.3,0.2,0.5,0,6", "\n4,0.3,0.2,0.5,0,2*6")
            .replace("2*6.0,6.0", "2*6.0")
        )
        assert "2*6.0" in text
        assert CASA.made(tmp_path, text).warnings == ()

    @needs_data
    @pytest.mark.parametrize(
        ("name", "types"),
        [
            ("params/pftlookup_igbp_updated4.csv", ""),
            ("params/pftlookup_igbp_updated4_AD.csv", ""),
            ("point_fernow/pftlookup_igbp_FEF_CASAcal26_xkNlitteropt.csv", "1, 2, 3, 5, 6"),
            ("point_fernow/pftlookup_igbp_FEF_MIMICScal20_newclim.csv", "1, 2, 3, 5, 6"),
        ],
    )
    def test_real_files_have_no_other_remarks(self, name, types):
        file = DATA / "testbed" / name
        kernel = kernels.get("casa_vegetation")
        found = kernel.made(kernel.options(table=file.name), file.parent)
        assert [types in warning for warning in found.warnings] == ([True] if types else [])


# --- lookup tables of MIMICS ---

MIMICS = KINDS["mimics_testbed"]


class TestMimics:
    def test_rows_may_stand_in_another_order(self, tmp_path):
        text = swapped(mimics(), "0.063,Vslope(r1)", "6.0,KO(1)")
        assert MIMICS.default(tmp_path, text) == 6.0

    def test_parts_may_not(self, tmp_path):
        text = swapped(mimics(), "Fixed", "Biome")
        assert "in this order" in refused(MIMICS, tmp_path, text)[0][1]

    def test_a_constant_that_is_not_there_is_refused(self, tmp_path):
        ((_, text),) = refused(MIMICS, tmp_path, mimics().replace("6.0,KO(1) ,text\n", ""))
        assert text == "has no value of KO_r"

    def test_one_that_nobody_knows_is_refused(self, tmp_path):
        text = mimics().replace("6.0,KO(1) ,text\n", "6.0,KO(1) ,text\n1.0,fire\n")
        assert (
            "found 'fire', which this kernel does not have" in refused(MIMICS, tmp_path, text)[0][1]
        )

    def test_one_that_is_there_twice_is_refused(self, tmp_path):
        text = mimics().replace("6.0,KO(1) ,text\n", "6.0,KO(1) ,text\n6.0,KO(1)\n")
        assert refused(MIMICS, tmp_path, text)[0][1] == "KO(1) is there twice; keep one"

    @pytest.mark.parametrize(
        "row", ["0,50", "-1,50", "19,50", "1_8,50", "18.0,50", "18,0", "18,-9999"]
    )
    def test_depth_is_of_a_type_and_above_zero(self, row, tmp_path):
        faults = refused(MIMICS, tmp_path, mimics().replace("18,100\n", f"{row}\n"))
        assert any("needed a vegetation type and a depth" in text for _, text in faults)

    def test_a_type_without_depth_and_one_with_two_are_refused(self, tmp_path):
        assert (
            "no depth of vegetation type 18"
            in refused(MIMICS, tmp_path, mimics().replace("18,100\n", ""))[0][1]
        )
        twice = refused(MIMICS, tmp_path, mimics().replace("18,100\n", "17,100\n"))
        assert twice[0][1] == "vegetation type 17 is there twice; keep one"

    def test_the_density_exponent_is_a_parameter(self, tmp_path):
        text = mimics().replace("Biome-", "2,  densDep  #an exponent\nBiome-")
        made = MIMICS.made(tmp_path, text)
        assert {p.name: p.default for p in made.parameters}["beta"] == 2.0

    def test_nitrogen_is_noted_and_desorption_by_temperature_refused(self, tmp_path):
        cold = "0.85,NUE(1),text\n-1,desorpQ10,text\n25,desorpTref,text\nBiome-"
        text = mimics().replace("Biome-", cold)
        assert MIMICS.made(tmp_path, text).notes == (
            "file: NUE(1) are of nitrogen and have no effect on carbon",
        )
        faults = refused(MIMICS, tmp_path, text.replace("-1,desorpQ10", "1.1,desorpQ10"))
        assert "desorption has no Q10 here" in faults[0][1]

    def test_a_file_without_its_moisture_function_is_named(self, tmp_path):
        text = mimics().replace("3,mimicsbiome%fWFunction (3=CORPSE),\n", "")
        (warning,) = MIMICS.made(tmp_path, text).warnings
        assert "f(W) = 1; here it is that of CORPSE" in warning

    @needs_data
    @pytest.mark.parametrize(
        ("name", "beta"),
        [
            ("params/pftlookup_LIDET-MIM-REV_CN_desorb2xKO4_micCN_FI30.csv", 1.0),
            ("point_fernow/pftlookup_MIMICS-newOpt8_2.csv", 2.0),
        ],
    )
    def test_files_with_nitrogen_are_read(self, name, beta):
        file = DATA / "testbed" / name
        kernel = kernels.get("mimics_testbed")
        made = kernel.made(kernel.options(table=file.name), file.parent)
        assert {p.name: p.default for p in made.parameters}["beta"] == beta
        assert (len(made.notes), made.warnings) == (1, ())


# --- namelists of CORPSE ---


class TestCorpse:
    def test_what_changes_nothing_is_noted_where_it_is_changed(self, tmp_path):
        kind = KINDS["corpse"]
        assert kind.made(tmp_path, corpse()).notes == ()
        text = corpse().replace("litterDensity = 22.0", "litterDensity = 50.0")
        assert kind.made(tmp_path, text).notes == (
            "file: litterDensity (line 11) changes nothing here",
        )

    def test_a_group_that_is_not_there_is_noted(self):
        found = read_namelist("&CORPSE_casa_nml litter_option=1 /\n", "x.nml")
        assert found.notes == [
            "has no group &soil_carbon_nml: its constants are the code's defaults"
        ]

    def test_groups_may_stand_in_another_order(self, tmp_path):
        soil, casa_ = corpse().split("&CORPSE_casa_nml")
        text = f"&CORPSE_casa_nml{casa_}{soil}"
        assert KINDS["corpse"].default(tmp_path, text) == 0.25


# --- phenology ---

PHENOLOGY = KINDS["casa_vegetation, phenology"]


class TestPhenology:
    @pytest.mark.parametrize(
        ("old", "new", "why"),
        [
            ("\t167\t", "\t1_67\t", "found '1_67'; needed a number"),
            ("\t167\t", "\t-9999\t", "found -9999; needed a day of the year"),
            ("\t167\t", "\t167.5\t", "found 167.5; needed a day of the year"),
            ("\t167\t", "\t", "needed 34: greenup, fall and phase"),
            ("\n80.53\t", "\n95\t", "found latitude 95"),
            ("\n80.53\t", "\n70\t", "is not south of 70"),
        ],
    )
    def test_what_is_wrong_has_its_line(self, old, new, why, tmp_path):
        faults = refused(PHENOLOGY, tmp_path, phenology().replace(old, new, 1))
        assert any(why in text for _, text in faults)
        assert {line for line, _ in faults} <= {3, 4}

    def test_rows_from_south_to_north_are_refused(self, tmp_path):
        head, kinds_, *rows = phenology().splitlines()
        faults = refused(PHENOLOGY, tmp_path, "\n".join([head, kinds_, *rows[::-1]]))
        assert all("needed north to south" in text for _, text in faults)

    def test_another_first_phase_is_refused(self, tmp_path):
        text = phenology()
        line, *_ = text.splitlines()[2:]
        other = line[: line.rindex("\t")] + "\t3"
        faults = refused(PHENOLOGY, tmp_path, text.replace(line, other))
        why = "needed 0, which follows from greenup and fall"
        assert faults == [(3, f"found phase 3 of vegetation type 18; {why}")]

    def test_numbers_may_be_real(self, tmp_path):
        assert PHENOLOGY.made(tmp_path, phenology().replace("\t167\t", "\t1.67D2\t", 1))
