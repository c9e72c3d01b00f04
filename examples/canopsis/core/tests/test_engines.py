"""What the engines do with events."""

from __future__ import annotations

import unittest
from datetime import UTC, datetime
from importlib.util import find_spec
from typing import Any

import support
from canopsis import paths
from canopsis.config import ConfigError
from canopsis.engine import Event, InvalidEvent
from canopsis.engines import cleaner, dynamic, metrics, probe


class Outlet:
    """Keeps what an engine lets out."""

    def __init__(self) -> None:
        self.submitted: list[Event] = []
        self.published: list[tuple[str, Event]] = []

    def submit(self, event: Event) -> None:
        self.submitted.append(event)

    def publish(self, key: str, event: Event) -> None:
        self.published.append((key, event))


class Cleaner(support.Case):
    """cleaner"""

    def normalise(self, **event: Any) -> Event | None:
        """Normalise with the rules of etc/."""
        return cleaner.normalise(event, cleaner.load_rules(paths.etc_dir() / "rules.yml"))

    def test_normal_form(self) -> None:
        clean = self.normalise(component=" db1 ", state="Critical", timestamp="12.7")
        self.assertEqual(
            clean,
            {
                "component": "db1",
                "connector": "canopsis",
                "event_type": "check",
                "source_type": "component",
                "state": 3,
                "timestamp": 12,
            },
        )

    def test_rules(self) -> None:
        self.assertIsNone(self.normalise(event_type="log", component="c", output="DEBUG x"))
        self.assertIsNotNone(self.normalise(event_type="log", component="c", output="DEBUGGER"))
        ping = self.normalise(connector="nagios", component="c", resource="PING")
        assert ping
        self.assertEqual(ping["source_type"], "component")

    def test_invalid_events(self) -> None:
        for event in (
            {},
            {"component": ""},
            {"component": "c", "state": 4},
            {"component": "c", "state": "broken"},
            {"component": "c", "event_type": "party"},
            {"component": "c", "timestamp": "now"},
            {"component": "c", "timestamp": float("inf")},
            {"component": "c", "source_type": "resource"},
        ):
            with self.subTest(event), self.assertRaises(InvalidEvent):
                self.normalise(**event)

    def test_bad_rules_are_a_configuration_error(self) -> None:
        path = self.prefix / "rules.yml"
        for text in ("", "rules: 1", "rules: [{match: {a: '('}}]", "rules: [{drop: true}]", "a: ["):
            path.write_text(text)
            with self.subTest(text), self.assertRaises(ConfigError):
                cleaner.load_rules(path)
        self.assertEqual(cleaner.load_rules(self.prefix / "none.yml"), [])

    def test_the_engine_passes_on_what_is_left(self) -> None:
        outlet = Outlet()
        engine = cleaner.Engine("events", outlet)
        engine.beat()
        engine.work(outlet.submitted[0])
        [(key, event)] = outlet.published
        self.assertEqual(key, "clean.check")
        self.assertEqual((event["resource"], event["output"]), ("events", "alive"))


class Others(support.Case):
    """dynamic, metrics, probe and pbehavior"""

    def test_the_context_graph_tells_changes(self) -> None:
        outlet = Outlet()
        engine = dynamic.Engine("context-graph", outlet)
        for state in (0, 0, 2):
            engine.work({"component": "c", "resource": "r", "state": state})
        self.assertEqual(
            [(event["before"], event["after"]) for _, event in outlet.published],
            [(None, 0), (0, 2)],
        )
        self.assertEqual(engine.graph.forget(3600), [])
        self.assertEqual(engine.graph.forget(-1), ["c/r"])
        self.assertEqual(len(engine.graph), 0)

    def test_measurements(self) -> None:
        outlet = Outlet()
        metrics.Engine("metrics", outlet).beat()
        [(key, event)] = outlet.published
        self.assertEqual(key, "raw.perf")
        self.assertIsNotNone(cleaner.normalise(event, []))
        self.assertEqual(
            metrics.line("a b,c=d", {"x": 1, "b": 2.5}, 7),
            "host,component=a\\ b\\,c\\=d b=2.50,x=1.00 7",
        )

    def test_pages(self) -> None:
        [page] = probe.load_pages()
        assert page.xpath
        text = probe.text_of(b"<html><body><h1>Canopsis <b>2</b></h1>", page.xpath)
        self.assertEqual(text, "Canopsis 2")
        self.assertEqual(probe.text_of(b" ", page.xpath), "")

    @unittest.skipUnless(
        find_spec("canopsis_cat") and find_spec("icalendar"), "cat/ is not installed"
    )
    def test_planned_behaviour(self) -> None:
        from canopsis_cat.engines import pbehavior

        plans = pbehavior.read_plans(support.ROOT / "cat/etc/pbehavior.d/maintenance.ics")
        engine = pbehavior.Engine("pbehavior", outlet := Outlet())
        engine.plans = plans
        for component, moment, planned in (
            ("db1", datetime(2026, 11, 15, 2, 30, tzinfo=UTC), True),
            ("web1", datetime(2026, 11, 15, 2, 30, tzinfo=UTC), False),
            ("db1", datetime(2026, 11, 15, 4, 0, tzinfo=UTC), False),
            ("db1", datetime(2018, 4, 22, 2, 30, tzinfo=UTC), False),
        ):
            outlet.published.clear()
            engine.work({"component": component, "timestamp": int(moment.timestamp())})
            with self.subTest(component=component, moment=moment):
                self.assertEqual(bool(outlet.published), planned)
