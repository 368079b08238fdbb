"""Benchmarks: one file each; the file's name is what ``compare:`` says of a benchmark.

A benchmark holds ``Spec``, the words that it takes of a scenario (`scenarios.benchmarks`), and two
functions: ``prepare(spec, task)`` returns what was observed as pairs with places and steps of a
run, ``score(spec, prepared, sums)`` the scores that follow from their sums. One may hold
``control(spec, prepared, modelled)``, which returns tables of the control member for pages. Others
install one by an entry point of the group ``soilsweep.benchmarks`` that names such a module.
"""

from ensemble.members.benchmarks._contract import SUMS as SUMS
from ensemble.members.benchmarks._contract import Asked as Asked
from ensemble.members.benchmarks._contract import Moments as Moments
from ensemble.members.benchmarks._contract import Pairs as Pairs
from ensemble.members.benchmarks._contract import Prepared as Prepared
from ensemble.members.benchmarks._contract import Sums as Sums
from ensemble.members.benchmarks._contract import Table as Table
from ensemble.members.benchmarks._contract import Task as Task
from ensemble.members.benchmarks._contract import refused as refused
