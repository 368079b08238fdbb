# ruff: noqa: D401
"""The laws: each a function of a kernel, rows of parameters and random choices.

A law returns where it holds, and raises `Broken` with what is wrong and what to do. Its line of
documentation is what people are told of it.
"""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import fields

import numpy as np
from numpy.random import Generator

from ensemble.checking.members import Members, Rows, Subject, dims
from kernels import F8, OK, STATUSES, Kernel, Variable
from scenarios import units

Law = Callable[[Subject, Rows, Generator], None]
Table = Callable[[Kernel], None]

TIMES = {"time", "date"}

ROUNDING = 1e-13
"""Of the largest stock: what a balance may be off by."""


class Broken(Exception):
    """A law does not hold: what is wrong, and what to do."""


def take(found: Mapping[str, F8], where: object) -> dict[str, F8]:
    """Return some samples of arrays whose last axis they are."""
    return {name: values[..., where] for name, values in found.items()}  # type: ignore[index]


def same_bits(found: Mapping[str, F8], expected: Mapping[str, F8], otherwise: str) -> None:
    """Raise `Broken` where arrays differ in any bit; ``otherwise`` says what that means."""
    for name, values in expected.items():
        one, other = (np.ascontiguousarray(v).view(np.uint64) for v in (found[name], values))
        if one.shape != other.shape or (one != other).any():
            raise Broken(f"{name!r} {otherwise}")


# --- of tables ---


def words_and_units(kernel: Kernel) -> None:
    """Every entry has a meaning, and a unit that can be read."""
    tables = (kernel.parameters, kernel.drivers, kernel.outputs, kernel.intermediates)
    for entry in (entry for table in tables for entry in table):
        # Labels of carbon are dropped first, as at the door: pint's C is the coulomb.
        if not units.readable(entry.units):
            raise Broken(f"{entry.name!r}: unit {entry.units!r} is none; write it as 'kg C m-2'")
        if not entry.meaning:
            raise Broken(f"{entry.name!r} has no meaning; say what it is")


def sources(kernel: Kernel) -> None:
    """Every parameter and every plausible range says where it is from."""
    for p in kernel.parameters:
        if not p.source:
            raise Broken(f"parameter {p.name!r} has no source; say a paper, or whose guess it is")


def frozen_options(kernel: Kernel) -> None:
    """Options have defaults, and do not change."""
    try:
        options = kernel.options()
        same = hash(options) == hash(kernel.options())
    except TypeError as error:
        raise Broken(f"options: {error}; needed a frozen dataclass with defaults") from error
    if not same:
        raise Broken("equal options have unlike hashes; needed a frozen dataclass")
    for option in fields(options):
        try:
            setattr(options, option.name, None)
        except AttributeError:
            continue
        raise Broken(f"option {option.name!r} can be changed; needed @dataclass(frozen=True)")


def steps_of_time(kernel: Kernel) -> None:
    """The table says what a step is along each dimension of time."""
    missing = (TIMES & dims(kernel)) - kernel.steps.keys()
    if missing or not kernel.steps.keys() <= TIMES:
        needed = dict.fromkeys(sorted(TIMES & dims(kernel)), "year")
        raise Broken(f"steps is {dict(kernel.steps)}; say it as steps={needed}, year or day")


def known_in_balance(kernel: Kernel) -> None:
    """A balance is of outputs and drivers."""
    known = {entry.name for table in (kernel.outputs, kernel.drivers) for entry in table}
    for part in (name for row in kernel.balance for names in row for name in names):
        if part not in known:
            raise Broken(f"balance names {part!r}, which is no output and no driver")


def expected_ranges(kernel: Kernel) -> None:
    """Every driver says what is seen of it."""
    for driver in kernel.drivers:
        if driver.expected_range is None:
            text = (
                f"driver {driver.name!r}: declare expected_range=kernels.Range(low=..., high=...)"
            )
            raise Broken(f"{text}, what is seen of it")


