"""One rank of the counting work: ``mpiexec -n 3 python -m models.rank STORE``."""

import sys
from pathlib import Path

from ensemble.farming.backends.parts import ranks
from ensemble.farming.farm import run_work
from ensemble.farming.opening import join
from ensemble.store.reading import read
from scenarios.execution import of_section

if __name__ == "__main__":
    if ranks.world().rank:
        ranks.follow(lambda: False)
    else:
        store = read(Path(sys.argv[1]))
        with ranks.leading():
            run_work(store, join(store), of_section({"backend": "mpi"}))
