"""Who wrote a store: codes that are mixed in it, and workers that came late."""

from ensemble.store.journals import Journals
from ensemble.store.store import Store


def remarks(store: Store, journals: Journals) -> list[str]:
    """Return what a person should know of who wrote a store, one line each."""
    texts = []
    codes = sorted(journals.kernels.items())
    if len(codes) > 1:
        blocks = ", ".join(f"{n:,} by {code or 'unknown'}" for code, n in codes)
        reasons = [one["reason"] for one in store.attrs["accepted_changes"]]
        said = f"accepted: {'; '.join(reasons)}" if reasons else "nobody has accepted that"
        texts.append(f"a mixture: not all blocks are of one kernel's code ({blocks}); {said}")
    for name, lines in sorted(journals.late.items()):
        texts.append(
            f"{lines:,} lines of journal/{name} do not count: a late worker of a store that this "
            "one has replaced wrote them; `verify --repair` mends what else it wrote"
        )
    return texts
