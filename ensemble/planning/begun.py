"""What a store that is begun settles for a plan that would go on with it."""

from contextlib import suppress
from pathlib import Path

from ensemble.errors import PlanError
from ensemble.members.experiment import Experiment
from ensemble.members.layout import Layout
from ensemble.members.stored import is_apart, lengths_of, read_ensemble
from ensemble.store.names import beside


def begun_layout(path: Path, experiment: Experiment) -> Layout:
    """Return the layout of a plan: with the chunks of the store that it would go on with.

    Blocks of another length would be other chunks, so a store keeps the lengths that it has,
    whatever the rule gives by now for its scenario or for what it is to change to. Where no store
    is begun, or one of other members or another ``block:``, the rule's are taken; whoever runs into
    such a store is told what differs.

    Parameters
    ----------
    path : Path
        Where the plan's store is or will be, or was before its name was given to another.
    experiment : Experiment
    """
    lengths, apart = None, False
    for place in (path, beside(path, "before")):
        with suppress(PlanError):
            store = read_ensemble(place)
            words = store.attrs["identity"]["scenario"]
            now = experiment.scenario.model_dump(mode="json", include={"block", "design"})
            members = (len(experiment.forcings), len(experiment.locations.names))
            same = store.specs["status"].shape[:2] == members
            if same and all(words.get(section) == said for section, said in now.items()):
                lengths, apart = lengths_of(store), is_apart(store)
            break
    return Layout(experiment, lengths, apart=apart)
