"""The thread that connects an engine to the bus, and keeps trying to."""

import logging
import socket
import threading
from collections import deque

from canopsis.log import Complaint

POLL = 0.2
BACKOFF = (1.0, 30.0)
BACKLOG = 1000


class Broker(threading.Thread):
    """Takes events for one engine off the bus, and puts its own events there.

    What is published while there is no broker waits here; only the latest are kept.
    """

    def __init__(self, bus, queue, pattern, receive, stopper):
        """`bus` is a stores.Bus, `queue` a name, `pattern` the routing keys for it, or None.

        `receive` takes an event and tells whether there was room for it.
        """
        super(Broker, self).__init__(name="broker")
        self.daemon = True
        self.log = logging.getLogger("canopsis.broker")
        self._bus = bus
        self._queue = queue
        self._pattern = pattern
        self._receive = receive
        self._stopper = stopper
        self._outbox = deque(maxlen=BACKLOG)  # of routing keys and events
        self._complaint = Complaint(self.log)
        self._delay = BACKOFF[0]

    def publish(self, key, event):
        """Put an event in line."""
        self._outbox.append((key, event))

    def run(self):
        """Connect, work, and connect again, until asked to stop."""
        from amqp.exceptions import AMQPError
        from kombu.exceptions import KombuError

        while not self._stopper.stopping:
            try:
                self._session()
            except (AMQPError, KombuError, EnvironmentError) as exc:
                self._complaint.say(
                    "no connection to the broker at %s:%d (%s), trying again",
                    self._bus.host,
                    self._bus.port,
                    exc,
                )
                if self._stopper.wait(self._delay):
                    return
                self._delay = min(self._delay * 2, BACKOFF[1])

    def _session(self):
        from kombu import Connection, Consumer, Exchange, Producer, Queue

        with Connection(**self._bus.options) as connection:
            connection.ensure_connection(max_retries=1, interval_start=0, interval_step=0)
            exchange = Exchange(self._bus.exchange, type="topic", durable=True)
            producer = Producer(connection, exchange=exchange, serializer="json")
            exchange(connection.default_channel).declare()
            consumer = None
            if self._pattern:
                queue = Queue(self._queue, exchange, routing_key=self._pattern, durable=True)
                consumer = Consumer(
                    connection.channel(),
                    [queue],
                    on_message=self._take,
                    prefetch_count=100,
                )
                consumer.consume()
            self.log.info("connected to the broker at %s:%d", self._bus.host, self._bus.port)
            self._complaint.over("what was published meanwhile is sent now")
            self._delay = BACKOFF[0]
            while not self._stopper.stopping:
                self._flush(producer)
                try:
                    connection.drain_events(timeout=POLL)
                except socket.timeout:
                    connection.heartbeat_check()

    def _take(self, message):
        from kombu.exceptions import ContentDisallowed, DecodeError

        try:
            event = message.decode()
        except (DecodeError, ContentDisallowed) as exc:
            self.log.warning("a message that is not JSON was thrown away: %s", exc)
            event = None
        if event is not None and not isinstance(event, dict):
            self.log.warning("a message that is not a JSON object was thrown away")
            event = None
        if event is None or self._receive(event):
            message.ack()
        else:
            message.requeue()

    def _flush(self, producer):
        while self._outbox:
            key, event = self._outbox[0]
            producer.publish(event, routing_key=key)
            # Only what was sent is taken off; the deque may have dropped it meanwhile.
            if self._outbox and self._outbox[0][1] is event:
                self._outbox.popleft()
