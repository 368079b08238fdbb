"""A figure is a file: found, in its place on the page, and no danger to the page."""

import ast
import re
import sys
from collections import defaultdict
from pathlib import Path
from types import SimpleNamespace

import pytest
from covered import covered
from frozen import FOLDER as STORES
from frozen import unpack
from pages import Page

from ensemble.calibration.stored import WORK as CALIBRATIONS
from ensemble.members.stored import WORK as ENSEMBLES
from ensemble.report import Picture, Run, figures, write_report
from ensemble.report.calibrated import Calibrated
from ensemble.report.figures.parts import style
from ensemble.report.figures.parts.style import look
from ensemble.report.texts import TEXTS
from ensemble.store.reading import read
from kernels import module_names

FOLDER = Path(figures.__file__).parent
OURS = sorted(path.stem for path in FOLDER.glob("*.py") if path.stem != "__init__")
COVERED = covered(figures.FIGURES)


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """Return a small store of before, unfinished: its page has a figure of what was drawn."""
    return unpack("killed", tmp_path_factory.mktemp("killed"))


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Return a finished store: its page has several figures."""
    return unpack("two-box", tmp_path_factory.mktemp("two-box"))


def page_of(store, tmp_path):
    return write_report(store, tmp_path / "page.html").read_text(encoding="utf-8")


def captions(page):
    return page.split("<figcaption>")[1:]


# --- laws ---


def test_every_file_of_the_folder_is_a_figure_and_nothing_else_is():
    assert len(OURS) >= 15
    assert module_names(figures.__path__) == OURS
    assert set(OURS) <= set(figures.names())
    assert [figure.name for figure in figures.every()[0] if figure.name in OURS] == OURS


@pytest.mark.parametrize("name", COVERED)
def test_a_figure_says_what_it_shows_and_where_it_stands(name):
    module = figures.FIGURES.get(name)
    first = (module.__doc__ or "").splitlines()[0]
    assert first.endswith("."), first
    assert len(first.split()) >= 3
    figure = figures.figure_of(name, module)
    assert figure.section in figures.SECTIONS
    assert figure.draw.__module__ == module.__name__


KINDS = sorted(file.name.partition(".")[0] for file in STORES.glob("*.tar.xz"))
RUNS = {ENSEMBLES: Run, CALIBRATIONS: Calibrated}


@pytest.fixture(scope="module", params=KINDS)
def run_of_a_kind(request, tmp_path_factory):
    """Return a run of every kind that stands frozen: finished, killed, of profiles, failing."""
    store = read(unpack(request.param, tmp_path_factory.mktemp(request.param)))
    return store.work, RUNS[store.work](store)


@pytest.mark.parametrize("name", COVERED)
def test_a_figure_is_drawn_of_every_kind_of_store(name, run_of_a_kind):
    """Nothing is spared here: what it yields are pictures with captions, or sentences."""
    work, run = run_of_a_kind
    if work not in figures.figure_of(name, figures.FIGURES.get(name)).works:
        pytest.skip("is of another work")
    with look():
        for one in figures.FIGURES.get(name).draw(run):
            assert str(one.caption if isinstance(one, Picture) else one).strip().endswith(".")
            if isinstance(one, Picture):
                table = one.numbers
                assert len(table), "its numbers are nobody's to take"
                assert table[["panel", "mark"]].notna().all(axis=None)
                assert not run.synthetic or b"SYNTHETIC" in one.svg
                assert not run.synthetic or table["data"].str.contains("SYNTHETIC").all()


def test_no_two_parts_of_a_section_have_one_place():
    places = defaultdict(list)
    for figure in figures.every()[0]:
        if figure.name in COVERED:
            places[figure.section, figure.order].append(figure.name)
    for text in TEXTS:
        assert text.section in figures.SECTIONS
        places[text.section, text.order].append(text.make.__name__)
    assert [names for names in places.values() if len(names) > 1] == []
    assert {section for section, _ in places} == figures.SECTIONS.keys()


def test_no_module_names_a_figure():
    rest = [p for p in FOLDER.parent.rglob("*.py") if p.parent != FOLDER]
    assert FOLDER.parent / "page.py" in rest
    for path in [*rest, *FOLDER.glob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.ImportFrom | ast.Import):
                continue
            home = getattr(node, "module", "") or ""
            named = {f"{home}.{alias.name}".strip(".") for alias in node.names} | {home}
            wrong = named & {f"ensemble.report.figures.{name}" for name in OURS}
            assert not wrong, f"{path.name} imports {sorted(wrong)}"


def test_a_caption_stands_in_the_file_of_its_figure():
    rest = {p for p in FOLDER.parent.rglob("*.py") if p.parent != FOLDER}
    calls = {
        path
        for path in [*rest, *FOLDER.glob("*.py")]
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "finish"
    }
    assert calls == {FOLDER / f"{name}.py" for name in OURS}


# --- a new file ---

NEW = '''"""A line for the test."""

from ensemble.report import Picture, Run, figure, finish

SECTION, ORDER = "design", {order}


def draw(run: Run):
    """Yield a line through the numbers of blocks."""
    drawn = figure(2.0, run.synthetic)
    drawn.subplots().plot([0, len(run.results.committed)])
    yield finish(drawn, "{caption}")
    {then}
'''


@pytest.fixture
def drop(tmp_path, monkeypatch):
    """Return a function that puts a file into the folder of figures, for this test."""
    folder = tmp_path / "more"
    folder.mkdir()
    monkeypatch.setattr(figures, "__path__", [*figures.__path__, str(folder)])
    dropped = []

    def put(name, order=30, caption="A new figure.", then=""):
        (folder / f"{name}.py").write_text(NEW.format(order=order, caption=caption, then=then))
        dropped.append(name)

    yield put
    for name in dropped:
        sys.modules.pop(f"{figures.__name__}.{name}", None)
        vars(figures).pop(name, None)


NEW_ONES = ("Comes earlier.", "Comes later.")


def test_a_new_file_is_on_the_page_at_its_place(store, drop, tmp_path):
    before = page_of(store, tmp_path)
    drop("later", order=30, caption=NEW_ONES[1])
    drop("earlier", order=5.5, caption=NEW_ONES[0])
    after = page_of(store, tmp_path)
    starts = [text.partition("<")[0] for text in captions(after)]
    assert [text for text in starts if text not in NEW_ONES] == [
        text.partition("<")[0] for text in captions(before)
    ]
    drawn = "Values drawn for the members"
    design = after.partition('id="design"')[2].partition("</section>")[0]
    there = [text.partition("<")[0] for text in captions(design)]
    shown = [text for text in there if text in NEW_ONES or text.startswith(drawn)]
    assert [shown[0], shown[1][: len(drawn)], shown[2]] == [NEW_ONES[0], drawn, NEW_ONES[1]]
    # All else is as it was, and it is labelled as the others are.
    left = after
    for text in NEW_ONES:
        end = left.index(f"<figcaption>{text}")
        start = left.rindex("<figure>", 0, end)
        left = left[:start] + left[left.index("</figure>\n", end) + len("</figure>\n") :]
    assert left == before
    pictures = Page(after).pictures
    assert all("SYNTHETIC DATA" in drawn for drawn in pictures)


def test_a_file_that_begins_with_an_underscore_is_no_figure(store, drop, tmp_path):
    drop("_helper")
    assert "A new figure." not in page_of(store, tmp_path)


# --- failing ---


FAULTS = {
    "ValueError('values are <torn>')": "values are <torn>",
    "OSError(5, 'torn')": "[Errno 5] torn",
    "KeyError('c_soil')": "KeyError: 'c_soil'",
    "TypeError('a fault')": "TypeError: a fault",
    "ValueError": "ValueError",
    "AssertionError": "AssertionError",
}


def test_figures_that_fail_cost_themselves_alone_and_are_named(whole, drop, tmp_path, capsys):
    before = Page(page_of(whole, tmp_path))
    capsys.readouterr()
    for number, error in enumerate(FAULTS):
        drop(f"torn_{number}", order=15 + number / 10, then=f"raise {error}")
    after = Page(page_of(whole, tmp_path))
    lines = [
        f"The figure 'torn_{number}' could not be drawn: {why}"
        for number, why in enumerate(FAULTS.values())
    ]
    assert [line for line in lines if line not in after.said] == []
    assert capsys.readouterr().err == "".join(f"warning: {line}\n" for line in lines)
    # Each yields a picture before it fails.
    assert len(after.pictures) == len(before.pictures) + len(FAULTS)
    assert set(before.tags) == set(after.tags)


def test_a_file_that_is_no_figure_is_named_on_the_page(store, drop, tmp_path):
    drop("wrong", order="'first'")
    page = Page(page_of(store, tmp_path))
    said = "The figure 'wrong' is not used: ORDER is 'first' and has to be a number."
    assert said in page.said.partition("members of")[0]
    assert "A new figure." not in page.said


@pytest.mark.parametrize("of", ["soil", 3, ("ensemble.members", "soil"), ()])
def test_a_figure_of_a_work_that_has_no_page_is_refused(of):
    module = SimpleNamespace(SECTION="results", ORDER=1, draw=list, OF=of)
    with pytest.raises(LookupError, match=f"OF is {re.escape(repr(of))} and has to be one"):
        figures.figure_of("wrong", module)


def test_a_file_that_cannot_be_imported_costs_itself_alone(store, drop, tmp_path):
    before = Page(page_of(store, tmp_path))
    drop("broken", order="not_there")
    page = Page(page_of(store, tmp_path))
    said = "The figure 'broken' cannot be imported: NameError: name 'not_there' is not defined."
    assert said in page.said.partition("members of")[0]
    assert len(page.pictures) == len(before.pictures)


def test_a_figure_of_damaged_values_leaves_the_others(tmp_path):
    path = unpack("two-box", tmp_path)
    whole = len(Page(page_of(path, tmp_path)).pictures)
    (chunk,) = (path / "tau_soil_obs").glob("c.0*")
    chunk.write_bytes(chunk.read_bytes()[:10])
    page = Page(page_of(path, tmp_path))
    assert "Some committed values cannot be read" in page.said
    assert "tau_soil_obs" in page.said.partition("cannot be read")[2][:200]
    assert len(page.pictures) >= whole - 1


def test_a_kernel_that_is_not_imported_is_no_damage(tmp_path):
    path = unpack("failed", tmp_path / "failed")
    page = page_of(path, tmp_path)
    assert "No analysis: a store holds scenario, drivers and files" in page
    assert "Some committed values cannot be read" not in page
    assert str(path) not in page


# --- figures that others install ---


def install(folder, monkeypatch, points):
    """Put a distribution on the path that has these entry points; as pip leaves it."""
    about = folder / "lab_figures-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: lab-figures\nVersion: 1.0\n")
    lines = [f"{name} = {module}" for name, module in points.items()]
    (about / "entry_points.txt").write_text("\n".join([f"[{figures.FIGURES.group}]", *lines]))
    monkeypatch.syspath_prepend(folder)


@pytest.fixture
def lab(tmp_path, monkeypatch):
    """Install figures of somebody's: one that draws, and one for every way to fail."""
    folder = tmp_path / "site"
    folder.mkdir()
    texts = {
        "lab_good": NEW.format(order=30, caption="Of the laboratory.", then=""),
        "lab_fails": NEW.format(order=40, caption="Half of it.", then="raise RuntimeError('oh')"),
        "lab_misplaced": "SECTION, ORDER, draw = 'maps', '3', None",
        "lab_broken": "raise SystemExit('no licence')",
    }
    for name, text in texts.items():
        (folder / f"{name}.py").write_text(text)
    points = {**{name: name for name in texts}, "maps": "lab_good", "lab_gone": "lab_not_there"}
    install(folder, monkeypatch, points)
    yield points
    for name in texts:
        sys.modules.pop(name, None)