def is_stock(output: Variable) -> bool:
    """Return whether an output is an amount of carbon, not one per time."""
    return bool(re.search(r"\bC\b", output.units)) and not units.per(output.units)


def limits_of_stocks(kernel: Kernel) -> None:
    """Every stock has the most that it can hold, with a source in words."""
    for output in filter(is_stock, kernel.outputs):
        if output.limit is None:
            text = "declare limit=kernels.Limit(the most that it can hold, what holds as much); "
            text += "kernels/contract/limits.py has some"
            raise Broken(f"{output.name!r}: {text}")
        if not (output.limit.above > 0 and len(output.limit.source.split()) > 5):
            raise Broken(f"{output.name!r}: its limit needs a source in words, and is above 0")


# --- of members ---


def cost_grows(subject: Subject, rows: Rows, rng: Generator) -> None:
    """The declared seconds are above 0 and grow with what is run."""
    kernel, options = subject.kernel, subject.options
    short, long = (kernel.seconds(options, dict.fromkeys(dims(kernel), n)) for n in (100, 1000))
    if not 0 < short <= long < math.inf:
        raise Broken(f"seconds are {short:g} for 100 steps and {long:g} for 1,000")
    for n in (100, 1000):
        shared = kernel.shared_seconds(options, dict.fromkeys(dims(kernel), n))
        if not 0 <= shared < math.inf:
            raise Broken(f"shared_seconds are {shared:g}; needed 0 or more")


def control_runs(subject: Subject, rows: Rows, rng: Generator) -> None:
    """The member of defaults runs."""
    _all_run(subject.members(subject.control()), "the member of defaults")


def admissible_members_run(subject: Subject, rows: Rows, rng: Generator) -> None:
    """Members within the bounds of parameters run, and every number of them is finite."""
    found = subject.members(rows)
    _all_run(found, f"a member within the bounds, of {_shown(rows)}")
    for name, values in found.out.items():
        if not np.isfinite(values).all():
            text = "is not filled with finite numbers where the status is 0; fill all of out, or "
            raise Broken(f"{name!r} {text}set a status")


def _all_run(found: Members, who: str) -> None:
    if (bad := found.status[found.status != OK]).size:
        text = f"{who} has status {int(bad[0])}; narrow the bounds of parameters or drivers to "
        raise Broken(f"{text}what the equations take")


def _shown(rows: Rows) -> str:
    ranges = [f"{name} {values.min():.4g} to {values.max():.4g}" for name, values in rows.items()]
    others = f" and {len(ranges) - 6} other parameters" if len(ranges) > 6 else ""
    return ", ".join(ranges[:6]) + others


def balance_closes(subject: Subject, rows: Rows, rng: Generator) -> None:
    """Stocks change by what comes in less what leaves, to rounding."""
    out = subject.members(rows).out
    given = {n: v[..., np.newaxis] for n, v in subject.drivers.items()} | dict(out)
    for stocks, inputs, losses in subject.kernel.balance:
        stock, gain, loss = (_sum(given, part) for part in (stocks, inputs, losses))
        off = np.abs(np.diff(stock, axis=1) - (gain - loss)[:, 1:])
        if not (off <= ROUNDING * np.abs(stock).max()).all():
            words = f"{' + '.join(stocks)} changes otherwise than by {' + '.join(inputs)} less "
            raise Broken(f"{words}{' + '.join(losses)}, by up to {off.max():.3g} a step")


def _sum(given: Mapping[str, F8], names: tuple[str, ...]) -> F8:
    return np.asarray(sum((given[name] for name in names), np.zeros(())))


def no_pool_is_negative(subject: Subject, rows: Rows, rng: Generator) -> None:
    """Pools are not negative."""
    out = subject.members(rows).out
    for stock in (name for stocks, _, _ in subject.kernel.balance for name in stocks):
        if not (out[stock] >= 0.0).all():
            raise Broken(f"{stock!r} falls to {out[stock].min():.3g}; try an implicit step")


