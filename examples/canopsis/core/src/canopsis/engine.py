"""What an engine is: a class `Engine` in a module of its own, derived from this one.

An event is a dict with str keys, as it comes out of JSON.
"""

import logging


class InvalidEvent(Exception):
    """An event that is not worth keeping; the text says why."""


class Outlet(object):
    """Where the events of an engine go."""

    def submit(self, event):
        """Into the queue of this very engine."""
        raise NotImplementedError

    def publish(self, key, event):
        """Onto the bus, for the engines that consume `key` (str)."""
        raise NotImplementedError


class Engine(object):
    """The base of all engines. `work` may run in several threads, `beat` runs in one."""

    consumes = None
    """The routing keys this engine receives (str), as an AMQP topic pattern."""

    interval = 1.0
    """Seconds between two beats."""

    def __init__(self, name, outlet):
        """`name` (str) is the engine's own, `outlet` (Outlet) takes its events."""
        self.name = name
        self.outlet = outlet
        self.log = logging.getLogger("canopsis.%s" % name)

    def work(self, event):
        """Handle one event."""

    def beat(self):
        """Do what has to be done regularly."""
