"""Distributions of somebody else's: modules and entry points, as pip leaves them in a folder."""

from configparser import ConfigParser


def install(folder, name, modules, points, version="1.0"):
    """Install a distribution into a folder.

    Parameters
    ----------
    folder : Path
        For ``PYTHONPATH``, or to be put on ``sys.path``.
    name : str
    modules : mapping of str to str
        Texts by module.
    points : mapping of (str, str) to str
        What an entry point names, by its group and its name.
    version : str
    """
    folder.mkdir(parents=True, exist_ok=True)
    for module, text in modules.items():
        (folder / f"{module}.py").write_text(text)
    about = folder / f"{name.replace('-', '_')}-{version}.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    groups = ConfigParser()
    groups.optionxform = str
    for (group, point), value in points.items():
        groups.read_dict({group: {point: value}})
    with (about / "entry_points.txt").open("w") as file:
        groups.write(file)
    (about / "RECORD").write_text("".join(f"{module}.py,,\n" for module in modules))
