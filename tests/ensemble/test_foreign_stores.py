"""Stores that somebody else has prepared: nothing outside them is touched, no code is imported."""

import os
import shutil

import farming
import pytest
from commandline import refused, soilsweep, tree

from ensemble.errors import PlanError
from ensemble.farming import certificates
from ensemble.store.folders import Folder, Foreign
from ensemble.store.reading import read

FOLDERS = (
    "scratch",
    "inflight",
    "journal",
    "partials",
    "quarantine",
    "claims",
    "workers",
    "status",
)
FILES = ("lock", "finalised", "journal/planted.jsonl", "quarantine/0_0_0.json")


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    store = tmp_path_factory.mktemp("finished") / "run.zarr"
    farming.run(store)
    return store


@pytest.fixture
def victim(tmp_path):
    """Return a folder of somebody's that must stay as it is."""
    folder = tmp_path / "victim"
    folder.mkdir()
    (folder / "thesis").write_text("years of work")
    return folder


def planted(finished, tmp_path, name, target):
    """Return a copy of a store, half done, in which a name of ours is a link."""
    store = tmp_path / "run.zarr"
    shutil.copytree(finished, store)
    (store / "finalised").unlink()
    for journal in list(store.glob("journal/*"))[1:]:
        journal.unlink()
    file = store / name
    shutil.rmtree(file) if file.is_dir() else file.unlink(missing_ok=True)
    file.parent.mkdir(exist_ok=True)
    file.symlink_to(target)
    return store


def commands(store):
    words = farming.with_settings()
    yield ("run", "tau-constraint", "--store", store, "--quiet", *words)
    yield ("worker", store, "--workers", 1)
    yield ("verify", store, "--repair")
    yield ("status", store)


AT_ONCE = ("lock",)
"""Tried by a plain pytest; the others by CI."""


@pytest.mark.parametrize(
    "name",
    [
        name if name in AT_ONCE else pytest.param(name, marks=pytest.mark.slow)
        for name in (*FOLDERS, *FILES)
    ],
)
def test_what_a_planted_link_leads_to_is_left_alone(tmp_path, finished, victim, name):
    target = victim / "thesis" if name in FILES else victim
    store = planted(finished, tmp_path, name, target)
    before = tree(victim)
    for words in commands(store):
        code, _, said = farming.call(*words)
        assert tree(victim) == before, words
        assert "Traceback" not in said, said
        assert code in (0, 2, 3), said
        if code == 2:
            assert said.count("\n") == 1, said
            assert f"{store / name}: is a symbolic link" in said or "missing" in said


def test_a_chunk_that_is_a_link_is_replaced_and_not_written_through(tmp_path, finished, victim):
    store = read(shutil.copytree(finished, tmp_path / "run.zarr"))
    chunk = store.path / "status" / "c.0.0.0"
    chunk.unlink()
    chunk.symlink_to(victim / "thesis")
    code, out, said = farming.call("verify", store.path, "--repair")
    assert (victim / "thesis").read_text() == "years of work"
    assert code == 0, said
    assert "is a symbolic link" in out
    assert not chunk.is_symlink()
    assert farming.digest(store.path) == farming.digest(finished)


def test_a_key_that_others_may_know_is_not_used(tmp_path, finished):
    store = read(shutil.copytree(finished, tmp_path / "run.zarr"))
    certificates.security(store.root)
    certificates.security(store.root)
    os.chmod(store.path / "tls" / "key.pem", 0o640)
    with pytest.raises(Foreign, match=r"key\.pem: belongs to user .* with mode 0640; needed"):
        certificates.security(store.root)
    os.chmod(store.path / "tls" / "key.pem", 0o600)
    os.chmod(store.path / "tls", 0o755)
    with pytest.raises(Foreign, match=r"tls: belongs to user .* with mode 0755; needed"):
        certificates.security(store.root)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder to somebody else")
def test_a_folder_of_another_user_is_refused_unless_the_group_shares_the_store(tmp_path):
    root = Folder.at(tmp_path)
    root.folder("scratch", make=True)
    os.chown(tmp_path / "scratch", 12345, 12345)
    with pytest.raises(Foreign, match="belongs to user 12345 and the store to 0"):
        root.folder("scratch")
    os.chown(tmp_path, 0, 12345)
    os.chmod(tmp_path, 0o2775)
    assert root.folder("scratch").names() == []


@pytest.mark.slow
def test_status_and_report_import_no_module_that_a_store_names(tmp_path, monkeypatch):
    """The module writes a file when it is imported."""
    mark = tmp_path / "imported"
    (tmp_path / "planted").mkdir()
    (tmp_path / "planted" / "__init__.py").touch()
    model = farming.ROOT / "tests" / "misbehaving" / "model.py"
    text = model.read_text().replace("misbehaving.model", "planted.model")
    (tmp_path / "planted" / "model.py").write_text(f"{text}\nopen({str(mark)!r}, 'w').close()\n")
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "drivers.csv").write_text("model,year,driver\nm,2000,1.0\nm,2001,2.0\n")
    (tmp_path / "s.yaml").write_text(
        "version: 1\nname: planted\nkernel: planted.model\n"
        'forcing: {reader: annual_table, path: drivers.csv, units: {driver: "1"}}\n'
        "design: {method: grid, parameters: {x: {linspace: [0, 9, 10]}}}\n"
        "responses: {y_end: {output: y, at: 2001}}\nblock: {sample: 5}\n"
        "statistics: {y_end: [mean]}\n"
    )
    path = os.pathsep.join([str(tmp_path), farming.environment()["PYTHONPATH"]])
    store = tmp_path / "run.zarr"
    code, _, said = farming.call("run", tmp_path / "s.yaml", "--store", store, PYTHONPATH=path)
    assert code == 0, said
    for half in (False, True):
        if half:
            journal = next(store.glob("journal/*.jsonl"))
            journal.write_bytes(b"".join(journal.read_bytes().splitlines(keepends=True)[:-1]))
        mark.unlink(missing_ok=True)
        for words in (("status", store), ("report", store, "--output", tmp_path / "page.html")):
            code, _, said = farming.call(*words, PYTHONPATH=path)
            assert code == 0, said
        assert not mark.exists()


def test_a_store_that_is_a_persons_link_is_used(tmp_path, finished):
    link = tmp_path / "link.zarr"
    link.symlink_to(finished)
    assert read(link).digest() == read(finished).digest()
    assert soilsweep("status", link).code == 0


def test_a_link_for_the_journals_says_where_it_is(tmp_path, finished, victim):
    store = planted(finished, tmp_path, "journal", victim)
    refused(soilsweep("status", store), f"{store / 'journal'}: is a symbolic link", "remove it")
    with pytest.raises(PlanError, match="symbolic link"):
        read(store).committed()


@farming.needs_mpi
@pytest.mark.slow
def test_ranks_say_it_once_each_and_end(tmp_path, finished, victim):
    store = planted(finished, tmp_path, "status", victim)
    for journal in store.glob("journal/*"):
        journal.unlink()
    settings = farming.with_settings("execution.backend=mpi")
    words = ("run", "tau-constraint", "--store", store, "--quiet", *settings)
    code, _, said = farming.finish(farming.mpiexec(2, *words))
    assert code == 2, said
    assert "Traceback" not in said
    assert 1 <= said.count(f"{store / 'status'}: is a symbolic link") <= 2
    assert tree(victim) == {"thesis": b"years of work"}
