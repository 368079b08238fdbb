"""Statuses in words, those that this version does not know among them."""

from kernels import BY_CODE


def name_of(code: int) -> str:
    """Return the name of a status."""
    return BY_CODE[code].name if code in BY_CODE else f"status {code}"


def advice_of(code: int) -> str:
    """Return what to do about a status."""
    return BY_CODE[code].advice if code in BY_CODE else "unknown to this version."
