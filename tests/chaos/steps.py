"""One event at a time: a run is begun, something happens to it, and it goes on to its end."""

from waiting import wait_for

from chaos.schedules import check, check_gone
from ensemble.errors import DONE


def begin(way, blocks=3):
    """Launch and wait until it runs; a queue takes its time after nodes have been away."""
    way.launch()
    wait_for(lambda: way.site.committed() >= blocks, f"{blocks} blocks are committed", 150)
    assert way.ended() is None, "the run is over before anything happened"
    return way


def do(event, way, draw=None):
    """Let an event happen, and assert that it did, to a run that goes on."""
    before = way.site.committed()
    what = wait_for(lambda: event(way, draw or FirstOf()), event.__name__, 20)
    assert before < way.site.blocks
    return what


class FirstOf:
    """In place of a random generator where there is nothing to choose."""

    choice = staticmethod(lambda found: found[0])
    uniform = staticmethod(lambda low, high: low)


def end(way, seconds=240):
    """Wait for the end; the exit code."""
    found = wait_for(lambda: [way.ended()] if way.ended() is not None else [], "it ends", seconds)
    return found[0]


def again(way, expected):
    """Give the same command again, to the end, and compare."""
    way.launch()
    assert end(way) == DONE, way.site.said()
    way.close()
    check(way.site, expected)
    check_gone(way.site)


def finish(way, expected):
    """Wait for the end of this very command, and compare."""
    assert end(way) == DONE, way.site.said()
    way.close()
    check(way.site, expected)
    check_gone(way.site)
