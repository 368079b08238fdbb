"""CONTRIBUTING.md as its reader follows it: in a copy of the checkout, and as a distribution."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from distributions import install
from tracked import ROOT, tracked

ROOMS = ("kernels", "ensemble")
"""Where compiled functions are."""

PAGE = (ROOT / "CONTRIBUTING.md").read_text()
FILES = dict(re.findall(r"^```\w+\n# (\S+)\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL))
GROUPS = {
    "kernels": "kernels/one_pool.py",
    "readers": "scenarios/forcing/steady.py",
    "observations": "scenarios/observations/level.py",
    "designs": "scenarios/designs/ladder.py",
    "statistics": "ensemble/members/statistics/reach.py",
    "backends": "ensemble/farming/backends/one_by_one.py",
    "figures": "ensemble/report/figures/bars.py",
    "metrics": "scenarios/metrics/centred.py",
    "benchmarks": "ensemble/members/benchmarks/plain_mean.py",
}
"""Entry points and the files of the page that are what they name."""

LAWS = (
    "tests/kernels/test_contract.py",
    "tests/kernels/test_ranges.py",
    "tests/kernels/test_plausible.py",
    "tests/scenarios/forcing/test_law.py",
    "tests/scenarios/observations/test_law.py",
    "tests/scenarios/test_designs_contract.py",
    "tests/scenarios/test_metrics.py",
    "tests/evaluation/test_benchmark_laws.py",
    "tests/ensemble/statistics/test_statistics_contract.py",
    "tests/ensemble/test_any_work.py",
    "tests/ensemble/test_report.py",
    "tests/ensemble/test_report_figures.py",
    "tests/ensemble/test_report_grids.py",
    "tests/ensemble/test_report_profiles.py",
    "tests/test_rooms.py",
    "tests/test_layout.py",
    "tests/test_malformed.py",
    "tests/test_validate.py",
)
"""Whole files: what a new plug-in must obey, and what it must not disturb."""

FOUND = {
    "kernel": "test_contract.py::TestLaws::test_balance_closes[one_pool-]",
    "driver": "test_ranges.py::test_beyond_what_is_accepted_members_fail_and_only_they[one_pool]",
    "reader": "test_law.py::test_every_reader_has_an_example_that_it_reads[steady]",
    "observation reader": "test_law.py::test_every_reader_has_an_example_that_it_reads[level]",
    "design": "test_designs_contract.py::test_every_design_shows_an_example[ladder]",
    "statistic": "test_statistics_contract.py::test_no_member_gives_nan_and_not_a_number[reach]",
    "backend": "test_any_work.py::test_a_driver_runs_it[{'backend': 'one_by_one'}]",
    "metric": "test_metrics.py::test_a_metric_has_words_and_a_unit[centred]",
    "benchmark": "test_benchmark_laws.py::test_scores_are_those_of_the_stored_outputs[plain_mean]",
    "figure": "test_report_figures.py::test_a_figure_is_drawn_of_every_kind_of_store[two-box-bars]",
}
"""Of each kind, a test that is about the new one."""


@pytest.fixture(scope="module")
def clone(tmp_path_factory):
    """A copy of what is tracked, with the page's files where it says, tracked as well."""
    folder = tmp_path_factory.mktemp("clone")
    for path in tracked():
        to = folder / path.relative_to(ROOT)
        to.parent.mkdir(parents=True, exist_ok=True)
        # With its time: what was compiled of a file that has not changed is used again.
        shutil.copy2(path, to)
    for compiled in (f for room in ROOMS for f in (ROOT / room).rglob("__pycache__/*.nb[ic]")):
        to = folder / compiled.relative_to(ROOT)
        to.parent.mkdir(exist_ok=True)
        shutil.copy2(compiled, to)
    for name, text in FILES.items():
        (folder / name).write_text(text)
    for words in (["init", "--quiet"], ["add", "--all"]):
        subprocess.run(["git", "-C", folder, *words], check=True)
    return folder


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A folder with a distribution that has the page's plug-ins as modules of its own."""
    folder = tmp_path_factory.mktemp("site")
    names = {group: Path(file).stem for group, file in GROUPS.items()}
    modules = {f"lab_{names[group]}": FILES[file] for group, file in GROUPS.items()}
    points = {(f"soilsweep.{group}", name): f"lab_{name}" for group, name in names.items()}
    install(folder, "lab", modules, points)
    (folder / "one_pool.yaml").write_text(FILES["one_pool.yaml"])
    return folder


