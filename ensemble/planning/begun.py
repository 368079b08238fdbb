"""What a store that is begun settles for a plan that would go on with it."""

from contextlib import suppress
from pathlib import Path

from ensemble.errors import PlanError
from ensemble.members.experiment import Experiment
from ensemble.members.stored import lengths_of, read_ensemble
from ensemble.store.names import beside


def begun_lengths(path: Path, experiment: Experiment) -> tuple[int, int] | None:
    """Return the locations and samples of a block of the store that a plan would go on with.

    Blocks of another length would be other chunks, so a store keeps the lengths that it has,
    whatever the rule gives by now for its scenario or for what it is to change to.

    Parameters
    ----------
    path : Path
        Where the plan's store is or will be, or was before its name was given to another.
    experiment : Experiment

    Returns
    -------
    tuple of int, optional
        None where no store is begun, or one of other members or another ``block:``; whoever
        runs into that is told what differs.
    """
    for place in (path, beside(path, "before")):
        with suppress(PlanError):
            store = read_ensemble(place)
            words = store.attrs["identity"]["scenario"]
            now = experiment.scenario.model_dump(mode="json", include={"block", "design"})
            members = (len(experiment.forcings), len(experiment.locations.names))
            same = store.specs["status"].shape[:2] == members
            same &= all(words.get(section) == said for section, said in now.items())
            return lengths_of(store) if same else None
    return None
