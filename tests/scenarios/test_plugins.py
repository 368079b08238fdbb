"""Plug-ins of others: found by entry point, refused by name, and no danger to one another."""

import json
import subprocess
import sys

import pytest
from commandline import soilsweep
from distributions import install

from ensemble.members import statistics
from ensemble.report.figures import FIGURES
from scenarios import ScenarioError, load, plugins
from scenarios.designs import DESIGNS
from scenarios.execution import BACKENDS
from scenarios.forcing import READERS

READER = """
from typing import Literal
from scenarios.forcing import ReaderSpec
class Spec(ReaderSpec):
    '''Nothing at all.'''
    reads = ()
    reader: Literal["{name}"]
    flavour: int = 1
"""
DESIGN = """
from typing import Literal
from scenarios.designs import DesignSpec
class Spec(DesignSpec):
    '''Nothing at all.'''
    method: Literal["{name}"]
    flavour: int = 1
    def names(self): return ()
    def judge(self, context): return []
"""
BACKEND = """
from typing import Literal
from scenarios.execution import BackendSpec
class Spec(BackendSpec):
    '''Nothing at all.'''
    backend: Literal["{name}"]
    flavour: int = 1
def run(farm): pass
"""
STATISTIC = """
'''Nothing at all.'''
EXAMPLES = ("flavour",)
def match(request): return request if request == "flavour" else None
def reduction(requests, target): pass
"""
OTHER_STATISTIC = """
'''Nothing at all.'''
EXAMPLES = ("cv2",)
def reduction(requests, target): pass
"""
KINDS = {
    "reader": (READERS, READER),
    "design": (DESIGNS, DESIGN),
    "backend": (BACKENDS, BACKEND),
    "statistic": (statistics.FAMILIES, STATISTIC),
}
SECTIONS = {
    "reader": ("forcing", "reader"),
    "design": ("design", "method"),
    "backend": ("execution", "backend"),
}
every_kind = pytest.mark.parametrize("kind", KINDS)
every_section = pytest.mark.parametrize("kind", SECTIONS)


@pytest.fixture
def lab(tmp_path, monkeypatch):
    """Return ``lab(kind, distribution, {entry point: text of a module})``, which installs them."""
    folder = tmp_path / "site"
    made = []

    def install_one(kind, distribution, texts):
        group = KINDS[kind][0].group
        names = {name: f"{distribution}_{kind}_{name}" for name in texts}
        modules = {names[name]: text for name, text in texts.items()}
        install(folder, distribution, modules, {(group, n): m for n, m in names.items()})
        made.extend(modules)
        return names

    monkeypatch.syspath_prepend(folder)
    plugins._entries.cache_clear()
    yield install_one
    plugins._entries.cache_clear()
    for module in made:
        sys.modules.pop(module, None)
    for found, _ in KINDS.values():
        found._met.clear()


@every_kind
def test_an_installed_one_is_found_beside_ours(kind, lab):
    found, text = KINDS[kind]
    lab(kind, "lab", {"nothing": text.format(name="nothing")})
    assert found.names() == sorted([*found.ours(), "nothing"])
    assert found.get("nothing").__name__ == f"lab_{kind}_nothing"
    modules, refused = found.every()
    assert sorted(modules) == found.names()
    assert refused == []


@every_kind
def test_one_of_the_name_of_ours_is_not_used_and_both_owners_are_named(kind, lab):
    found, text = KINDS[kind]
    ours = found.ours()[0]
    lab(kind, "lab", {ours: text.format(name=ours)})
    assert found.names() == found.ours()
    assert found.get(ours).__name__ == f"{found.package}.{ours}"
    _, (said,) = found.every()
    assert said == (
        f"the installed {kind} {ours!r} (lab_{kind}_{ours} of lab 1.0) is not used: soilsweep has "
        "one of that name, which is used"
    )


@every_kind
def test_two_of_one_name_are_refused_and_both_owners_are_named(kind, lab):
    found, text = KINDS[kind]
    for distribution in ("lab", "field"):
        lab(kind, distribution, {"nothing": text.format(name="nothing")})
    assert "nothing" not in found.names()
    with pytest.raises(LookupError) as error:
        found.get("nothing")
    assert f"the {kind} 'nothing' is installed 2 times: " in str(error.value)
    for distribution in ("lab", "field"):
        assert f"{distribution}_{kind}_nothing of {distribution} 1.0" in str(error.value)
    assert found.every()[1] == [str(error.value)]


