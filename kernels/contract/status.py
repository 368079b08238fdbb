"""Outcomes of a member: one code, one name and one sentence of advice each."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Status:
    """An outcome: ``code`` in the store, ``name`` in its flag meanings, ``advice`` in reports."""

    code: int
    name: str
    advice: str


OK = 0
BAD_INPUT = 1
OUT_OF_RANGE = 2
NOT_FINITE = 3
NOT_CONVERGED = 4
CRASHED = 5
TIMED_OUT = 6
BAD_OUTPUT = 7
NOT_RUN = 255

STATUSES = (
    Status(OK, "ok", "the member ran."),
    Status(
        BAD_INPUT, "bad_input", "a driver or parameter is not finite; check the forcing's gaps."
    ),
    Status(
        OUT_OF_RANGE,
        "out_of_range",
        "a driver or a parameter leaves the range in which the equations hold, or several do "
        "together. Correct the driver's unit, or bound the parameter's distribution.",
    ),
    Status(
        NOT_FINITE, "not_finite", "the result overflowed; try another scheme or a shorter step."
    ),
    Status(
        NOT_CONVERGED,
        "not_converged",
        "the solver ran out of iterations; raise their limit, an option of the kernel (`soilsweep "
        "describe kernel`: solves, years or the like).",
    ),
    Status(CRASHED, "crashed", "the process died in this member; replay it under a debugger."),
    Status(TIMED_OUT, "timed_out", "the member exceeded its time limit; replay it alone."),
    Status(
        BAD_OUTPUT,
        "bad_output",
        "the program ended well but an output is missing or not as declared; replay it, its note "
        "says which.",
    ),
    Status(NOT_RUN, "not_run", "the block of this member is not committed yet; run again."),
)
BY_CODE = {status.code: status for status in STATUSES}
