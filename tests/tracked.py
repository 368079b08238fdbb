"""The files of this checkout, for tests that read all of them: an environment inside is none."""

import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[1]
OURS = ("docs", "ensemble", "kernels", "scenarios", "slurm", "tests")


def tracked(*suffixes: str, under: str = "") -> list[Path]:
    """Return the files that git tracks, of these suffixes; without git, those of our folders."""
    within = ROOT / under
    files = _by_git() or _by_folder()
    return sorted(
        file
        for file in files
        if file.is_file()
        and file.is_relative_to(within)
        and (not suffixes or file.suffix in suffixes)
    )


def _by_git() -> list[Path] | None:
    """Return what git names, or None where it is absent, refuses, or knows another checkout."""
    if not (ROOT / ".git").exists():
        return None
    try:
        listed = subprocess.run(
            ["git", "-C", ROOT, "ls-files", "-z"], capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return [ROOT / name for name in listed.stdout.split("\0") if name]


def _by_folder() -> list[Path]:
    """Return what lies at the top and in our folders; for a copy without its history."""
    below = [path for folder in OURS for path in (ROOT / folder).rglob("*")]
    return [*ROOT.iterdir(), *(path for path in below if "__pycache__" not in path.parts)]
