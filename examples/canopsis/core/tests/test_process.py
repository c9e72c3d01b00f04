"""Stopping."""

from __future__ import annotations

import support

HIT = """
import signal, threading, time
from canopsis import process

def job():
    time.sleep(0.3)  # the main thread waits by now
    signal.pthread_kill(threading.get_ident(), signal.SIGTERM)
    time.sleep(60)
    return 0

stopper = process.Stopper(interrupted=143)
stopper.install()
process.supervise(job, stopper)
"""

HELD = """
import os, signal, sys
from canopsis import process

process.hold_signals()
os.kill(os.getpid(), signal.SIGTERM)
os.execv(sys.executable, [sys.executable, "-c", '''
from canopsis import process
print("still here", flush=True)
process.Stopper(interrupted=5).install()
print("not here any more", flush=True)
'''])
"""

RESULT = """
import sys
from canopsis import process
sys.exit(process.supervise(lambda: 3, process.Stopper()))
"""


class Signals(support.Case):
    """SIGTERM, at awkward times."""

    def test_a_signal_that_hits_another_thread_is_seen(self) -> None:
        self.assertEqual(support.run("-c", HIT).returncode, 143)

    def test_a_signal_that_is_held_back_survives_exec(self) -> None:
        result = support.run("-c", HELD)
        self.assertEqual((result.returncode, result.stdout), (5, "still here\n"))

    def test_the_result_of_the_job(self) -> None:
        self.assertEqual(support.run("-c", RESULT).returncode, 3)
