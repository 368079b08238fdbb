"""What numba makes of `load` and `store` of `kernels.numerics.lanes`; imported before it compiles.

Compiled, both are as many loads and stores as the record has fields, written one after the other
where they are called.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numba import types
from numba.extending import intrinsic, overload

from kernels.numerics.lanes import load, store


@overload(load, inline="always", strict=False)
def _load(z: Any, places: Any, at: Any) -> Callable[..., Any]:
    return lambda z, places, at: _loaded(z, places, np.uint64(at))


@overload(store, inline="always", strict=False)
def _store(z: Any, places: Any, at: Any, values: Any) -> Callable[..., Any]:
    return lambda z, places, at, values: _stored(z, places, np.uint64(at), values)


def _pointers(context: Any, builder: Any, kinds: Any, z: Any, places: Any, at: Any) -> list[Any]:
    """Return where the values of a record stand, as LLVM has them."""
    data = context.make_array(kinds[0])(context, builder, z).data
    rows = (builder.extract_value(places, i) for i in range(len(kinds[1])))
    return [builder.gep(data, [builder.add(row, at)]) for row in rows]


def _reading(typing: Any, z: Any, places: Any, at: Any) -> Any:
    tuples: Any = types.NamedUniTuple
    record = tuples(z.dtype, len(places), places.instance_class)

    def written(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        pointers = _pointers(context, builder, signature.args, *given)
        return context.make_tuple(builder, record, [builder.load(p) for p in pointers])

    return record(z, places, at), written


def _writing(typing: Any, z: Any, places: Any, at: Any, values: Any) -> Any:
    def written(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        *where, held = given
        for i, pointer in enumerate(_pointers(context, builder, signature.args, *where)):
            builder.store(builder.extract_value(held, i), pointer)
        return context.get_dummy_value()

    return types.void(z, places, at, values), written


_loaded: Any = intrinsic(_reading)
_stored: Any = intrinsic(_writing)
