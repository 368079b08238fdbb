"""Methods that remember what they returned, of objects that go when nobody has them any more."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any, TypeVar
from weakref import WeakMethod

Method = TypeVar("Method", bound=Callable[..., Any])


def remembered(method: Method, most: int | None) -> Method:
    """Return a method of an object, for the object to keep, that remembers its last results.

    ``lru_cache`` of a bound method would hold the object that holds it: drivers, which are maps of
    files, would stay open until Python looks for such circles.

    Parameters
    ----------
    method : bound method
    most : int, optional
        Results that are kept; all of them where None.
    """
    weakly = WeakMethod(method)

    @lru_cache(maxsize=most)
    def call(*arguments: Any) -> Any:
        own = weakly()
        assert own is not None, "called through the object, which is therefore there"
        return own(*arguments)

    return call  # type: ignore[return-value]
