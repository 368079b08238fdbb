"""Blocks that several processes compiled are what they are in a process that loads them all."""

import os
import subprocess
import sys

from tracked import ROOT

MODELS = '''
"""Two blocks that call a function of one name, made by one factory for each."""

import numpy as np

from kernels import block, equation


def rate(factor):
    @equation
    def flow(x: float) -> float:
        total = x
LONG
        return total

    return flow


first_flow, second_flow = rate(2.0), rate(3.0)

@block
def first(values, out) -> None:
    for k in range(len(values)):
        out[k] = first_flow(values[k]) + first_flow(-values[k])


@block
def second(values, out) -> None:
    for k in range(len(values)):
        out[k] = second_flow(values[k]) + second_flow(-values[k])


def run(name):
    values, out = np.arange(4.0), np.empty(4)
    {"first": first, "second": second}[name](values, out)
    return out.tolist()
'''.replace("LONG", "\n".join(f"        total = total * x + {k}.5 * factor" for k in range(400)))
# So long that calls are left, as of the equations of a model.


def process(folder, code):
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(folder / "cache")}
    environment["PYTHONPATH"] = os.pathsep.join([str(folder), str(ROOT)])
    program = [sys.executable, "-c", code]
    done = subprocess.run(program, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.split("\n")[:-1]


def test_blocks_of_processes_of_their_own_do_not_call_each_others_functions(tmp_path):
    (tmp_path / "two.py").write_text(MODELS)
    run = "from two import run; print(run({!r}))"
    one, two = (process(tmp_path, run.format(name)) for name in ("first", "second"))
    assert one != two
    assert process(tmp_path, f"{run.format('first')}; {run.format('second')}") == [*one, *two]


COUNTS = """
import os
from numba.core.bytecode import FunctionIdentity
from kernels.contract.build import _njit

_njit()
pid = os.fork()
if pid:
    os.waitpid(pid, 0)
print(next(FunctionIdentity._unique_ids))
"""


def test_no_two_processes_count_alike_forked_ones_neither(tmp_path):
    counts = [int(count) for _ in range(2) for count in process(tmp_path, COUNTS)]
    assert len(counts) == 4
    assert min(abs(a - b) for k, a in enumerate(counts) for b in counts[:k]) > 1_000_000
