"""Laws that every kernel obeys, for models of other people as for ours.

``soilsweep check kernel MODULE`` runs them on rows that it draws; the tests of this repository
call the same functions on rows that Hypothesis draws.
"""

from ensemble.checking.check import Broken as Broken
from ensemble.checking.check import check as check
