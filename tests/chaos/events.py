"""Every event by name: what a schedule draws from."""

from chaos import harm, kills

EVENTS = {
    event.__name__: event
    for event in (
        *(kills.kill_worker, kills.kill_in_block, kills.kill_probe, kills.kill_in_commit),
        *(kills.kill_driver, kills.ask_to_stop, kills.kill_scheduler, kills.kill_nanny),
        *(kills.scancel, kills.requeue, kills.hold, kills.lose_node, kills.restart_controller),
        *(harm.freeze, harm.extend, harm.edit, harm.plant, harm.jump),
    )
}
