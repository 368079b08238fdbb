"""What there is, and what each thing wants: plug-ins of every kind, told from their own tables.

Nothing here knows a plug-in by name: what is said of one stands in its table of parameters, in the
model its words are read into, or in its docstring. So a new one is described as it is added.
"""

from ensemble.describing.description import Description as Description
from ensemble.describing.kinds import KINDS as KINDS
from ensemble.describing.kinds import Kind as Kind
from ensemble.describing.kinds import kind_of as kind_of
