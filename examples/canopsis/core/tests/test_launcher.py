"""Finding, starting and stopping engines."""

import contextlib
import socket

import support
from canopsis import launcher
from canopsis.launcher import LaunchError

LAUNCHER = ("-m", "canopsis.launcher")


class Finding(support.Case):
    """Names of engines and of units."""

    def test_what_is_there(self):
        self.assertIn("canopsis.engines.cleaner", launcher.available())
        for module in launcher.available():
            if module.startswith("canopsis.engines."):
                self.assertTrue(launcher.load(module))

    def test_what_is_not(self):
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

    def test_instances_are_split_at_the_first_dash(self):
        split = launcher.split_instance
        self.assertEqual(split("cleaner-cleaner_events"), ("cleaner", "cleaner_events"))
        self.assertEqual(split("dynamic-context-graph"), ("dynamic", "context-graph"))
        for instance in ("cleaner", "-x", "x-", "-", ""):
            with self.subTest(instance), self.assertRaises(LaunchError):
                split(instance)

    def test_bad_use_is_exit_code_2(self):
        for arguments in (
            ["-e", "canopsis.engines.nope", "-n", "x"],
            ["-e", "canopsis.engines.cleaner", "-n", ""],
            ["-e", "canopsis.engines.cleaner", "-n", "x y"],
            ["-e", "canopsis.engines.cleaner", "-n", "x", "-w", "0"],
            ["-e", "canopsis.engines.cleaner", "-n", "x", "-l", "chatty"],
            ["-n", "x"],
        ):
            with self.subTest(arguments):
                result = support.run(*LAUNCHER + tuple(arguments))
                self.assertEqual((result.returncode, result.stdout), (2, ""))
                self.assertIn("engine-launcher: ", result.stderr)
                self.assertNotIn("Traceback", result.stderr)


class Running(support.Case):
    """An engine in a process of its own."""

    def start(self, port):
        """Start the cleaner with a broker at this port."""
        content = "[master]\nhost = 127.0.0.1\nport = %d\n" % port
        self.write(self.overlay / "amqp.conf", content)
        program = self.program(*LAUNCHER + ("-e", "canopsis.engines.cleaner", "-n", "events"))
        program.wait_for("engine events started (module canopsis.engines.cleaner)")
        return program

    def test_without_a_broker_it_warns_once_and_stops_promptly(self):
        with contextlib.closing(socket.socket()) as unused:
            unused.bind(("127.0.0.1", 0))
            program = self.start(unused.getsockname()[1])
            program.wait_for("no connection to the broker at 127.0.0.1")
            with self.assertRaises(AssertionError):
                program.wait_for("no connection to the broker", 2.5)
            code, seconds = program.terminate()
        self.assertEqual(code, 0)
        self.assertLess(seconds, 1)
        program.wait_for("engine events stopped")

    def test_a_broker_that_says_nothing_does_not_hold_it_up(self):
        with contextlib.closing(socket.socket()) as mute:
            mute.bind(("127.0.0.1", 0))
            mute.listen(1)
            program = self.start(mute.getsockname()[1])
            with contextlib.closing(mute.accept()[0]):
                code, seconds = program.terminate()
        self.assertEqual(code, 0)
        self.assertLess(seconds, 1)
