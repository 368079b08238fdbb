"""Templates filled in: only they hold markup, and every value put into one is escaped."""

from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from ensemble.report.html import cells
from ensemble.report.html.text import plain


def rendered(template: str, **values: Any) -> str:
    """Return a template of this folder with its values put in."""
    return environment().get_template(template).render(values)


@cache
def environment() -> Environment:
    """Return the environment of the templates: a name that is not there is an error."""
    made = Environment(
        loader=PackageLoader("ensemble.report", "html"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_text_or_markup,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "kind": lambda part: type(part).__name__.lower(),
        "own_headers": cells.own_headers,
        "signs": cells.signs,
    }
    made.globals["SHORT"] = cells.SHORT
    return made


def _text_or_markup(value: object) -> object:
    """Return what a template made as it is, and anything else as text, which is then escaped."""
    return value if hasattr(value, "__html__") else plain(value)
