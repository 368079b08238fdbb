"""Why something could not be written, in words: a full disk and a used-up quota are two things."""

import errno


def why_not_written(error: OSError) -> str:
    """Return what stopped a write, and what to do before the same command goes on."""
    if error.errno == errno.ENOSPC:
        return "the disk is full; free some space and run the same command again"
    if error.errno == errno.EDQUOT:
        return (
            "your disk quota is used up, though the disk may have room; see `quota -s`, `lfs "
            "quota` or what this site has instead, remove something or ask for more, and run the "
            "same command again"
        )
    return f"cannot write ({error.strerror or error}); mend that and run the same command again"


def out_of_room(error: OSError) -> bool:
    """Return whether a disk or somebody's share of it is full."""
    return error.errno in (errno.ENOSPC, errno.EDQUOT)
