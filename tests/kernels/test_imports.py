"""Kernels of users that cannot be imported: where the fault is, and what to do."""

import re
import sys

import pytest
from commandline import refused, soilsweep
from distributions import install
from support import SMALL

import kernels


@pytest.fixture
def package(tmp_path, monkeypatch):
    """Write modules of a package that Python finds; return how."""
    folder = tmp_path / "elsewhere" / "models_of_mine"
    folder.mkdir(parents=True)
    monkeypatch.syspath_prepend(folder.parent)
    yield lambda name, text: (folder / f"{name}.py").write_text(text)
    for name in [n for n in sys.modules if n.partition(".")[0] == "models_of_mine"]:
        del sys.modules[name]


BROKEN = {
    "a TypeError": ("x = 1\ny = 2 + 'a'\n", r"q10pool\.py:2: TypeError: unsupported operand"),
    "in a function": (
        "def f():\n    return len(3)\n\nf()\n",
        r"q10pool\.py:2: TypeError: object of type 'int' has no len",
    ),
    "in a table": (
        "from kernels import Parameter\n\n"
        "Parameter('k', 'yr-1', 5.0, 0.0, 1.0, 'rate', 'me')\n",
        r"q10pool\.py:3: ValueError: parameter 'k': default 5.0 is outside",
    ),
    "a SyntaxError": ("def f(:\n", r"q10pool\.py:1: invalid syntax"),
    "another module": (
        "\nimport no_such_module_at_all\n",
        r"q10pool\.py:2: ModuleNotFoundError: No module named 'no_such_module_at_all'; install th",
    ),
}  # fmt: skip


@pytest.mark.parametrize("words", BROKEN)
def test_a_module_that_fails_shows_its_line(words, package):
    text, said = BROKEN[words]
    package("q10pool", text)
    with pytest.raises(LookupError, match=said) as found:
        kernels.get("models_of_mine.q10pool")
    assert "install it first" not in str(found.value)


def test_a_module_that_is_not_there_is_to_be_installed():
    with pytest.raises(LookupError, match=r"'no_such.model' cannot be imported \(No module named "
                       r"'no_such'\); install it first, or set PYTHONPATH"):  # fmt: skip
        kernels.get("no_such.model")


def test_a_module_of_a_package_that_is_there(package):
    package("other", "")
    with pytest.raises(LookupError, match=r"No module named 'models_of_mine.q10pool'.; install it"):
        kernels.get("models_of_mine.q10pool")


@pytest.mark.parametrize("place", ["working", "beside"])
def test_a_file_of_that_name_is_pointed_at(place, tmp_path, monkeypatch):
    folders = {name: tmp_path / name for name in ("working", "beside")}
    for folder in folders.values():
        folder.mkdir()
    monkeypatch.chdir(folders["working"])
    (folders[place] / "q10pool.py").write_text("KERNEL = None\n")
    scenario = folders["beside"] / "s.yaml"
    scenario.write_text(SMALL.replace("two_box", "q10pool"))
    refused(
        soilsweep("validate", scenario),
        f"s.yaml:5: kernel: no kernel 'q10pool'; q10pool.py is in {folders[place]}",
        f"move it to {folders[place] / 'my_models' / 'q10pool.py'}",
        f"set PYTHONPATH={folders[place]}",
        "say kernel: my_models.q10pool",
    )


def test_what_the_message_says_works(tmp_path, monkeypatch):
    (tmp_path / "my_models_here").mkdir()
    module = tmp_path / "my_models_here" / "q10pool.py"
    module.write_text("from kernels.two_box import KERNEL\n")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(LookupError, match=f"is in {tmp_path}, where Python does not look"):
        kernels.get("my_models_here.q10pool")
    monkeypatch.syspath_prepend(tmp_path)
    assert kernels.get("my_models_here.q10pool").name == "two_box"
    del sys.modules["my_models_here.q10pool"], sys.modules["my_models_here"]


@pytest.fixture
def installed_kernels(tmp_path, monkeypatch):
    """Install a kernel that cannot be imported, and one twice."""
    group = kernels.ENTRY_POINTS
    install(tmp_path, "lab", {"lab_broken": "import not_there"}, {(group, "broken"): "lab_broken"})
    install(tmp_path, "boxes", {"boxes": ""}, {(group, "two_box"): "boxes"})
    for name in ("field", "plot"):
        install(tmp_path, name, {f"{name}_twice": ""}, {(group, "twice"): f"{name}_twice"})
    monkeypatch.syspath_prepend(tmp_path)


def test_installed_ones_that_are_of_no_use_are_named_and_the_others_listed(installed_kernels):
    broken = "the installed kernel 'broken' (lab_broken of lab 1.0) cannot be imported: Module"
    with pytest.raises(LookupError, match=re.escape(broken)):
        kernels.get("broken")
    with pytest.raises(LookupError, match=r"'twice' is installed 2 times: .* of .* and .* of"):
        kernels.get("twice")
    said = soilsweep("init", "--list")
    assert said.code == 0
    assert broken in said.out
    assert "  two_box  " in said.out
    hidden = "the installed kernel 'two_box' (boxes of boxes 1.0) is not used: soilsweep has one of"
    assert hidden in said.out
