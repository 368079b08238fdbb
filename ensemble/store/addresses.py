"""Addresses of stores that are no folders here: copies elsewhere, which `open_run` alone reads."""

import re

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):/|[A-Za-z][A-Za-z0-9+.-]+::")
"""Of an address; a path that came as `Path` has lost one of its two slashes."""


def is_address(written: object) -> bool:
    """Return whether a store is named by an address, such as ``s3://bucket/run.zarr``."""
    return bool(_SCHEME.match(str(written)))


def address_of(written: object) -> str:
    """Return an address with both its slashes."""
    return re.sub(r"^([A-Za-z][A-Za-z0-9+.-]+):/(?!/)", r"\1://", str(written))
