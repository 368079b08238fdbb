"""Text as a terminal may print it: what would move, hide or turn what stands there is spelled out.

Titles, names and notes come from files of others. An escape sequence in one of them could
paint over a warning, rename a window or, on some terminals, type a command.
"""

import re

_UNSEEN = (
    "\x00-\x1f\x7f-\x9f"  # C0 and C1: escape, carriage return, backspace, bell
    "\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"  # turned, or not seen
    "\ud800-\udfff"  # bytes of a file's name that are no text
)
_IN_A_LINE = re.compile(f"[{_UNSEEN}]")
_IN_TEXT = re.compile(f"(?![\n\t])[{_UNSEEN}]")


def visible(text: str, *, lines: bool = False) -> str:
    r"""Return text with what a terminal would act upon spelled as in Python, such as ``\x1b``.

    Parameters
    ----------
    text : str
    lines : bool
        Whether it is several lines, whose ends and tabs stay; one line otherwise.
    """
    return (_IN_TEXT if lines else _IN_A_LINE).sub(_spelled, text)


def _spelled(found: re.Match[str]) -> str:
    return ascii(found[0])[1:-1]
