"""The command line: helps with examples, JSON that parses, exit codes, stopping and going on."""

import json
import os
import re
import shlex
import signal
import subprocess
import sys

import farming
import pytest
from commandline import PROGRAM, members, soilsweep, tree
from malformed_stores import finished
from misbehaving.scenario import write
from support import SMALL
from waiting import PATIENCE, wait_for

import ensemble
from ensemble.commands import app as cli
from ensemble.commands.arguments import print_json
from scenarios import designs, forcing, library, observations

COMMANDS = sorted(info.callback.__name__ for info in cli.app.registered_commands)


@pytest.fixture(autouse=True)
def in_a_folder_with_a_scenario(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "s.yaml").write_text(SMALL)


def test_every_command_is_here():
    assert {"init", "validate", "plan", "run", "status", "report", "analyze"} <= set(COMMANDS)


@pytest.mark.parametrize("name", ["", *COMMANDS])
@pytest.mark.parametrize("option", ["--help", "-h"])
def test_help_shows_examples_that_can_be_copied(name, option):
    said = soilsweep(*filter(None, [name, option]))
    assert said.code == 0
    assert "Examples:" in said.out
    examples = re.findall(r"^    (soilsweep .*)$", said.out, re.MULTILINE)
    assert examples[0].startswith(f"soilsweep {name}")
    assert max(map(len, said.out.splitlines())) <= 88


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_and_argument_is_explained(name):
    _, _, listed = soilsweep(name, "--help").out.partition("\nArguments:")
    for line in re.findall(r"^  (?:-|[A-Z]+ ).*$", listed.partition("Examples:")[0], re.MULTILINE):
        assert re.search(r"\S  +\S", line.strip()), line


def test_examples_name_options_that_exist():
    for name in COMMANDS:
        text = soilsweep(name, "--help").out
        used = set(re.findall(r"--[a-z-]+", text.partition("Examples:")[2]))
        assert used <= set(re.findall(r"--[a-z-]+", text.partition("Examples:")[0]))


def test_no_arguments_show_the_help():
    said = soilsweep()
    assert said.code == 2
    assert "Examples:" in said.out + said.err


def test_version():
    said = soilsweep("--version")
    assert said.code == 0
    assert re.fullmatch(r"soilsweep \d+\.\d+\.\d+\S*\n", said.out)


def test_json_outputs_parse_and_errors_stay_out_of_them(tmp_path):
    store = finished()
    for words in (
        ("plan", "s.yaml"),
        ("run", "s.yaml", "--store", tmp_path / "run.zarr"),
        ("status", store),
        ("replay", store, "S01/global/42"),
        ("verify", store, "--rerun", "3"),
        ("analyze", tmp_path / "run.zarr"),
    ):
        said = soilsweep(*words, "--json")
        assert said.code == 0, said.err
        assert said.err == ""
        json.loads(said.out, parse_constant=pytest.fail)
    refused = soilsweep("status", "nope.zarr", "--json")
    assert refused.code == 2
    assert refused.out == ""


def test_json_has_null_for_what_is_no_number(capsys):
    print_json({"a": [float("nan"), 1.5], "b": (float("inf"), "x")})
    assert json.loads(capsys.readouterr().out) == {"a": [None, 1.5], "b": [None, "x"]}


def test_failed_members_above_the_limit_give_code_3(monkeypatch):
    failing = property(lambda outcome: 0.5)
    monkeypatch.setattr("ensemble.runs.run.Outcome.failed_share", failing)
    monkeypatch.setattr("ensemble.runs.run.Outcome.failed", property(lambda outcome: 400))
    said = soilsweep("run", "s.yaml", "--store", "run.zarr", "--quiet")
    assert said.code == 3
    assert "400 members failed (50.00%), more than failed_limit 5.00%" in said.err
    assert "see `soilsweep status run.zarr`" in said.err


def test_the_schema_names_every_design_and_reader_and_key():
    said = soilsweep("validate", "--schema")
    assert said.code == 0
    schema = json.loads(said.out)
    text = json.dumps(schema)
    for name in (*designs.DESIGNS.ours(), *forcing.READERS.ours()):
        assert f'"const": "{name}"' in text, name
    assert set(schema["required"]) == {"version", "name", "kernel", "forcing"}
    assert schema["oneOf"] == [{"required": ["design"]}, {"required": ["calibration"]}]
    assert schema["additionalProperties"] is False


