"""Loading: YAML 1.2, lines, anchors, overrides, nearest names, problems that pickle."""

import pickle
import re
import textwrap
from dataclasses import replace

import pytest
from support import SMALL

import scenarios
from scenarios import Problem, Scenario, ScenarioError, near, nearest
from scenarios.problems import shown
from scenarios.reading.document import override, parse
from scenarios.reading.load import _tidy, build
from scenarios.reading.nodes import spelled

GOOD = SMALL.lstrip("\n")


def document(text):
    return parse(textwrap.dedent(text).lstrip("\n"), "s.yaml")


def data(text):
    found = document(text)
    assert not found.problems
    return found.data


def load(tmp_path, text=GOOD, *settings):
    (tmp_path / "s.yaml").write_text(text)
    return scenarios.load(tmp_path / "s.yaml", settings=settings)


def problems(tmp_path, text, *settings):
    with pytest.raises(ScenarioError) as caught:
        load(tmp_path, text, *settings)
    return caught.value.problems


# YAML 1.2, not 1.1


def test_words_that_yaml_1_1_makes_booleans_are_words():
    found = data("[no, NO, off, on, yes, y, n, true, False]".join(["a: ", "\n"]))
    assert found == {"a": ["no", "NO", "off", "on", "yes", "y", "n", True, False]}


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("1e3", 1000.0),
        ("1.0e+3", 1000.0),
        ("1_000", 1000),
        ("+5", 5),
        ("0o17", 15),
        ("0x1F", 31),
        ("-0", 0),
        (".5", 0.5),
        ("12:30", "12:30"),
        ("2018-01-01", "2018-01-01"),
        ("'7'", "7"),
        ("!!str 7", "7"),
        ("!!float 7", 7.0),
        ("~", None),
        ("", None),
        ("null", None),
        ("=", "="),
    ],
)
def test_plain_words(written, read):
    found = data(f"a: {written}\n")["a"]
    assert found == read
    assert type(found) is type(read)


@pytest.mark.parametrize("written", ["010", "-08", "00", "0_7"])
def test_a_leading_zero_is_not_guessed_at(written):
    (problem,) = document(f"a: {written}").problems
    assert problem.text.startswith(f"found {written}, which some programs read as octal")


@pytest.mark.parametrize("written", [".nan", ".NaN", ".inf", "-.INF", "1e999", "-1e999"])
def test_numbers_must_be_finite(written):
    (problem,) = document(f"b: 1\na: [{written}]").problems
    assert (problem.where, problem.line) == ("a[0]", 2)
    assert problem.text.startswith(f"found {written}; needed a finite number")


@pytest.mark.parametrize("written", ["!!int x", "!!float x", "!!bool maybe", f"1{'0' * 5000}"])
def test_what_is_no_number_says_so(written):
    (problem,) = document(f"a: {written}").problems
    assert problem.text.startswith("found '")


def test_keys_are_words_as_they_are_written():
    assert list(data("2018: a\ntrue: b\nno: c\n1.0: d\n010: e")) == [
        "2018",
        "true",
        "no",
        "1.0",
        "010",
    ]


def test_a_whole_number_may_be_written_with_an_exponent(tmp_path):
    loaded = load(tmp_path, GOOD, "design.cross.0.n=1e3", "seed=1e2")
    assert loaded.design.cross[0].n == 1000
    assert loaded.seed == 100
    assert isinstance(loaded.seed, int)


def test_a_byte_order_mark_and_windows_lines_are_read(tmp_path):
    content = b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode()
    (tmp_path / "s.yaml").write_bytes(content)
    assert scenarios.load(tmp_path / "s.yaml").name == "small"
    (tmp_path / "s.yaml").write_bytes(content.replace(b"seed: 7", b"seed: x"))
    with pytest.raises(ScenarioError, match=r"s\.yaml:10: seed: found 'x'"):
        scenarios.load(tmp_path / "s.yaml")


# lines


def test_every_node_has_its_line():
    found = document(
        """
        a: 1
        # a comment
        b:
          - x: 1
            y: [1,
              2]
          - z
        """
    )
    lines = {spelled(path): line for path, line in found.lines.items()}
    assert list(lines) == ["a", "b", "b[0]", "b[1]", "b[0].x", "b[0].y", "b[0].y[0]", "b[0].y[1]"]
    assert list(lines.values()) == [1, 3, 4, 7, 4, 5, 5, 6]


