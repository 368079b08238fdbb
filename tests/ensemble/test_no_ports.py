"""Independent workers need no network: a run of them where every port is shut."""

import os
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import farming
import knocking
import psutil
import pytest
from misbehaving import scenario
from waiting import PATIENCE, wait_for

import scenarios

BLOCKS = 60
UNSHARE = ["unshare", "--net"] if os.geteuid() == 0 else ["unshare", "--map-root-user", "--net"]
TABLES = ("tcp", "tcp6", "udp", "udp6", "raw", "raw6")

CONNECT = """
import socket, sys
try:
    with socket.create_connection(("127.0.0.1", int(sys.argv[1])), timeout=5) as door:
        print(door.recv(5).decode())
except OSError as error:
    print(f"refused: {error}")
"""


def missing():
    """Return why no network namespace can be made here; empty if one can."""
    try:
        tried = subprocess.run([*UNSHARE, "true"], capture_output=True, text=True, timeout=20)
    except OSError as error:
        return f"no network namespaces here ({error}); install util-linux"
    return f"no network namespaces here: {tried.stderr.strip()}" if tried.returncode else ""


needs_namespaces = pytest.mark.skipif(bool(missing()), reason=missing())


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """A scenario, and a local run of it that nothing has happened to."""
    folder = tmp_path_factory.mktemp("local")
    file = scenario.write(folder, n=BLOCKS, block=1)
    code, _, err = farming.call("run", file, "--store", folder / "run.zarr", "--quiet")
    assert code == 0, err
    return file, folder / "run.zarr"


@pytest.fixture
def listener():
    """A port of this host's loopback that greets whoever connects."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.1)
        yield server


def connects(listener, *inside):
    """Return whether a process that is started inside something reaches a port of this host."""
    port = listener.getsockname()[1]
    words = [*inside, sys.executable, "-c", CONNECT, str(port)]
    process = farming.start(words)
    while process.poll() is None:
        with suppress(TimeoutError):
            door, _ = listener.accept()
            with door:
                door.sendall(b"hello")
    out, err = process.communicate()
    assert out == "hello\n" or out.startswith("refused"), err
    return out == "hello\n"


def sockets(pid):
    """Return the internet sockets in a process's network, and which of them it has open."""
    found, own, folder = [], [], Path("/proc", str(pid))
    # The process may end, and files be closed, while they are looked at.
    with suppress(OSError):
        for table in TABLES:
            found += (folder / "net" / table).read_text().splitlines()[1:]
        inodes = {f"socket:[{line.split()[9]}]" for line in found}
        for file in (folder / "fd").iterdir():
            with suppress(OSError):
                own += [file] if os.readlink(file) in inodes else []
    return found, own


def network(pid):
    return os.readlink(f"/proc/{pid}/ns/net")


def start(store, inside=UNSHARE, *, seconds=0.2, stale=120):
    words = farming.command("worker", store, "--workers", 1, "--stale", stale)
    return farming.start([*inside, *words], MISBEHAVE_SECONDS=str(seconds))


def commits(store):
    return sum(len(f.read_bytes().splitlines()) - 1 for f in store.glob("journal/*"))


def kill(parent):
    """Kill a worker with all its children, as the loss of its host would."""
    family = knocking.family(parent.pid)
    for process in family:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    parent.communicate()
    return len(family)


def work(store, begin):
    """Run three workers, kill one in the middle, start another; return what was seen."""
    parents = [begin(i) for i in range(3)]
    seen, killed, looks = [], 0, 0
    while any(parent.poll() is None for parent in parents):
        family = [p for parent in parents for p in family_of(parent)]
        seen += [found for process in family if any(found := sockets(process.pid))]
        looks += len(family) > 3
        if not killed and commits(store) > BLOCKS // 5:
            killed = kill(parents[0])
            assert killed >= 2
            parents[0] = begin(3)
        time.sleep(0.1)
    ended = [(parent.returncode, *parent.communicate()) for parent in parents]
    assert [code for code, _, _ in ended] == [0, 0, 0], ended
    assert killed
    assert looks > 10
    return seen


