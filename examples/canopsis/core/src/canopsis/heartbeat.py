"""Heartbeats: each engine tells Redis that it lives, the web server shows who does."""

import json
import logging
import threading
import time
from collections import OrderedDict

from canopsis.log import Complaint

PREFIX = "canopsis:engine:"
EVERY = 5.0
LIFETIME = 15


class Heartbeat(threading.Thread):
    """Writes a key that expires, again and again."""

    def __init__(self, client, name, module, stopper):
        """`client` is a redis.Redis, `stopper` a process.Stopper; the others are str."""
        super(Heartbeat, self).__init__(name="heartbeat")
        self.daemon = True
        self._client = client
        self._key = PREFIX + name
        self._value = {"module": module, "started": int(time.time())}
        self._stopper = stopper
        self._complaint = Complaint(logging.getLogger("canopsis.heartbeat"))

    def run(self):
        """Beat until asked to stop."""
        from redis import RedisError

        while True:
            try:
                self._client.set(self._key, json.dumps(self._value), ex=LIFETIME)
                self._complaint.over("Redis takes heartbeats again")
            except (RedisError, EnvironmentError) as exc:
                self._complaint.say("Redis takes no heartbeats: %s", exc)
            if self._stopper.wait(EVERY):
                return


def alive(client):
    """The engines that gave a sign of life lately (dict), by name."""
    found = {}
    for key in client.scan_iter(match=PREFIX + "*", count=100):
        value = client.get(key)
        if value:
            found[key[len(PREFIX) :]] = json.loads(value)
    return OrderedDict(sorted(found.items()))
