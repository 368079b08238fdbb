"""Checkpoints: where the searches of a block stand, so that a kill takes little along.

They are hints, as journals are the truth: without one, a block begins again and comes to the
same bytes.
"""

import hashlib
import io
import json
import time
import zipfile
from collections.abc import Callable, Collection

import numpy as np

from ensemble.calibration.searches import State
from ensemble.store.journal import Key
from ensemble.store.store import Store

FOLDER = "checkpoints"

OF = "identity"
"""The array of a checkpoint that says of what code and scenario it is."""

RESTS_ON = ("scenario_sha256", "kernel", "search", "forcings", "locations")
"""What must be the same of a run's identity for a search to go on."""

MOST_SECONDS, LEAST_SECONDS = 60.0, 1.0
"""From one checkpoint to the next: at most, and at least, as file systems are shared."""

SHARE = 0.05
"""Of the time that writing checkpoints may take."""


class Checkpoints:
    """Checkpoints of the blocks of a store.

    Parameters
    ----------
    store : Store
    """

    def __init__(self, store: Store) -> None:
        self.store = store
        about = [store.attrs["identity"].get(word) for word in RESTS_ON]
        text = json.dumps(about, sort_keys=True)
        self._identity = hashlib.sha256(text.encode()).hexdigest()

    def _of(self, without: Collection[Key]) -> str:
        """Return what a checkpoint is of: it is another's where a search was put in quarantine."""
        return " ".join([self._identity, *("/".join(map(str, m)) for m in sorted(without))])

    def load(self, key: Key, without: Collection[Key] = ()) -> State | None:
        """Return where a block stood; None where there is none of this code and scenario.

        Parameters
        ----------
        key : tuple of int
        without : collection of (group, restart)
            Searches of the block that are not run.
        """
        try:
            content = self.store.root.read(f"{FOLDER}/{_name(key)}")
            with np.load(io.BytesIO(content), allow_pickle=False) as held:
                state = {name: held[name] for name in held.files}
        except FileNotFoundError:
            return None
        except (OSError, ValueError, EOFError, zipfile.BadZipFile):
            # A damaged hint is none.
            return None
        return state if str(state.pop(OF, "")) == self._of(without) else None

    def save(self, key: Key, state: State, without: Collection[Key] = ()) -> None:
        """Write where a block stands, whole or not at all; see `load`."""
        content = io.BytesIO()
        np.savez(content, **{OF: np.array(self._of(without))}, **state)  # type: ignore[arg-type]
        self.store.root.folder(FOLDER, make=True).write(
            _name(key), content.getbuffer(), sync=True, scratch=self.store.root.folder("scratch")
        )

    def clear(self) -> None:
        """Remove all of them: the run is finished."""
        self.store.root.remove_folder(FOLDER)


class Clock:
    """When the next checkpoint is due.

    Parameters
    ----------
    now : callable
        Returns seconds.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._last, self._wait = now(), LEAST_SECONDS

    @property
    def due(self) -> bool:
        """Return whether it is time."""
        return self._now() - self._last >= self._wait

    def run(self, write: Callable[[], None]) -> None:
        """Write, and wait for as long as keeps the share of writing small."""
        begun = self._now()
        write()
        self._last = self._now()
        took = self._last - begun
        self._wait = min(MOST_SECONDS, max(LEAST_SECONDS, took / SHARE))


def _name(key: Key) -> str:
    return f"{'-'.join(map(str, key))}.npz"
