"""What a scenario may say of a parameter: distributions, columns, units. Words only.

The descriptions are shown to users through the JSON Schema.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

EVERY = "*"
"""Stands for every parameter of the kernel, until the kernel's table is known."""


@dataclass(frozen=True)
class AlsoAs:
    """Tell the JSON Schema of short forms that a validator reads besides the plain one."""

    forms: tuple[dict[str, Any], ...]

    def __hash__(self) -> int:
        """Return a hash, which a type needs that may also be None."""
        return hash(repr(self.forms))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Return the union of the short forms and the plain one."""
        return {"anyOf": [*self.forms, handler(schema)]}


class Words(BaseModel):
    """Base of the models here: an unknown key is a problem, never a default."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Column(Words):
    """A number that differs by location."""

    column: str = Field(description="column of the location table")


def _one_message(value: Any, handler: ValidatorFunctionWrapHandler) -> Any:
    """Replace a message per branch of the union by one."""
    try:
        return handler(value)
    except ValidationError:
        begin = f"found {value!r}; needed a finite number, or {{column: name}}"
        raise ValueError(f"{begin} for a column of the location table") from None


# Strict, so that neither "38.3" in quotes nor true is taken for a number.
Real = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Number = Annotated[Real | Column, WrapValidator(_one_message)]

NUMBER = {"anyOf": [{"type": "number"}, {"type": "object", "required": ["column"]}]}


def _listed(*names: str) -> AlsoAs:
    """Return the schema of the positional form ``[mean, sd]``."""
    size = len(names)
    form = {"type": "array", "minItems": size, "maxItems": size, "items": NUMBER}
    return AlsoAs(({**form, "description": f"[{', '.join(names)}]"},))


class Shape(Words):
    """A distribution's own numbers, by position or by name."""

    order: ClassVar[tuple[str, ...]]
    # What ``column:`` alone stands for; empty where there is no such natural number.
    centre: ClassVar[str] = ""

    @model_validator(mode="before")
    @classmethod
    def _forms(cls, value: Any) -> Any:
        """Read ``[a, b]`` and ``{column: a, sd: b}``, where b may be a column's name."""
        if isinstance(value, (list, tuple)):
            if len(value) != len(cls.order):
                word = "number" if len(value) == 1 else "numbers"
                text = f"found {len(value)} {word}; needed {len(cls.order)}"
                raise ValueError(f"{text}: [{', '.join(cls.order)}]")
            return dict(zip(cls.order, value, strict=True))
        if isinstance(value, dict) and "column" in value:
            if not cls.centre:
                text = "'column' alone is unclear here; say it number by number"
                raise ValueError(f"{text}, as {{{cls.order[0]}: {{column: name}}, ...}}")
            # A bare string is a column only in this form, so a typo elsewhere is an error.
            numbers = {
                key: {"column": number} if isinstance(number, str) else number
                for key, number in value.items()
                if key != "column"
            }
            return {cls.centre: {"column": value["column"]}, **numbers}
        return value


class NormalWords(Shape):
    """Normal distribution."""

    order: ClassVar[tuple[str, ...]] = ("mean", "sd")
    centre: ClassVar[str] = "mean"

    mean: Number = Field(description="mean before any truncation")
    sd: Number = Field(description="standard deviation before any truncation, above 0")


class LognormalWords(Shape):
    """Lognormal distribution, by the mean and sd of ln, or by those of the variable."""

    order: ClassVar[tuple[str, ...]] = ("mu", "sigma")
    centre: ClassVar[str] = "mean"

    mu: Number | None = Field(default=None, description="mean of ln(value), as numpy's `mean`")
    sigma: Number | None = Field(
        default=None, description="standard deviation of ln(value), as numpy's `sigma`, scipy's `s`"
    )
    mean: Number | None = Field(default=None, description="mean of the value itself, above 0")
    sd: Number | None = Field(default=None, description="standard deviation of the value itself")

    @model_validator(mode="after")
    def _one_pair(self) -> "LognormalWords":
        keys = {key for key in ("mu", "sigma", "mean", "sd") if getattr(self, key) is not None}
        if keys not in ({"mu", "sigma"}, {"mean", "sd"}):
            raise ValueError(
                f"found {', '.join(sorted(keys)) or 'nothing'}; needed mu and sigma (of ln of the "
                "value), or mean and sd (of the value itself)"
            )
        return self


class UniformWords(Shape):
    """Uniform distribution."""

    order: ClassVar[tuple[str, ...]] = ("lower", "upper")

    lower: Number = Field(description="lowest value")
    upper: Number = Field(description="highest value")


class LoguniformWords(Shape):
    """Log-uniform distribution: uniform in the logarithm, for what spans orders of magnitude."""

    order: ClassVar[tuple[str, ...]] = ("lower", "upper")

    lower: Number = Field(description="lowest value itself, not its logarithm; above 0")
    upper: Number = Field(description="highest value itself")


