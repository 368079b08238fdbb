"""What a Dask cluster of SLURM jobs leaves alone in the process that asks for it."""

import subprocess
import sys


def test_ctrl_c_is_what_it_was():
    text = "import signal; before = signal.getsignal(signal.SIGINT); import slurm.cluster; "
    text += "assert signal.getsignal(signal.SIGINT) is before"
    subprocess.run([sys.executable, "-c", text], check=True)
