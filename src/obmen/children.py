"""Child processes that end with their parent, however that one ends (Linux: prctl(2), ``PR_SET_PDEATHSIG``).

Used by ``cli`` for server and worker processes and by ``storage.embedded`` for PostgreSQL.
"""

import ctypes
import os
import signal
from typing import Final

_PR_SET_PDEATHSIG: Final = 1
_libc: Final = ctypes.CDLL(None, use_errno=True)


def end_with(parent: int, number: signal.Signals) -> None:
    """From now on this process gets ``number`` when ``parent`` ends; at once where that has ended already.

    To be called by a child that the main thread of ``parent`` has started: the kernel looks at the thread, which must live as long.
    """
    if _libc.prctl(_PR_SET_PDEATHSIG, int(number), 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl")
    if os.getppid() != parent:
        os.kill(os.getpid(), number)
