"""Kernels of users: why a module cannot be imported, in the user's own file and line."""

import traceback
from pathlib import Path


def misplaced(name: str, beside: Path | None) -> str:
    """Return what to do with a module that lies there but is not found; empty if none does.

    Parameters
    ----------
    name : str
        As the scenario has it: ``q10pool``, or ``my_models.q10pool``.
    beside : Path or None
        A folder to look in beside the working folder.
    """
    inside = Path(*name.split(".")).with_suffix(".py")
    folders = dict.fromkeys([Path.cwd(), *([beside.absolute()] if beside else ())])
    folder = next((f for f in folders if (f / inside).is_file()), None)
    if folder is None:
        return ""
    if "." in name:
        return f"{inside} is in {folder}, where Python does not look; set PYTHONPATH={folder}"
    return (
        f"{inside} is in {folder}, but a kernel of yours is a module in a package; move it to "
        f"{folder / 'my_models' / inside}, set PYTHONPATH={folder} or install the package, and say "
        f"kernel: my_models.{name}"
    )


def explain(name: str, error: BaseException, beside: Path | None) -> str:
    """Return why a dotted module cannot be imported, and what to do."""
    begins = f"kernel module {name!r} cannot be imported"
    parents = {name.rsplit(".", k)[0] for k in range(name.count(".") + 1)}
    if isinstance(error, ModuleNotFoundError) and error.name in parents:
        todo = misplaced(name, beside) or "install it first, or set PYTHONPATH to its folder"
        return f"{begins} ({error}); {todo}"
    if isinstance(error, SyntaxError) and error.filename:
        return f"{begins}: {error.filename}:{error.lineno}: {error.msg}; correct that line"
    what = f"{type(error).__name__}: {error}".removesuffix(": ")
    place = _place(name, error)
    if not place:
        return f"{begins}: {what}; correct the module"
    missing = isinstance(error, ModuleNotFoundError)
    return f"{begins}: {place}: {what}; {'install that' if missing else 'correct that line'}"


def _place(name: str, error: BaseException) -> str:
    """Return file and line of the user's code that an error came through, the last of them."""
    ending = str(Path(*name.split(".")))
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if not frame.filename.startswith("<")
        and Path(__file__).parents[1] not in Path(frame.filename).parents
    ]
    frames = [frame for frame in frames if "importlib" not in Path(frame.filename).parts]
    own = [frame for frame in frames if frame.filename.removesuffix(".py").endswith(ending)]
    chosen = (own or frames)[-1:]
    return f"{chosen[0].filename}:{chosen[0].lineno}" if chosen else ""
