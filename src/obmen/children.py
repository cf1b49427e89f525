"""Child processes that end with their parent, however that one ends (Linux: prctl(2), ``PR_SET_PDEATHSIG``).

Used by ``cli`` for server and worker processes and by ``storage.embedded`` for PostgreSQL.
"""

import contextlib
import ctypes
import os
import signal
from collections.abc import Container
from typing import Final

_PR_SET_PDEATHSIG: Final = 1
_PR_SET_CHILD_SUBREAPER: Final = 36
_libc: Final = ctypes.CDLL(None, use_errno=True)


def end_with(parent: int, number: signal.Signals) -> None:
    """From now on this process gets ``number`` when ``parent`` ends; at once where that has ended already.

    To be called by a child that the main thread of ``parent`` has started: the kernel looks at the thread, which must live as long.
    """
    _prctl(_PR_SET_PDEATHSIG, number)
    if os.getppid() != parent:
        os.kill(os.getpid(), number)


def adopt() -> None:
    """From now on the children of a descendant that ends become children of this process, as those of process 1 are anyway."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def bury(but: Container[int | None]) -> None:
    """Takes note of the end of adopted children, which would stay zombies; not of ``but``, which are looked at elsewhere."""
    with contextlib.suppress(ChildProcessError):  # there are no children
        while (ended := os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)) and ended.si_pid not in but:
            os.waitpid(ended.si_pid, 0)


def _prctl(option: int, argument: int) -> None:
    if _libc.prctl(option, int(argument), 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl")
