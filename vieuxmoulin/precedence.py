"""How far a process gives way to others that want the processor at the same moment.

Workers of campaigns do: whoever waits for a page, an answer or a booking's confirmation comes before a crowd.
"""

import os
from pathlib import Path

import structlog

log = structlog.get_logger(__name__)
# Linux may weigh whole sessions against one another and only then the processes of each (man 7 sched, autogroup): the
# weight of the session has a file of its own, and without it the process's would count for nothing.
SESSION = Path("/proc/self/autogroup")


def give_way(steps: int) -> None:
    """Let others go first, by so many steps from 0 (not at all) to 19; the processes forked later do the same.

    Containers are weighed by their runner: see `cpu_shares` in docker/docker-compose.yml.
    """
    if steps <= 0:
        return
    os.nice(steps)
    # Not the session of a terminal, where other things of the same person run.
    if os.getsid(0) != os.getpid():
        return
    try:
        SESSION.write_text(str(min(steps, 19)))
    except OSError as error:
        # No such thing on this system: the weight of the process is then all that counts.
        log.debug("session_not_weighed", error=type(error).__name__)
