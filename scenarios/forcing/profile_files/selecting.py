"""Which layers and profiles are used, and what is told of those that are not."""

from collections import Counter
from collections.abc import Iterable
from math import isnan
from typing import Any

from scenarios.forcing.profile_files.layers import Layer, Profile, kind_of


def select(profiles: Iterable[Profile], usable: str, least: int, density: str) -> list[Profile]:
    """Return profiles with enough usable layers; the others are refused, and say why.

    Parameters
    ----------
    profiles : iterable of Profile
        Changed in place: layers that are not usable move to those skipped.
    usable : str
        ``complete``: carbon and radiocarbon of each layer; ``any``: one of them.
    least : int
        Usable layers of a profile.
    density : str
        ``measured``: no bulk density that the compilers filled in.
    """
    kept = []
    for profile in profiles:
        layers = profile.layers
        profile.layers = []
        for layer in layers:
            reason = _unusable(layer, usable, density)
            if reason:
                profile.skipped.append((layer.line, reason))
            else:
                profile.layers.append(layer)
        if not profile.refused and len(profile.layers) < least:
            count = len(profile.layers)
            why = profile.why()
            words = f"has {count} usable layer{'s' * (count != 1)}; needed {least}"
            profile.refused = f"{words} ({why})" if why else words
        if not profile.refused:
            kept.append(profile)
    return kept


def _unusable(layer: Layer, usable: str, density: str) -> str:
    if density == "measured" and not layer.measured:
        return "without a measured bulk density"
    if usable == "any" or layer.complete:
        return ""
    return "without carbon content or bulk density" if isnan(layer.soc) else "without radiocarbon"


def told(profiles: Iterable[Profile]) -> dict[str, Any]:
    """Return what provenance says of what was left out."""
    counts: Counter[str] = Counter()
    skipped, refused = {}, {}
    for profile in profiles:
        if profile.refused:
            refused[profile.name] = profile.refused
            continue
        counts.update(kind_of(reason) for _, reason in profile.skipped)
        if profile.skipped:
            skipped[profile.name] = [f"line {line}: {why}" for line, why in profile.skipped]
    return {"refused": refused, "skipped_layers": skipped, "skipped": dict(counts)}
