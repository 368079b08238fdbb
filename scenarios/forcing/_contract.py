"""What a forcing reader is: real files in, arrays in kernel units out, checked at the door.

A file of this folder is one reader. It holds a pydantic model named ``Spec`` whose
``read(needs, base)`` opens the files once, checks names, units, calendar, gaps, sign and
range, converts and reduces, and returns a `Forcing` per data set.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, ClassVar

from numpy.typing import NDArray
from pydantic import Field, SerializerFunctionWrapHandler, model_serializer

from kernels import F8, Variable
from scenarios.forcing.common.declared import Declared
from scenarios.forcing.common.made import Made
from scenarios.forcing.common.observed import Observed as Observed
from scenarios.plugins import Chosen, Plugins


@dataclass(frozen=True)
class Locations:
    """Sites or grid cells: names and any numeric columns, each (L,).

    ``lat`` (degrees north), ``lon`` (degrees east) and ``area`` (m2) are columns like
    the others, present where they mean something; so are the edges of cells of a grid,
    ``lat_south``, ``lat_north``, ``lon_west`` and ``lon_east`` (degrees, around the centre: the
    west may lie beyond 180 W). ``classes`` has the names of numbers of columns that are classes:
    ``{"veg": {1: "ENF"}}``.
    """

    names: tuple[str, ...] = ("global",)
    columns: Mapping[str, F8] = field(default_factory=dict)
    classes: Mapping[str, Mapping[int, str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Forcing:
    """A data set that supplies drivers under a name.

    Attributes
    ----------
    name : str
        Label on the ``forcing`` dimension: a land model, ``clm45_cruncep``.
    drivers : mapping of str to ndarray, shape (L, *dims), float64 or float32
        In kernel units, finite unless the reader says otherwise. May be memory maps, or `Made`
        when they are taken; float32 stays so in the store, and kernels see it as float64, a few
        locations at a time.
    coords : mapping of str to ndarray, shape (n,)
        ``year`` (T,) int64 of each step of ``time``, and ``day`` (T,) int64, 1 to 365, where a step
        is a day; others have the name of a driver's dimension.
    locations : Locations
        The same for every forcing of a scenario.
    provenance : mapping
        JSON-able: reader, files with their sha256, original units, what was converted.
    synthetic : str
        Empty for data; otherwise the label that every picture and table must carry.
    observations : mapping of str to Observed
        What the outputs may be compared with, at the same locations.
    sources : mapping of str to tuple of str
        Of a driver or an observation: for each location, where its value is from.
    recipe : str
        All that drivers which are `Made` follow from: options, and hashes of what files hold.
    """

    name: str
    drivers: Mapping[str, NDArray[Any] | Made]
    coords: Mapping[str, NDArray[Any]]
    locations: Locations = field(default_factory=Locations)
    provenance: Mapping[str, Any] = field(default_factory=dict)
    synthetic: str = ""
    observations: Mapping[str, Observed] = field(default_factory=dict)
    sources: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    recipe: str = ""


class ReaderSpec(Declared):
    """Base of the models a scenario's ``forcing:`` is read into.

    Attributes
    ----------
    lists : str
        The word that takes a list of locations by their names; empty where no word does.
    along : tuple of str
        Dimensions that drivers may have beside one number a location. Every reader says so.
    computes : bool
        Whether a driver may be an expression of columns.
    """

    lists: ClassVar[str] = ""
    along: ClassVar[tuple[str, ...]]
    computes: ClassVar[bool] = False

    def read(self, needs: Sequence[Variable], base: Path) -> list[Forcing]:
        """Return every forcing, in order; raise `ScenarioError` with every problem found.

        Parameters
        ----------
        needs : sequence of Variable
            The kernel's drivers: names, units, dims.
        base : Path
            Folder of the scenario file; relative paths start there.
        """
        raise NotImplementedError

    def compared(self) -> dict[str, str]:
        """Return the outputs that a scenario says are observed, and where it says so of each."""
        return {}


class MayBeInvented(ReaderSpec):
    """Base of the models of readers of anybody's files, which may be made up, too."""

    invented: str = Field(
        default="", description="what to call the data in every picture, where they are made up"
    )

    @model_serializer(mode="wrap")
    def _as_before(self, plain: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave out a label that is not there: stores of before are continued."""
        return {k: v for k, v in plain(self).items() if k != "invented" or v}


READERS = Plugins(
    "reader", "scenarios.forcing", "soilsweep.readers", ("Spec",), ReaderSpec, key="reader"
)
AnyReader = Annotated[ReaderSpec, Chosen(READERS)]
"""The type of ``forcing:``, read into the model of its reader."""
