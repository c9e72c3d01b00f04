"""Runs one engine: its worker threads, its beat, and its way to the bus."""

import logging
import threading

from canopsis import stores
from canopsis.broker import Broker
from canopsis.compat import monotonic, queue
from canopsis.engine import InvalidEvent, Outlet
from canopsis.heartbeat import Heartbeat
from canopsis.log import Complaint
from canopsis.process import GRACE, leave

INBOX = 1000
REPORT_EVERY = 60.0


class Runner(Outlet):
    """The life of an engine. The main thread does nothing but wait for the end of it."""

    def __init__(self, engine_class, name, workers, stopper):
        """An engine of this class (derived from Engine), with this many threads for events."""
        self.log = logging.getLogger("canopsis.engine")
        self.name = name
        self.module = engine_class.__module__
        self.stopper = stopper
        self._inbox = queue.Queue(maxsize=INBOX)
        self._handled = 0
        self._count = threading.Lock()
        # The engine and its connections: what is wrong with the configuration shows here.
        self.broker = Broker(
            stores.bus(), "Engine_%s" % name, engine_class.consumes, self.receive, stopper
        )
        self.engine = engine_class(name, self)
        targets = [self._work] * workers + [self._beat]
        self._threads = [threading.Thread(target=target) for target in targets] + [self.broker]
        client = stores.redis_client()
        if client is not None:
            self._threads.append(Heartbeat(client, name, self.module, stopper))
        for thread in self._threads:
            thread.daemon = True

    def submit(self, event):
        """Outlet: into the engine's own queue; when that is full the event is lost."""
        self.receive(event)

    def publish(self, key, event):
        """Outlet: onto the bus."""
        self.broker.publish(key, event)

    def receive(self, event):
        """Put an event into the queue; was there room?"""
        try:
            self._inbox.put(event, timeout=0.1)
        except queue.Full:
            return False
        return True

    def run(self):
        """Start everything, wait for a stop request, end in good order."""
        self.log.info("engine %s started (module %s)", self.name, self.module)
        self.stopper.ready()
        for thread in self._threads:
            thread.start()
        self.stopper.wait(None)
        deadline = monotonic() + GRACE
        for thread in self._threads:
            thread.join(max(0.0, deadline - monotonic()))
        self.log.info("engine %s stopped, %d events handled", self.name, self._handled)
        leave(0)  # threads that wait for something out there are not waited for

    def _work(self):
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

    def _beat(self):
        trouble = Complaint(self.log)
        reported = monotonic()
        while True:
            try:
                self.engine.beat()
                trouble.over("engine %s: beats again", self.name)
            except Exception as exc:
                trouble.say("engine %s: beat failed: %s: %s", self.name, type(exc).__name__, exc)
            if monotonic() - reported >= REPORT_EVERY:
                reported = monotonic()
                self.log.info("engine %s: %d events handled", self.name, self._handled)
            if self.stopper.wait(self.engine.interval):
                return
