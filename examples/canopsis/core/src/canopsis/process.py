"""Signals: a process that is asked to stop is gone within a second, also as PID 1.

PID 1 of a container has no default action for SIGTERM: without a handler the signal is
lost. So handlers are installed first thing, and a program that is about to replace itself
holds the signals back, for the next program to receive. This module imports little, to be
in place early.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import sys
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from collections.abc import Callable

SIGNALS = (signal.SIGTERM, signal.SIGINT)
GRACE = 0.5


def hold_signals() -> None:
    """Keep stop signals pending, across exec, until `release_signals`."""
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)


def release_signals() -> None:
    """Let stop signals through; one that came in meanwhile arrives now."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)


def leave(code: int) -> NoReturn:
    """End the process at once, whatever its other threads are waiting for."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


class Stopper:
    """A stop request any number of threads can wait for.

    It is a pipe that becomes readable and stays so. The interpreter itself writes to it when a
    signal comes in: a Python handler alone would run too late, if the signal arrives in another
    thread, or just before the main thread begins to wait.
    """

    def __init__(self, interrupted: int = 0) -> None:
        """`interrupted` is the exit code after a signal."""
        self.interrupted = interrupted
        self._read, self._write = os.pipe()
        os.set_blocking(self._write, False)
        self._ready = False

    def install(self) -> None:
        """Take over SIGTERM and SIGINT. Until `ready`, they end the process at once."""
        for signum in SIGNALS:
            signal.signal(signum, self._on_signal)
        release_signals()

    def ready(self) -> None:
        """From now on the main thread waits for the request, and ends in good order."""
        signal.set_wakeup_fd(self._write, warn_on_full_buffer=False)
        self._ready = True

    def _on_signal(self, _signum: int, _frame: object) -> None:
        if not self._ready:
            os._exit(self.interrupted)

    def set(self) -> None:
        """Ask everybody to stop."""
        with contextlib.suppress(BlockingIOError):  # full: it has been asked often enough
            os.write(self._write, b"!")

    def wait(self, seconds: float | None) -> bool:
        """Sleep, for ever if None; True as soon as a stop is requested."""
        return bool(select.select([self._read], [], [], seconds)[0])

    @property
    def stopping(self) -> bool:
        """Has a stop been requested?"""
        return self.wait(0)


def supervise(job: Callable[[], int], stopper: Stopper) -> int:
    """Run `job` in a thread and return its result, or leave when a signal comes first."""
    import threading

    result: list[int] = []
    finished = threading.Event()

    def run() -> None:
        try:
            result.append(job())
        finally:
            finished.set()
            stopper.set()

    thread = threading.Thread(target=run, name="job", daemon=True)
    stopper.ready()
    thread.start()
    stopper.wait(None)
    if not finished.is_set():
        thread.join(GRACE)
        leave(stopper.interrupted)
    thread.join(GRACE)
    return result[0] if result else 2