def nothing_grows_without_input(subject: Subject, rows: Rows, rng: Generator) -> None:
    """Without what comes in, no pool grows."""
    every = {p.name: np.array([p.upper]) for p in subject.kernel.parameters} | dict(rows)
    bare = Subject(subject.kernel, subject.options, subject.without_input, subject.coords)
    found = bare.members(every)
    for stocks, inputs, _ in subject.kernel.balance:
        if any(subject.without_input[name].any() for name in inputs):
            raise Broken(f"the drivers without input have some of {', '.join(inputs)}")
        for stock in stocks:
            held = found.out[stock]
            grown = held > np.nextafter(held[:, :1], np.inf)
            if (grown | np.isnan(held))[:, :, found.status[0] == OK].any():
                raise Broken(f"{stock!r} grows although {', '.join(inputs)} are 0")


def inputs_are_left(subject: Subject, rows: Rows, rng: Generator) -> None:
    """Drivers and parameters are left as they were."""
    given = {n: np.array(v) for n, v in {**subject.drivers, **rows}.items()}
    subject.members(rows)
    same_bits({**subject.drivers, **rows}, given, "was written to; copy it before")


def a_block_is_its_members(subject: Subject, rows: Rows, rng: Generator) -> None:
    """A member alone has the bits that it has among others."""
    block, samples = subject.members(rows).out, _samples(rows)
    for s in rng.permutation(samples)[:4]:
        alone = subject.members(take(rows, slice(s, s + 1))).out
        for output, values in alone.items():
            expected, tolerance = block[output][..., s : s + 1], subject.kernel.tolerance
            text = "of a member alone is another than among others; let no member see another"
            if not tolerance:
                same_bits({output: values}, {output: expected}, text)
            elif not np.allclose(values, expected, rtol=tolerance, atol=0.0):
                raise Broken(f"{output!r} {text}")


def slices_change_no_bit(subject: Subject, rows: Rows, rng: Generator) -> None:
    """Rows in two parts have the bits that they have in one."""
    cut = int(rng.integers(1, max(2, _samples(rows))))
    parts = [subject.members(take(rows, s)).out for s in (slice(cut), slice(cut, None))]
    joined = {n: np.concatenate([part[n] for part in parts], axis=-1) for n in parts[0]}
    text = f"is another where rows are cut at {cut}; keep nothing from call to call"
    same_bits(joined, subject.members(rows).out, text)


def sharing_changes_no_bit(subject: Subject, rows: Rows, rng: Generator) -> None:
    """Stages that run once for equal parameters have the bits of those that run for each."""
    shared, apart = (subject.members(rows, share=share).out for share in (True, False))
    same_bits(shared, apart, "is another where equal rows are run once; see Stage.parameters")


def crosses_of_any_order(subject: Subject, rows: Rows, rng: Generator) -> None:
    """Members of a full cross have the same bits in any order."""
    two = rng.permutation(list(rows))[:2].tolist()
    crosses_agree(subject, {name: np.unique(rows[name]) for name in two}, rng)


