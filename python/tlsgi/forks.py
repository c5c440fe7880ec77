"""What a child process that the application forks must not keep: our sockets and our signal handlers."""

from __future__ import annotations

import os
import signal
import threading
from typing import Dict, Tuple

_Identity = Tuple[int, int]
_sockets: Dict[int, _Identity] = {}
_is_registered = False
_OURS = {signal.SIGTERM, signal.SIGINT}
_mask = threading.local()


def close_in_children(descriptor: int) -> None:
    """Closes the descriptor in every process that is forked from this one without an exec; an exec closes it anyway.

    A child that kept a link open would hide from the front that the worker is gone.
    """
    global _is_registered
    _sockets[descriptor] = _identity(descriptor)
    if not _is_registered:
        os.register_at_fork(before=_hold_signals, after_in_parent=_release_signals, after_in_child=_clean_child)
        _is_registered = True


def _hold_signals() -> None:
    """A child that is told to end at once must not hear it through our handler, which does nothing."""
    _mask.before = signal.pthread_sigmask(signal.SIG_BLOCK, _OURS)


def _release_signals() -> None:
    signal.pthread_sigmask(signal.SIG_SETMASK, _mask.before)


def _clean_child() -> None:
    try:
        if _sockets:
            _close_sockets()
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            signal.signal(signal.SIGINT, signal.default_int_handler)
    finally:
        _release_signals()


def _close_sockets() -> None:
    null = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
    for descriptor, identity in _sockets.items():
        # The number may mean something else by now. It stays taken, so that whoever still holds it closes nothing of the child's.
        if _identity(descriptor) == identity:
            os.dup2(null, descriptor, inheritable=False)
    os.close(null)
    _sockets.clear()


def _identity(descriptor: int) -> _Identity:
    try:
        status = os.fstat(descriptor)
    except OSError:
        return (-1, -1)
    return (status.st_dev, status.st_ino)
