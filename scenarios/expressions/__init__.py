"""Arithmetic of responses: a grammar of our own, what names mean, and units of the result.

Text becomes a tree (`grammar`), names become outputs and other responses, and units are carried
through every operation (`measuring`, `unit_algebra`); `evaluating` works trees out on arrays.
Nothing of Python's own ``eval`` or ``ast`` is used: what a scenario says is data.
"""

from scenarios.expressions.evaluating import FUNCTIONS as FUNCTIONS
from scenarios.expressions.evaluating import evaluate as evaluate
from scenarios.expressions.evaluating import widened as widened
from scenarios.expressions.grammar import Binary as Binary
from scenarios.expressions.grammar import Call as Call
from scenarios.expressions.grammar import ExpressionError as ExpressionError
from scenarios.expressions.grammar import Name as Name
from scenarios.expressions.grammar import Negative as Negative
from scenarios.expressions.grammar import Node as Node
from scenarios.expressions.grammar import Number as Number
from scenarios.expressions.grammar import names as names
from scenarios.expressions.grammar import parse as parse
from scenarios.expressions.grammar import pointed as pointed
from scenarios.expressions.measuring import Measured as Measured
from scenarios.expressions.measuring import Quantity as Quantity
from scenarios.expressions.measuring import measure as measure
from scenarios.expressions.measuring import transformed as transformed