def python(folder, *words, path, **more):
    """Run a module in a folder, to its good end, and return what it said."""
    done = called(folder, *words, path=path, **more)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def called(folder, *words, path, **more):
    """Run a module in a folder, to its end."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, path)), **more}
    command = [sys.executable, "-m", *words]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)


def run_all(folder, path):
    """Run the page's scenario, check its numbers, and return its page of a report."""
    python(folder, "ensemble", "run", "one_pool.yaml", "--quiet", path=path)
    store = xr.open_datatree(folder / "runs" / "one-pool.zarr", engine="zarr")
    tau, pool = store["tau"].values.ravel(), 0.0
    np.testing.assert_allclose(tau, np.linspace(5, 50, 100), rtol=1e-15)
    for _ in range(2):
        pool = (pool + 60.0) / (1 + 1 / tau)
    # Outputs are stored as float32.
    np.testing.assert_allclose(store["pool"].values.ravel(), pool, rtol=1e-6)
    reach = store["statistics/held_reach"].values.ravel()
    np.testing.assert_allclose(reach, np.ptp(pool), rtol=1e-12)
    mean = np.mean([60.0 / (1 + 1 / tau), pool], axis=0)
    np.testing.assert_allclose(
        store["evaluation/soils_bias"].values.ravel(), mean - 1500, rtol=1e-12
    )
    python(folder, "ensemble", "report", "runs/one-pool.zarr", path=path)
    return (folder / "runs" / "one-pool.html").read_text(encoding="utf-8")


CAPTION = "held: mean and standard deviation of each place."


@pytest.mark.slow
def test_one_of_each_runs_in_a_copy_of_the_checkout(clone):
    assert CAPTION in run_all(clone, [clone])


@pytest.mark.slow
def test_one_of_each_runs_as_a_distribution_of_somebody_else(site):
    path = [site, ROOT]
    assert CAPTION in run_all(site, path)
    listed = python(site, "ensemble", "init", "--list", path=path)
    for file in GROUPS.values():
        if "figures" not in file:
            assert f"\n  {Path(file).stem} " in listed
    python(site, "ensemble", "validate", "one_pool.yaml", path=path)
    schema = python(site, "ensemble", "validate", "--schema", path=path)
    for name in ("steady", "ladder", "one_by_one"):
        assert f'"const": "{name}"' in schema


@pytest.mark.slow
def test_all_laws_hold_with_one_of_each_in_its_place_and_find_them(clone):
    options = ("-p", "no:cacheprovider", "-v")
    said = python(clone, "pytest", *LAWS, *options, path=[clone])
    passed = {line.rpartition(" PASSED")[0] for line in said.splitlines() if " PASSED" in line}
    missed = [test for test in FOUND.values() if not any(p.endswith(test) for p in passed)]
    assert missed == []


@pytest.mark.slow
@pytest.mark.parametrize("words", [("ruff", "check"), ("ruff", "format", "--check"), ("mypy",)])
def test_the_page_is_as_tidy_as_what_it_is_put_beside(clone, words):
    python(clone, *words, path=[clone])


@pytest.mark.slow
def test_laws_of_a_checkout_are_not_about_what_others_installed_unless_asked(site):
    # Without its examples, each law would fail of it.
    words = ("--collect-only", "-q", *LAWS)
    names = ("one_pool", "steady", "level", "ladder", "reach", "one_by_one", "bars", "centred",
             "plain_mean")  # fmt: skip
    alone = python(ROOT, "pytest", *words, path=[site])
    assert not [name for name in names if f"[{name}" in alone]
    asked = {"SOILSWEEP_LAWS": ",".join(names)}
    found = python(ROOT, "pytest", *words, path=[site], **asked)
    assert [name for name in names if name not in found] == []


@pytest.mark.slow
def test_laws_hold_of_what_others_install_with_their_own_examples(site):
    for file, text in FILES.items():
        if file.startswith("tests/"):
            to = site / "mine" / Path(file).relative_to("tests")
            to.parent.mkdir(parents=True, exist_ok=True)
            to.write_text(text)
    laws = ("tests/kernels/test_contract.py", "tests/scenarios/forcing/test_law.py")
    options = ("-q", "-p", "no:cacheprovider", "-k", "one_pool or steady")
    asked = {"SOILSWEEP_LAWS": "one_pool,steady"}
    said = python(ROOT, "pytest", *laws, *options, path=[site / "mine", site], **asked)
    assert int(re.search(r"(\d+) passed", said)[1]) > 15


