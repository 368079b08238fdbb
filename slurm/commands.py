"""Run SLURM's programs; the only file of this room that starts a process."""

import os
import random
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping

UNREACHED = re.compile(r"connect failure|Connection refused", re.IGNORECASE)
"""The controller never got the request: repeating it repeats nothing."""

TRANSIENT = re.compile(
    r"Unable to contact slurm controller|Connection refused|Connection reset|Socket timed out|"
    r"Communication connection failure|Zero Bytes were transmitted|Transport endpoint|"
    r"in standby mode|Resource temporarily unavailable",
    re.IGNORECASE,
)
"""The controller is busy or restarting: a question may be asked again."""

NO_CLUSTER = re.compile(
    r"Could not establish a configuration source|resolve_ctls_from_dns_srv|"
    r"(open|find|read) (the )?(config|slurm\.conf)",
    re.IGNORECASE,
)
"""SLURM's programs are here, and no cluster of theirs: they look for one in files and in DNS."""

PAUSES = (1.0, 2.0, 4.0, 8.0)
"""Seconds before each further attempt; jobs that start together do not ask again together."""

SHOWN_LINES, KEPT_LINES = 5, 50
"""Of what a program said: its message has the first few, and its meaning is sought in more."""

# A person's own filters and formats would hide jobs from us or change what is printed.
_PERSONAL = ("SQUEUE_", "SACCT_", "SINFO_", "SCONTROL_")

# Local times are ambiguous for an hour every autumn; ids of long arrays are cut at 64 characters.
_PRINTED = {"SLURM_TIME_FORMAT": "%s", "SLURM_BITSTR_LEN": "0"}


class SlurmError(RuntimeError):
    """A program of SLURM is missing, failed, or did not answer.

    Attributes
    ----------
    command : tuple of str
    exit_code : int or None
        None if the program did not end by itself.
    stderr : str
        Its last lines.
    """

    def __init__(
        self,
        message: str,
        command: tuple[str, ...] = (),
        exit_code: int | None = None,
        stderr: str = "",
    ) -> None:
        super().__init__(message)
        self.command = command
        self.exit_code = exit_code
        self.stderr = stderr


class NoCluster(SlurmError):
    """A program of SLURM is here, and knows of no cluster."""


def available(name: str) -> bool:
    """Return whether a program is on the PATH."""
    return shutil.which(name) is not None


def call(
    *argv: str, stdin: str = "", seconds: float = 60, retry: re.Pattern[str] | None = None
) -> str:
    """Run a program of SLURM and return what it prints.

    Parameters
    ----------
    *argv : str
        Program and arguments; no shell reads them.
    stdin : str
    seconds : float
        Time limit of one attempt.
    retry : pattern, optional
        Try again, after `PAUSES`, where the error output matches: `TRANSIENT` for questions,
        `UNREACHED` for requests that must not be made twice. Never after a time-out.

    Raises
    ------
    SlurmError
        The program is missing, failed, or took longer than `seconds`.
    """
    for pause in PAUSES if retry else ():
        try:
            return _once(argv, stdin, seconds)
        except SlurmError as error:
            if error.exit_code is None or retry is None or not retry.search(error.stderr):
                raise
            time.sleep(pause * random.uniform(0.5, 1.0))
    return _once(argv, stdin, seconds)


def ask(*argv: str, seconds: float = 60) -> str:
    """Run a program that changes nothing; as `call`, patient with a busy controller."""
    return call(*argv, seconds=seconds, retry=TRANSIENT)


def epoch(text: str) -> float | None:
    """Return a time that a program printed in seconds since 1970, None if it names none."""
    text = text.strip()
    if re.fullmatch(r"\d+(\.\d+)?", text):
        return float(text)
    try:  # Sites may force a format of their own: SLURM's standard one is local time.
        return time.mktime(time.strptime(text, "%Y-%m-%dT%H:%M:%S"))
    except ValueError:
        return None


def _once(argv: tuple[str, ...], stdin: str, seconds: float) -> str:
    with _started(argv) as process:
        try:
            stdout, stderr = process.communicate(stdin, timeout=seconds)
        except subprocess.TimeoutExpired:
            _end(process)
            raise SlurmError(
                f"{_shown(argv)} gave no answer within {seconds:g} s; the SLURM controller may "
                "be busy: try again later",
                argv,
            ) from None
        except BaseException:
            _end(process)
            raise
    if process.returncode:
        lines = stderr.strip().splitlines()
        if NO_CLUSTER.search(stderr):
            raise NoCluster(
                f"{argv[0]} is here and finds no SLURM cluster, neither in a slurm.conf nor by "
                "DNS; run this on a login node",
                argv,
                process.returncode,
                "\n".join(lines[-KEPT_LINES:]),
            )
        last = "\n".join(lines[-SHOWN_LINES:]) or "it said nothing"
        raise SlurmError(
            f"{_shown(argv)} failed (exit {process.returncode}): {last}",
            argv,
            process.returncode,
            "\n".join(lines[-KEPT_LINES:]),
        )
    return stdout


def _started(argv: tuple[str, ...]) -> subprocess.Popen[str]:
    try:
        # A session of its own: Ctrl-C in a terminal must not reach sbatch before us, and a site's
        # wrapper script is stopped together with what it started.
        return subprocess.Popen(
            argv,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            errors="replace",
            env=_environment(argv[0]),
            start_new_session=True,
        )
    except FileNotFoundError:
        raise SlurmError(
            f"{argv[0]} is not on this machine's PATH; run this on a login node", argv
        ) from None
    except OSError as error:
        raise SlurmError(f"{argv[0]} cannot be started: {error}", argv) from error


def _end(process: subprocess.Popen[str]) -> None:
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def _environment(program: str) -> Mapping[str, str]:
    # sbatch passes its environment on to the job, where it is the user's business.
    if os.path.basename(program) == "sbatch":
        return os.environ
    ours = {k: v for k, v in os.environ.items() if not k.startswith(_PERSONAL)}
    return ours | _PRINTED


def _shown(argv: tuple[str, ...]) -> str:
    text = " ".join(argv)
    return text if len(text) <= 200 else f"{text[:200]}..."