def test_installed_figures_are_drawn_and_those_of_no_use_are_told(store, lab, tmp_path):
    assert set(lab) < set(figures.names())
    page = Page(page_of(store, tmp_path))
    assert page.said.count("Of the laboratory.") == 1
    assert "Half of it." in page.said
    assert "The figure 'lab_fails' could not be drawn: RuntimeError: oh" in page.said
    top = page.said.partition("members of")[0]
    of = "of lab-figures 1.0"
    for reason in (
        f"'maps' (lab_good {of}) is not used: soilsweep has one of that name, which is used.",
        f"'lab_gone' (lab_not_there {of}) cannot be imported: ModuleNotFoundError: No module named "
        "'lab_not_there'; correct or uninstall it.",
        f"'lab_broken' (lab_broken {of}) cannot be imported: SystemExit: no licence; correct",
        "'lab_misplaced' is not used: SECTION is 'maps' and has to be one of",
    ):
        assert f"The installed figure {reason}" in top
    for fault in ("ORDER is '3' and has to be a number", "it has no function draw(run)"):
        assert fault in top


# --- labels ---

LONG = "respiration_month_mean_over_years_1990_2009"


@pytest.mark.parametrize("inches", [1.15, 1.55, 2.6, 4.2])
@pytest.mark.parametrize("name", ["npp", "respiration_month_mean", LONG])
@pytest.mark.parametrize("units", ["1", "Pg C", "mg C cm-3 d-1"])
def test_an_upright_label_stays_in_its_figure(name, units, inches):
    drawn = style.figure(inches + 0.75, "", width=6.5)
    axes = drawn.subplots()
    axes.set_ylabel(style.upright(name, units, inches))
    drawn.draw_without_rendering()
    label, whole = axes.yaxis.label.get_window_extent(), drawn.bbox
    assert whole.y0 <= label.y0 < label.y1 <= whole.y1
    assert whole.x0 <= label.x0