def test_a_problem_without_a_line_of_its_own_has_the_nearest_one():
    found = document("a:\n  b: [1]\n")
    assert found.problem("text", ("a", "b", 5, "c")).line == 2
    assert found.problem("text", ("a", "z")).line == 1
    assert found.problem("text", ("z",)).line is None


@pytest.mark.parametrize(
    ("where", "line"),
    [
        ("members.JULES-ES-1.0", 2),
        ("members.JULES-ES-1.0.units", 3),
        ("members.JULES-ES-1.0.units[1]", 4),
        ("members.JULES-ES-1", 1),
        ("members.VISIT.start", 5),
        ("elsewhere", None),
    ],
)
def test_places_are_found_although_keys_hold_dots(where, line):
    found = document(
        """
        members:
          JULES-ES-1.0:
            units: [a,
              b]
          VISIT: {start: 1}
        """
    )
    assert found.locate(Problem("text", where)).line == line


def test_problems_of_other_files_keep_their_place():
    problem = Problem("text", "a", "t.csv", 7)
    assert document("a: 1").locate(problem) == problem


# anchors and merge keys


def test_anchors_and_merge_keys():
    found = document(
        """
        base: &base {n: 1, m: 2}
        other: &other {n: 9, k: 3}
        one: {<<: *base, m: 5}
        two: {m: 5, <<: [*base, *other]}
        copy: *base
        """
    )
    assert not found.problems
    assert found.data["one"] == {"n": 1, "m": 5}
    assert list(found.data["one"]) == ["n", "m"]
    assert found.data["two"] == {"n": 1, "k": 3, "m": 5}
    assert found.data["copy"] == {"n": 1, "m": 2}
    # A merged key stands where it is written; one that replaces it, where that is.
    assert found.lines["one", "n"] == 1
    assert found.lines["one", "m"] == 3
    assert found.lines["two", "k"] == 2
    assert found.lines["copy",] == 5


def test_an_anchor_may_be_used_again():
    assert data("a: &x 1\nb: &x 2\nc: *x\n") == {"a": 1, "b": 2, "c": 2}


def test_merging_what_merges():
    assert data("a: &a {x: 1}\nb: &b {<<: *a, y: 2}\nc: {<<: *b, z: 3}\n")["c"] == {
        "x": 1, "y": 2, "z": 3
    }  # fmt: skip


def test_merged_keys_are_checked_at_the_line_where_they_are_written(tmp_path):
    text = GOOD.replace("{method: monte_carlo, n: 8,", "{<<: &draws {method: monte_carlo, n: 0},")
    text = text.replace("{method: monte_carlo, n: 25,", "{<<: *draws,")
    found = problems(tmp_path, text)
    assert [(p.line, p.where) for p in found] == [
        (8, "design.cross[0].n"),
        (8, "design.cross[1].n"),
    ]


@pytest.mark.parametrize(
    "text", ["a: &a [*a]", "a: &a {b: *a}", "a: &a\n  <<: *a\n", "a: &a {b: {<<: *a}}"]
)
def test_what_holds_itself_is_refused(text):
    assert "what it stands in" in document(text).problems[0].text


def test_a_key_twice_is_named_with_both_lines():
    (problem,) = document("a: 1\nb:\n  c: 1\n  d: 2\n  c: 3\n").problems
    assert problem == Problem("stands twice, first in line 3; keep one", "b.c", line=5)


# overrides


@pytest.mark.parametrize(
    ("setting", "changed"),
    [
        ("a.b=5", {"a": {"b": 5}, "k": [{"n": 1}, {"n": 2}], "kernel": "two_box"}),
        ("a.c.d=x", {"a": {"b": 1, "c": {"d": "x"}}}),
        ("k.1.n=7", {"k": [{"n": 1}, {"n": 7}]}),
        ("k[1].n=7", {"k": [{"n": 1}, {"n": 7}]}),
        ("k=[1, 2]", {"k": [1, 2]}),
        ("a=", {"a": None}),
        ("t=a=b", {"t": "a=b"}),
        ("a.b={c: [1e3, no]}", {"a": {"b": {"c": [1000.0, "no"]}}}),
        ("kernel.scheme=explicit", {"kernel": {"name": "two_box", "scheme": "explicit"}}),
        ("kernel=other", {"kernel": "other"}),
    ],
)
def test_settings(setting, changed):
    found = document("a: {b: 1}\nk: [{n: 1}, {n: 2}]\nkernel: two_box\n")
    assert override(found, [setting]).data == {**found.data, **changed}