@every_kind
@pytest.mark.parametrize(
    ("broken", "why"),
    [
        (
            "import not_there",
            "cannot be imported: ModuleNotFoundError: No module named 'not_",
        ),
        ("raise SystemExit('no licence')", "cannot be imported: SystemExit: no licence"),
        ("raise RuntimeError", "cannot be imported: RuntimeError; correct or uninstall it"),
        ("raise RecursionError", "cannot be imported: RecursionError; correct or uninstall it"),
        (
            "class Stop(BaseException): pass\nraise Stop('of two\\nlines')",
            "cannot be imported: Stop: of two lines; correct or uninstall it",
        ),
        ("x = 1", "has no "),
        (
            "def __getattr__(name): raise ImportError('no ' + name)",
            "has no names that can be read (ImportError: no ",
        ),
    ],
)
def test_one_that_is_of_no_use_is_named_with_its_error_and_breaks_no_other(kind, broken, why, lab):
    found, text = KINDS[kind]
    lab(kind, "lab", {"nothing": text.format(name="nothing"), "broken": broken})
    modules, (said,) = found.every()
    assert sorted(modules) == sorted([*found.ours(), "nothing"])
    assert said.startswith(f"the installed {kind} 'broken' (lab_{kind}_broken of lab 1.0) {why}")
    with pytest.raises(LookupError) as error:
        found.get("broken")
    assert str(error.value) == said


def test_whoever_stops_an_import_is_the_user(lab):
    lab("reader", "lab", {"slow": "raise KeyboardInterrupt"})
    with pytest.raises(KeyboardInterrupt):
        READERS.get("slow")


@every_kind
@pytest.mark.parametrize("name", ["a b", "a/b", "x[1]", "-x"])
def test_a_name_that_no_scenario_can_say_is_none(kind, name, lab, tmp_path):
    found, text = KINDS[kind]
    module = {"lab_odd": text.format(name="odd")}
    install(tmp_path / "site", "lab", module, {(found.group, name): "lab_odd"})
    assert found.names() == found.ours()
    modules, (said,) = found.every()
    assert sorted(modules) == found.ours()
    needed = "has no name; needed one of letters, digits, '_' and '-'"
    assert said == f"the installed {kind} {name!r} (lab_odd of lab 1.0) {needed}"


def entry_points(folder, distribution, lines):
    """Write entry points of a distribution as they are."""
    (folder / f"{distribution}-1.0.dist-info" / "entry_points.txt").write_text("\n".join(lines))


@every_kind
def test_one_name_twice_in_one_distribution_is_its_own_to_correct(kind, lab, tmp_path):
    found, text = KINDS[kind]
    lab(kind, "lab", {"nothing": text.format(name="nothing")})
    lines = [f"[{found.group}]", *(f"nothing = lab_{kind}_{n}" for n in ("nothing", "other"))]
    entry_points(tmp_path / "site", "lab", lines)
    _, (said,) = found.every()
    assert f"the {kind} 'nothing' is installed 2 times: " in said
    assert said.endswith("; correct its entry points")


@every_kind
def test_one_module_twice_under_one_name_is_one(kind, lab, tmp_path):
    found, text = KINDS[kind]
    lab(kind, "lab", {"nothing": text.format(name="nothing")})
    entry_points(
        tmp_path / "site", "lab", [f"[{found.group}]", *[f"nothing = lab_{kind}_nothing"] * 2]
    )
    assert "nothing" in found.names()
    assert found.every()[1] == []


@every_kind
@pytest.mark.parametrize("finder", ["importlib.metadata", "importlib_metadata"])
def test_of_a_distribution_without_a_name_it_is_said_where_it_is(kind, finder, lab, tmp_path):
    # Whoever imports the second has it find distributions from then on.
    pytest.importorskip(finder)
    found, _ = KINDS[kind]
    lab(kind, "lab", {"broken": "import not_there"})
    (tmp_path / "site" / "lab-1.0.dist-info" / "METADATA").unlink()
    _, (said,) = found.every()
    assert said.startswith(
        f"the installed {kind} 'broken' (lab_{kind}_broken in {tmp_path / 'site'}) cannot be "
    )


