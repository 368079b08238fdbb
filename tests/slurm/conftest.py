"""Programs that pretend to be SLURM's, first on the PATH, so that the real code starts them."""

import pytest

from slurm import commands


@pytest.fixture
def fake(tmp_path, monkeypatch):
    """Return ``fake(name, shell lines)``; ``fake.calls()`` lists what was asked of them."""
    folder, log = tmp_path / "bin", tmp_path / "calls"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    monkeypatch.setattr(commands, "PAUSES", (0.0, 0.0, 0.0, 0.0))

    def make(name, body="true"):
        program = folder / name
        program.write_text(f'#!/bin/sh\necho "{name} $*" >> {log}\n{body}\n')
        program.chmod(0o755)

    make.calls = lambda: log.read_text().splitlines() if log.exists() else []
    return make