def test_a_setting_reaches_keys_with_dots():
    found = document("members: {JULES-1.0: {start: 1}}")
    assert override(found, ["members.JULES-1.0.start=2"]).data == {
        "members": {"JULES-1.0": {"start": 2}}
    }


def test_settings_leave_the_document_as_it_was():
    found = document("a: {b: 1}\n")
    override(found, ["a.b=2"])
    assert found.data == {"a": {"b": 1}}


def test_a_problem_of_a_setting_names_the_setting_and_not_a_line(tmp_path):
    (problem,) = problems(tmp_path, GOOD, "seed=x")
    assert problem == Problem("found 'x'; needed a whole number", "seed", "--set seed=x")


def test_a_setting_may_mend_what_the_file_has_wrong(tmp_path):
    text = GOOD.replace("seed: 7", "seed: .nan")
    assert load(tmp_path, text, "seed=3").seed == 3


def test_all_wrong_settings_are_told(tmp_path):
    found = problems(tmp_path, GOOD, "seed", "seed.a=1", "design.cross.9.n=1")
    assert [p.file for p in found] == ["--set", "--set seed.a=1", "--set design.cross.9.n=1"]


# names


def test_the_nearest_name_or_a_list():
    assert nearest("sede", ["seed", "store"]) == "; did you mean 'seed'?"
    assert nearest("x", ["seed", "store"]) == "; available: seed, store"
    assert nearest("x", []) == ""
    said = nearest("zz", [f"m{k}" for k in range(100)])
    assert said.endswith(", m3 and 76 more (SOILSWEEP_ALL=1 lists them)")


FAMILIES = ("normal", "lognormal", "uniform", "loguniform", "triangular", "integers")
MEANT = {
    "normla": "normal", "Normal": "normal", "gaussian": "normal", "norm": "normal",
    "lognorm": "lognormal", "lnormal": "lognormal", "log_normal": "lognormal",
    "logunif": "loguniform", "log-uniform": "loguniform", "log10uniform": "loguniform",
    "reciprocal": "loguniform", "unif": "uniform", "uniforn": "uniform", "triangle": "triangular",
    "randint": "integers", "integer": "integers",
}  # fmt: skip
OTHERS = (
    "halfnormal", "truncnorm", "truncnormal", "invnormal", "skewnormal", "logtriangular",
    "betauniform", "exponential", "cauchy", "weibull", "gamma", "poisson",
)  # fmt: skip


@pytest.mark.parametrize("written", [*FAMILIES, *MEANT, *OTHERS])
def test_no_hint_for_a_family_is_one_of_another_meaning(written):
    """Whatever families there are: each one's name left out, the others are not offered for it."""
    known = [family for family in FAMILIES if family != written]
    assert near(written, known) == MEANT.get(written, "")


def test_a_hint_for_a_family_stands_in_the_message(tmp_path):
    for written, right in MEANT.items():
        words = f"design.cross.1.parameters.tau_soil_obs={{{written}: [1, 2]}}"
        (found,) = problems(tmp_path, GOOD, words)
        assert found.text == f"unknown key {written!r}; did you mean {right!r}?"
    for written in OTHERS:
        words = f"design.cross.1.parameters.tau_soil_obs={{{written}: [1, 2]}}"
        (found,) = problems(tmp_path, GOOD, words)
        assert found.text.startswith(f"unknown key {written!r}; available: integers, lognormal,")


@pytest.mark.parametrize(
    ("name", "names", "right"),
    [
        ("ak", ["aK", "aV"], "aK"),
        ("soi1", ["soil", "sail"], "soil"),
        ("zonal_mean", ["mean", "std"], ""),
        ("eman", ["mean", "std"], "mean"),
        ("tau_soil", ["tau_soil_obs", "tau_veg_obs"], "tau_soil_obs"),
        ("", ["mean"], ""),
    ],
)
def test_a_hint_is_a_slip_of_the_keys_and_no_other_word(name, names, right):
    assert near(name, names) == right


