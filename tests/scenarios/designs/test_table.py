import numpy as np
import pytest

GOOD = "# made by hand\n\ntau_soil, tau_veg\n30,8.5\n31,8.5\n32,9\n"


@pytest.fixture
def base(tmp_path):
    (tmp_path / "good.csv").write_text(GOOD)
    return {"base": tmp_path}


def test_rows_are_those_of_the_file(opened, base):
    design = opened("table", path="good.csv", context=base)
    rows = design.rows(0, 3)
    assert {n: v.tolist() for n, v in rows.items()} == {
        "tau_soil": [[30.0, 31.0, 32.0]],
        "tau_veg": [[8.5, 8.5, 9.0]],
    }
    assert len(design.attributes["sha256"]) == 64


def test_equal_neighbours_share(opened, base):
    design = opened("table", path="good.csv", context=base)
    first, level = design.levels({"tau_veg"}, 0, 3)
    assert first.tolist() == [0, 2]
    assert level.tolist() == [0, 0, 1]


def test_columns_and_units(opened, base):
    (base["base"] / "other.csv").write_text("run,k (months),note\n1,24,a\n2,36,b\n")
    words = {"columns": {"tau_veg": "k (months)"}, "units": {"tau_veg": "month"}}
    design = opened("table", path="other.csv", context=base, **words)
    np.testing.assert_allclose(design.rows(0, 2)["tau_veg"], [[2.0, 3.0]])


def test_parquet_equals_csv(opened, base):
    import pyarrow
    from pyarrow import parquet

    columns = {"tau_soil": [30.0, 31.0, 32.0], "tau_veg": [8.5, 8.5, 9.0]}
    parquet.write_table(pyarrow.table(columns), base["base"] / "good.parquet")
    one, other = (opened("table", path=f"good.{x}", context=base) for x in ("csv", "parquet"))
    for name, values in one.rows(0, 3).items():
        assert np.array_equal(values, other.rows(0, 3)[name])


def lines(opened, base, text, **words):
    from scenarios import ScenarioError

    (base["base"] / "bad.csv").write_text(text)
    with pytest.raises(ScenarioError) as caught:
        opened("table", path="bad.csv", context=base, **words)
    return [(p.line, p.where, p.text) for p in caught.value.problems]


def test_every_bad_cell_is_told_with_its_line(opened, base):
    text = "# head\ntau_soil,tau_veg\n30,1\n\nnan,x\n700,\n"
    assert lines(opened, base, text) == [
        (5, "column 'tau_soil'", "is missing ('nan'); needed a finite number"),
        (5, "column 'tau_veg'", "'x' is not a number; needed a finite number"),
        (6, "column 'tau_veg'", "is empty; needed a finite number"),
    ]


def test_values_out_of_bounds_are_told_with_their_line(opened, base):
    base["lower"] = {"tau_veg": [2.0]}
    text = "tau_soil,tau_veg\n30,1\n700,5\n"
    assert lines(opened, base, text) == [
        (
            3,
            "column 'tau_soil'",
            "tau_soil is 700.0 yr, above the kernel's bound, 500.0 yr; correct or remove the row",
        ),
        (
            2,
            "column 'tau_veg'",
            "tau_veg is 1.0 yr, below the bound that the forcings admit, 2.0 yr; "
            "correct or remove the row",
        ),
    ]


