"""Programs that must be refused: by `validate` what is words, by `plan` what is files."""

from collections.abc import Callable
from pathlib import Path

from malformed_scenarios import Case, edited
from programs import NAMELIST, PROGRAM

VALIDATE, PLAN = ("validate", "program.yaml"), ("plan", "program.yaml")
COMMAND, INPUTS = "command: [./soil_model, soil.nml]", "{soil.nml: templates/soil.nml}"
DRIVER, C_VEG = "npp: {units: Pg C yr-1, file: drivers.csv}", "c_veg: {units: Pg C, file: soil.csv}"
TAU = "tau_veg: {units: yr, default: 10.3, lower: 1, upper: 100}"


def program(*pairs: tuple[str, str], namelist: str = NAMELIST) -> Callable[[Path], object]:
    """Return what writes the scenario, its template and a file in place of its program."""

    def make(folder: Path) -> None:
        (folder / "templates").mkdir()
        (folder / "templates" / "soil.nml").write_text(namelist)
        (folder / "soil_model").write_text("#!/bin/sh\n")
        (folder / "program.yaml").write_text(edited(*pairs, text=PROGRAM))

    return make


# name: (edits of the good scenario, what is said after "program.yaml:")
WORDS: dict[str, tuple[tuple[str, str], str]] = {
    "a string without shell": (
        (COMMAND, "command: ./soil_model soil.nml"),
        "4: kernel.command: found './soil_model soil.nml'; needed a list, such as",
    ),
    "a list for a shell": (
        (COMMAND, f"{COMMAND}\n  shell: true"),
        "4: kernel.command: found ['./soil_model', 'soil.nml']; needed one string",
    ),
    "an argument that is a number": (
        (COMMAND, "command: [./soil_model, 3]"),
        "4: kernel.command: found ['./soil_model', 3]; needed a list of texts",
    ),
    "no command": ((COMMAND, "command: ''"), "4: kernel.command: found ''; needed a list of texts"),
    "no time": (("time_limit: 20", "time_limit: 0"), "5: kernel.time_limit: found 0; needed more"),
    "an unknown option": (("time_limit:", "timelimit:"), "did you mean 'time_limit'?"),
    "an unknown key of a parameter": (
        (TAU, TAU.replace("}", ", mean: 3}")),
        "kernel.parameters.tau_veg.mean: unknown key 'mean'; did you mean 'meaning'?",
    ),
    "a driver without a file": (
        (DRIVER, "npp: {units: Pg C yr-1}"),
        "13: kernel.drivers.npp.file: is missing; needed file:",
    ),
    "a default outside the bounds": (
        (TAU, TAU.replace("10.3", "0.5")),
        "9: kernel.parameters.tau_veg.default: found 0.5; needed a number from lower to upper",
    ),
    "a plausible range outside the bounds": (
        (TAU, TAU.replace("}", ", plausible: [0.5, 20]}")),
        "9: kernel.parameters.tau_veg.plausible: found [0.5, 20.0]; needed two numbers that rise",
    ),
    "a plausible range that falls": (
        (TAU, TAU.replace("}", ", plausible: [20, 5]}")),
        "9: kernel.parameters.tau_veg.plausible: found [20.0, 5.0]; needed two numbers that rise",
    ),
    "a name of two tables": ((C_VEG, C_VEG.replace("c_veg", "npp")), "'npp' is among drivers too"),
    "a name of every store": (
        (DRIVER, DRIVER.replace("npp", "time")),
        "13: kernel.drivers.time: is a name of every store's own",
    ),
    "a name of the run": ((TAU, TAU.replace("tau_veg", "steps")), "what a template may say"),
    "a name with a dash": ((TAU, TAU.replace("tau_veg", "tau-veg")), "needed a name of letters"),
    "a unit that cannot be read": (
        (C_VEG, C_VEG.replace("Pg C", "C")),
        "15: kernel.outputs.c_veg.units: 'C' in 'C' could be carbon",
    ),
    "an input outside the scratch folder": (
        (INPUTS, "{../soil.nml: templates/soil.nml}"),
        "kernel.inputs.../soil.nml: found '../soil.nml'; needed a name inside",
    ),
    "an absolute output": (
        (C_VEG, C_VEG.replace("soil.csv", "/tmp/soil.csv")),
        "15: kernel.outputs.c_veg.file: found '/tmp/soil.csv'; needed a name inside",
    ),
    "a file of two": (
        (C_VEG, C_VEG.replace("soil.csv", "drivers.csv")),
        "15: kernel.outputs.c_veg.file: 'drivers.csv' is there before the program runs "
        "(drivers.npp.file); have it write another",
    ),
    "an input with the name of the program": (
        (INPUTS, "{soil_model: templates/soil.nml}"),
        "4: kernel.command[0]: 'soil_model' is the file of inputs.soil_model too",
    ),
    "a file below a file": (
        (INPUTS, "{drivers.csv/x: templates/soil.nml}"),
        "13: kernel.drivers.npp.file: 'drivers.csv' is the file of inputs.drivers.csv/x too",
    ),
    "a column of two outputs": (
        (C_VEG, C_VEG.replace("}", ", variable: c_soil}")),
        "16: kernel.outputs.c_soil: 'c_soil' of soil.csv is outputs.c_veg already",
    ),
    "a file of neither kind": (
        (C_VEG, C_VEG.replace("soil.csv", "soil.dat")),
        "15: kernel.outputs.c_veg.file: found 'soil.dat'; needed a name that ends in .csv or .nc",
    ),
    "an output that is not declared": (
        ("{c_veg: all, c_soil: all}", "{c_veg: all, c_sol: all}"),
        "outputs.c_sol: kernel 'executable' has no output 'c_sol'; did you mean 'c_soil'?",
    ),
    "a design of another parameter": (
        ("{tau_soil: {uniform", "{tau_sol: {uniform"),
        "kernel 'executable' has no parameter 'tau_sol'; did you mean 'tau_soil'?",
    ),
}
FILES: dict[str, tuple[tuple[str, str], str]] = {
    "no such template": (
        (INPUTS, "{soil.nml: templates/soil.nm}"),
        "7: kernel.inputs.soil.nml: 'templates/soil.nm' is no such file; needed a file, its path",
    ),
    "no such program here": (
        ("./soil_model,", "./soil_modell,"),
        "4: kernel.command[0]: 'soil_modell' is no such file",
    ),
    "no such program installed": (
        ("./soil_model,", "soil_model,"),
        "4: kernel.command[0]: no program 'soil_model' on this machine; install it, load its",
    ),
    "an unknown name in an argument": (
        (COMMAND, "command: [./soil_model, 'x={{tau}}']"),
        "4: kernel.command: found {{tau}}; needed {{name}} or {{name:int}} of one of tau_veg,",
    ),
}
CASES = {
    **{f"program: {n}": Case(program(e), (says,), VALIDATE) for n, (e, says) in WORDS.items()},
    **{f"program: {n}": Case(program(e), (says,), PLAN) for n, (e, says) in FILES.items()},
    "program: an unknown name in a template": Case(
        program(namelist=NAMELIST + "x = {{tau_sol}}\n"),
        ("templates/soil.nml:7: found {{tau_sol}}; needed {{name}} or {{name:int}} of one of",),
        PLAN,
    ),
    "program: an unknown form in a template": Case(
        program(namelist=NAMELIST + "x = {{tau_soil:d}}\n"),
        ("templates/soil.nml:7: found {{tau_soil:d}}; needed {{name}} or {{name:int}} of",),
        PLAN,
    ),
    "program: a parameter that no template uses": Case(
        program(namelist=NAMELIST.replace("{{tau_veg}}", "10.3")),
        ("9: kernel.parameters.tau_veg: no template uses it; write {{tau_veg}} where",),
        PLAN,
    ),
}