@every_section
@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ('Literal["{name}"]', 'Literal["other"]', "has no '{key}: nothing' among the words of its"),
        (
            "flavour: int = 1",
            "flavour: 'NotThere' = 1",
            "has no names that can be read (PydanticUserError: ",
        ),
        (
            "flavour: int = 1",
            "model_config = dict(arbitrary_types_allowed=True)\n    flavour: memoryview = None",
            "has no names that can be read (PydanticInvalidForJsonSchema: ",
        ),
    ],
)
def test_a_model_that_cannot_be_read_into_or_told_of_is_refused(kind, old, new, why, lab):
    found, text = KINDS[kind]
    assert old in text
    lab(kind, "lab", {"nothing": text.replace(old, new).format(name="nothing")})
    with pytest.raises(LookupError) as error:
        found.get("nothing")
    called = f"the installed {kind} 'nothing' (lab_{kind}_nothing of lab 1.0) "
    assert str(error.value).startswith(called + why.format(key=SECTIONS[kind][1]))


@every_section
def test_words_that_are_no_model_of_the_kind_are_refused(kind, lab):
    found, _ = KINDS[kind]
    lab(kind, "lab", {"plain": "class Spec: pass\ndef run(farm): pass"})
    with pytest.raises(LookupError, match=f"has no Spec made of {found.spec.__name__}"):
        found.get("plain")


@every_section
def test_a_scenario_names_it_and_its_words_are_checked(kind, lab, tmp_path):
    found, text = KINDS[kind]
    section, key = SECTIONS[kind]
    lab(kind, "lab", {"nothing": text.format(name="nothing"), "broken": "import not_there"})
    scenario = load("tau-constraint", settings=[f"{section}={{{key}: nothing, flavour: 3}}"])
    chosen = getattr(scenario, section)
    chosen = chosen[0] if isinstance(chosen, list) else chosen
    assert (chosen.flavour, type(chosen)) == (3, found.get("nothing").Spec)
    dumped = scenario.model_dump(mode="json")[section]
    assert (dumped[0] if isinstance(dumped, list) else dumped)["flavour"] == 3
    for words, said in (
        ("nothing, flavor: 3", "unknown key 'flavor'; did you mean 'flavour'?"),
        ("nothing, flavour: x", "flavour: found 'x'; needed a whole number"),
        ("nothin", f"{section}: unknown {key} 'nothin'; did you mean 'nothing'?"),
        ("broken", "(lab_" + kind + "_broken of lab 1.0) cannot be imported: ModuleNotFoundError"),
    ):
        with pytest.raises(ScenarioError) as error:
            load("tau-constraint", settings=[f"{section}={{{key}: {words}}}"])
        assert said in str(error.value)


def test_a_model_of_one_section_is_none_of_another():
    scenario = load("tau-constraint")
    words = dict(scenario) | {"design": scenario.execution}
    with pytest.raises(ValueError, match="needed 'method:' and its keys"):
        type(scenario).model_validate(words)


def test_the_schema_is_printed_beside_a_broken_one_which_is_named(lab, tmp_path):
    lab("reader", "lab", {"broken": "import not_there"})
    printed = soilsweep("validate", "--schema")
    assert printed.code == 0
    assert json.loads(printed.out)["title"] == "Scenario"
    assert printed.err.startswith("the installed reader 'broken' (lab_reader_broken of lab 1.0)")


def test_the_schema_has_installed_ones(lab):
    from scenarios import json_schema

    for kind in SECTIONS:
        name = f"some_{kind}"
        lab(kind, f"lab-{kind}".replace("-", "_"), {name: KINDS[kind][1].format(name=name)})
    schema, refused = json_schema()
    assert refused == []
    text = str(schema)
    for kind in SECTIONS:
        assert f"'const': 'some_{kind}'" in text


def test_a_statistic_of_two_installed_families_is_refused(lab):
    lab("statistic", "lab", {"one": STATISTIC})
    assert statistics.canonical("flavour") == ("one", "flavour")
    plugins._entries.cache_clear()
    lab("statistic", "field", {"two": STATISTIC})
    with pytest.raises(LookupError, match=r"'flavour' is of 'one' and 'two', installed both"):
        statistics.canonical("flavour")


