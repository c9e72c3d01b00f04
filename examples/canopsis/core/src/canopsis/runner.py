"""Runs one engine: its worker threads, its beat, and its way to the bus."""

from __future__ import annotations

import logging
import queue
import threading
import time

from canopsis import stores
from canopsis.broker import Broker
from canopsis.engine import Engine, Event, InvalidEvent
from canopsis.heartbeat import Heartbeat
from canopsis.log import Complaint
from canopsis.process import GRACE, Stopper, leave

INBOX = 1000
REPORT_EVERY = 60.0


class Runner:
    """The life of an engine. The main thread does nothing but wait for the end of it."""

    def __init__(
        self, engine_class: type[Engine], name: str, workers: int, stopper: Stopper
    ) -> None:
        self.log = logging.getLogger("canopsis.engine")
        self.name = name
        self.module = engine_class.__module__
        self.stopper = stopper
        self._inbox: queue.Queue[Event] = queue.Queue(maxsize=INBOX)
        self._handled = 0
        self._count = threading.Lock()
        # The engine and its connections: what is wrong with the configuration shows here.
        self.broker = Broker(
            stores.bus(), f"Engine_{name}", engine_class.consumes, self.receive, stopper
        )
        self.engine = engine_class(name, self)
        self._threads: list[threading.Thread] = [
            *(threading.Thread(target=self._work, daemon=True) for _ in range(workers)),
            threading.Thread(target=self._beat, daemon=True),
            self.broker,
        ]
        if (client := stores.redis_client()) is not None:
            self._threads.append(Heartbeat(client, name, self.module, stopper))

    def submit(self, event: Event) -> None:
        """Outlet: into the engine's own queue; when that is full the event is lost."""
        self.receive(event)

    def publish(self, key: str, event: Event) -> None:
        """Outlet: onto the bus."""
        self.broker.publish(key, event)

    def receive(self, event: Event) -> bool:
        """Put an event into the queue, if there is room."""
        try:
            self._inbox.put(event, timeout=0.1)
        except queue.Full:
            return False
        return True

    def run(self) -> int:
        """Start everything, wait for a stop request, end in good order; the exit code."""
        self.log.info("engine %s started (module %s)", self.name, self.module)
        self.stopper.ready()
        for thread in self._threads:
            thread.start()
        self.stopper.wait(None)
        deadline = time.monotonic() + GRACE
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        self.log.info("engine %s stopped, %d events handled", self.name, self._handled)
        leave(0)  # threads that wait for something out there are not waited for

    def _work(self) -> None:
        while not self.stopper.stopping:
            try:
                event = self._inbox.get(timeout=0.2)
            except queue.Empty:
                continue
            try:
                self.engine.work(event)
            except InvalidEvent as exc:
                self.log.warning("engine %s: invalid event dropped: %s", self.name, exc)
            except Exception:
                self.log.exception("engine %s: an event could not be handled", self.name)
            with self._count:
                self._handled += 1

    def _beat(self) -> None:
        trouble = Complaint(self.log)
        reported = time.monotonic()
        while True:
            try:
                self.engine.beat()
                trouble.over("engine %s: beats again", self.name)
            except Exception as exc:
                trouble.say("engine %s: beat failed: %s: %s", self.name, type(exc).__name__, exc)
            if time.monotonic() - reported >= REPORT_EVERY:
                reported = time.monotonic()
                self.log.info("engine %s: %d events handled", self.name, self._handled)
            if self.stopper.wait(self.engine.interval):
                return
