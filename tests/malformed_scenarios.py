"""Scenarios, settings and arguments that must be refused, and what must be said of them."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from support import SMALL

from scenarios.execution import BACKENDS

# Line 1 is version:, 5 forcing:, 7 cross:, 8 and 9 its factors, 13 and 14 responses.
GOOD = SMALL.lstrip("\n")
RUN = ("run", "s.yaml", "--store", "out/run.zarr")


@dataclass(frozen=True)
class Case:
    """What to write, what to call, and what must be in the one line that is said.

    ``prints`` is for standard output, where `verify` tells what it found.
    """

    make: Callable[[Path], object]
    says: tuple[str, ...]
    command: tuple[str, ...] = RUN
    code: int = 2
    lines: int | None = 1
    prints: str = ""


def edited(*pairs: tuple[str, str], text: str = GOOD) -> str:
    """Return the good scenario with each text replaced, which must be there once."""
    for old, new in pairs:
        assert text.count(old) == 1, (text.count(old), old)
        text = text.replace(old, new)
    return text


def scenario(content: str | bytes) -> Callable[[Path], object]:
    data = content.encode() if isinstance(content, str) else content
    return lambda folder: (folder / "s.yaml").write_bytes(data)


VEG, SOIL = "tau_veg_obs: {normal: [10.3, 1.4], lower: 2}", "[38.3, 11]"
TITLE, SEED, KERNEL = "title: Small", "seed: 7", "kernel: two_box"
READER = "{reader: synthetic_models, n: 4}"
TOTAL, D_TOTAL = "output: c_total, change", "output: c_total, change: [1901, 2018]"
C_VEG, C_SOIL = "c_veg: {all: year}", "[mean, std, q50]"
PLACE = "8: design.cross[0].parameters.tau_veg_obs"


TWO = "kernel: {chain: [{models: [two_box, {name: two_box, as: other}]}]}"
SOIL_OF_MODELS = ("output: c_soil, change", "output: c_soil, model: other, change")
SCHEMES = "kernel: {name: two_box, scheme: [implicit, explicit]}"
SOIL_OF_SCHEMES = ("output: c_soil, change", "output: c_soil, scheme: explicit, change")


def seeded(line: str) -> tuple[str, str]:
    """Return a pair that adds a line, the eleventh."""
    return SEED, f"{SEED}\n{line}"


# name: (edits of the good scenario, what is said after "s.yaml:")
EDITS: dict[str, tuple[list[tuple[str, str]], str]] = {
    # unknown keys
    "key at the top": (
        [(TITLE, "titel: Small")],
        "3: titel: unknown key 'titel'; did you mean 'title'?",
    ),
    "key of a design": (
        [("n: 8,", "n: 8, sede: 3,")],
        "8: design.cross[0].sede: unknown key 'sede'",
    ),
    "key of a distribution": ([(VEG, VEG.replace("normal", "normall"))], "did you mean 'normal'?"),
    "key of a normal": (
        [(VEG, "tau_veg_obs: {normal: {mean: 10, sdd: 1, sd: 1}}")],
        f"{PLACE}.normal.sdd",
    ),
    "key of a reader": (
        [(READER, READER.replace("n:", "steady:"))],
        "5: forcing.steady: unknown key",
    ),
    "key of a response": (
        [(TOTAL, "output: c_total, chnge")],
        "13: responses.d_total.chnge: unknown",
    ),
    "key of an output": (
        [(C_VEG, "c_veg: {al: year}")],
        "11: outputs.c_veg.al: unknown key 'al'; did",
    ),
    "key of histograms": (
        [("{bins: 200}", "{bin: 200}")],
        "18: histograms.bin: unknown key 'bin'; did",
    ),
    "key of block": (
        [seeded("block: {samples: 10}")],
        "11: block.samples: unknown key 'samples'; did",
    ),
    "yes for true": (
        [(D_TOTAL, "output: c_total, value: yes")],
        "13: responses.d_total.value: found 'yes'; needed true",
    ),
    "a long name": (
        [("name: small", f"name: {'s' * 200}")],
        "2: name: found 'ssssssssssssssssssssssssssssssssssssssssssssssssssssssss..., "
        "200 characters; needed a name of at most 80",
    ),
    "a letter for a digit": (
        [(C_SOIL, "[mean, std, q5o]")],
        "17: statistics.c_soil[2]: unknown statistic 'q5o'; did you mean 'q50'?",
    ),
    "a quantile near another": (
        [(C_SOIL, "[mean, std, q505]")],
        "17: statistics.c_soil[2]: unknown statistic 'q505'; available: S1, ",
    ),
    "a normal of one number": (
        [("[10.3, 1.4]", "[10.3]")],
        "8: design.cross[0].parameters.tau_veg_obs.normal: found 1 number; needed 2: [mean, sd]",
    ),
    "a range without its length": (
        [
            (
                "monte_carlo, n: 8, parameters: {tau_veg_obs: {normal: [10.3, 1.4], lower: 2}}",
                "grid, parameters: {tau_veg_obs: {linspace: [1, 2]}}",
            )
        ],
        "tau_veg_obs.linspace: found [1, 2]; needed [first, last, n]: n values at equal distances",
    ),
    "a range and a list": (
        [
            (
                "monte_carlo, n: 8, parameters: {tau_veg_obs: {normal: [10.3, 1.4], lower: 2}}",
                "grid, parameters: {tau_veg_obs: {linspace: [1, 2, 3], values: [1]}}",
            )
        ],
        "tau_veg_obs: found values and linspace; needed one of values, linspace, logspace",
    ),
    "a threshold misspelt": (
        [(C_SOIL, "[mean, {abve: 200}]")],
        "17: statistics.c_soil[1]: unknown statistic {abve: 200}; available: S1, ",
    ),
    "a statistic twice": (
        [(C_SOIL, "\n    - mean\n    - q5\n    - q05")],
        "20: statistics.c_soil[2]: q05 is statistics.c_soil[1] already; name it once (line 19)",
    ),
    "a threshold twice": (
        [(C_SOIL, "[{above: 200}, above_200.0]")],
        "17: statistics.c_soil[1]: above_200 is statistics.c_soil[0] already; name it once (line",
    ),
    "a quantile twice": (
        [(C_SOIL, "[q97.5, q97.50]")],
        "17: statistics.c_soil[1]: q97.50 is statistics.c_soil[0] already; name it once (line 17)",
    ),
    "a statistic of sums twice": (
        [seeded("aggregates: {c_veg: {over: [global_mean], statistics: [mean, std, mean]}}")],
        "11: aggregates.c_veg.statistics[2]: mean is aggregates.c_veg.statistics[0] already; name",
    ),
    "a median": (
        [(C_SOIL, "[mean, std, median]")],
        "17: statistics.c_soil[2]: unknown statistic 'median'; did you mean 'q50'?",
    ),
    "a logarithm of nothing": (
        [(VEG, "tau_veg_obs: {loguniform: [0, 10]}")],
        f"{PLACE}.loguniform.lower: lower is 0.0 yr; needed a number above 0",
    ),
    # chains
    "kernel of a chain": (
        [(KERNEL, "kernel: {chain: [two_bx]}")],
        "4: kernel.chain[0]: no kernel 'two_bx'; did you mean 'two_box'?",
    ),
    "option of a link": (
        [(KERNEL, "kernel:\n  name: chain\n  links:\n    - {name: two_box, schem: x}")],
        "7: kernel.links[0].schem: kernel 'two_box' has no option 'schem'; did you mean 'scheme'?",
    ),
    "option of a chain": (
        [(KERNEL, "kernel: {chain: [two_box], schem: explicit}")],
        "4: kernel.schem: no link has an option 'schem'; did you mean 'scheme'?",
    ),
    "value for all links": (
        [(KERNEL, "kernel: {chain: [two_box], scheme: exact}")],
        "4: kernel.scheme: found 'exact'; needed 'implicit', 'explicit' or 'exponential' (link",
    ),
    "one model beside nothing": (
        [(KERNEL, "kernel: {chain: [{models: [two_box]}]}")],
        "4: kernel.chain[0].models: found ['two_box']; needed a list of two kernels or more",
    ),
    "chain without links": (
        [(KERNEL, "kernel: chain")],
        "4: kernel.links: is missing; needed one kernel or more, such as [two_box]",
    ),
    "kernel of a chain that is not installed": (
        [(KERNEL, "kernel: {chain: [two_box, no_such.model]}")],
        "4: kernel.chain[1]: kernel module 'no_such.model' cannot be imported",
    ),
    # kernels, and options of one, side by side
    "a list of no kernel": (
        [(KERNEL, "kernel: []")],
        "4: kernel: found a list of none; needed two kernels or more",
    ),
    "a list of one kernel": (
        [(KERNEL, "kernel: [two_box]")],
        "4: kernel: found a list of one; needed two kernels or",
    ),
    "a kernel of a list twice": (
        [(KERNEL, "kernel: [two_box, two_box]")],
        "4: kernel[1]: 'two_box' is [0] too; give one a name with as:",
    ),
    "option of a kernel of a list": (
        [(KERNEL, "kernel:\n  - two_box\n  - {name: two_box, as: b, schem: x}")],
        "6: kernel[1].schem: kernel 'two_box' has no option 'schem'; did you mean 'scheme'?",
    ),
    "kernel of a list that is not installed": (
        [(KERNEL, "kernel: [two_box, no_such.model]")],
        "4: kernel[1]: kernel module 'no_such.model' cannot be imported",
    ),
    "no value of an option": (
        [(KERNEL, "kernel: {name: two_box, scheme: []}")],
        "4: kernel.scheme: found an empty list; needed one value, or a list of two or more",
    ),
    "one value of an option in brackets": (
        [(KERNEL, "kernel: {name: two_box, scheme: [implicit]}")],
        "4: kernel.scheme: found a list of implicit alone; needed one value, or a list of two",
    ),
    "a value of an option twice": (
        [(KERNEL, "kernel: {name: two_box, scheme: [implicit, explicit, implicit]}")],
        "4: kernel.scheme[2]: found implicit a second time; needed each once",
    ),
    "no such value among those of an option": (
        [(KERNEL, "kernel:\n  name: two_box\n  scheme:\n    - implicit\n    - exact")],
        "8: kernel.scheme[1]: found 'exact'; needed 'implicit', 'explicit' or 'exponential'",
    ),
    "response without its place along an option": (
        [(KERNEL, SCHEMES), SOIL_OF_SCHEMES],
        "13: responses.d_total: output 'c_total' is along scheme (implicit, explicit); say scheme:",
    ),
    "response of no such place along an option": (
        [
            (KERNEL, SCHEMES),
            SOIL_OF_SCHEMES,
            (TOTAL, "output: c_total, scheme: exact, change"),
        ],
        "13: responses.d_total.scheme: no scheme 'exact'; available: explicit, implicit",
    ),
    "response with a key that is none": (
        [(TOTAL, "output: c_total, colour: red, change")],
        "13: responses.d_total.colour: unknown key 'colour'; available: at, change, combine, cost",
    ),
    "response without its model": (
        [(KERNEL, TWO), SOIL_OF_MODELS],
        "13: responses.d_total: output 'c_total' is along model (two_box, other); say model: two_b",
    ),
    "response of no such model": (
        [(KERNEL, TWO), SOIL_OF_MODELS, (TOTAL, "output: c_total, model: othr, change")],
        "13: responses.d_total.model: no model 'othr'; did you mean 'other'?",
    ),
    "response of a model of one": (
        [(TOTAL, "output: c_total, model: two_box, change")],
        "13: responses.d_total.model: output 'c_total' has no dimension 'model'",
    ),
    "response of no such dimension": (
        [
            (KERNEL, TWO),
            SOIL_OF_MODELS,
            (TOTAL, "output: c_total, where: {modl: other, model: other}, change"),
        ],
        "13: responses.d_total.where.modl: output 'c_total' has no dimension 'modl'; did you mean",
    ),
    "response with its model twice": (
        [(TOTAL, "output: c_total, model: a, where: {model: b}, change")],
        "13: responses.d_total: found model: twice; needed it once",
    ),
    # types
    "name, a number": ([("name: small", "name: 3")], "2: name: found 3; needed a name of letters"),
    "name with a blank": (
        [("name: small", "name: a b")],
        "2: name: found 'a b'; needed a name of letters",
    ),
    "name with a path": (
        [("name: small", "name: ../x")],
        "2: name: found '../x'; needed a name of",
    ),
    "title, a list": ([(TITLE, "title: [a]")], "3: title: found ['a']; needed text"),
    "title, a number": ([(TITLE, "title: 5")], "3: title: found 5; needed text: put it in quotes"),
    "seed, a fraction": ([(SEED, "seed: 1.5")], "10: seed: found 1.5; needed a whole number"),
    "seed in quotes": (
        [(SEED, "seed: '7'")],
        "10: seed: found '7'; needed a number: remove the quotes",
    ),
    "seed, true": ([(SEED, "seed: true")], "10: seed: found true; needed a number"),
    "seed below 0": ([(SEED, "seed: -1")], "10: seed: found -1; needed 0 or more"),
    "seed, nothing": (
        [(SEED, "seed:")],
        "10: seed: found nothing; needed a whole number, or leave it",
    ),
    "n, yes": ([("n: 8,", "n: yes,")], "8: design.cross[0].n: found 'yes'; needed a whole number"),
    "n, a word": (
        [("n: 8,", "n: many,")],
        "8: design.cross[0].n: found 'many'; needed a whole number",
    ),
    "n in quotes": (
        [("n: 8,", "n: '8',")],
        "8: design.cross[0].n: found '8'; needed a number: remove",
    ),
    "n, octal or not": (
        [("n: 8,", "n: 010,")],
        "8: design.cross[0].n: found 010, which some programs",
    ),
    "n, 0": ([("n: 8,", "n: 0,")], "8: design.cross[0].n: found 0; needed 1 or more"),
    "n, beyond integers": (
        [("n: 8,", f"n: 1{'0' * 30},")],
        "8: design.cross[0].n: found 1000000000000000000000000000000",
    ),
    "n, 5000 digits": ([("n: 8,", f"n: 1{'0' * 5000},")], "8: design.cross[0].n: found '100000000"),
    "kernel, a number": ([(KERNEL, "kernel: 3")], "4: kernel: found 3; needed a kernel's name, or"),
    "outputs, a list": (
        [("outputs: {c_veg: {all: year}, c_soil: {all: year}}", "outputs: [c_veg]")],
        "11: outputs: found ['c_veg']; needed {output of the kernel: ",
    ),
    "output, a typo": (
        [(C_VEG, "c_veg: al")],
        "11: outputs.c_veg: found 'al'; needed all, last, {",
    ),
    "output, nothing": ([(C_VEG, "c_veg: ")], "11: outputs.c_veg: found nothing; needed all, last"),
    "output, none of three": (
        [(C_VEG, "c_veg: {}")],
        "11: outputs.c_veg: found none of them; needed",
    ),
    "output, two of three": (
        [(C_VEG, "c_veg: {all: year, last: year}")],
        "found all and last; needed",
    ),
    "output by month": (
        [(C_VEG, "c_veg: {all: month}")],
        "11: outputs.c_veg.all: found 'month'; needed",
    ),
    "output at a year twice": (
        [(C_VEG, "c_veg: {at: [1901, 1901]}")],
        "needed rising years, each once",
    ),
    "normal, a number": (
        [(VEG, "tau_veg_obs: {normal: 10}")],
        f"{PLACE}.normal: found 10; needed [mean",
    ),
    "normal of words": (
        [(VEG, "tau_veg_obs: {normal: [a, b]}")],
        f"{PLACE}.normal: found 'a'; needed",
    ),
    "normal of three": (
        [(VEG, "tau_veg_obs: {normal: [1, 2, 3]}")],
        f"{PLACE}.normal: found 3 numbers",
    ),
    "reader, a word": (
        [(READER, "synthetic_models")],
        "5: forcing: found 'synthetic_models'; needed ",
    ),
    "readers, none": ([(READER, "[]")], "5: forcing: found []; needed 1 or more entries"),
    "design, a word": (
        [("    - {method: monte_carlo, n: 8, parameters: {" + VEG + "}}", "    - sobol")],
        "8: design.cross[0]: found 'sobol'; needed 'method:' and its keys",
    ),
    "statistics, a word": (
        [(C_SOIL, "mean")],
        "17: statistics.c_soil: found 'mean'; needed a list, ",
    ),
    "statistics, none": (
        [(C_SOIL, "[]")],
        "17: statistics.c_soil: found []; needed 1 or more entries",
    ),
    "statistic, a number": (
        [(C_SOIL, "[3]")],
        "17: statistics.c_soil[0]: found 3; needed a word such",
    ),
    "statistic, two": (
        [(C_SOIL, "[{above: 3, below: 2}]")],
        "found {above: 3, below: 2}; needed one ",
    ),
    "execution, a word": (
        [seeded("execution: local")],
        "11: execution: found 'local'; needed 'backend:' and its keys, backend one of "
        + ", ".join(BACKENDS.names()),
    ),
    "store, a number": ([seeded("store: 5")], "11: store: found 5; needed text: put it in quotes"),
    # numbers
    "NaN": (
        [("[10.3, 1.4]", "[10.3, .nan]")],
        f"{PLACE}.normal[1]: found .nan; needed a finite number",
    ),
    "infinity": (
        [("[10.3, 1.4]", "[10.3, .inf]")],
        f"{PLACE}.normal[1]: found .inf; needed a finite ",
    ),
    "overflow": (
        [("[10.3, 1.4]", "[10.3, 1e999]")],
        f"{PLACE}.normal[1]: found 1e999; needed a finite",
    ),
    "infinite upper": (
        [
            (
                "lower: 2}}}\n    - {method: monte_carlo, n: 25",
                "upper: .inf}}}\n    - {method: monte_carlo, n: 25",
            )
        ],
        "upper: found .inf; needed a finite number: leave",
    ),
    "memory, in words": (
        [seeded("execution: {backend: slurm, memory: 16 gigs}")],
        "11: execution.memory: memory '16 gigs' is not an amount; write 500M, 4G, 4GiB or 4096",
    ),
    "memory of nothing": (
        [seeded("execution: {backend: slurm, memory: 0}")],
        "11: execution.memory: memory '0' is zero; at least 1M is needed",
    ),
    "time, in hours": (
        [seeded("execution: {backend: slurm, time: 4h}")],
        "11: execution.time: time '4h' is not one of SLURM's forms; write minutes (90), hours:min",
    ),
    "time of nothing": (
        [seeded("execution: {backend: slurm, time: 0}")],
        "11: execution.time: time '0' is zero; at least one minute is needed",
    ),
    "an option of sbatch": (
        [seeded("execution: {backend: slurm, extra: [exclusive]}")],
        "11: execution.extra: extra 'exclusive' is no option of sbatch; write --name=value",
    ),
    "two lines of a script": (
        [seeded('execution: {backend: slurm, account: "a\\nb"}')],
        "11: execution.account: account 'a\\nb' holds a control character; one plain line",
    ),
    "a control value out of bounds": (
        [seeded("parameters: {tau_soil_obs: -5}")],
        "11: parameters.tau_soil_obs: found -5 yr; needed ",
    ),
    "a change that turns the sign": (
        [
            (
                "monte_carlo, n: 8, parameters: {tau_veg_obs: {normal: [10.3, 1.4], lower: 2}}",
                "one_at_a_time, parameters: tau_veg_obs, change: [-1.5]",
            )
        ],
        "8: design.cross[0].change: tau_veg_obs: a change of -1.5 turns its sign",
    ),
    "values of a grid out of bounds": (
        [
            (
                "monte_carlo, n: 8, parameters: {tau_veg_obs: {normal: [10.3, 1.4], lower: 2}}",
                "grid, parameters: {tau_veg_obs: [5, -5]}",
            )
        ],
        f"{PLACE}: tau_veg_obs is -5.0 yr, below the kernel's bound",
    ),
    "a limit of nothing": (
        [seeded("limits: {c_soil: {above: 0 Pg C}}")],
        "11: limits.c_soil.above: found '0 Pg C'; needed more than 0: it is the most that a soil",
    ),
    "a limit beyond all": (
        [seeded("limits: {c_soil: {above: 1e999 Pg C}}")],
        "11: limits.c_soil.above: found '1e999 Pg C'; needed a finite number and its unit",
    ),
    "a limit below zero": (
        [seeded("limits: {c_soil: {above: -3 Eg C}}")],
        "11: limits.c_soil.above: found '-3 Eg C'; needed more than 0: it is the most that a soil",
    ),
    "negative sd": (
        [("[10.3, 1.4]", "[10.3, -1.4]")],
        f"{PLACE}.normal.sd: sd is -1.4 yr; needed a ",
    ),
    "uniform, falling": (
        [(VEG, "tau_veg_obs: {uniform: [5, 3]}")],
        f"{PLACE}.uniform.lower: lower is",
    ),
    "lower above upper": (
        [(VEG, VEG.replace("lower: 2", "lower: 9, upper: 3"))],
        f"{PLACE}.lower: ",
    ),
    "nothing left by truncation": (
        [(VEG, VEG.replace("lower: 2", "lower: 200"))],
        "the share of the distribution",
    ),
    "units of another kind": (
        [(VEG, VEG.replace("lower: 2", "units: kg"))],
        f"{PLACE}.units: 'kg' cannot",
    ),
    "two distributions": (
        [(VEG, VEG.replace("lower: 2", "uniform: [1, 3]"))],
        "found normal and uniform",
    ),
    "failed_limit of 5": (
        [seeded("failed_limit: 5")],
        "11: failed_limit: found 5; needed 1 or less",
    ),
    "failed_limit of NaN": (
        [seeded("failed_limit: .NaN")],
        "11: failed_limit: found .NaN; needed a finite",
    ),
    "block of none": (
        [seeded("block: {sample: 0}")],
        "11: block.sample: found 0; needed 1 or more",
    ),
    "no workers": (
        [seeded("execution: {workers: 0}")],
        "11: execution.workers: found 0; needed 1 or ",
    ),
    "one bin": ([("{bins: 200}", "{bins: 1}")], "18: histograms.bins: found 1; needed 2 or more"),
    "edges, falling": (
        [("{bins: 200}", "{edges: {d_total: [5, 1]}}")],
        "found edges of 'd_total': [5,",
    ),
    "edges in quotes": (
        [("{bins: 200}", "{edges: {d_total: ['1', 5]}}")],
        "needed [lowest, highest], ",
    ),
    # names
    "version 2": ([("version: 1", "version: 2")], "1: version: found 2; needed 1"),
    "version in quotes": ([("version: 1", "version: '1'")], "1: version: found '1'; needed 1"),
    "distribution": (
        [(VEG, "tau_veg_obs: {gamma: [1, 2]}")],
        f"{PLACE}.gamma: unknown key 'gamma'; available",
    ),
    "design": (
        [("{method: monte_carlo, n: 8", "{method: monte_carl, n: 8")],
        "did you mean 'monte_carlo'?",
    ),
    "design without method": (
        [("{method: monte_carlo, n: 8", "{n: 8")],
        "8: design.cross[0]: has no 'method:'",
    ),
    "design, a list as method": (
        [("{method: monte_carlo, n: 8", "{method: [a], n: 8")],
        "8: design.cross[0]",
    ),
    "reader": (
        [("synthetic_models", "synthetic_model")],
        "5: forcing: unknown reader 'synthetic_model'",
    ),
    "kernel": (
        [(KERNEL, "kernel: two_bx")],
        "4: kernel: no kernel 'two_bx'; did you mean 'two_box'?",
    ),
    "kernel not installed": (
        [(KERNEL, "kernel: no.such")],
        "4: kernel: kernel module 'no.such' cannot",
    ),
    "kernel, no module": (
        [(KERNEL, "kernel: ../two_box")],
        "4: kernel: found '../two_box'; needed a kernel",
    ),
    "module without a kernel": (
        [(KERNEL, "kernel: os.path")],
        "has no KERNEL table; see CONTRIBUTING.md",
    ),
    "kernel's option": (
        [(KERNEL, "kernel: {name: two_box, schem: explicit}")],
        "4: kernel.schem: kernel",
    ),
    "kernel's option's value": (
        [(KERNEL, "kernel: {name: two_box, scheme: exact}")],
        "found 'exact'; needed",
    ),
    "output": (
        [(C_VEG, "c_vg: all")],
        "11: outputs.c_vg: kernel 'two_box' has no output 'c_vg'; did you",
    ),
    "output of a response": (
        [(TOTAL, "output: c_totl, change")],
        "13: responses.d_total.output: kernel",
    ),
    "statistic": (
        [(C_SOIL, "[mean, stdd]")],
        "17: statistics.c_soil[1]: unknown statistic 'stdd'; did",
    ),
    "target": (
        [("  c_soil: [", "  c_sol: [")],
        "17: statistics.c_sol: no output or response 'c_sol'; ",
    ),
    "target of edges": (
        [("{bins: 200}", "{edges: {d_totl: [1, 5]}}")],
        "18: histograms.edges.d_totl: ",
    ),
    "parameter": (
        [("tau_veg_obs", "tau_vg_obs")],
        "8: design.cross[0].parameters.tau_vg_obs: kernel 'two_box'",
    ),
    "backend": (
        [seeded("execution: {backend: dsk}")],
        "11: execution: unknown backend 'dsk'; did you mean 'dask'?",
    ),
    "published response": (
        [seeded("reference: {citation: a, label: b, responses: {dd: {}}}")],
        "no response",
    ),
    "one parameter in two factors": (
        [("tau_soil_obs", "tau_veg_obs")],
        "9: design.cross[1].parameters",
    ),
    "response like an output": (
        [("  d_total: {", "  c_total: {"), ("  d_total: [", "  c_total: [")],
        "13: responses.c_total: is also an output of the kernel; give",
    ),
    "response like a parameter": (
        [("  d_soil: {", "  tau_veg_obs: {")],
        "is also a parameter of the kernel",
    ),
    "response like a folder": (
        [("  d_soil: {", "  journal: {")],
        "is also a name that every store has",
    ),
    "response with a blank": (
        [("  d_soil: {", "  d soil: {")],
        "14: responses.d soil: found 'd soil'; ",
    ),
    # years
    "year before the run": (
        [(D_TOTAL, "output: c_total, change: [1850, 2018]")],
        "13: responses.d_total",
    ),
    "year after the run": (
        [(D_TOTAL, "output: c_total, at: 2050")],
        "year 2050 is not in the run (1901-2018)",
    ),
    "years reversed": (
        [(D_TOTAL, "output: c_total, change: [2018, 1901]")],
        "found change: [2018, 1901]",
    ),
    "one year": (
        [(D_TOTAL, "output: c_total, change: [1901]")],
        "found [1901]; needed [first year, last",
    ),
    "years in quotes": (
        [(D_TOTAL, "output: c_total, change: ['1901', '2018']")],
        "needed [first year",
    ),
    "dates": (
        [(D_TOTAL, "output: c_total, change: [1901-01-01, 2018-12-31]")],
        "found ['1901-01-01', ",
    ),
    "no verb": (
        [(D_TOTAL, "output: c_total")],
        "13: responses.d_total: found none of them; needed one",
    ),
    "two verbs": (
        [(D_TOTAL, f"{D_TOTAL}, mean: [1901, 1910]")],
        "found change and mean; needed one of",
    ),
    "output at a missing year": (
        [(C_VEG, "c_veg: {at: [1901, 2050]}")],
        "11: outputs.c_veg.at: year 2050",
    ),
    # YAML
    "a tab": (
        [("  d_total: {", "\td_total: {")],
        "13: not YAML: found a tab; YAML is indented with spaces",
    ),
    "a key twice": ([seeded("seed: 8")], "11: seed: stands twice, first in line 10; keep one"),
    "unclosed bracket": (
        [("[10.3, 1.4]", "[10.3, 1.4")],
        "8: not YAML: found a bracket that is opened",
    ),
    "unclosed quote": (
        [(TITLE, 'title: "Small')],
        "3: not YAML: found a quote that is opened here and ",
    ),
    "no blank after a colon": (
        [(SEED, "seed:7")],
        "10: not YAML: found no 'key: value' in this line",
    ),
    "two colons": (
        [(TITLE, "title: Small: a test")],
        "3: not YAML: found a colon where no 'key: value'",
    ),
    "indentation": (
        [("  c_soil: [", "   c_soil: [")],
        "17: not YAML: found a line that is not indented",
    ),
    "unknown alias": (
        [(SEED, "seed: *seed")],
        "10: not YAML: found 'seed' after '*' and no '&' of that",
    ),
    "a reserved sign": (
        [(TITLE, "title: @home")],
        "3: not YAML: found '@', with which no plain word ",
    ),
    "two documents": (
        [("histograms: {bins: 200}", "---\nversion: 1")],
        "18: not YAML: found a second ",
    ),
    "a key of braces": (
        [(TITLE, "{{ title }}: x")],
        "3: found braces in the place of a key; put a name",
    ),
    "a key of nothing": ([(TITLE, ": x")], "3: found a colon with no key before it; name the key"),
    "python object": (
        [(TITLE, "title: !!python/object/apply:os.system ['touch ran']")],
        "3: title: found",
    ),
    "python name": (
        [(TITLE, "title: !!python/name:os.system x")],
        "found the tag '!!python/name:os.system'",
    ),
    "a tag of one's own": (
        [(TITLE, "title: !mine x")],
        "3: title: found the tag '!mine'; a scenario holds",
    ),
    "merge of no mapping": (
        [(READER, "{<<: 3, reader: synthetic_models}")],
        "5: forcing: needed '<<: *name'",
    ),
}

BOMB = "".join(
    f"x{k}: &x{k} [{', '.join([f'*x{k - 1}'] * 10) if k else 'lol'}]\n" for k in range(9)
)

INDICES = """version: 1
name: indices
kernel: two_box
forcing: {reader: synthetic_models, n: 1}
design: {method: sobol, n: 4, parameters: all}
responses: {d: {output: c_total, change: [1901, 2018]}}
statistics: {d: [S1]}
"""

WHOLE: dict[str, tuple[str | bytes, str]] = {
    # A design that is wrong itself is not found wanting for a statistic as well.
    "indices of a design without a method": (
        INDICES.replace("method: sobol, ", ""),
        "5: design: has no 'method:'; needed one of",
    ),
    "indices of an unknown design": (
        INDICES.replace("sobol", "soboll"),
        "5: design: unknown method 'soboll'; did you mean 'sobol'?",
    ),
    "indices of a design that is a word": (
        INDICES.replace("{method: sobol, n: 4, parameters: all}", "sobol"),
        "5: design: found 'sobol'; needed 'method:' and its keys",
    ),
    "indices of a misspelt section": (
        INDICES.replace("design:", "desing:"),
        "5: desing: unknown key 'desing'; did you mean 'design'?",
    ),
    "indices of a design without its length": (
        INDICES.replace("n: 4, ", ""),
        "5: design.n: is missing; needed n: base samples",
    ),
    "empty": (b"", "s.yaml: found nothing; needed lines such as 'version: 1': try `soilsweep init"),
    "comments alone": (b"# to do\n", "s.yaml: found nothing; needed lines such as"),
    "a list": ("- a\n- b\n", "s.yaml: found a list; needed lines such as"),
    "a word": ("hello\n", "s.yaml: found a bare word; needed lines such as"),
    "binary": (
        bytes(range(256)),
        "s.yaml: is not UTF-8 text (byte 129); needed the YAML file of a scenario",
    ),
    "a zero byte": (
        b"version: 1\nname: a\0b\n",
        "s.yaml:2: found the control character #x00; needed",
    ),
    "latin-1": (
        "title: é\n".encode("latin-1"),
        "s.yaml: is not UTF-8 text (byte 8); needed the YAML",
    ),
    "an alias bomb": (BOMB, "s.yaml: aliases ('*name') expand to more than 100,000 values; write"),
    "a merge bomb": (
        "".join(
            f"x{k}: &x{k} {{<<: [*x{k - 1}, *x{k - 1}]}}\n" if k else "x0: &x0 {a: 1}\n"
            for k in range(40)
        ),
        "s.yaml: aliases ('*name') expand to more than 100,000 values; write them out",
    ),
    "deep nesting": (f"a: {'[' * 700}", "s.yaml:1: is nested deeper than 50 levels"),
    "a megabyte of brackets": (f"a: {'[' * 10**6}", "s.yaml:1: is nested deeper than 50 levels"),
    "deep by aliases": (
        "a0: &a0 [1]\n" + "".join(f"a{i}: &a{i} [*a{i - 1}]\n" for i in range(1, 3000)),
        "s.yaml:1: is nested deeper than 50 levels",
    ),
    "a million keys": ("".join(f"k{i}: 1\n" for i in range(10**6)), "s.yaml: has more than 1 MiB"),
    "too many keys": (
        "".join(f"k{i}: 1\n" for i in range(10**5)),
        "s.yaml:10000: more than 20,000 keys and values up to here; needed a scenario, whose",
    ),
    "YAML 1.1": (
        f"%YAML 1.1\n---\n{GOOD}",
        "s.yaml:1: found '%YAML 1.1'; this is YAML 1.2: remove",
    ),
    "no version": (edited(("version: 1\n", "")), "s.yaml: version: is missing; say version: 1"),
    "no kernel": (
        edited((f"{KERNEL}\n", "")),
        "s.yaml: kernel: is missing; needed kernel: two_box, or",
    ),
    "nothing kept": (
        GOOD[: GOOD.index("outputs:")],
        "s.yaml: nothing is kept; needed outputs:, responses:, statistics:, aggregates: or ",
    ),
}

# what is set: what is said
SETTINGS = {
    "seed": "--set: found 'seed'; needed PATH=VALUE, such as seed=7",
    "=3": "--set: found '=3'; needed PATH=VALUE",
    "a..b=3": "--set: found 'a..b=3'; needed PATH=VALUE",
    "seed=": "--set seed=: seed: found nothing; needed a whole number",
    "seed=x": "--set seed=x: seed: found 'x'; needed a whole number",
    "seed=.nan": "--set seed=.nan: seed: found .nan; needed a finite number",
    "seed=[1": "--set seed=[1: not YAML: found a bracket that is opened here and not closed",
    "seed=!!python/object:os.system x": "seed: found the tag '!!python/object:os.system'",
    "seed.a=3": "--set seed.a=3: seed is 7 and has nothing below it to set",
    "design.n=5": "--set design.n=5: design.n: unknown key 'n'; available: cross, method",
    "design.cross.5.n=3": "design.cross is a list; it has entries 0 to 1 and no '5'",
    "design.cross.0.n=many": "design.cross[0].n: found 'many'; needed a whole number",
    "nope=3": "--set nope=3: nope: unknown key 'nope'; available: ",
    "sed=3": "--set sed=3: sed: unknown key 'sed'; did you mean 'seed'?",
    "kernel.scheme=exact": "--set kernel.scheme=exact: kernel.scheme: found 'exact'; needed",
    "title=a: b": "--set title=a: b: title: found {a: 'b'}; needed text: put it in quotes",
    "responses.d_total.change=[1850, 2018]": "responses.d_total: year 1850 is not in the run",
}

# the command line: what is said, in typer's own words or ours
ARGUMENTS: dict[tuple[str, ...], str] = {
    ("rn",): "No such command 'rn'. Did you mean 'run', 'runs'?",
    ("run",): "Missing argument 'SCENARIO'",
    ("run", "s.yaml", "--wrkers", "2"): "No such option: --wrkers",
    ("run", "s.yaml", "--workers", "0"): "'--workers': needed 1 or more",
    ("run", "s.yaml", "--workers", "two"): "'--workers': needed a whole number",
    ("extend", "x.zarr", "--until", "narrow"): "'--until': needed a number",
    ("verify", "s.yaml", "--rerun", "-1"): "--rerun",
    ("run", "nope.yaml"): "nope.yaml: no such file; needed the YAML file of a scenario",
    ("run", "t.yaml"): "t.yaml: no such file; needed the YAML file of a scenario; did you mean 's.",
    ("run", "tau-constrain"): "no shipped scenario of that name; did you mean 'tau-constraint'?",
    ("run", ""): "SCENARIO ''",
    ("run", "."): ".: is a folder; needed the YAML file of a scenario",
    ("run", "s.yaml", "--store", "s.yaml"): "s.yaml: ",
    ("run", "s.yaml", "--store", "s.yaml/run.zarr"): "s.yaml is a file; name a folder",
    ("run", "s.yaml", "--store", "x" * 300): "File name too long",
    ("init", "s"): "s.yaml: is there already; choose another name",
    ("init", "a b"): "NAME: found 'a b'; needed a name of letters",
    ("init", "nope/x"): "nope: no such folder; make it first",
    (
        "init",
        "x",
        "--from",
        "nope",
    ): "--from: no shipped scenario 'nope'; available: forest-anchor, ",
    ("init",): "say a name, or --list",
    ("validate",): "say a scenario, or --schema",
    ("status", "s.yaml"): "s.yaml: not a store: a file; name the folder a run wrote",
    ("verify", "nope.zarr"): "nope.zarr: not a store: no such folder; name the folder a run wrote",
    ("analyze", "."): ".: not a store: no zarr.json inside; name the folder a run wrote",
    ("report", ""): "not a store: no zarr.json inside",
    ("report", "s.yaml", "-o", "."): "is a folder; name a file in it",
    ("replay", "s.yaml", "0/0/0"): "s.yaml: not a store: a file",
}

MADE_OF = "d_total: {output: c_total, change: [1901, 2018]}"
EXPRESSIONS = {
    "an expression that does not end": (
        "d_total: d_soil -",
        ("13: responses.d_total.expression: found the end; needed a number, a name or '('",
         "\n    d_soil -\n            ^"),
    ),
    "a name that nothing has in an expression": (
        "d_total: 2 * d_sol",
        ("13: responses.d_total.expression: no output or response 'd_sol'; did you mean 'd_soil'",
         "\n    2 * d_sol\n        ^"),
    ),
    "units that do not go together": (
        "d_total: d_soil + 3 [K]",
        ("found 'Pg C' + 3 K: 'K' cannot become 'Pg C'", "\n    d_soil + 3 [K]\n           ^"),
    ),
    "a line in an expression": (
        'd_total: "d_soil\\n+ \\e[31m"',
        ("found '\\x1b'; needed letters", "\n    d_soil + \\x1b[31m\n             ^"),
    ),
}  # fmt: skip
"""What stands for a response, and what is said in three lines, two of which show the place."""

CASES = {
    **{n: Case(scenario(edited(*pairs)), (said,)) for n, (pairs, said) in EDITS.items()},
    **{
        n: Case(scenario(edited((MADE_OF, line))), said, lines=3)
        for n, (line, said) in EXPRESSIONS.items()
    },
    **{n: Case(scenario(content), (said,)) for n, (content, said) in WHOLE.items()},
    **{
        f"--set {setting}": Case(scenario(GOOD), (said,), (*RUN, "--set", setting))
        for setting, said in SETTINGS.items()
    },
    **{
        " ".join(words)[:60]: Case(scenario(GOOD), (said,), words, lines=None)
        for words, said in ARGUMENTS.items()
    },
}
