"""Observation readers: one file each; the file's name is what ``reader:`` says of observations.

What outputs are compared with: records of sites, series of years, means of latitudes, maps and
maps of classes (`_contract.py`). Others install a reader by an entry point of the group
``soilsweep.observations`` that names a module with ``Spec``.
"""

from scenarios.observations._contract import OBSERVATIONS as OBSERVATIONS
from scenarios.observations._contract import AnyObservation as AnyObservation
from scenarios.observations._contract import ClassMap as ClassMap
from scenarios.observations._contract import Climate as Climate
from scenarios.observations._contract import GridMap as GridMap
from scenarios.observations._contract import GridMaps as GridMaps
from scenarios.observations._contract import LatitudeSeries as LatitudeSeries
from scenarios.observations._contract import Observations as Observations
from scenarios.observations._contract import ObservationSpec as ObservationSpec
from scenarios.observations._contract import SiteRecords as SiteRecords
from scenarios.observations._contract import Step as Step
from scenarios.observations._contract import YearSeries as YearSeries
from scenarios.observations.parts.several import provenance_of as provenance_of


def names() -> list[str]:
    """Return the readers that may be named, installed ones among them."""
    return OBSERVATIONS.names()


def get(name: str) -> type[ObservationSpec]:
    """Return the model of that reader; raises `LookupError` where there is none."""
    spec: type[ObservationSpec] = OBSERVATIONS.get(name).Spec
    return spec
