"""An answer that dies with its worker before it is asked costs nothing but the asking again."""

import os
import signal
from types import SimpleNamespace

import pytest
from distributed import Client, LocalCluster
from waiting import PATIENCE, wait_for

from ensemble.errors import StoppedEarly
from ensemble.farming.backends.parts.pushing import Push

KEY = (0, 0, 7)


@pytest.fixture
def cluster():
    with LocalCluster(
        n_workers=1, threads_per_worker=1, host="127.0.0.1", dashboard_address=None
    ) as found:
        yield found


def push(client, tmp_path):
    """Return what pushes blocks of a run that has none."""
    execution = SimpleNamespace(sync=False, hang_seconds=60.0)
    farm = SimpleNamespace(
        store=SimpleNamespace(path=tmp_path), execution=execution, careful=frozenset()
    )
    return Push(client, farm, replaced=False)


def held(client, pushing):
    """Return a future whose answer lies with the worker, and that has been heard of."""
    future = client.submit(os.getpid, pure=False)
    future.add_done_callback(pushing._answers.put)
    pushing._flying[future] = KEY
    assert pushing._answers.get(timeout=PATIENCE) is future
    return future


@pytest.mark.chaos
def test_an_answer_lost_with_its_worker_is_asked_for_again(tmp_path, cluster):
    with Client(cluster) as client:
        pushing = push(client, tmp_path)
        future = held(client, pushing)
        os.kill(future.result(), signal.SIGKILL)
        wait_for(lambda: future.status != "finished", "the loss is known", every=0.001)
        assert future.status in ("lost", "pending")
        pushing._take(future)
        assert pushing._again == [KEY]


@pytest.mark.chaos
def test_an_answer_lost_with_the_scheduler_ends_the_run(tmp_path, cluster):
    with Client(cluster) as client:
        pushing = push(client, tmp_path)
        future = held(client, pushing)
        cluster.close()
        wait_for(lambda: future.status != "finished", "the loss is known", every=0.001)
        with pytest.raises(StoppedEarly, match="scheduler is gone"):
            pushing._take(future)
