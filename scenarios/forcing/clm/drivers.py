"""CLM's history at places, reduced to the root zone: by the day, or means."""

from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from kernels import F8
from kernels.casa.shared.roots import Variant, pft_weights, root_zone
from scenarios.forcing.clm.file import History
from scenarios.forcing.clm.place import Column
from scenarios.forcing.clm.soil import layering
from scenarios.forcing.common.served import DAYS
from scenarios.forcing.common.spans import between_months
from scenarios.forcing.common.times import MONTH_DAYS
from scenarios.forcing.testbed_files.plants import STAYS, Litter, quality

FREEZING = 273.15

ICE = 917.0
"""Density, kg m-3."""


@dataclass
class Drivers:
    """A history and its places on their way to drivers."""

    history: History
    column: Column
    roots: Variant
    thickness: Literal["file", "midpoints"]
    flags: list[str] = field(default_factory=list)
    told: dict[str, Any] = field(default_factory=dict)

    def steps(self) -> dict[str, F8]:
        """Return the drivers of every step of the file, (L, T)."""
        ground = self.history.ground
        first, other = ("thickness", "midpoints")[:: 1 if self.thickness == "file" else -1]
        depth = ground[first] if first in ground else ground[other]
        layers = layering(ground["levels"], depth, ground.get("above_rock"))
        weights = pft_weights(self.column.pft, self.roots) * layers.present
        weights /= weights.sum(axis=1, keepdims=True)
        liquid, frozen = self._water(depth)
        liquid, frozen = layers.mean(liquid), layers.mean(frozen)
        self._flag(liquid + frozen)
        self.told |= {
            **self.column.told,
            "levels": int(ground["levels"]),
            "thickness": "DZSOI" if depth is ground.get("thickness") else "between midpoints",
            "levels_above_bedrock": ground.get("above_rock"),
        }
        zone = root_zone(
            weights,
            layers.mean(self._of("TSOI")) - FREEZING,
            liquid,
            frozen,
            self.column.wilting,
            self.column.field,
            self.column.saturation,
        )
        series = {"gpp": np.maximum(0.0, self._of("GPP")), **zone}
        if "TBOT" in self.history.values:
            series["air_temperature"] = self._of("TBOT") - FREEZING
        return series

    def daily(self) -> dict[str, F8]:
        """Return daily drivers, (L, 365 Y); between the middles of months, if it must be."""
        steps = self.steps()
        if self.history.when.step == "day":
            return steps
        return {name: between_months(values) for name, values in steps.items()}

    def means(self, names: set[str]) -> dict[str, F8]:
        """Return means over all years, (L,), litter and NPP among them where they are asked for."""
        steps = self.steps()
        for name in ("NPP", "LEAFC_TO_LITTER", "FROOTC_TO_LITTER", "CWDC_LOSS"):
            if name in self.history.values:
                steps[name] = self._of(name)
        months = self.history.when.step == "month"
        days = MONTH_DAYS[self.history.when.month - 1] if months else None
        mean = {name: np.average(values, axis=1, weights=days) for name, values in steps.items()}
        if "NPP" in mean:
            mean["annual_npp"] = DAYS * mean.pop("NPP")
        if "LEAFC_TO_LITTER" in mean:
            leaf, root = mean.pop("LEAFC_TO_LITTER"), mean.pop("FROOTC_TO_LITTER")
            self.told["woody_debris"] = "CWDC_LOSS" if "CWDC_LOSS" in mean else "none in the file"
            debris = STAYS * mean.pop("CWDC_LOSS", np.zeros_like(leaf))
            mean |= Litter(leaf, root, debris).drivers(quality(self.column.pft))
        return mean

    def _of(self, name: str) -> F8:
        return self.history.values[name][self.column.at]

    def _water(self, depth: F8) -> tuple[F8, F8]:
        """Return liquid and frozen water of levels, m3 m-3."""
        mass = self._of("SOILLIQ")
        n = mass.shape[2]
        liquid = 0.001 * mass / depth[:n]
        if "H2OSOI" in self.history.values:
            whole = self._of("H2OSOI")[..., :n]
            frozen = np.maximum(0.0, whole - liquid)
            self.told["frozen_water"] = "H2OSOI less liquid water"
        else:
            frozen = self._of("SOILICE")[..., :n] / (ICE * depth[:n])
            self.told["frozen_water"] = "SOILICE"
        return np.nan_to_num(liquid), np.nan_to_num(frozen)

    def _flag(self, water: F8) -> None:
        beyond = water - self.column.saturation[:, np.newaxis, np.newaxis] - 0.05
        if (count := int((beyond > 0).sum())) > 0:
            i, t, layer = (int(k) for k in np.unravel_index(beyond.argmax(), beyond.shape))
            place = f"{self.column.names[i]}, {self.history.when.said(t)}, layer {layer + 1}"
            text = f"water exceeds saturation by more than 0.05 {count} times, most in {place}"
            self.flags.append(text)
