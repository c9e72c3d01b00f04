"""metrics: measures the host it runs on, for the bus and for InfluxDB."""

from __future__ import annotations

import platform
import time

import psutil
import requests

from canopsis import engine, stores
from canopsis.engine import Outlet
from canopsis.log import Complaint


def measure() -> dict[str, float]:
    """Load and use of memory and disk, in percent but for the load."""
    return {
        "cpu": psutil.cpu_percent(interval=None),
        "load1": psutil.getloadavg()[0],
        "memory": psutil.virtual_memory().percent,
        "disk": psutil.disk_usage("/").percent,
    }


def line(host: str, values: dict[str, float], timestamp: int) -> str:
    """One point in InfluxDB's line protocol."""
    tag = host.replace("\\", "\\\\").replace(",", "\\,").replace("=", "\\=").replace(" ", "\\ ")
    fields = ",".join(f"{name}={value:.2f}" for name, value in sorted(values.items()))
    return f"host,component={tag} {fields} {timestamp}"


class Engine(engine.Engine):
    """-> raw.perf, and a point in InfluxDB if one is configured"""

    interval = 10.0

    def __init__(self, name: str, outlet: Outlet) -> None:
        super().__init__(name, outlet)
        self.host = platform.node() or "localhost"
        self.influx = stores.influx()
        self.session = requests.Session()
        self.complaint = Complaint(self.log)
        psutil.cpu_percent(interval=None)  # the first call only starts the measurement

    def beat(self) -> None:
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

    def _store(self, point: str) -> None:
        if self.influx is None:
            return
        try:
            answer = self.session.post(
                self.influx.url,
                params={"db": self.influx.database, "precision": "s"},
                auth=self.influx.auth,
                data=point.encode(),
                timeout=(0.5, 2),
            )
            answer.raise_for_status()
        except requests.RequestException as exc:
            self.complaint.say("InfluxDB takes no measurements: %s", exc)
        else:
            self.complaint.over("InfluxDB takes measurements again")
