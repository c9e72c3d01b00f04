"""Logging: one event, one line, on stdout."""

from __future__ import annotations

import logging
import os
import sys

LEVELS = ("debug", "info", "warning", "error", "critical")
FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


class OneLine(logging.Formatter):
    """A formatter that keeps a record, traceback included, on one line."""

    def format(self, record: logging.LogRecord) -> str:
        """Join the lines."""
        return " | ".join(super().format(record).splitlines())


class Complaint:
    """A trouble that lasts: said once when it begins, once when it is over."""

    def __init__(self, logger: logging.Logger) -> None:
        self._logger = logger
        self._active = False

    def say(self, message: str, *args: object) -> None:
        """Warn the first time; repetitions are for the level debug."""
        level = logging.DEBUG if self._active else logging.WARNING
        self._active = True
        self._logger.log(level, message, *args)

    def over(self, message: str, *args: object) -> None:
        """Tell that it works again, if it did not."""
        if self._active:
            self._logger.info(message, *args)
        self._active = False


def default_level() -> str:
    """$CPS_LOGGING_LEVEL, or info. Raises ValueError for a level nobody knows."""
    return check_level(os.environ.get("CPS_LOGGING_LEVEL") or "info", "CPS_LOGGING_LEVEL")


def check_level(level: str, origin: str) -> str:
    """The level in lower case, or a ValueError that names where it came from."""
    if level.lower() not in LEVELS:
        raise ValueError(f"{origin} is {level!r}: use one of {', '.join(LEVELS)}")
    return level.lower()


def setup(level: str) -> None:
    """Send all records of this process to stdout."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(OneLine(FORMAT))
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    # Chatty at info and debug, and never about canopsis itself.
    for name in ("amqp", "kombu", "urllib3", "pymongo"):
        logging.getLogger(name).setLevel(logging.WARNING)