def test_an_unknown_word_is_told_the_words_of_every_family(lab):
    lab("statistic", "lab", {"some": STATISTIC, "other": OTHER_STATISTIC})
    assert "match" not in OTHER_STATISTIC
    for text, meant in (("flavor", "flavour"), ("cvv", "cv2"), ("cv", "cv2")):
        with pytest.raises(LookupError, match=rf"'{text}'; did you mean '{meant}'\?$"):
            statistics.canonical(text)
    with pytest.raises(LookupError) as error:
        statistics.canonical("nothing")
    listed = str(error.value).partition("; available: ")[2].split(", ")
    every = [word for family in statistics.families().values() for word in family.EXAMPLES]
    assert listed == sorted(every)
    assert {"flavour", "cv2", "mean", "S1_conf", "q05", "above_1"} < set(listed)


@pytest.mark.parametrize("text", ["q505", "above_1x", "below_00x"])
def test_another_number_is_not_what_was_meant(text):
    with pytest.raises(LookupError, match="; available: "):
        statistics.canonical(text)


def test_the_list_says_the_words_of_statistics(lab):
    lab("statistic", "lab", {"some": STATISTIC})
    listed = soilsweep("init", "--list").out
    assert "\n  some                 flavour: Nothing at all.\n" in listed
    for name, family in statistics.families().items():
        assert f"\n  {name:<20} {', '.join(family.EXAMPLES)}: " in listed


def test_the_list_has_figures_and_imports_none(lab, tmp_path, monkeypatch):
    ours = FIGURES.ours()
    texts = {f"lab_{name}": "raise SystemExit('imported')" for name in ("maps", "fine", "odd")}
    points = {"maps": "lab_maps", "fine": "lab_fine", "a b": "lab_odd"}
    install(tmp_path / "site", "lab", texts, {(FIGURES.group, n): m for n, m in points.items()})
    listed, refused = FIGURES.listed()
    assert list(listed) == [*ours, "fine"]
    assert listed["fine"] == "the installed figure 'fine' (lab_fine of lab 1.0)"
    assert all(listed[name].endswith(".") for name in ours)
    assert [line.partition(" of lab")[0] for line in refused] == [
        "the installed figure 'a b' (lab_odd",
        "the installed figure 'maps' (lab_maps",
    ]
    printed = soilsweep("init", "--list").out
    figures = printed.partition("\nfigures:\n")[2].partition("\nscenarios:\n")[0]
    assert figures.splitlines() == [
        *(f"  {name:<20} {line}" for name, line in listed.items()),
        *(f"  {line}" for line in refused),
    ]


def test_the_list_does_not_wait_for_matplotlib():
    code = (
        "import sys; from ensemble.commands.describe import print_inventory; print_inventory(); "
        "sys.exit('matplotlib' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True).returncode == 0


def test_a_family_that_cannot_be_asked_is_named_where_no_other_knows_the_word(lab):
    lab("statistic", "lab", {"broken": "import not_there"})
    assert statistics.canonical("mean") == ("moments", "mean")
    with pytest.raises(LookupError, match=r"unknown statistic 'flavour'.*'broken' \(lab_"):
        statistics.canonical("flavour")


def test_a_family_that_fails_when_it_is_asked_stops_no_other(lab):
    fails = "def match(request): raise ValueError('of a match')"
    plain = 'def match(request): return request if request == "flavour" else None'
    assert plain in STATISTIC
    lab("statistic", "lab", {"fails": STATISTIC.replace(plain, fails), "other": OTHER_STATISTIC})
    assert statistics.canonical("cv2") == ("other", "cv2")
    said = r"the statistic 'fails' cannot be asked for 'flavour' \(ValueError: of a match\)"
    with pytest.raises(LookupError, match=rf"unknown statistic 'flavour'.*{said}"):
        statistics.canonical("flavour")


@pytest.mark.parametrize("words", ["'flavour'", "()", "(1,)", "None"])
def test_words_of_a_family_are_a_tuple_of_texts(words, lab):
    lab("statistic", "lab", {"wrong": OTHER_STATISTIC.replace('("cv2",)', words)})
    with pytest.raises(LookupError, match=r"'wrong' .* has no EXAMPLES that are a tuple of words"):
        statistics.FAMILIES.get("wrong")


def test_what_is_installed_is_not_looked_at_for_names_of_ours(monkeypatch):
    def looked(group):
        raise AssertionError(f"{group} was looked up")

    plugins._entries.cache_clear()
    monkeypatch.setattr(plugins, "installed", looked)
    load("tau-constraint", settings=["execution={backend: dask, workers: 2}"])
    assert statistics.canonical("q95") == ("histogram", "q95")