KERNEL, READER, OBSERVATION, DESIGN, STATISTIC, BACKEND, FIGURE, METRIC, _ = GROUPS.values()
OBSERVATIONS = "tests/scenarios/observations/test_law.py"
CONTRACT, LAW, DESIGNS, STATISTICS, WORK, FIGURES, METRICS = (
    next(law for law in LAWS if law.endswith(f"/{name}.py"))
    for name in ("test_contract", "test_law", "test_designs_contract", "test_statistics_contract",
                 "test_any_work", "test_report_figures", "test_metrics")
)  # fmt: skip
ROWS = 'partial["low"][rows] = np.minimum(partial["low"][rows], values.min(axis=1))'
MUTANTS = {
    "a kernel that is empty": (KERNEL, None, '"""Nothing."""', CONTRACT, "has no KERNEL table"),
    "a kernel without drivers": (
        "tests/kernel_examples/one_pool.py", None, None, CONTRACT,
        "no example drivers for kernel 'one_pool'; add tests/kernel_examples/one_pool.py",
    ),
    "a name that is taken": (
        KERNEL, "litterfall", "litter", CONTRACT, "in one_pool and ('Pg C yr-1', 'carbon from ",
    ),
    "a stock without a limit": (KERNEL, ", limit=ALL_SOILS", "", CONTRACT, "kernels.Limit("),
    "a driver without a range": (
        KERNEL, "expected_range=Range(low=0.0, high=200.0),", "",
        "tests/kernels/test_ranges.py", "expected_range=kernels.Range(",
    ),
    "a reader that is empty": (READER, None, '"""Nothing."""', LAW, "steady has no Spec"),
    "a reader without an example": (
        "tests/forcing_law/examples/steady.py", None, None, LAW,
        "no example files for reader 'steady'; add tests/forcing_law/examples/steady.py",
    ),
    "an observation reader that is empty": (
        OBSERVATION, None, '"""Nothing."""', OBSERVATIONS, "level has no Spec",
    ),
    "an observation reader without an example": (
        "tests/observation_examples/level.py", None, None, OBSERVATIONS,
        "no example files for reader 'level'; add tests/observation_examples/level.py",
    ),
    "a design that is empty": (DESIGN, None, '"""Nothing."""', DESIGNS, "'ladder' shows no exa"),
    "a design without an example": (
        DESIGN, 'model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})', "",
        DESIGNS, "'ladder' shows no example; add Spec.model_config",
    ),
    "a statistic of all rows": (
        STATISTIC, ROWS, ROWS.replace("[rows]", "[:]"), STATISTICS, "merging_blocks",
    ),
    "a statistic that is 0 of nothing": (
        STATISTIC, "np.where(np.isfinite(reach), reach, np.nan)",
        "np.where(np.isfinite(reach), reach, 0.0)", STATISTICS, "no_member_gives_nan",
    ),
    "a metric of any place": (
        METRIC, "return few(seen, 2)", 'return few(seen, 0)', METRICS, "test_what_a_metric_cannot",
    ),
    "a backend that never stops": (BACKEND, "if farm.stop():", "if False:", WORK, "told_to_stop"),
    "a figure that has a fault": (
        FIGURE, "    places = run", '    {}["absent"]\n    places = run', FIGURES, "KeyError",
    ),
}  # fmt: skip
"""Of a file, a text and what stands instead (None: of all, of no file); its law, and its words."""


@pytest.mark.slow
@pytest.mark.parametrize("name", MUTANTS)
def test_what_is_wrong_with_a_new_one_is_said(clone, name):
    file, old, new, law, words = MUTANTS[name]
    text = FILES[file]
    assert old is None or old in text
    try:
        (clone / file).write_text(text.replace(old, new) if old else new or "")
        if new is None:
            (clone / file).unlink()
        # Those of the new one, and those of all together, which have no name in brackets.
        asked = f"{Path(file).stem} or one or every or merging"
        options = ("-q", "-p", "no:cacheprovider", "--tb=short", "-k", asked)
        done = called(clone, "pytest", law, *options, path=[clone])
    finally:
        (clone / file).write_text(text)
    # Not 2: that of one file is wrong keeps no other law from being tried.
    assert done.returncode == 1, done.stdout + done.stderr
    assert words in done.stdout


def test_the_page_has_one_of_each_kind():
    assert set(GROUPS.values()) <= FILES.keys()


def test_every_file_that_the_page_names_is_there():
    rows = re.findall(r"`((?:tests|ensemble|kernels|scenarios)/[\w/.]+)`", PAGE)
    assert len(rows) > 8
    missing = [name for name in rows if not (ROOT / name).exists() and name not in FILES]
    assert [name for name in missing if "NAME" not in name] == []
