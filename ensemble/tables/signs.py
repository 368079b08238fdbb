"""Which outputs and responses cannot be negative, as far as a store tells."""

from ensemble.members.limits import GROUP
from ensemble.store.store import Store

TAKE_SIGNS = ("change", "trend")
"""Verbs after which a stock may have either sign."""

KEEP_SIGNS = (None, "sqrt", "log1p", "rank")
"""Transforms of what is not negative that are not negative."""


def never_negative(store: Store, name: str) -> bool:
    """Return whether an output or response has no values below zero: a stock, or a cost.

    A stock is an output with a limit; what a store of before limits holds may be anything.
    """
    response = store.attrs["identity"]["scenario"]["responses"].get(name)
    if response is None:
        return _is_stock(store, name)
    if response.get("transform") not in KEEP_SIGNS:
        return False
    if parts := response.get("combine"):
        return all(w >= 0 and never_negative(store, part) for part, w in parts.items())
    if response.get("cost"):
        return True
    signed = any(response.get(verb) for verb in TAKE_SIGNS)
    return bool(response.get("output")) and not signed and _is_stock(store, response["output"])


def _is_stock(store: Store, output: str) -> bool:
    return f"{GROUP}/{output}_beyond" in store.specs
