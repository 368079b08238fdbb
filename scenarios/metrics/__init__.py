"""Metrics of modelled against observed values: one file each, by the name that a scenario says.

A file has ``MEANING``, ``units``, ``unfit`` and ``value``; see `Metric`. Others install theirs by
an entry point of the group ``soilsweep.metrics``.
"""

from scenarios.metrics._contract import Metric as Metric
from scenarios.metrics._contract import Seen as Seen
from scenarios.metrics._contract import Sums as Sums
from scenarios.metrics._contract import few as few
from scenarios.metrics._contract import seen as seen
from scenarios.metrics._contract import varying as varying
from scenarios.plugins import Plugins

METRICS = Plugins("metric", __name__, "soilsweep.metrics", ("MEANING", "units", "unfit", "value"))


def metric(name: str) -> Metric:
    """Return the metric of that name; raises `LookupError` where there is none, or of no use."""
    found: Metric = METRICS.get(name)
    return found
