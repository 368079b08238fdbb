"""Who does not hold a run's key can neither join its Dask cluster nor talk to it."""

import ast
import datetime
import json
import os
import shutil
import ssl
import stat
import sys
from itertools import chain

import farming
import knocking
import psutil
import pytest
from misbehaving import scenario
from slurm_cluster import environments
from tracked import ROOT, tracked
from waiting import PATIENCE, wait_for

from ensemble.farming import certificates
from ensemble.store.folders import Folder

BLOCKS = 400
PAGES = ("/", "/status", "/health", "/info/main/workers.html", "/json/counts.json", "/metrics")

CLIENT = """
import json, sys
from distributed import Client
from distributed.security import Security
for address, trusted, folder in json.loads(sys.argv[1]):
    files = {"tls_ca_file": f"{trusted}/cert.pem", "tls_client_cert": f"{folder}/cert.pem",
             "tls_client_key": f"{folder}/key.pem"}
    security = Security(require_encryption=True, **files) if folder else None
    try:
        # Who is let in may have to wait for a busy host; the others are not waited for.
        patience = 60 if folder and folder == trusted else 2
        with Client(address, security=security, timeout=patience, set_as_default=False) as client:
            found = len(client.scheduler_info(n_workers=-1)["workers"])
    except (OSError, TypeError) as error:
        found = f"{type(error).__name__}: {error}"
    print(json.dumps(found))
"""


class Run:
    """A run in progress: its store, its command, its process and those it began."""

    def __init__(self, folder, execution, blocks=BLOCKS):
        file = scenario.write(folder, n=blocks, block=1, execution=execution)
        self.store = folder / "run.zarr"
        self.tls = self.store / certificates.FOLDER
        self.words = farming.command("run", file, "--store", self.store)
        self.start()

    def start(self, seconds=1.0):
        """Start it, or go on with it, under a umask that hides nothing."""
        self.others = set(self.store.glob("journal/*"))
        words = ["sh", "-c", 'umask 0; exec "$@"', "sh", *self.words]
        self.driver = farming.start(words, MISBEHAVE_SECONDS=str(seconds))
        wait_for(self._has_begun, "the first commit")

    def _has_begun(self):
        if self.driver.poll() is not None:
            raise AssertionError(self.driver.communicate())
        new = set(self.store.glob("journal/*")) - self.others
        return any(len(file.read_bytes().splitlines()) > 1 for file in new)

    def processes(self):
        return knocking.family(self.driver.pid)

    def kill(self):
        """Kill the driver as a reboot of its host would; return those that have to notice."""
        rest = self.processes()
        self.driver.kill()
        self.driver.communicate()
        return rest[2:]


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    """A run with a Dask cluster of its own, long enough for all tests here."""
    run = Run(tmp_path_factory.mktemp("dask"), "{backend: dask, workers: 2}")
    yield run
    run.kill() if run.driver.poll() is None else None


@pytest.fixture(scope="module")
def foreign(tmp_path_factory):
    return knocking.stranger(tmp_path_factory.mktemp("foreign"))


def doors(processes, tls):
    """Return the ports at which Dask talks to holders of the key, by who answers."""
    found = {"Scheduler": [], "Nanny": [], "Worker": []}
    for address in knocking.listening(processes):
        if not knocking.page(address):
            found[knocking.identity(knocking.encrypted(address, tls))].append(address)
    return found


def assert_closed(found, foreign):
    """Assert that nobody is answered but who holds the key, who was."""
    for address in chain.from_iterable(found.values()):
        assert knocking.plain(address) == b""
        assert knocking.encrypted(address) == b""
        assert knocking.encrypted(address, foreign) == b""


def clients(*given):
    """Return what Dask's client finds, given (address, trusted, own): workers or an error."""
    words = json.dumps([[str(word or "") for word in each] for each in given])
    code, out, err = farming.finish([sys.executable, "-c", CLIENT, words])
    assert code == 0, err
    return [json.loads(line) for line in out.splitlines()]


def assert_only_ours_joins(address, tls, foreign, workers):
    where = "{}:{}".format(*address)
    ours, *others = clients(
        (f"tls://{where}", tls, tls),
        # One that trusts the scheduler, which is to refuse it; one that does not; two without.
        (f"tls://{where}", tls, foreign),
        (f"tls://{where}", foreign, foreign),
        (f"tls://{where}", None, None),
        (f"tcp://{where}", None, None),
    )
    assert ours == workers
    refused = ("OSError: Timed out", "CommClosedError", "TypeError: TLS expects")
    assert [said for said in others if not any(word in str(said) for word in refused)] == []


