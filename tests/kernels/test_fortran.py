"""Numbers and namelists as Fortran reads them, tried on gfortran 12.2 by hand.

Where a ``gfortran`` is at hand, numbers are tried again.
"""

import shutil
import subprocess

import numpy as np
import pytest
from fortran_forms import FORMS, NONE

from kernels.corpse.cohort.namelist import read_namelist
from kernels.fortran import numbers as _fortran
from kernels.fortran.namelist import read_groups
from kernels.programs.parts import exchange as _exchange


@pytest.mark.parametrize(("form", "value"), [*FORMS.items(), *((f, None) for f in NONE)])
def test_numbers(form, value):
    found = _fortran.number(form)
    assert found == (None if value is None else pytest.approx(value, rel=1e-15))


@pytest.mark.parametrize(
    ("form", "value"),
    [("5.68-104", 5.68e-104), ("1.5D3", 1500.0), ("1.5d+03", 1500.0), ("1+2", 100.0)],
)
def test_an_exponent_may_lack_its_letter(form, value):
    assert _fortran.number(form) == value


def test_logicals_and_whole_numbers():
    said = (".true.", "T", ".F", "false", ".false.", ".tra.")
    assert [_fortran.logical(x) for x in said] == [True, True, False, False, False, True]
    assert [_fortran.logical(x) for x in ("1", "0", "yes", "tralala", "")] == [None] * 5
    assert [_fortran.integer(x) for x in ("2", "+2", "1.0", "1e0", "T", "1_0")] == [
        2,
        2,
        *[None] * 4,
    ]


def test_repeat_counts_are_written_out():
    assert _fortran.repeated(["3*0.5", "1", "2*"]) == ["0.5", "0.5", "0.5", "1", "", ""]
    assert _fortran.repeated(["0*5", "999999999999*1"]) == ["0*5", "999999999999*1"]


