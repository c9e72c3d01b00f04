"""Finding, starting and stopping engines."""

from __future__ import annotations

import socket

import support
from canopsis import launcher
from canopsis.launcher import LaunchError

LAUNCHER = ("-m", "canopsis.launcher")


class Finding(support.Case):
    """Names of engines and of units."""

    def test_what_is_there(self) -> None:
        self.assertIn("canopsis.engines.cleaner", launcher.available())
        for module in launcher.available():
            if module.startswith("canopsis.engines."):
                self.assertTrue(launcher.load(module))

    def test_what_is_not(self) -> None:
        for module, complaint in {
            "canopsis.engines.nope": "there is no module",
            "nope.engines.nope": "there is no module",
            "canopsis.paths": "has no engine",
            "canopsis.engine": "has no engine",
            "../x": "not the name of a Python module",
            "": "not the name of a Python module",
        }.items():
            with self.subTest(module), self.assertRaisesRegex(LaunchError, complaint):
                launcher.load(module)

    def test_instances_are_split_at_the_first_dash(self) -> None:
        split = launcher.split_instance
        self.assertEqual(split("cleaner-cleaner_events"), ("cleaner", "cleaner_events"))
        self.assertEqual(split("dynamic-context-graph"), ("dynamic", "context-graph"))
        for instance in ("cleaner", "-x", "x-", "-", ""):
            with self.subTest(instance), self.assertRaises(LaunchError):
                split(instance)

    def test_bad_use_is_exit_code_2(self) -> None:
        for arguments in (
            ["-e", "canopsis.engines.nope", "-n", "x"],
            ["-e", "canopsis.engines.cleaner", "-n", ""],
            ["-e", "canopsis.engines.cleaner", "-n", "x y"],
            ["-e", "canopsis.engines.cleaner", "-n", "x", "-w", "0"],
            ["-e", "canopsis.engines.cleaner", "-n", "x", "-l", "chatty"],
            ["-n", "x"],
        ):
            with self.subTest(arguments):
                result = support.run(*LAUNCHER, *arguments)
                self.assertEqual((result.returncode, result.stdout), (2, ""))
                self.assertIn("engine-launcher: ", result.stderr)
                self.assertNotIn("Traceback", result.stderr)


class Running(support.Case):
    """An engine in a process of its own."""

    def start(self, port: int) -> support.Program:
        """Start the cleaner with a broker at this port."""
        (self.overlay).mkdir()
        (self.overlay / "amqp.conf").write_text(f"[master]\nhost = 127.0.0.1\nport = {port}\n")
        program = self.program(*LAUNCHER, "-e", "canopsis.engines.cleaner", "-n", "events")
        program.wait_for("engine events started (module canopsis.engines.cleaner)")
        return program

    def test_without_a_broker_it_warns_once_and_stops_promptly(self) -> None:
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            program = self.start(unused.getsockname()[1])
            program.wait_for("no connection to the broker at 127.0.0.1")
            with self.assertRaises(AssertionError):
                program.wait_for("no connection to the broker", 2.5)
            code, seconds = program.terminate()
        self.assertEqual(code, 0)
        self.assertLess(seconds, 1)
        program.wait_for("engine events stopped")

    def test_a_broker_that_says_nothing_does_not_hold_it_up(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as mute:
            program = self.start(mute.getsockname()[1])
            with mute.accept()[0]:
                code, seconds = program.terminate()
        self.assertEqual(code, 0)
        self.assertLess(seconds, 1)
