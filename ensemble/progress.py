"""Where a run stands, from its journals alone; works while it is being written."""

from collections import Counter
from pathlib import Path
from typing import Any

from ensemble.journal import headers
from ensemble.launch import open_setup
from ensemble.layout import Layout
from ensemble.store import read
from kernels import BY_CODE


def summary(path: Path) -> dict[str, Any]:
    """Return blocks done, members by status, busy seconds and the digest of a store."""
    store = read(path)
    layout = Layout(open_setup(store))
    committed = store.committed()
    members: dict[str, int] = {}
    for entry in committed.values():
        for code, n in entry.status.items():
            name = BY_CODE[code].name
            members[name] = members.get(name, 0) + n
    notes = Counter(note for entry in committed.values() for note in entry.notes)
    busy = sum(entry.seconds for entry in committed.values())
    total = layout.grid.blocks
    left = busy / len(committed) * (total - len(committed)) if committed else None
    return {
        "store": str(path),
        "title": store.attrs["title"],
        "complete": len(committed) == total,
        "blocks": {"done": len(committed), "all": total},
        "members": members,
        "worker_seconds": round(busy, 3),
        "worker_seconds_left": None if left is None else round(left, 3),
        "runs": len(headers(store.journal)),
        "notes": [f"{note} ({n:,} times)" for note, n in notes.most_common(20)],
        "synthetic": store.attrs["synthetic"],
        "digest": store.digest(committed),
    }
