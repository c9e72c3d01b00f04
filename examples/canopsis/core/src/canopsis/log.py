"""Logging: one event, one line, on stdout."""

import logging
import os
import sys

LEVELS = ("debug", "info", "warning", "error", "critical")
FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


class OneLine(logging.Formatter):
    """A formatter that keeps a record, traceback included, on one line."""

    def format(self, record):
        """Join the lines of a record (logging.LogRecord)."""
        return " | ".join(super(OneLine, self).format(record).splitlines())


class Complaint(object):
    """A trouble that lasts: said once when it begins, once when it is over."""

    def __init__(self, logger):
        """`logger` (logging.Logger) is where it is said."""
        self._logger = logger
        self._active = False

    def say(self, message, *args):
        """Warn the first time; repetitions are for the level debug."""
        level = logging.DEBUG if self._active else logging.WARNING
        self._active = True
        self._logger.log(level, message, *args)

    def over(self, message, *args):
        """Tell that it works again, if it did not."""
        if self._active:
            self._logger.info(message, *args)
        self._active = False


def default_level():
    """$CPS_LOGGING_LEVEL (str), or info. Raises ValueError for a level nobody knows."""
    return check_level(os.environ.get("CPS_LOGGING_LEVEL") or "info", "CPS_LOGGING_LEVEL")


def check_level(level, origin):
    """The level (str) in lower case, or a ValueError that names where it came from."""
    if level.lower() not in LEVELS:
        raise ValueError("%s is '%s': use one of %s" % (origin, level, ", ".join(LEVELS)))
    return level.lower()


def setup(level):
    """Send all records of this process to stdout."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(OneLine(FORMAT))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    # Chatty at info and debug, and never about canopsis itself.
    for name in ("amqp", "kombu", "urllib3", "pymongo"):
        logging.getLogger(name).setLevel(logging.WARNING)
