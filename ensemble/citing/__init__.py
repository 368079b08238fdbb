"""What a run is to be cited with: sources of its kernel, data, design and software, as BibTeX.

A plug-in says its source in its own file, a data set in the catalogue; entries of papers stand in
``references.bib``, by DOI.
"""

from ensemble.citing.bibtex import BIBLIOGRAPHY as BIBLIOGRAPHY
from ensemble.citing.bibtex import dois_in as dois_in
from ensemble.citing.cited import Cited as Cited
from ensemble.citing.cited import Part as Part
from ensemble.citing.cited import cite as cite