def test_a_misspelt_key_is_not_missing_as_well(tmp_path):
    for text, said in (
        (GOOD.replace("design:", "desing:"), "desing: unknown key 'desing'; did you mean 'design'"),
        (GOOD.replace("seed:", "sede:"), "sede: unknown key 'sede'; did you mean 'seed'?"),
        (GOOD.replace("responses:", "response:"), "response: unknown key 'response'; did you"),
        (GOOD.replace("{method: monte_carlo, n: 8", "{method: monte_carlo, N: 8"), "unknown key"),
    ):
        (found,) = problems(tmp_path, text)
        assert said in f"{found.where}: {found.text}"


def test_names_of_a_section_that_cannot_be_read_are_not_missed(tmp_path):
    (found,) = problems(tmp_path, GOOD, "responses=[d_soil]")
    assert found.text.startswith("found ['d_soil']; needed")


def test_values_are_shown_as_a_scenario_spells_them():
    assert shown(None) == "nothing"
    assert shown(True) == "true"
    assert shown({"a": [1, None, "x"]}) == "{a: [1, nothing, 'x']}"
    assert len(shown("x" * 1000)) == 60
    assert len(shown([1] * 10**6)) == 60


@pytest.mark.parametrize(
    ("path", "typo", "right"),
    [
        ("histograms={bin: 3}", "bin", "bins"),
        ("locations={table: a, kee: b}", "kee", "key"),
        (
            "reference={citation: a, label: b, responses: {d_soil: {constraind: 1}}}",
            "constraind",
            "constrained",
        ),
        ("responses.d_soil.chang=[1901, 2018]", "chang", "change"),
        ("outputs.c_veg.lst=year", "lst", "last"),
        ("design.cross.1.parameter=all", "parameter", "parameters"),
        ("design.cross.1.parameters.tau_soil_obs.lowr=3", "lowr", "lower"),
        ("design={method: morris, trajectory: 3, parameters: all}", "trajectory", "trajectories"),
        ("forcing={reader: annual_table, pth: a.csv}", "pth", "path"),
        ("forcing=[{reader: synthetic_models, steady: true}]", "steady", "steady_year"),
        (
            "forcing={reader: global_means, path: a, pattern: '{model}{variable}', "
            "members: {A: {strt: 3}}}",
            "strt",
            "start",
        ),
        ("execution={backend: local, worker: 3}", "worker", "workers"),
    ],
)
def test_an_unknown_key_has_the_nearest_right_name_at_any_depth(tmp_path, path, typo, right):
    texts = [p.text for p in problems(tmp_path, GOOD, path)]
    assert f"unknown key {typo!r}; did you mean {right!r}?" in texts


def test_a_design_inside_designs_is_told_apart_by_its_own_method(tmp_path):
    inner = "{method: monte_carlo, n: 2, trajectories: 3, parameters: all}"
    (problem,) = problems(tmp_path, GOOD, f"design.cross.0={{cross: [{inner}, {inner}]}}")[:1]
    assert problem.where == "design.cross[0].cross[0].trajectories"
    assert problem.text.endswith("available: method, n, parameters, rank_correlation")


def test_sound_parts_are_checked_beside_broken_ones(tmp_path):
    found = problems(
        tmp_path,
        GOOD,
        "design.cross.0.n=0",
        "design.cross.1.parameters={tau_sol_obs: {normal: [1, 2]}}",
    )
    assert {p.where for p in found} == {
        "design.cross[0].n",
        "design.cross[1].parameters.tau_sol_obs",
    }


def test_a_broken_response_is_not_said_to_be_missing(tmp_path):
    found = problems(tmp_path, GOOD, "responses.d_total.change=1901")
    assert [p.where for p in found] == ["responses.d_total.change"]


def test_one_sentence_for_a_union_that_fails(tmp_path):
    (problem,) = problems(tmp_path, GOOD, "forcing={reader: annual_table, path: a.csv, members: 3}")
    assert problem.text == "found 3; needed 'all', or a list, such as [a, b]"
    (problem,) = problems(
        tmp_path, GOOD, "forcing={reader: annual_table, path: a.csv, members: [A, 3]}"
    )
    assert (problem.where, problem.text) == (
        "forcing.members[1]",
        "found 3; needed text: put it in quotes",
    )


