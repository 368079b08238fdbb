"""Commands of runs that nobody watches: worker, submit, cancel."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

StoreArgument = Annotated[Path, typer.Argument(metavar="STORE", help="The folder of a run.")]


def worker(
    store: StoreArgument,
    workers: Annotated[
        int | None,
        typer.Option(min=1, max=4096, metavar="N", help="Processes; default: one per core."),
    ] = None,
    stale: Annotated[
        float,
        typer.Option(min=1, metavar="SECONDS", help="Silence after which another worker is gone."),
    ] = 120.0,
) -> None:
    """Run blocks of a store that are not done, beside any number of other workers.

    Workers share the store's file system and nothing else: no port, no scheduler. Start as many
    as you like, on any host, at any time; the one that commits the last block finishes the run.
    """
    from ensemble.launch import read_store
    from ensemble.pulling import Terms
    from ensemble.tending import tend
    from scenarios import Scenario

    opened = read_store(store)
    execution = Scenario.model_validate(opened.attrs["identity"]["scenario"]).execution
    terms = Terms(execution.sync, execution.hang_seconds, stale)
    sys.exit(tend(store, workers or len(os.sched_getaffinity(0)), terms))