def test_the_schema_takes_the_shipped_scenarios_and_refuses_typos():
    jsonschema = pytest.importorskip("jsonschema")
    from scenarios.reading.document import parse, read_text

    validator = jsonschema.Draft202012Validator(json.loads(soilsweep("validate", "--schema").out))
    for name in library():
        data = parse(read_text(cli_file(name)), name).data
        validator.validate(data)
        assert not validator.is_valid({**data, "titel": "x"})


def test_the_schema_takes_what_stands_side_by_side():
    jsonschema = pytest.importorskip("jsonschema")
    from scenarios.reading.document import parse, read_text

    validator = jsonschema.Draft202012Validator(json.loads(soilsweep("validate", "--schema").out))
    data = parse(read_text(cli_file("tau-constraint")), "tau-constraint").data
    kernels = ["two_box", {"name": "two_box", "as": "other", "scheme": "explicit"}]
    response = {"output": "c_total", "change": [1901, 2018], "kernel": "other", "cycle": 20}
    validator.validate({**data, "kernel": kernels, "responses": {"change": response}})
    validator.validate({**data, "kernel": {"name": "two_box", "scheme": ["implicit", "explicit"]}})
    assert not validator.is_valid({**data, "kernel": ["two_box"]})
    assert not validator.is_valid({**data, "responses": {"change": {**response, "kernel": []}}})


def cli_file(name):
    from scenarios.reading.shipped import find

    return find(name)


@pytest.mark.parametrize("name", library())
def test_shipped_scenarios_are_valid_and_say_their_own_name(name):
    said = soilsweep("validate", name)
    assert said.code == 0, said.err
    assert said.out.endswith("no problems\n")


def test_a_new_scenario_runs_as_it_is(tmp_path):
    said = soilsweep("init", "my-study")
    assert said.code == 0
    assert "soilsweep run my-study.yaml" in said.out
    assert "\nname: my-study\n" in (tmp_path / "my-study.yaml").read_text()
    small = ("--set", "forcing.n=2", "--set", "design.cross.0.n=5")
    assert soilsweep("plan", "my-study.yaml", *small).code == 0
    assert {p.name for p in tmp_path.iterdir()} == {"s.yaml", "my-study.yaml"}
    said = soilsweep("run", "my-study.yaml", *small)
    assert said.code == 0, said.err
    assert (tmp_path / "runs" / "my-study.zarr" / "zarr.json").exists()
    assert "c_total_change" in said.out


def test_the_list_names_what_there_is():
    said = soilsweep("init", "--list")
    assert said.code == 0
    for name in (*designs.names(), *forcing.names(), *observations.names(), *library(), "two_box"):
        assert name in said.out
    kinds = [line for line in said.out.splitlines() if line and not line.startswith(" ")]
    assert kinds == [
        *(
            "kernels:",
            "designs:",
            "readers:",
            "observations:",
            "benchmarks:",
            "statistics:",
            "metrics:",
            "searches:",
            "backends:",
            "figures:",
        ),
        "scenarios:",
        "evaluations:",
    ]


