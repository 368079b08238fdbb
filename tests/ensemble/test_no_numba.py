"""Commands that run no kernel do not wait for numba, which takes as long to import as the rest."""

import subprocess
import sys

import pytest
from support import SMALL

COMMAND = """
import sys
from ensemble.commands.app import main
try:
    main()
except SystemExit as end:
    assert not end.code, end.code
assert "numba" not in sys.modules
"""


@pytest.mark.parametrize(
    "words",
    ["--help", "validate jian2021-parameters", "plan jian2021-parameters", "plan NAME.yaml"],
)
def test_what_runs_no_kernel_needs_no_numba(words, tmp_path):
    (tmp_path / "NAME.yaml").write_text(SMALL)
    command = [sys.executable, "-c", COMMAND, *words.split()]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
