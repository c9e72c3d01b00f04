"""Heartbeats: each engine tells Redis that it lives, the web server shows who does."""

from __future__ import annotations

import json
import logging
import threading
import time
from typing import TYPE_CHECKING, Any

from canopsis.log import Complaint
from canopsis.process import Stopper

if TYPE_CHECKING:
    from redis import Redis

PREFIX = "canopsis:engine:"
EVERY = 5.0
LIFETIME = 15


class Heartbeat(threading.Thread):
    """Writes a key that expires, again and again."""

    def __init__(self, client: Redis, name: str, module: str, stopper: Stopper) -> None:
        super().__init__(name="heartbeat", daemon=True)
        self._client = client
        self._key = PREFIX + name
        self._value = {"module": module, "started": int(time.time())}
        self._stopper = stopper
        self._complaint = Complaint(logging.getLogger("canopsis.heartbeat"))

    def run(self) -> None:
        """Beat until asked to stop."""
        from redis import RedisError

        while True:
            try:
                self._client.set(self._key, json.dumps(self._value), ex=LIFETIME)
                self._complaint.over("Redis takes heartbeats again")
            except (RedisError, OSError) as exc:
                self._complaint.say("Redis takes no heartbeats: %s", exc)
            if self._stopper.wait(EVERY):
                return


def alive(client: Redis) -> dict[str, Any]:
    """The engines that gave a sign of life lately, by name."""
    found = {}
    for key in client.scan_iter(match=PREFIX + "*", count=100):
        if value := client.get(key):
            found[str(key).removeprefix(PREFIX)] = json.loads(str(value))
    return dict(sorted(found.items()))