@pytest.mark.parametrize(
    ("text", "words", "told"),
    [
        ("", {}, "is empty"),
        ("tau_soil\n", {}, "has a header and no rows"),
        ("tau_soil,tau_soil\n1,2\n", {}, "column 'tau_soil' is there 2 times, with other"),
        ("tau_soil,q10\n1\n", {}, "has 1 cells; needed 2, as the header has"),
        ("tau_sol\n30\n", {}, "did you mean 'tau_soil'?; say which columns to read"),
        ("tau_soil\n30\n", {"columns": {"tau_soil": "tau_sol"}}, "did you mean 'tau_soil'?"),
        ("a\n30\n", {"columns": {"tau_sol": "a"}}, "no parameter 'tau_sol'; did you mean"),
        ("tau_soil\n30\n", {"units": {"tau_sol": "month"}}, "no column is read for 'tau_sol'"),
        ("tau_soil\n30\n", {"units": {"tau_soil": "kg"}}, "cannot become 'yr'"),
        ("tau_soil [kg]\n30\n", {}, "'kg' cannot become 'yr'"),
        ("tau_soil [yr]\n30\n", {"units": {"tau_soil": "month"}}, "the header says 'yr'"),
        ("tau_soil;q10\n30;2\n40;2,5\n", {}, "found ';': save the table with commas"),
    ],
)
def test_files_that_do_not_fit(opened, base, text, words, told):
    found = lines(opened, base, text, **words)
    assert len(found) == 1
    assert told in found[0][2]


def test_no_such_file(refused, base):
    (found,) = refused("table", path="none.csv", context=base)
    assert found.startswith("design.path: no such file")


def test_not_a_parquet_file(refused, base):
    (base["base"] / "x.parquet").write_text("no")
    (found,) = refused("table", path="x.parquet", context=base)
    assert "is not Parquet, or not all of it" in found


def written(opened, base, text, **words):
    (base["base"] / "x.csv").write_text(text)
    return opened("table", path="x.csv", context=base, **words)


def test_a_header_says_its_unit_and_a_column_without_a_name_is_nobodys(opened, base):
    """R writes row numbers under an empty name."""
    text = '"","tau_soil [month]",tau_veg (yr)\n"1",360,5\n"2",480,6\n'
    design = written(opened, base, text)
    found = design.rows(0, 2)
    np.testing.assert_allclose(found["tau_soil"], [[30, 40]], rtol=1e-15)
    np.testing.assert_array_equal(found["tau_veg"], [[5, 6]])
    assert design.attributes["units"] == {"tau_soil": "month", "tau_veg": "yr"}


def test_a_column_may_be_named_with_its_unit(opened, base):
    words = {"columns": {"tau_soil": "old [month]"}}
    found = written(opened, base, "old [month]\n360\n", **words).rows(0, 1)
    np.testing.assert_allclose(found["tau_soil"], [[30]], rtol=1e-15)


@pytest.mark.parametrize("cell", ["3_0", "\u0663\u0660", "1e20", "-9999", "0x1e", "3,0"])
def test_cells_that_are_no_numbers(opened, base, cell):
    ((line, where, told),) = lines(opened, base, f'tau_soil\n"{cell}"\n')
    assert (line, where) == (2, "column 'tau_soil'")
    what = "looks like a fill value" if cell in ("1e20", "-9999") else "is not a number"
    assert told == f"{cell!r} {what}; needed a finite number"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (
            '"tau_soil"\n"1",30\n"2",40\n',
            "the header has 1 name and every row 2 cells, the first '1'",
        ),
        ('"tau_soil" "tau_veg"\n"1" 30 5\n', "the header has blanks between its columns"),
    ],
)
def test_row_names_of_r_are_said_with_what_to_write(refused, base, content, said):
    (base["base"] / "x.csv").write_text(content)
    (found,) = refused("table", path="x.csv", context=base)
    assert said in found
    assert "write it with write.csv(x, FILE, row.names = FALSE)" in found


def test_a_header_of_two_words_is_one_column(opened, base):
    found = written(opened, base, "tau_soil [yr]\n30\n40\n").rows(0, 2)
    np.testing.assert_array_equal(found["tau_soil"], [[30, 40]])


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf_16_is_said_in_plain_words(refused, base, encoding):
    (base["base"] / "x.csv").write_bytes("tau_soil\n30\n".encode(encoding))
    (found,) = refused("table", path="x.csv", context=base)
    assert "is UTF-16 ('Unicode text'); needed UTF-8: save it as 'CSV UTF-8'" in found
