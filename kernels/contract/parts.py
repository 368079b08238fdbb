"""Equations as parts of blocks: numba types and lowers them, and blocks are what is compiled.

Left to itself numba optimises an equation, and writes machine code and wrappers for Python of
it, on its own and again inside everything that calls it, layer upon layer: half of what kernels
took to compile. A part stops at LLVM's text. What links it optimises all of it, once.

Numba documents pipelines of one's own. Libraries and flags are its inside: `test_parts.py` fails
when they move.
"""

# mypy: disable-error-code="no-untyped-call"

from typing import Any

from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import CompilerBase, DefaultPassBuilder
from numba.core.compiler_machinery import LoweringPass, register_pass
from numba.core.typed_passes import AnnotateTypes


class Part(JITCodeLibrary):
    """The text of an equation and of what it calls, for others to link."""

    def _optimize_final_module(self) -> None:
        """Leave that to whoever links it."""

    def _finalize_final_module(self) -> None:
        """Make it ready to be linked, and no machine code of it."""
        self._finalize_dynamic_globals()
        self._verify_declare_only_symbols()
        self._finalized = True


@register_pass(mutates_CFG=False, analysis_only=True)
class _ToPart(LoweringPass):
    """Have what follows write a part, and nothing that Python could call.

    The flags are set no earlier: numba looks typed functions up by them, and one that knows them
    of blocks need not be typed again.
    """

    _name = "to_part"

    def __init__(self) -> None:
        super().__init__()

    def run_pass(self, state: Any) -> bool:
        flags = state.flags
        flags.no_compile = flags.no_cpython_wrapper = flags.no_cfunc_wrapper = True
        flags.forceinline = state.pipeline.forced
        state.library = Part(state.targetctx.codegen(), state.func_id.func_qualname)
        return False


class Parts(CompilerBase):
    """What compiles an equation to a `Part`."""

    forced = False

    def define_pipelines(self) -> list[Any]:
        """Return numba's own passes, and the one above before what writes code."""
        passes = DefaultPassBuilder.define_nopython_pipeline(self.state)
        passes.add_pass_after(_ToPart, AnnotateTypes)
        passes.finalize()
        return [passes]

    def compile_extra(self, func: Any) -> Any:
        """Return what numba knows of a compiled function."""
        found = super().compile_extra(func)
        # Numba finds the part by this, and asks for a built-in function, one for each signature.
        # Nobody calls it: Python has its own way to an equation.
        nobody: list[Any] = []
        key = nobody.append
        context = found.target_context
        context.insert_user_function(key, found.fndesc, [found.library])
        return found._replace(entry_point=key)


class Inlined(Parts):
    """What compiles an equation to a `Part` of which no call is left."""

    forced = True