def family_of(parent):
    try:
        return knocking.family(parent.pid)
    except psutil.NoSuchProcess:
        return []


def assert_same(store, undisturbed):
    assert farming.digest(store) == farming.digest(undisturbed)
    assert farming.visible(store) == farming.visible(undisturbed)


@needs_namespaces
def test_a_namespace_has_no_network(listener):
    assert connects(listener)
    assert not connects(listener, *UNSHARE)
    found, own = sockets(os.getpid())
    assert found
    assert own, "a socket of this process is not seen"


@needs_namespaces
@pytest.mark.slow
def test_workers_without_any_network(tmp_path, undisturbed, listener):
    file, local = undisturbed
    store = tmp_path / "run.zarr"
    farming.create_of(scenarios.load(file), store)
    networks = set()

    def begin(index):
        parent = start(store)
        wait_for(lambda: network(parent.pid) != network(os.getpid()), "unshare has done it")
        networks.add(network(parent.pid))
        if index == 1:
            inside = ["nsenter", "--net", "--target", str(parent.pid)]
            assert os.geteuid() or not connects(listener, *inside)
        return parent

    assert work(store, begin) == []
    assert len(networks) == 4
    assert_same(store, local)


@pytest.mark.slow
@needs_namespaces
@pytest.mark.skipif(os.geteuid() != 0, reason="naming a host takes root")
def test_workers_of_hosts_that_see_nothing_of_each_other(tmp_path, undisturbed):
    """Of a worker that dies on another host, all that is known is that its heart is silent."""
    file, local = undisturbed
    store = tmp_path / "run.zarr"
    farming.create_of(scenarios.load(file), store)
    named = 'hostname "$0" && exec "$@"'

    def begin(index):
        return start(store, [*UNSHARE, "--uts", "sh", "-c", named, f"node{index}"], stale=15)

    assert work(store, begin) == []
    hosts = {journal.name.partition(".")[0] for journal in (store / "journal").iterdir()}
    assert hosts == {"node0", "node1", "node2", "node3"}
    assert_same(store, local)


REJECT = """
import sys
def refuse(event, args):
    if event in ("socket.bind", "socket.connect", "socket.sendto", "socket.getaddrinfo"):
        open(TOLD, "a").write(f"{event} {args}\\n")
        raise PermissionError(f"{event} is refused here")
sys.addaudithook(refuse)
"""


@pytest.mark.slow
def test_workers_whose_every_connection_is_refused(tmp_path, undisturbed, listener):
    """For hosts that let nobody make a namespace: Python itself refuses."""
    file, local = undisturbed
    store, told = tmp_path / "run.zarr", tmp_path / "told"
    (tmp_path / "sitecustomize.py").write_text(f"TOLD = {str(told)!r}\n{REJECT}")
    path = os.pathsep.join([str(tmp_path), farming.environment()["PYTHONPATH"]])
    refusing = ["env", f"PYTHONPATH={path}"]
    assert not connects(listener, *refusing)
    assert told.read_text().startswith("socket.")
    told.unlink()
    farming.create_of(scenarios.load(file), store)
    work(store, lambda index: start(store, refusing))
    assert not told.exists(), told.read_text()
    assert_same(store, local)


@pytest.mark.slow
@needs_namespaces
def test_the_shipped_scenario_without_any_network(tmp_path):
    local, store = tmp_path / "local.zarr", tmp_path / "run.zarr"
    farming.run(local, "execution.workers=1")
    farming.create(store)
    workers = [start(store) for _ in range(3)]
    ended = [(*worker.communicate(timeout=PATIENCE), worker.returncode) for worker in workers]
    assert [code for _, _, code in ended] == [0, 0, 0], ended
    assert_same(store, local)
