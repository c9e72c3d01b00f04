"""cleaner: brings what connectors send into one form, and drops what the rules say."""

from __future__ import annotations

import platform
import re
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from canopsis import engine, paths, schema
from canopsis.config import ConfigError
from canopsis.engine import Event, InvalidEvent, Outlet

STATES = {
    "ok": 0,
    "info": 0,
    "minor": 1,
    "warning": 1,
    "major": 2,
    "critical": 3,
    "unknown": 3,
}


@dataclass(frozen=True)
class Rule:
    """If all patterns match: set these fields, or drop the event."""

    match: dict[str, re.Pattern[str]]
    set: dict[str, Any] = field(default_factory=dict)
    drop: bool = False

    def matches(self, event: Event) -> bool:
        """Does every pattern occur in its field?"""
        return all(
            name in event and pattern.search(str(event[name]))
            for name, pattern in self.match.items()
        )


def load_rules(path: Path) -> list[Rule]:
    """Read etc/rules.yml; a missing file has no rules."""
    try:
        document = yaml.safe_load(path.read_text("utf-8"))
    except FileNotFoundError:
        return []
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as exc:
        raise ConfigError(f"{path} cannot be read: {exc}") from exc
    if fault := schema.fault("rules", document):
        raise ConfigError(f"{path}: {fault}")
    return [
        Rule(
            match={name: re.compile(text) for name, text in rule["match"].items()},
            set=rule.get("set", {}),
            drop=rule.get("drop", False),
        )
        for rule in document["rules"]
    ]


def normalise(event: Event, rules: list[Rule]) -> Event | None:
    """The event in its normal form, or None if a rule drops it."""
    clean = {
        name: value.strip() if isinstance(value, str) else value for name, value in event.items()
    }
    clean["event_type"] = str(clean.get("event_type", "check")).lower()
    clean.setdefault("source_type", "resource" if clean.get("resource") else "component")
    clean.setdefault("connector", "canopsis")
    clean["timestamp"] = _timestamp(clean.get("timestamp"))
    state = clean.get("state", 0)
    clean["state"] = STATES.get(state.lower(), state) if isinstance(state, str) else state
    for rule in rules:
        if rule.matches(clean):
            if rule.drop:
                return None
            clean |= rule.set
    if fault := schema.fault("event", clean):
        raise InvalidEvent(fault)
    return clean


def _timestamp(value: object) -> int:
    if value is None:
        return int(time.time())
    try:
        return int(float(value))  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        raise InvalidEvent(f"$.timestamp: {value!r} is not a time") from None


class Engine(engine.Engine):
    """raw.* -> clean.<event type>"""

    consumes = "raw.#"

    def __init__(self, name: str, outlet: Outlet) -> None:
        super().__init__(name, outlet)
        self.rules = load_rules(paths.etc_dir() / "rules.yml")

    def work(self, event: Event) -> None:
        """Normalise one event and pass it on."""
        clean = normalise(event, self.rules)
        if clean is not None:
            self.outlet.publish(f"clean.{clean['event_type']}", clean)

    def beat(self) -> None:
        """Send an event through: whoever misses it knows that events do not get through."""
        self.outlet.submit(
            {
                "connector": "engine",
                "component": platform.node() or "localhost",
                "resource": self.name,
                "state": "ok",
                "output": "alive ",
            }
        )
