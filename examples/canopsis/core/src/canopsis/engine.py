"""What an engine is: a class `Engine` in a module of its own, derived from this one."""

from __future__ import annotations

import logging
from typing import Any, ClassVar, Protocol

Event = dict[str, Any]


class InvalidEvent(Exception):
    """An event that is not worth keeping; the text says why."""


class Outlet(Protocol):
    """Where the events of an engine go."""

    def submit(self, event: Event) -> None:
        """Into the queue of this very engine."""

    def publish(self, key: str, event: Event) -> None:
        """Onto the bus, for the engines that consume `key`."""


class Engine:
    """The base of all engines. `work` may run in several threads, `beat` runs in one."""

    consumes: ClassVar[str | None] = None
    """The routing keys this engine receives, as an AMQP topic pattern."""

    interval: ClassVar[float] = 1.0
    """Seconds between two beats."""

    def __init__(self, name: str, outlet: Outlet) -> None:
        self.name = name
        self.outlet = outlet
        self.log = logging.getLogger(f"canopsis.{name}")

    def work(self, event: Event) -> None:
        """Handle one event."""

    def beat(self) -> None:
        """Do what has to be done regularly."""
