"""What a scenario asks of files, besides where they are."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from scenarios.forcing.common.annual_means import Calendar
from scenarios.forcing.common.region import Region


@dataclass(frozen=True)
class Asked:
    """What a scenario says besides the words of files; see the reader's own keys."""

    years: tuple[int, int] | None
    step: Literal["year", "day"]
    interpolate: bool
    drop_leap_days: bool
    calendar: Calendar | None
    mask: Mapping[str, tuple[float, float]]
    cells: Literal["all"] | list[str] | Region
    drop_incomplete: bool
