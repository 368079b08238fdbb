"""Text as it may stand in HTML and in SVG."""

import re

CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")


def plain(value: object) -> str:
    """Return text without characters that neither HTML nor SVG may hold."""
    return CONTROL.sub("\N{REPLACEMENT CHARACTER}", str(value))
