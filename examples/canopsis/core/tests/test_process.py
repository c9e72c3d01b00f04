"""Stopping."""

import support

HIT = """
import ctypes, signal, time
from canopsis import process

def job():
    time.sleep(0.3)  # the main thread waits by now
    library = ctypes.CDLL(None)
    library.pthread_self.restype = ctypes.c_ulong
    library.pthread_kill(ctypes.c_ulong(library.pthread_self()), signal.SIGTERM)
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
from canopsis import compat, process
compat.print_line("still here")
process.Stopper(interrupted=5).install()
compat.print_line("not here any more")
'''])
"""

RESULT = """
import sys
from canopsis import process
sys.exit(process.supervise(lambda: 3, process.Stopper()))
"""


class Signals(support.Case):
    """SIGTERM, at awkward times."""

    def test_a_signal_that_hits_another_thread_is_seen(self):
        self.assertEqual(support.run("-c", HIT).returncode, 143)

    def test_a_signal_that_is_held_back_survives_exec(self):
        result = support.run("-c", HELD)
        self.assertEqual((result.returncode, result.stdout), (5, "still here\n"))

    def test_the_result_of_the_job(self):
        self.assertEqual(support.run("-c", RESULT).returncode, 3)