def test_the_report_stands_beside_the_store_and_never_replaces_another(tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(
        "ensemble.report.write_report", lambda store, output, **more: asked.append(output)
    )
    for store in ("runs/a.zarr", "runs/v1.5", "runs/v1.6"):
        soilsweep("report", store)
    monkeypatch.chdir(finished())
    soilsweep("report", ".")
    assert [str(path) for path in asked] == [
        "runs/a.html",
        "runs/v1.5.html",
        "runs/v1.6.html",
        str(finished().parent / "d.html"),
    ]


def test_an_error_that_is_ours_is_not_hidden(monkeypatch):
    monkeypatch.setattr("ensemble.planning.plan.plan", lambda *a, **k: [][0])
    with pytest.raises(IndexError):
        soilsweep("plan", "s.yaml")


def test_too_little_memory_is_said(monkeypatch):
    def plan(*arguments, **options):
        raise MemoryError("Unable to allocate 8.00 TiB")

    monkeypatch.setattr("ensemble.planning.plan.plan", plan)
    said = soilsweep("plan", "s.yaml")
    assert said.code == 2
    assert said.err == (
        "not enough memory (Unable to allocate 8.00 TiB); ask for fewer rows, outputs or workers\n"
    )


# 200 blocks on one worker; where it is to be stopped it would take 20 seconds.
BLOCKS = {"n": 800, "block": 4}
SLOW = ["run", "misbehaving.yaml", "--workers", "1", "--quiet"]


def start(*words):
    return subprocess.Popen(
        [*PROGRAM, *map(str, words)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=farming.environment(MISBEHAVE_SECONDS="0.1"),
        # A shell that runs its children in the background has them ignore SIGINT.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("undisturbed")
    said = soilsweep("run", write(folder, **BLOCKS), *SLOW[2:], "--store", folder / "run.zarr")
    assert said.code == 0, said.err
    return folder / "run.zarr"


def digest(store):
    return json.loads(soilsweep("status", store, "--json").out)["digest"]


def committed(store):
    return sum(path.read_bytes().count(b'"block"') for path in store.glob("journal/*.jsonl"))


def begun(store):
    """Start the slowed run; return it once some blocks are committed."""
    write(store.parent, **BLOCKS)
    process = start(*SLOW, "--store", store)

    def three():
        assert process.poll() is None, process.stderr.read()
        return committed(store) >= 3

    wait_for(three, "three blocks are committed", every=0.01)
    return process


@pytest.mark.parametrize(
    "number", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.slow)]
)
def test_a_stopped_run_says_how_to_go_on_and_does(tmp_path, undisturbed, number):
    store = tmp_path / "a store.zarr"
    process = begun(store)
    process.send_signal(number)
    _, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 75, err
    assert "Traceback" not in err
    resume = err.strip().splitlines()[-1].strip()
    assert shlex.split(resume) == ["soilsweep", *SLOW, "--store", str(store)]
    assert 3 <= committed(store) < 200

    said = soilsweep(*shlex.split(resume)[1:])
    assert said.code == 0, said.err
    assert digest(store) == digest(undisturbed)
    assert members(store) == members(undisturbed)


@pytest.mark.slow
def test_a_second_signal_ends_the_run_at_once(tmp_path, monkeypatch):
    # The block it ends in is a suspect, which runs in a child that must find the tests' kernel.
    monkeypatch.setenv("PYTHONPATH", farming.environment()["PYTHONPATH"])
    store = tmp_path / "run.zarr"
    process = begun(store)
    # The second must find the first one's flag raised, and the run not yet over.
    os.kill(process.pid, signal.SIGINT)
    os.kill(process.pid, signal.SIGTERM)
    _, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 75, err
    assert "Traceback" not in err
    assert f"soilsweep {shlex.join([*SLOW, '--store', str(store)])}" in err
    assert soilsweep(*SLOW, "--store", store).code == 0


def test_ctrl_c_before_anything_is_written_says_so(tmp_path):
    script = (
        "import os, signal; from ensemble.commands import app; from ensemble.planning import plan\n"
        "plan.plan = lambda *a, **k: os.kill(os.getpid(), signal.SIGINT)\n"
        "app.main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, "run", "s.yaml"],
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    assert done.returncode == 75, done.stderr
    assert done.stderr.endswith("stopped. Go on with:\n  soilsweep run s.yaml\n")
    assert list(tree(tmp_path)) == ["s.yaml"]


def test_signals_are_given_back_after_a_run():
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    soilsweep("run", "s.yaml", "--store", "run.zarr", "--quiet")
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before


def test_a_reader_that_goes_away_is_no_error(tmp_path):
    words = shlex.join([*PROGRAM, "validate", "--schema"])
    done = subprocess.run(
        ["bash", "-c", f"{words} | head -c 10"], capture_output=True, text=True, check=False
    )
    assert "Traceback" not in done.stderr
    assert "Exception" not in done.stderr


def test_the_python_way_finds_the_same_problems(tmp_path):
    import scenarios

    loaded = scenarios.load("s.yaml", settings=["responses.d_total.change=[1850, 2018]"])
    with pytest.raises(scenarios.ScenarioError, match=r"s\.yaml:14: responses\.d_total: year 1850"):
        ensemble.plan(loaded)
    loaded = scenarios.load("s.yaml", settings=["outputs.c_veg={at: [1850]}"])
    with pytest.raises(scenarios.ScenarioError, match="year 1850 is not in the run"):
        ensemble.plan(loaded)


def test_what_a_command_loads_is_not_looked_through_for_circles(tmp_path):
    """Python's own thresholds are back behind it, for who calls it in a process that goes on."""
    script = (
        "import gc; from ensemble.commands import app\n"
        "own, before = gc.get_threshold(), gc.get_stats()[2]['collections']\n"
        "try: app.main()\n"
        "except SystemExit as end: assert not end.code\n"
        "print(gc.get_stats()[2]['collections'] - before, gc.get_threshold() == own)"
    )
    words = [sys.executable, "-c", script, "plan", "s.yaml", "--json"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.stdout.splitlines()[-1:] == ["0 True"], done.stderr