JARGON = re.compile(
    r"pydantic|[Ii]nput should|valid (?:string|dictionary|list|integer|number|tuple)|instance of|"
    r"(?<!forest_)validation|NoneType|unable to|function-|TaggedScalar|Commented|object at 0x"
)
ODD = [None, True, 3.5, -1, "x", "", [], {}, [1], {"a": 1}, [[None]], {"a": {"b": [2]}}]


def places(node, path=()):
    """Yield the path of every node below the root."""
    pairs = {dict: lambda: node.items(), list: lambda: enumerate(node)}.get(type(node), tuple)()
    for key, value in pairs:
        yield (*path, key)
        yield from places(value, (*path, key))


def replaced(node, path, value):
    if not path:
        return value
    copy = dict(node) if isinstance(node, dict) else list(node)
    copy[path[0]] = replaced(node[path[0]], path[1:], value)
    return copy


def found_in(changed, base):
    try:
        build(changed, text="", source="s.yaml", base=base)
    except ScenarioError as error:
        return error.problems
    return ()


@pytest.mark.slow
def test_no_value_anywhere_gives_a_traceback_or_jargon(tmp_path):
    good = document(GOOD)
    told = [
        problem
        for path in places(good.data)
        for odd in ODD
        for problem in found_in(replace(good, data=replaced(good.data, path, odd)), tmp_path)
    ]
    assert len(told) > 400
    assert not [p for p in told if not p.text or not p.line]
    assert not [p.text for p in told if JARGON.search(p.text)]


# what comes out


def test_short_forms_stand_for_the_long_ones(tmp_path):
    loaded = load(tmp_path, GOOD, "outputs={c_veg: all, c_soil: last}")
    assert loaded.kernel.name == "two_box"
    assert loaded.kernel.options == {}
    assert loaded.outputs["c_veg"].all == "step"
    assert loaded.outputs["c_soil"].last == "step"
    assert len(loaded.forcing) == 1


def test_a_scenario_knows_where_it_came_from(tmp_path):
    loaded = load(tmp_path)
    assert loaded.text == GOOD
    assert loaded.base == tmp_path
    assert loaded.source == str(tmp_path / "s.yaml")
    assert "text" not in Scenario.model_fields


def test_a_dumped_scenario_is_one_again(tmp_path):
    loaded = load(tmp_path)
    dumped = loaded.model_dump(mode="json", exclude={"text", "source", "base"})
    assert Scenario.model_validate(dumped).model_dump(mode="json") == dumped


@pytest.mark.parametrize("name", scenarios.library())
def test_shipped_scenarios_load_by_name(name):
    assert scenarios.load(name).name == name


def test_a_template_keeps_its_comments_and_gets_its_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for template in scenarios.library():
        file = scenarios.write_template(f"my-{template}", template)
        loaded = scenarios.load(file)
        assert loaded.name == f"my-{template}"
        assert loaded.store_path() == f"runs/my-{template}.zarr"
        assert "#" in loaded.text


def test_problems_travel_between_processes():
    error = ScenarioError([Problem("text", "a.b", line=3), Problem("other")], "s.yaml")
    again = pickle.loads(pickle.dumps(error))
    assert again.problems == error.problems
    assert str(again) == str(error) == "s.yaml:3: a.b: text\ns.yaml: other"


def test_each_problem_once_and_by_line():
    found = _tidy(
        [
            Problem("found 3; needed b", "x.y", line=9),
            Problem("unknown key", "z"),
            Problem("found .nan; needed a finite number", "a.b[1]", line=2),
            Problem("found nan; needed a number", "a.b", line=2),
            Problem("is missing", "a.c", line=2),
            Problem("found 3; needed b", "x.y", line=9),
        ]
    )
    assert [(p.where, p.line) for p in found] == [
        ("a.b[1]", 2),
        ("a.c", 2),
        ("x.y", 9),
        ("z", None),
    ]


def test_a_loaded_scenario_can_be_pickled(tmp_path):
    loaded = load(tmp_path)
    assert pickle.loads(pickle.dumps(loaded)) == loaded


def test_a_long_setting_is_named_by_its_beginning(tmp_path):
    (found,) = problems(tmp_path, GOOD, "design.n=" + "[" * 50_000)
    assert len(found.file) < 120
    assert found.file.startswith("--set design.n=[[[")
