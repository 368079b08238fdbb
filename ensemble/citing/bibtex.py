"""Entries of BibTeX: those that are known by DOI, and those that are made of what is said."""

import re
from collections.abc import Mapping
from importlib import resources

_DOI = re.compile(r"\b10\.\d{4,9}/(?:[^\s,;()\"{}]|\([^\s()]*\))+")
_ENTRY = re.compile(r"^@\w+\{([\w-]+),\n(?:  .*\n)+\}\n", re.MULTILINE)
_FIELD = re.compile(r"^  doi = \{(.+)\},$", re.MULTILINE)


def dois_in(text: str) -> list[str]:
    """Return the DOIs that a text names, each once, in its order."""
    return list(dict.fromkeys(found.rstrip(".:") for found in _DOI.findall(text)))


def _known() -> tuple[dict[str, str], dict[str, str]]:
    """Return the entries of the file by key, and their keys by DOI."""
    file = resources.files(__package__) / "references.bib"
    entries = {m[1]: m[0].rstrip("\n") for m in _ENTRY.finditer(file.read_text(encoding="utf-8"))}
    dois = {doi.lower(): key for key, entry in entries.items() for doi in _FIELD.findall(entry)}
    return entries, dois


BIBLIOGRAPHY, _KEYS = _known()
"""Every entry of ``references.bib`` by its key."""


def entries_for(text: str) -> dict[str, str]:
    """Return an entry, by its key, for each DOI that a text names.

    One that is not in the file has no more than the text says of it.
    """
    found = {}
    for doi in dois_in(text):
        key = _KEYS.get(doi.lower()) or re.sub(r"\W+", "-", doi)
        found[key] = BIBLIOGRAPHY.get(key) or made(key, {"doi": doi, "note": text})
    return found


def made(key: str, fields: Mapping[str, str], kind: str = "misc") -> str:
    """Return an entry; what BibTeX or TeX would act upon is escaped, but in a DOI."""
    lines = [f"  {name} = {{{_plain(name, text)}}}," for name, text in fields.items() if text]
    return "\n".join([f"@{kind}{{{key},", *lines, "}"])


def _plain(name: str, text: str) -> str:
    if name == "doi":
        return text
    text = re.sub(r"[\\{}]", "", " ".join(text.split()))
    return re.sub(r"([&%$#_])", r"\\\1", text)