class TriangularWords(Shape):
    """Triangular distribution."""

    order: ClassVar[tuple[str, ...]] = ("lower", "mode", "upper")

    lower: Number = Field(description="lowest value")
    mode: Number = Field(description="most probable value")
    upper: Number = Field(description="highest value")


class IntegersWords(Shape):
    """Whole numbers, each as probable."""

    order: ClassVar[tuple[str, ...]] = ("low", "high")

    low: Number = Field(description="smallest value")
    high: Number = Field(description="largest value")


FAMILIES = ("normal", "lognormal", "uniform", "loguniform", "triangular", "integers")


class Distribution(Words):
    """The distribution of one parameter: one of the families, and where it is cut."""

    normal: Annotated[NormalWords | None, _listed("mean", "sd")] = Field(
        default=None, description="[mean, sd], or {mean: .., sd: ..}, or {column: .., sd: ..}"
    )
    lognormal: Annotated[LognormalWords | None, _listed("mu", "sigma")] = Field(
        default=None,
        description="[mu, sigma]: mean and standard deviation of ln(value), numpy's and scipy's "
        "convention; {mean: .., sd: ..} or {column: .., sd: ..}: of the value itself",
    )
    uniform: Annotated[UniformWords | None, _listed("lower", "upper")] = Field(
        default=None, description="[lower, upper], or {lower: .., upper: ..}"
    )
    loguniform: Annotated[LoguniformWords | None, _listed("lower", "upper")] = Field(
        default=None,
        description="[lower, upper], or {lower: .., upper: ..}: uniform in the logarithm, for what "
        "spans orders of magnitude; the ends are values above 0, not exponents",
    )
    triangular: Annotated[TriangularWords | None, _listed("lower", "mode", "upper")] = Field(
        default=None, description="[lower, mode, upper], or {lower: .., mode: .., upper: ..}"
    )
    integers: Annotated[IntegersWords | None, _listed("low", "high")] = Field(
        default=None,
        description="[low, high], or {low: .., high: ..}: whole numbers, both ends among them, "
        "each as probable; in the kernel's units, and cut by their ends alone",
    )
    lower: Number | None = Field(
        default=None, description="cut the distribution here: no value is below it"
    )
    upper: Number | None = Field(
        default=None, description="cut the distribution here: no value is above it"
    )
    units: str = Field(
        default="",
        description="of every number here, as pint reads them; default: the kernel's units",
    )

    @property
    def family(self) -> str:
        """Return which of the families it is."""
        return next(name for name in FAMILIES if getattr(self, name) is not None)

    @model_validator(mode="after")
    def _one(self) -> "Distribution":
        families = [name for name in FAMILIES if getattr(self, name) is not None]
        if len(families) != 1:
            listed = " and ".join(families) or "none"
            raise ValueError(f"found {listed}; needed one of {', '.join(FAMILIES)}")
        more = [key for key in ("lower", "upper", "units") if getattr(self, key) not in (None, "")]
        if self.integers is not None and more:
            text = f"found {' and '.join(more)} beside integers, which have ends and no unit"
            raise ValueError(f"{text}; say the smallest and largest number alone")
        return self


def refuse_distributions(value: Any, advice: Mapping[str, str], otherwise: str) -> Any:
    """Return what a design without distributions has for a parameter, unless it is one.

    Parameters
    ----------
    value : object
        As written.
    advice : mapping of str to str
        What to say instead of a family.
    otherwise : str
        Instead of the other families.

    Raises
    ------
    ValueError
        It is a distribution.
    """
    families = [name for name in FAMILIES if isinstance(value, dict) and name in value]
    if families:
        text = f"found a distribution, {families[0]}, which this design does not draw from"
        raise ValueError(f"{text}; {advice.get(families[0], otherwise)}")
    return value


def _named(value: Any) -> Any:
    """Read ``all`` and a list of names: uniform over the kernel's plausible ranges."""
    if value == "all":
        return {EVERY: None}
    if isinstance(value, str):
        raise ValueError(f"found {value!r}; needed all, a list of names, or name: distribution")
    if isinstance(value, list) and all(isinstance(name, str) for name in value):
        twice = sorted({name for name in value if value.count(name) > 1})
        if twice:
            raise ValueError(f"{', '.join(map(repr, twice))} stands twice; name a parameter once")
        return dict.fromkeys(value)
    return value


Parameters = Annotated[
    dict[str, Distribution | None],
    BeforeValidator(_named),
    AlsoAs(({"const": "all"}, {"type": "array", "items": {"type": "string"}})),
    Field(
        min_length=1,
        description="name: distribution; `all` or a list of names means uniform over the "
        "plausible ranges of the kernel's table, and so does a name with nothing behind it",
    ),
]