def crosses_agree(subject: Subject, axes: Rows, rng: Generator) -> None:
    """Raise `Broken` where members of the full cross of ``axes`` depend on the order of rows."""
    cross = np.meshgrid(*axes.values(), indexing="ij")
    crossed = dict(zip(axes, (c.ravel() for c in cross), strict=True))
    apart = subject.members(crossed, share=False).out
    count = cross[0].size
    across = np.arange(count).reshape(cross[0].shape).T.ravel()
    some = across[count // 6 : count // 2 + 1]
    orders = (np.arange(count), across, rng.permutation(count), np.arange(count)[::-1], some)
    for order in orders:
        found = subject.members(take(crossed, order)).out
        expected = {n: v[..., order] for n, v in apart.items()}
        same_bits(found, expected, "is another in another order of rows")


def what_is_asked_changes_no_bit(subject: Subject, rows: Rows, rng: Generator) -> None:
    """An output has the same bits whatever else is asked for."""
    kernel = subject.kernel
    known = [v.name for v in (*kernel.outputs, *kernel.intermediates)]
    asked = rng.permutation(known)[: int(rng.integers(1, len(known) + 1))].tolist()
    everything = subject.members(rows).out
    found = subject.members(rows, outputs=asked).out
    text = f"is another where {', '.join(asked)} alone is asked for; out holds only what is asked"
    same_bits(found, {n: everything[n] for n in asked}, text)


def a_bad_parameter_costs_its_member(subject: Subject, rows: Rows, rng: Generator) -> None:
    """A parameter that is no number fails its member, and changes no bit of another."""
    kernel, samples = subject.kernel, _samples(rows)
    s, bad = int(rng.integers(samples)), str(rng.choice([p.name for p in kernel.parameters]))
    value = float(rng.choice([math.nan, math.inf, -math.inf]))
    spoilt = {n: v.copy() for n, v in rows.items()}
    spoilt[bad][s] = value
    good, found = subject.members(rows), subject.members(spoilt)
    others, who = np.arange(samples) != s, f"with {bad} {value}"
    _only_these_fail(found.status[:, ~others], found.status[:, others], who)
    same_bits(take(found.out, others), take(good.out, others), f"of other members changes {who}")
    for output in downstream(kernel, bad):
        _is_nan(output, found.out[output][..., s], who)


def a_gap_is_not_silent(subject: Subject, rows: Rows, rng: Generator) -> None:
    """A driver that is no number fails the members of its location, and no others."""
    driver = str(rng.choice([d.name for d in subject.kernel.drivers]))
    drivers, value = {n: v.copy() for n, v in subject.drivers.items()}, rng.choice([np.nan, np.inf])
    place = tuple(int(rng.integers(n)) for n in drivers[driver].shape)
    drivers[driver][place] = value
    found = Subject(subject.kernel, subject.options, drivers, subject.coords).members(rows)
    good = subject.members(rows)
    others, who = np.arange(len(drivers[driver])) != place[0], f"with {driver} {value}"
    _only_these_fail(found.status[~others], found.status[others], who)
    for output in (o.name for o in subject.kernel.outputs):
        _is_nan(output, found.out[output][place[0]], who)
        kept, expected = ({output: one.out[output][others]} for one in (found, good))
        same_bits(kept, expected, f"of other locations changes {who}")


def _only_these_fail(bad: np.ndarray, others: np.ndarray, who: str) -> None:
    codes = {c.code for c in STATUSES} - {OK}
    if not set(bad.ravel().tolist()) <= codes:
        raise Broken(f"a member {who} has status {bad.ravel().tolist()[0]}; needed BAD_INPUT")
    if (others != OK).any():
        raise Broken(f"others fail beside a member {who}; let no member see another")


def _is_nan(output: str, values: F8, who: str) -> None:
    if not np.isnan(values).all():
        raise Broken(f"{output!r} of a member {who} is a number; set it to NaN at all times")


def _samples(rows: Rows) -> int:
    return len(next(iter(rows.values())))


def downstream(kernel: Kernel, parameter: str) -> set[str]:
    """Return the outputs of the stages that read a parameter, themselves or through others."""
    found: set[str] = set()
    for stage in kernel.stages:
        if parameter in stage.parameters or found & set(stage.upstream):
            found |= set(stage.outputs)
    return found


OF_TABLES: tuple[Table, ...] = (
    words_and_units, sources, frozen_options, steps_of_time, known_in_balance, expected_ranges,
    limits_of_stocks,
)  # fmt: skip
OF_BALANCE: tuple[Law, ...] = (balance_closes, no_pool_is_negative, nothing_grows_without_input)
OF_MEMBERS: tuple[Law, ...] = (
    control_runs, cost_grows, admissible_members_run, *OF_BALANCE, inputs_are_left,
    a_block_is_its_members, slices_change_no_bit, sharing_changes_no_bit, crosses_of_any_order,
    what_is_asked_changes_no_bit, a_bad_parameter_costs_its_member, a_gap_is_not_silent,
)  # fmt: skip
