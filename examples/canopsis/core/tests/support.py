"""What the tests share."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SOURCES = []
try:
    import canopsis  # noqa: F401
except ImportError:  # not installed: test the source tree
    SOURCES = [os.path.join(ROOT, "core", "src"), os.path.join(ROOT, "cat", "src")]
    sys.path[:0] = SOURCES

from canopsis.compat import Path, monotonic, queue, text

ROOT = Path(ROOT)


class Program(object):
    """A program of canopsis in a process of its own, whose output can be waited for."""

    def __init__(self, *arguments, **environ):
        """Start a Python program with these arguments, and more environment variables."""
        self.process = subprocess.Popen(
            [sys.executable] + list(arguments),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=dict(os.environ, **environ),
        )
        self.output = []
        self._lines = queue.Queue()
        self._reader = threading.Thread(target=self._read)
        self._reader.daemon = True
        self._reader.start()

    def _read(self):
        with contextlib.closing(self.process.stdout) as stream:
            for line in iter(stream.readline, b""):
                self._lines.put(text(line).rstrip("\n"))
        self._lines.put(None)

    def wait_for(self, wanted, seconds=30):
        """The first line with `wanted` in it."""
        deadline = monotonic() + seconds
        while monotonic() < deadline:
            try:
                line = self._lines.get(timeout=max(0.0, deadline - monotonic()))
            except queue.Empty:
                break
            if line is None:
                break
            self.output.append(line)
            if wanted in line:
                return line
        raise AssertionError("'%s' was not printed, but %s" % (wanted, self.output))

    def terminate(self):
        """Send SIGTERM: the exit code, and how long it took."""
        begin = monotonic()
        self.process.send_signal(signal.SIGTERM)
        while self.process.poll() is None and monotonic() < begin + 10:
            threading.Event().wait(0.01)
        return self.process.returncode, monotonic() - begin

    def close(self):
        """Leave nothing behind."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self._reader.join(5)


class Result(object):
    """What a program left: `returncode`, and `stdout` and `stderr` as text."""

    def __init__(self, process):
        """Wait for the end of a subprocess.Popen."""
        self.stdout, self.stderr = (text(output) for output in process.communicate())
        self.returncode = process.returncode


def run(*arguments, **environ):
    """Run a Python program to its end (Result)."""
    return Result(
        subprocess.Popen(
            [sys.executable] + list(arguments),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=dict(os.environ, **environ),
        )
    )


class Case(unittest.TestCase):
    """A test with a prefix of its own: etc/ and documents of this tree, and an empty overlay."""

    def setUp(self):
        """Make the prefix."""
        folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, folder)
        self.prefix = Path(folder)
        (self.prefix / "etc").symlink_to(ROOT / "etc")
        (self.prefix / "opt").mkdir()
        (self.prefix / "opt/mongodb").symlink_to(ROOT / "db")
        self.overlay = self.prefix / "var/cache/canopsis/etc"
        self.overlay.parent.mkdir(parents=True)
        before = dict(os.environ)
        self.addCleanup(self._restore, before)
        for name in before:
            if name.startswith(("CPS_", "ENGINE_", "WORKERS", "GUNICORN_")):
                del os.environ[name]
        os.environ["CPS_PREFIX"] = folder
        path = SOURCES + [os.environ.get("PYTHONPATH")]
        os.environ["PYTHONPATH"] = os.pathsep.join(part for part in path if part)
        os.environ["PYTHONDONTWRITEBYTECODE"] = "1"

    @staticmethod
    def _restore(environ):
        os.environ.clear()
        os.environ.update(environ)

    def write(self, path, content):
        """Write a file (Path), with the folders it is in."""
        if not path.parent.is_dir():
            path.parent.mkdir(parents=True)
        path.write_text(text(content), "utf-8")

    def program(self, *arguments, **environ):
        """Start a program that is ended with the test."""
        program = Program(*arguments, **environ)
        self.addCleanup(program.close)
        return program

    if sys.version_info < (3,):
        assertRaisesRegex = unittest.TestCase.assertRaisesRegexp

        @contextlib.contextmanager
        def subTest(self, *messages, **values):
            """As in Python 3, but the first failure ends the test."""
            yield
