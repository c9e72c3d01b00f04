"""pbehavior: planned behaviour. Marks the events of what is in planned maintenance.

The plans are calendars, etc/pbehavior.d/*.ics; X-CANOPSIS-COMPONENT is a pattern for the
names of the components an entry is about (all of them if it is missing).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from dateutil.rrule import rrule, rruleset, rrulestr
from icalendar import Calendar

from canopsis import engine, paths
from canopsis.engine import Event, Outlet


@dataclass(frozen=True)
class Plan:
    """A time, perhaps a recurring one, at which components may do what they like."""

    reason: str
    component: str
    start: datetime
    duration: timedelta
    rule: rrule | rruleset | None = None

    def covers(self, component: str, moment: datetime) -> bool:
        """Is this component in maintenance at that moment?"""
        if not fnmatchcase(component, self.component):
            return False
        begin = self.rule.before(moment, inc=True) if self.rule else self.start
        return begin is not None and begin <= moment < begin + self.duration


def read_plans(path: Path) -> list[Plan]:
    """The plans of one calendar. Raises ValueError if it is not one."""
    calendar = Calendar.from_ical(path.read_bytes())
    return [_plan(entry) for entry in calendar.walk("VEVENT")]


def _plan(entry: Any) -> Plan:
    if "DTSTART" not in entry:
        raise ValueError("an entry has no DTSTART")
    start = _moment(entry.decoded("DTSTART"))
    if "DTEND" in entry:
        duration = _moment(entry.decoded("DTEND")) - start
    elif "DURATION" in entry:
        duration = entry.decoded("DURATION")
    else:
        duration = timedelta(days=1)
    rule = None
    if "RRULE" in entry:
        rule = rrulestr(entry["RRULE"].to_ical().decode(), dtstart=start, cache=True)
    return Plan(
        reason=str(entry.get("SUMMARY", "planned")),
        component=str(entry.get("X-CANOPSIS-COMPONENT", "*")),
        start=start,
        duration=duration,
        rule=rule,
    )


def _moment(value: date) -> datetime:
    """A day begins at midnight; a time without a zone is UTC."""
    if not isinstance(value, datetime):
        value = datetime.combine(value, time())
    return value if value.tzinfo else value.replace(tzinfo=UTC)


class Engine(engine.Engine):
    """clean.* -> pbehavior.active, for what is in maintenance"""

    consumes = "clean.#"

    def __init__(self, name: str, outlet: Outlet) -> None:
        super().__init__(name, outlet)
        self.folder = paths.etc_dir() / "pbehavior.d"
        self.plans: list[Plan] = []
        self._seen: dict[Path, int] | None = None

    def work(self, event: Event) -> None:
        """Pass an event on with the reason, if there is one."""
        component = str(event.get("component", ""))
        moment = datetime.fromtimestamp(int(event["timestamp"]), UTC)
        if reason := self.reason(component, moment):
            self.outlet.publish("pbehavior.active", {**event, "inactive_reason": reason})

    def reason(self, component: str, moment: datetime) -> str | None:
        """Why a component is inactive, if it is."""
        return next((plan.reason for plan in self.plans if plan.covers(component, moment)), None)

    def beat(self) -> None:
        """Read the calendars again when one has changed."""
        seen = {path: path.stat().st_mtime_ns for path in sorted(self.folder.glob("*.ics"))}
        if seen == self._seen:
            return
        self._seen = seen
        self.plans = self._read(seen)
        self.log.info("%d plans in %d calendars", len(self.plans), len(seen))

    def _read(self, files: Iterable[Path]) -> list[Plan]:
        plans: list[Plan] = []
        for path in files:
            try:
                plans += read_plans(path)
            except (OSError, ValueError) as exc:
                self.log.warning("%s is left out: %s", path, exc)
        return plans