@pytest.mark.skipif(shutil.which("gfortran") is None, reason="no gfortran on this machine")
def test_numbers_are_those_of_gfortran(tmp_path):
    source = tmp_path / "forms.f90"
    source.write_text(
        "program forms\ncharacter(80) :: line\nreal(8) :: x\ninteger :: io\ndo\n"
        "read(*,'(a)',iostat=io) line\nif (io /= 0) exit\nx = 0\nread(line,*,iostat=io) x\n"
        "if (io /= 0) then\nprint '(a)', 'none'\nelse\n"
        "print '(es25.17e3)', x\nend if\nend do\nend\n"
    )
    subprocess.run(["gfortran", source, "-o", tmp_path / "forms"], check=True)
    # A blank line holds no item, and blanks part two items.
    forms = [
        f for f in (*FORMS, *NONE, "5.68-104", "1e400", "nan(7)") if f.strip() and " " not in f
    ]
    forms = [f for f in forms if f.isascii()]
    said = subprocess.run(
        [tmp_path / "forms"],
        input="\n".join(forms) + "\n",
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    theirs = [None if word == "none" else float(word) for word in said]
    ours = [_fortran.real(form) for form in forms]
    for form, our, their in zip(forms, ours, theirs, strict=True):
        assert (our is None) == (their is None), form
        assert our is None or our == pytest.approx(their, rel=1e-15, nan_ok=True), form


# --- namelists ---


def said(text, *names):
    """Return values of a namelist, and what is wrong with it."""
    found = read_namelist(text, "x.nml")
    return [found.values[name] for name in names], [(f.line, f.text) for f in found.faults]


VREF = ("vmaxref_labile", "vmaxref_recalc", "vmaxref_necro")
CODE = [4500.0, 25.0, 600.0]


class TestNamelist:
    def test_the_named_groups_alone_are_read(self):
        text = "run 7: Tmic=0.9\n&soil_carbon_nml\n kC=3*0.05\n/\n&other_nml\n Tmic=0.3\n/\n"
        assert said(text, "kC", "Tmic") == ([0.05, 0.25], [])

    def test_the_line_that_opens_a_group_is_read(self):
        text = "&soil_carbon_nml kC=3*0.05, Tmic=0.5 /\n"
        assert said(text, "kC", "Tmic") == ([0.05, 0.5], [])

    @pytest.mark.parametrize(
        ("assigned", "values"),
        [
            ("vmaxref(1:3)=100.,2.,3.", [100.0, 2.0, 3.0]),
            ("vmaxref(1)=1., vmaxref(3)=3.", [1.0, 25.0, 3.0]),
            ("vmaxref(:)=7. 8. 9.", [7.0, 8.0, 9.0]),
            ("vmaxref( 2 : )=8.,9.", [4500.0, 8.0, 9.0]),
            ("vmaxref(:2)=8.,9.", [8.0, 9.0, 600.0]),
            ("vmaxref(1:3:2)=8.,9.", [8.0, 25.0, 9.0]),
            ("vmaxref(3:1:-1)=8.,9.,10.", [10.0, 9.0, 8.0]),
            ("vmaxref=1.,,3.", [1.0, 25.0, 3.0]),
            ("vmaxref=,2.,3", [4500.0, 2.0, 3.0]),
            ("vmaxref=2*,3.", [4500.0, 25.0, 3.0]),
            ("vmaxref=1.,2*5.", [1.0, 5.0, 5.0]),
            ("VMAXREF =\n 1.,\n 2. 3.", [1.0, 2.0, 3.0]),
            ("vmaxref=1,2,3 vmaxref(2)=9", [1.0, 9.0, 3.0]),
            ("vmaxref=1.5D3,1.5d3,5.68-4", [1500.0, 1500.0, 5.68e-4]),
        ],
    )
    def test_elements(self, assigned, values):
        assert said(f"&soil_carbon_nml {assigned} /\n", *VREF) == (values, [])

    @pytest.mark.parametrize(
        ("assigned", "why"),
        [
            ("vmaxref(0)=8.", "found (0); needed elements 1 to 3"),
            ("vmaxref(4)=8.", "found (4); needed elements 1 to 3"),
            ("vmaxref(1,2)=8.", "found (1,2); needed elements 1 to 3"),
            ("vmaxref(2)=8.,9.", "found 2 numbers; needed 1"),
            ("vmaxref(2:3)=8.", "found 1 number; needed 2; write 2*8. for all"),
            ("vmaxref=1.,2.,3.,4.", "found 4 numbers; needed 3"),
            ("vmaxref=1.", "found 1 number; needed 3; write 3*1. for all"),
            ("kC=0.05", "found 1 number; needed 3; write 3*0.05 for all"),
            ("kC=T", "found 'T'; needed numbers"),
            ("kC=1_0", "found '1_0'; needed numbers"),
            ("Tmic(1)=1", "needed no parentheses"),
            ("Tmic='3'", "found \"'3'\"; needed numbers"),
            ("Tmic=1 kC", "found 'kC'; needed numbers"),
            ("microbe_driven_protection=0", "found '0'; needed .true. or .false."),
            ("litter_option=1", "is of group &CORPSE_casa_nml, and this is &soil_carbon_nml"),
            ("nope=1", "no such constant of CORPSE"),
            ("enzfrac=0.5", "not part of the kernel, needed 1"),
            ("min_anaerobic_resp_factor=0.01", "not part of the kernel, needed 0.003"),
            ("turnover_factor=1,2,1", "not part of the kernel"),
            ("CLASSIC_DECOMP=T", "found .true.; this code path is not part of the kernel"),
        ],
    )
    def test_what_is_refused_has_its_line(self, assigned, why):
        _, faults = said(f"&soil_carbon_nml\n {assigned}\n/\n")
        assert [line for line, _ in faults] == [2]
        assert why in faults[0][1]

    @pytest.mark.parametrize(
        ("text", "why"),
        [
            ("&soil_carbon_nml Tmic=3\n", "group &soil_carbon_nml has no end"),
            ("&soil_carbon_nml Tmic=3\n&other x=1 /\n", "group &soil_carbon_nml has no end"),
            ("log &soil_carbon_nml Tmic=3 /\n", "begins behind other text"),
            ("&a x=1 / &soil_carbon_nml Tmic=3 /\n", "begins behind other text"),
            ("&soil_carbon_nml Tmic=3 /\n&soil_carbon_nml Tmic=4 /\n", "is there twice"),
            ("&soil_carbon_nml 5 Tmic=3 /\n", "found '5'; needed NAME = VALUE"),
            ("Tmic=3\n", "has no group &soil_carbon_nml or &CORPSE_casa_nml"),
        ],
    )
    def test_groups_that_cannot_be_read(self, text, why):
        assert any(why in said_ for _, said_ in said(text)[1])

    @pytest.mark.parametrize(
        "text",
        [
            "! &soil_carbon_nml Tmic=9 /\n&soil_carbon_nml Tmic=3 /\n",
            "$SOIL_CARBON_NML TMIC = 3 $END\n",
            "&soil_carbon_nml\nTmic=3\n&end\n",
            "&soil_carbon_nml\nTmic=3 ! a / comment, Tmic=9\n/\n",
            "&soil_carbon_nml Tmic=3 / Tmic=9\n",
            "&soil_carbon_nml,Tmic=3/\n",
            "&soil_carbon_nml\r\n\tTmic\t=\t3\r\n/\r\n",
            "&soil_carbon_nmlx Tmic=9 /\n&soil_carbon_nml Tmic=3 /\n",
            "&other w='a / b, Tmic=9' /\n&soil_carbon_nml Tmic=3 /\n",
            "&soil_carbon_nml Tmic=9 Tmic=3 /\n",
        ],
    )
    def test_groups_that_can(self, text):
        assert said(text, "Tmic") == ([3.0], [])

    def test_words_in_quotes_hold_no_constants(self):
        text = "&a w='it''s / x=1', y=\"! no comment\" z=2 /\n"
        (one, two, three) = read_groups(text, ["a"], "f").assignments["a"]
        assert (one.values, two.values, three.values) == (
            ("'it''s / x=1'",), ('"! no comment"',), ("2",)
        )  # fmt: skip

    def test_lines_are_those_of_the_file(self):
        text = "log\n\n&soil_carbon_nml\n Tmic=3 ! c\n\n et=\n 2.0\n/\n"
        assert [line for line, _ in said(text)[1]] == [6]


@pytest.mark.parametrize(("form", "value"), [*FORMS.items(), *((f, None) for f in NONE)])
def test_outputs_of_programs_are_read_alike(tmp_path, form, value):
    """But what is not finite is a status of the member's, and no damaged file."""
    file = tmp_path / "out.csv"
    file.write_text(f'year,rh\n2001,"{form}"\n')
    years = np.array([2001])
    if value is None and _fortran.real(form) is None:
        with pytest.raises(ValueError, match=r"out.csv, column 'rh': found .*, not a number"):
            _exchange.read(file, ["rh"], years)
        return
    (found,) = _exchange.read(file, ["rh"], years)["rh"]
    assert found == pytest.approx(value, rel=1e-15) if value else not np.isfinite(found)
