"""What the engines do with events."""

import calendar
import unittest

import support
from canopsis import paths
from canopsis.compat import module_exists
from canopsis.config import ConfigError
from canopsis.engine import InvalidEvent, Outlet
from canopsis.engines import cleaner, dynamic, metrics, probe


class Kept(Outlet):
    """Keeps what an engine lets out."""

    def __init__(self):
        self.submitted = []
        self.published = []

    def submit(self, event):
        self.submitted.append(event)

    def publish(self, key, event):
        self.published.append((key, event))


class Cleaner(support.Case):
    """cleaner"""

    def normalise(self, **event):
        """Normalise with the rules of etc/."""
        return cleaner.normalise(event, cleaner.load_rules(paths.etc_dir() / "rules.yml"))

    def test_normal_form(self):
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

    def test_rules(self):
        self.assertIsNone(self.normalise(event_type="log", component="c", output="DEBUG x"))
        self.assertIsNotNone(self.normalise(event_type="log", component="c", output="DEBUGGER"))
        ping = self.normalise(connector="nagios", component="c", resource="PING")
        self.assertEqual(ping["source_type"], "component")

    def test_invalid_events(self):
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

    def test_bad_rules_are_a_configuration_error(self):
        path = self.prefix / "rules.yml"
        for text in ("", "rules: 1", "rules: [{match: {a: '('}}]", "rules: [{drop: true}]", "a: ["):
            self.write(path, text)
            with self.subTest(text), self.assertRaises(ConfigError):
                cleaner.load_rules(path)
        self.assertEqual(cleaner.load_rules(self.prefix / "none.yml"), [])

    def test_the_engine_passes_on_what_is_left(self):
        outlet = Kept()
        engine = cleaner.Engine("events", outlet)
        engine.beat()
        engine.work(outlet.submitted[0])
        [(key, event)] = outlet.published
        self.assertEqual(key, "clean.check")
        self.assertEqual((event["resource"], event["output"]), ("events", "alive"))


class Others(support.Case):
    """dynamic, metrics, probe and pbehavior"""

    def test_the_context_graph_tells_changes(self):
        outlet = Kept()
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

    def test_measurements(self):
        outlet = Kept()
        metrics.Engine("metrics", outlet).beat()
        [(key, event)] = outlet.published
        self.assertEqual(key, "raw.perf")
        self.assertIsNotNone(cleaner.normalise(event, []))
        self.assertEqual(
            metrics.line("a b,c=d", {"x": 1, "b": 2.5}, 7),
            "host,component=a\\ b\\,c\\=d b=2.50,x=1.00 7",
        )

    def test_pages(self):
        [page] = probe.load_pages()
        text = probe.text_of(b"<html><body><h1>Canopsis <b>2</b></h1>", page.xpath)
        self.assertEqual(text, "Canopsis 2")
        self.assertEqual(probe.text_of(b" ", page.xpath), "")

    @unittest.skipUnless(
        module_exists("canopsis_cat") and module_exists("icalendar"), "cat/ is not installed"
    )
    def test_planned_behaviour(self):
        from canopsis_cat.engines import pbehavior

        plans = pbehavior.read_plans(support.ROOT / "cat/etc/pbehavior.d/maintenance.ics")
        outlet = Kept()
        engine = pbehavior.Engine("pbehavior", outlet)
        engine.plans = plans
        for component, moment, planned in (
            ("db1", (2026, 11, 15, 2, 30, 0), True),
            ("web1", (2026, 11, 15, 2, 30, 0), False),
            ("db1", (2026, 11, 15, 4, 0, 0), False),
            ("db1", (2018, 4, 22, 2, 30, 0), False),
        ):
            del outlet.published[:]
            engine.work({"component": component, "timestamp": calendar.timegm(moment)})
            with self.subTest(component=component, moment=moment):
                self.assertEqual(bool(outlet.published), planned)
