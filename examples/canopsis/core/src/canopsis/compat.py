"""What Python 2.7 lacks or spells differently. The rest of canopsis is written for both.

Libraries of Python 3 that come with requirements-py27.txt are imported by the name they have in
Python 3; where that is another one there, this module knows. It is imported early: it takes little.
"""

import sys

if sys.version_info >= (3,):
    import queue
    from importlib.util import find_spec
    from pathlib import Path
    from signal import SIG_BLOCK, SIG_UNBLOCK, pthread_sigmask
    from time import monotonic

    TEXT = str
    STRINGS = (str,)

    def module_exists(name):
        """Is there a module of that name (str)?"""
        try:
            return find_spec(name) is not None
        except ImportError:  # nor are there the packages it would be in
            return False

else:
    import ctypes
    import pkgutil
    import Queue as queue

    from pathlib2 import Path

    SIG_BLOCK, SIG_UNBLOCK = 0, 1  # of Linux, as is the clock's 1

    library = ctypes.CDLL(None)

    def monotonic():
        """The time in seconds (float) of a clock that nobody sets."""
        seconds = (ctypes.c_long * 2)()
        library.clock_gettime(1, seconds)
        return seconds[0] + seconds[1] * 1e-9

    def pthread_sigmask(how, signals):
        """Hold signals (ints) back, or let them through."""
        wanted = ctypes.create_string_buffer(128)
        library.sigemptyset(wanted)
        for signum in signals:
            library.sigaddset(wanted, signum)
        library.pthread_sigmask(how, wanted, None)

    TEXT = type("".decode())
    STRINGS = (str, TEXT)

    def module_exists(name):
        """Is there a module of that name (str)?"""
        try:
            return pkgutil.find_loader(name) is not None
        except ImportError:
            return False


__all__ = [
    "SIG_BLOCK",
    "SIG_UNBLOCK",
    "Path",
    "is_text",
    "module_exists",
    "monotonic",
    "print_line",
    "pthread_sigmask",
    "queue",
    "text",
]


def is_text(value):
    """Is it a string, of either kind where there are two?"""
    return isinstance(value, STRINGS)


def text(value):
    """Any value as text (str of Python 3)."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    try:
        return TEXT(value)
    except UnicodeError:  # an exception of Python 2 that holds bytes
        return str(value).decode("utf-8", "replace")


def print_line(line, stream=None):
    """Print a line (str) at once; Python 2 would refuse what is not ASCII."""
    stream = stream or sys.stdout
    stream.write("%s\n" % (line if isinstance(line, str) else line.encode("utf-8")))
    stream.flush()
