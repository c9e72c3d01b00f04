"""dynamic: keeps the context graph, the components, their resources and their states."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass

from canopsis import engine
from canopsis.engine import Event, Outlet

FORGET_AFTER = 3600


@dataclass
class Entity:
    """A component, or a resource of one."""

    state: int
    seen: float


class ContextGraph:
    """The entities that were heard of lately."""

    def __init__(self) -> None:
        self._entities: dict[str, Entity] = {}
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._entities)

    def update(self, event: Event) -> tuple[str, int | None, int]:
        """Take an event in: the entity, its previous state (None: it is new), its state."""
        key = "/".join(str(event[part]) for part in ("component", "resource") if part in event)
        state = int(event.get("state", 0))
        with self._lock:
            known = self._entities.get(key)
            self._entities[key] = Entity(state, time.monotonic())
        return key, known.state if known else None, state

    def forget(self, older_than: float) -> list[str]:
        """Drop the entities that have been silent for that many seconds."""
        limit = time.monotonic() - older_than
        with self._lock:
            silent = [key for key, entity in self._entities.items() if entity.seen < limit]
            for key in silent:
                del self._entities[key]
        return silent


class Engine(engine.Engine):
    """clean.* -> the context graph; what changes is published as graph.change"""

    consumes = "clean.#"

    def __init__(self, name: str, outlet: Outlet) -> None:
        super().__init__(name, outlet)
        self.graph = ContextGraph()

    def work(self, event: Event) -> None:
        """Note the state of one entity."""
        key, before, after = self.graph.update(event)
        if before == after:
            return
        self.log.info("%s: state %s -> %d", key, "new" if before is None else before, after)
        self.outlet.publish("graph.change", {"entity": key, "before": before, "after": after})

    def beat(self) -> None:
        """Forget what has been silent for long."""
        for key in self.graph.forget(FORGET_AFTER):
            self.log.info("%s: not heard of for %d s, forgotten", key, FORGET_AFTER)
