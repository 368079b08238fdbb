"""The command that says what a run is to be cited with: cite."""

from dataclasses import asdict

import typer

from ensemble.commands.arguments import JsonOption, StoreArgument, print_json


def cite(store: StoreArgument, as_json: JsonOption = False) -> None:
    """Print BibTeX of all that a run stands on: kernel, data with licences, design, software.

    Each part says its source in comments before the entries; what has no DOI is named there alone.
    """
    from ensemble.citing import cite as cited

    found = cited(store)
    if as_json:
        parts = [asdict(part) for part in found.parts]
        print_json({"title": found.title, "parts": parts, "bibtex": found.bibtex()})
        return
    typer.echo(found.bibtex())
