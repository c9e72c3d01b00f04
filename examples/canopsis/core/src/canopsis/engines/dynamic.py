"""dynamic: keeps the context graph, the components, their resources and their states."""

import threading
from collections import namedtuple

from canopsis import engine
from canopsis.compat import monotonic, text

FORGET_AFTER = 3600


class Entity(namedtuple("Entity", "state seen")):
    """A component, or a resource of one: its state, and when it was last heard of."""

    __slots__ = ()


class ContextGraph(object):
    """The entities that were heard of lately."""

    def __init__(self):
        """Nothing was heard of yet."""
        self._entities = {}
        self._lock = threading.Lock()

    def __len__(self):
        return len(self._entities)

    def update(self, event):
        """Take an event in: the entity, its previous state (None: it is new), its state."""
        key = "/".join(text(event[part]) for part in ("component", "resource") if part in event)
        state = int(event.get("state", 0))
        with self._lock:
            known = self._entities.get(key)
            self._entities[key] = Entity(state, monotonic())
        return key, known.state if known else None, state

    def forget(self, older_than):
        """Drop the entities that have been silent for that many seconds, and name them (list)."""
        limit = monotonic() - older_than
        with self._lock:
            silent = [key for key, entity in self._entities.items() if entity.seen < limit]
            for key in silent:
                del self._entities[key]
        return silent


class Engine(engine.Engine):
    """clean.* -> the context graph; what changes is published as graph.change"""

    consumes = "clean.#"

    def __init__(self, name, outlet):
        """As any engine, with an empty graph."""
        super(Engine, self).__init__(name, outlet)
        self.graph = ContextGraph()

    def work(self, event):
        """Note the state of one entity."""
        key, before, after = self.graph.update(event)
        if before == after:
            return
        self.log.info("%s: state %s -> %d", key, "new" if before is None else before, after)
        self.outlet.publish("graph.change", {"entity": key, "before": before, "after": after})

    def beat(self):
        """Forget what has been silent for long."""
        for key in self.graph.forget(FORGET_AFTER):
            self.log.info("%s: not heard of for %d s, forgotten", key, FORGET_AFTER)
