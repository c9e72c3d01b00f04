"""Signals: a process that is asked to stop is gone within a second, also as PID 1.

PID 1 of a container has no default action for SIGTERM: without a handler the signal is
lost. So handlers are installed first thing, and a program that is about to replace itself
holds the signals back, for the next program to receive. This module imports little, to be
in place early.
"""

import errno
import fcntl
import os
import select
import signal
import sys

from canopsis import compat
from canopsis.compat import monotonic

SIGNALS = (signal.SIGTERM, signal.SIGINT)
GRACE = 0.5


def hold_signals():
    """Keep stop signals pending, across exec, until `release_signals`."""
    compat.pthread_sigmask(compat.SIG_BLOCK, SIGNALS)


def release_signals():
    """Let stop signals through; one that came in meanwhile arrives now."""
    compat.pthread_sigmask(compat.SIG_UNBLOCK, SIGNALS)


def leave(code):
    """End the process at once, whatever its other threads are waiting for."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


class Stopper(object):
    """A stop request any number of threads can wait for.

    It is a pipe that becomes readable and stays so. The interpreter itself writes to it when a
    signal comes in: a Python handler alone would run too late, if the signal arrives in another
    thread, or just before the main thread begins to wait.
    """

    def __init__(self, interrupted=0):
        """`interrupted` is the exit code after a signal."""
        self.interrupted = interrupted
        self._read, self._write = os.pipe()
        for end in (self._read, self._write):
            fcntl.fcntl(end, fcntl.F_SETFD, fcntl.FD_CLOEXEC)
        fcntl.fcntl(self._write, fcntl.F_SETFL, os.O_NONBLOCK)
        self._ready = False

    def install(self):
        """Take over SIGTERM and SIGINT. Until `ready`, they end the process at once."""
        for signum in SIGNALS:
            signal.signal(signum, self._on_signal)
        release_signals()

    def ready(self):
        """From now on the main thread waits for the request, and ends in good order."""
        if sys.version_info >= (3,):
            signal.set_wakeup_fd(self._write, warn_on_full_buffer=False)
        else:
            signal.set_wakeup_fd(self._write)
        self._ready = True

    def _on_signal(self, _signum, _frame):
        if not self._ready:
            os._exit(self.interrupted)

    def set(self):
        """Ask everybody to stop."""
        try:
            os.write(self._write, b"!")
        except OSError as exc:
            if exc.errno != errno.EAGAIN:  # full: it has been asked often enough
                raise

    def wait(self, seconds):
        """Sleep, for ever if None; True as soon as a stop is requested."""
        limit = None if seconds is None else monotonic() + seconds
        while True:
            left = None if limit is None else max(0.0, limit - monotonic())
            try:
                return bool(select.select([self._read], [], [], left)[0])
            except select.error as exc:  # Python 2.7 does not go on after a signal
                if exc.args[0] != errno.EINTR:
                    raise

    @property
    def stopping(self):
        """Has a stop been requested?"""
        return self.wait(0)


def supervise(job, stopper):
    """Run `job` (a callable that gives an int) in a thread and return its result.

    When a signal comes first, the process ends.
    """
    import threading

    result = []
    finished = threading.Event()

    def run():
        try:
            result.append(job())
        finally:
            finished.set()
            stopper.set()

    thread = threading.Thread(target=run, name="job")
    thread.daemon = True
    stopper.ready()
    thread.start()
    stopper.wait(None)
    if not finished.is_set():
        thread.join(GRACE)
        leave(stopper.interrupted)
    thread.join(GRACE)
    return result[0] if result else 2