@pytest.mark.slow
def test_nobody_without_the_key_is_answered(running, foreign):
    found = doors(running.processes(), running.tls)
    assert {who: len(at) for who, at in found.items()} == {"Scheduler": 1, "Nanny": 2, "Worker": 2}
    assert_closed(found, foreign)
    assert running.driver.poll() is None


@pytest.mark.slow
def test_no_dask_client_without_the_key(running, foreign):
    (address,) = doors(running.processes(), running.tls)["Scheduler"]
    assert_only_ours_joins(address, running.tls, foreign, workers=2)


@pytest.mark.slow
def test_no_worker_without_the_key(running, foreign):
    (address,) = doors(running.processes(), running.tls)["Scheduler"]
    where = "{}:{}".format(*address)
    words = [sys.executable, "-m", "dask", "worker", "--no-nanny", "--death-timeout", "4"]
    keys = ["--tls-ca-file", "cert.pem", "--tls-cert", "cert.pem", "--tls-key", "key.pem"]
    started = [
        farming.start(
            [*words, f"tls://{where}", *(str(foreign / w) if "." in w else w for w in keys)]
        ),
        farming.start([*words, f"tcp://{where}"]),
    ]
    for process in started:
        out, err = process.communicate(timeout=PATIENCE)
        assert "Registered to" not in out + err
        assert process.returncode != 0 or "Timed out" in err or "Reason" in err, err
    assert clients((f"tls://{where}", running.tls, running.tls)) == [2]


def test_this_host_alone_and_no_page(running):
    addresses = knocking.listening(running.processes())
    assert len(addresses) >= 5
    assert {host for host, _ in addresses} == {"127.0.0.1"}
    answers = {knocking.page(address, path) for address in addresses for path in PAGES}
    assert answers == {"", "HTTP/1.1 404 Not Found"}


@pytest.mark.slow
def test_pages_where_they_are_asked_for(tmp_path):
    run = Run(tmp_path, "{backend: dask, workers: 2, dashboard: true}")
    addresses = knocking.listening(run.processes())
    answers = {at: {knocking.page(at, path) for path in PAGES} for at in addresses}
    run.kill()
    assert any("HTTP/1.1 200 OK" in said for said in answers.values())
    assert {host for host, _ in addresses} == {"127.0.0.1"}


def modes(tls):
    return {f.name: oct(stat.S_IMODE(f.stat().st_mode)) for f in (tls, *tls.iterdir())}


PRIVATE = {"tls": "0o700", "cert.pem": "0o600", "key.pem": "0o600"}


def test_the_key_is_its_owners_whatever_the_umask(running, tmp_path):
    assert modes(running.tls) == PRIVATE
    # The rest of the store shows that the umask was one that hides nothing.
    assert stat.S_IMODE((running.store / "zarr.json").stat().st_mode) == 0o666
    before = os.umask(0)
    try:
        certificates.security(Folder.at(tmp_path))
    finally:
        os.umask(before)
    assert modes(tmp_path / "tls") == PRIVATE


def test_the_key_is_nowhere_else(running, tmp_path):
    words = knocking.secrets(running.tls)
    assert len(words) == 4
    assert knocking.leaks(words, running.store.parent, running.processes()) == []
    shutil.copy(running.tls / "key.pem", tmp_path / "copy")
    assert knocking.leaks(words, tmp_path) == [str(tmp_path / "copy")]


@pytest.mark.slow
def test_a_run_that_goes_on_uses_the_same_key_until_it_is_complete(running, tmp_path):
    """The last of the running one's, which it ends."""
    kept = shutil.copytree(running.tls, tmp_path / "kept")
    rest = running.kill()
    assert modes(running.tls) == PRIVATE
    gone, alive = psutil.wait_procs(rest, timeout=PATIENCE)
    assert len(gone) >= 2
    assert not alive
    running.start(seconds=0.03)
    assert (running.tls / "key.pem").read_bytes() == (kept / "key.pem").read_bytes()
    found = doors(running.processes(), kept)
    assert {who: len(at) for who, at in found.items()} == {"Scheduler": 1, "Nanny": 2, "Worker": 2}
    out, err = running.driver.communicate(timeout=PATIENCE)
    assert running.driver.returncode == 0, err
    assert not running.tls.exists()
    words = knocking.secrets(kept)
    assert knocking.leaks(words, running.store.parent) == []
    assert not any(word.decode() in out + err for word in words)


