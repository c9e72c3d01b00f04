"""metrics: measures the host it runs on, for the bus and for InfluxDB."""

import platform
import time

import psutil
import requests

from canopsis import engine, stores
from canopsis.compat import text
from canopsis.log import Complaint


def measure():
    """Load and use of memory and disk (dict of float), in percent but for the load."""
    return {
        "cpu": psutil.cpu_percent(interval=None),
        "load1": psutil.getloadavg()[0],
        "memory": psutil.virtual_memory().percent,
        "disk": psutil.disk_usage("/").percent,
    }


def line(host, values, timestamp):
    """One point (str) in InfluxDB's line protocol."""
    tag = host.replace("\\", "\\\\").replace(",", "\\,").replace("=", "\\=").replace(" ", "\\ ")
    fields = ",".join("%s=%.2f" % pair for pair in sorted(values.items()))
    return "host,component=%s %s %d" % (tag, fields, timestamp)


class Engine(engine.Engine):
    """-> raw.perf, and a point in InfluxDB if one is configured"""

    interval = 10.0

    def __init__(self, name, outlet):
        """As any engine; the first measurement begins."""
        super(Engine, self).__init__(name, outlet)
        self.host = text(platform.node() or "localhost")
        self.influx = stores.influx()
        self.session = requests.Session()
        self.complaint = Complaint(self.log)
        psutil.cpu_percent(interval=None)  # the first call only starts the measurement

    def beat(self):
        """Measure, and tell."""
        values = measure()
        now = int(time.time())
        self.outlet.publish(
            "raw.perf",
            {
                "event_type": "perf",
                "connector": "metrics",
                "component": self.host,
                "metrics": values,
                "timestamp": now,
            },
        )
        self._store(line(self.host, values, now))

    def _store(self, point):
        if self.influx is None:
            return
        try:
            answer = self.session.post(
                self.influx.url,
                params={"db": self.influx.database, "precision": "s"},
                auth=self.influx.auth,
                data=point.encode("utf-8"),
                timeout=(0.5, 2),
            )
            answer.raise_for_status()
        except requests.RequestException as exc:
            self.complaint.say("InfluxDB takes no measurements: %s", exc)
        else:
            self.complaint.over("InfluxDB takes measurements again")
