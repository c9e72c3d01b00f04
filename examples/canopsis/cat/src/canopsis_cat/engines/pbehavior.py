"""pbehavior: planned behaviour. Marks the events of what is in planned maintenance.

The plans are calendars, etc/pbehavior.d/*.ics; X-CANOPSIS-COMPONENT is a pattern for the
names of the components an entry is about (all of them if it is missing).
"""

from collections import namedtuple
from datetime import datetime, time, timedelta
from fnmatch import fnmatchcase

from dateutil.rrule import rrulestr
from dateutil.tz import tzutc
from icalendar import Calendar

from canopsis import engine, paths
from canopsis.compat import text

UTC = tzutc()


class Plan(namedtuple("Plan", "reason component start duration rule")):
    """A time, perhaps a recurring one, at which components may do what they like.

    `component` is a pattern, `start` a datetime, `duration` a timedelta, `rule` an rrule or None.
    """

    __slots__ = ()

    def covers(self, component, moment):
        """Is this component in maintenance at that moment?"""
        if not fnmatchcase(component, self.component):
            return False
        begin = self.rule.before(moment, inc=True) if self.rule else self.start
        return begin is not None and begin <= moment < begin + self.duration


def read_plans(path):
    """The Plans (list) of one calendar (Path). Raises ValueError if it is not one."""
    calendar = Calendar.from_ical(path.read_bytes())
    return [_plan(entry) for entry in calendar.walk("VEVENT")]


def _plan(entry):
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
        rule = rrulestr(entry["RRULE"].to_ical().decode("utf-8"), dtstart=start, cache=True)
    return Plan(
        reason=text(entry.get("SUMMARY", "planned")),
        component=text(entry.get("X-CANOPSIS-COMPONENT", "*")),
        start=start,
        duration=duration,
        rule=rule,
    )


def _moment(value):
    """A day begins at midnight; a time without a zone is UTC."""
    if not isinstance(value, datetime):
        value = datetime.combine(value, time())
    return value if value.tzinfo else value.replace(tzinfo=UTC)


class Engine(engine.Engine):
    """clean.* -> pbehavior.active, for what is in maintenance"""

    consumes = "clean.#"

    def __init__(self, name, outlet):
        """As any engine; the calendars are read with the first beat."""
        super(Engine, self).__init__(name, outlet)
        self.folder = paths.etc_dir() / "pbehavior.d"
        self.plans = []
        self._seen = None

    def work(self, event):
        """Pass an event on with the reason, if there is one."""
        component = text(event.get("component", ""))
        moment = datetime.fromtimestamp(int(event["timestamp"]), UTC)
        reason = self.reason(component, moment)
        if reason:
            self.outlet.publish("pbehavior.active", dict(event, inactive_reason=reason))

    def reason(self, component, moment):
        """Why a component (str) is inactive at a moment (datetime), if it is."""
        return next((plan.reason for plan in self.plans if plan.covers(component, moment)), None)

    def beat(self):
        """Read the calendars again when one has changed."""
        seen = {path: path.stat().st_mtime for path in sorted(self.folder.glob("*.ics"))}
        if seen == self._seen:
            return
        self._seen = seen
        self.plans = self._read(seen)
        self.log.info("%d plans in %d calendars", len(self.plans), len(seen))

    def _read(self, files):
        plans = []
        for path in files:
            try:
                plans += read_plans(path)
            except (EnvironmentError, ValueError) as exc:
                self.log.warning("%s is left out: %s", path, exc)
        return plans