def of_jobs(cluster):
    """Return the processes of a SLURM's jobs."""
    conf = cluster.environment["SLURM_CONF"]
    return [
        psutil.Process(number)
        for number, given in environments()
        if given.get("SLURM_CONF") == conf and "SLURM_JOB_ID" in given
    ]


@pytest.mark.slow
@pytest.mark.slurm
def test_jobs_of_slurm(on_cluster, foreign, tmp_path):
    execution = "{backend: slurm, jobs: 2, memory: 1GiB, interface: lo, time: 10}"
    run = Run(tmp_path, execution)

    def processes():
        return [*run.processes(), *of_jobs(on_cluster)]

    def all_here():
        found = doors(processes(), run.tls)
        return found if len(found["Worker"]) == 2 else None

    try:
        found = wait_for(all_here, "both jobs have joined", every=0.5)
        assert len(found["Scheduler"]) == 1
        assert_closed(found, foreign)
        assert_only_ours_joins(found["Scheduler"][0], run.tls, foreign, workers=2)
        addresses = knocking.listening(processes())
        assert {host for host, _ in addresses} == {"127.0.0.1"}
        answers = {knocking.page(address, path) for address in addresses for path in PAGES}
        assert answers == {"", "HTTP/1.1 404 Not Found"}
        assert modes(run.tls) == PRIVATE
        words = knocking.secrets(run.tls)
        assert knocking.leaks(words, run.store, processes()) == []
        # Where SLURM keeps the scripts and environments of jobs.
        assert list(on_cluster.folder.glob("state/hash.*/job.*/script"))
        assert knocking.leaks(words, on_cluster.folder) == []
    finally:
        run.kill()


def test_half_a_key_and_an_old_one_are_made_anew(tmp_path, monkeypatch):
    def shown():
        certificates.security(Folder.at(tmp_path))
        ssl.create_default_context().load_cert_chain(tls / "cert.pem", tls / "key.pem")
        return (tls / "cert.pem").read_bytes()

    tls = tmp_path / "tls"
    first = shown()
    assert shown() == first
    # Killed between the two files, or while writing the first.
    (tls / "key.pem").unlink()
    second = shown()
    (tls / "cert.pem").unlink()
    monkeypatch.setattr(certificates, "VALID", datetime.timedelta(days=20))
    third = shown()
    monkeypatch.undo()
    # A run that is continued after a year would let nobody in, itself included.
    fourth = shown()
    assert len({first, second, third, fourth}) == 4


UNSAFE = {"pickle", "cPickle", "cloudpickle", "dill", "shelve", "joblib", "marshal", "yaml"}
UNSAFE_CALLS = {"eval", "exec", "read_pickle", "unsafe_load", "full_load"}


def unsafe(text):
    """Return the lines of a module that could run what a file says."""
    lines = []
    for node in ast.walk(ast.parse(text)):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name.split(".")[0] for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [(node.module or "").split(".")[0]]
        elif isinstance(node, ast.Call):
            called = getattr(node.func, "attr", getattr(node.func, "id", ""))
            names = [called] if called in UNSAFE_CALLS else []
            said = {k.arg: getattr(k.value, "value", "?") for k in node.keywords}
            if said.get("allow_pickle", False) or said.get("typ") == "unsafe":
                names = ["pickle"]
        if UNSAFE.union(UNSAFE_CALLS).intersection(names):
            lines.append(node.lineno)
    return lines


def test_nothing_is_unpickled():
    examples = ("import pickle", "from dill import load", "pd.read_pickle(f)", "YAML(typ='unsafe')")
    assert all(unsafe(text) for text in (*examples, "np.load(f, allow_pickle=True)"))
    packages = ("ensemble", "kernels", "scenarios", "slurm")
    files = [file for package in packages for file in tracked(".py", under=package)]
    assert len(files) > 100
    found = {f.relative_to(ROOT).as_posix(): n for f in files if (n := unsafe(f.read_text()))}
    # The bodies of classes that were imported from a file are run again, to compare.
    classes = found.pop("kernels/contract/classes.py")
    assert len(classes) == 4
    # Messages on the pipes between a process and the child that it started for spotpy.
    for end in ("child", "setup_child", "spotpy_child"):
        assert len(found.pop(f"ensemble/calibration/searches/parts/{end}.py")) == 1
    assert found == {}
