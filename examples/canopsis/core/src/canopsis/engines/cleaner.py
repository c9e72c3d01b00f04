"""cleaner: brings what connectors send into one form, and drops what the rules say."""

import platform
import re
import time
from collections import namedtuple

import yaml

from canopsis import engine, paths, schema
from canopsis.compat import is_text, text
from canopsis.config import ConfigError
from canopsis.engine import InvalidEvent

STATES = {
    "ok": 0,
    "info": 0,
    "minor": 1,
    "warning": 1,
    "major": 2,
    "critical": 3,
    "unknown": 3,
}


class Rule(namedtuple("Rule", "match set drop")):
    """If all patterns (dict) match: set these fields (dict), or drop the event."""

    __slots__ = ()

    def matches(self, event):
        """Does every pattern occur in its field?"""
        return all(
            name in event and pattern.search(text(event[name]))
            for name, pattern in self.match.items()
        )


def load_rules(path):
    """The Rules (list) of etc/rules.yml (Path); a missing file has none."""
    if not path.exists():
        return []
    try:
        document = yaml.safe_load(path.read_text("utf-8"))
    except (EnvironmentError, UnicodeDecodeError, yaml.YAMLError) as exc:
        raise ConfigError("%s cannot be read: %s" % (path, text(exc)))
    fault = schema.fault("rules", document)
    if fault:
        raise ConfigError("%s: %s" % (path, fault))
    return [
        Rule(
            match={name: re.compile(regex) for name, regex in rule["match"].items()},
            set=rule.get("set", {}),
            drop=rule.get("drop", False),
        )
        for rule in document["rules"]
    ]


def normalise(event, rules):
    """The event in its normal form, or None if a rule drops it."""
    clean = {
        name: value.strip() if is_text(value) else value for name, value in event.items()
    }
    clean["event_type"] = text(clean.get("event_type", "check")).lower()
    clean.setdefault("source_type", "resource" if clean.get("resource") else "component")
    clean.setdefault("connector", "canopsis")
    clean["timestamp"] = _timestamp(clean.get("timestamp"))
    state = clean.get("state", 0)
    clean["state"] = STATES.get(state.lower(), state) if is_text(state) else state
    for rule in rules:
        if rule.matches(clean):
            if rule.drop:
                return None
            clean.update(rule.set)
    fault = schema.fault("event", clean)
    if fault:
        raise InvalidEvent(fault)
    return clean


def _timestamp(value):
    if value is None:
        return int(time.time())
    try:
        return int(float(value))
    except (TypeError, ValueError, OverflowError):
        raise InvalidEvent("$.timestamp: '%s' is not a time" % text(value))


class Engine(engine.Engine):
    """raw.* -> clean.<event type>"""

    consumes = "raw.#"

    def __init__(self, name, outlet):
        """As any engine, with the rules of etc/rules.yml."""
        super(Engine, self).__init__(name, outlet)
        self.rules = load_rules(paths.etc_dir() / "rules.yml")

    def work(self, event):
        """Normalise one event and pass it on."""
        clean = normalise(event, self.rules)
        if clean is not None:
            self.outlet.publish("clean.%s" % clean["event_type"], clean)

    def beat(self):
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
