"""What the tests share."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from importlib.util import find_spec
from pathlib import Path
from unittest import mock

ROOT = Path(__file__).resolve().parent.parent.parent
SOURCES: list[str] = []
if find_spec("canopsis") is None:  # not installed: test the source tree
    SOURCES = [str(ROOT / "core" / "src"), str(ROOT / "cat" / "src")]
    sys.path[:0] = SOURCES


class Program:
    """A program of canopsis in a process of its own, whose output can be waited for."""

    def __init__(self, *arguments: str, **environ: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=os.environ | environ,
        )
        self.output: list[str] = []
        self._lines: queue.Queue[str | None] = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout
        with self.process.stdout as stream:
            for line in stream:
                self._lines.put(line.rstrip("\n"))
        self._lines.put(None)

    def wait_for(self, text: str, seconds: float = 30) -> str:
        """The first line with `text` in it."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            try:
                line = self._lines.get(timeout=left)
            except queue.Empty:
                break
            if line is None:
                break
            self.output.append(line)
            if text in line:
                return line
        raise AssertionError(f"{text!r} was not printed, but {self.output}")

    def terminate(self) -> tuple[int, float]:
        """Send SIGTERM: the exit code, and how long it took."""
        begin = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(10), time.monotonic() - begin

    def close(self) -> None:
        """Leave nothing behind."""
        self.process.kill()
        self.process.wait()
        self._reader.join(5)


def run(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run a Python program to its end."""
    return subprocess.run(
        [sys.executable, *arguments],
        capture_output=True,
        text=True,
        timeout=30,
        env=os.environ | environ,
        check=False,
    )


class Case(unittest.TestCase):
    """A test with a prefix of its own: etc/ and documents of this tree, and an empty overlay."""

    def setUp(self) -> None:
        """Make the prefix."""
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.prefix = Path(folder.name)
        (self.prefix / "etc").symlink_to(ROOT / "etc")
        (self.prefix / "opt").mkdir()
        (self.prefix / "opt/mongodb").symlink_to(ROOT / "db")
        self.overlay = self.prefix / "var/cache/canopsis/etc"
        self.overlay.parent.mkdir(parents=True)
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("CPS_", "ENGINE_", "WORKERS", "GUNICORN_"))
        }
        path = os.pathsep.join([*SOURCES, *filter(None, [os.environ.get("PYTHONPATH")])])
        environ = kept | {
            "CPS_PREFIX": str(self.prefix),
            "PYTHONPATH": path,
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        patch = mock.patch.dict(os.environ, environ, clear=True)
        patch.start()
        self.addCleanup(patch.stop)

    def program(self, *arguments: str, **environ: str) -> Program:
        """Start a program that is ended with the test."""
        program = Program(*arguments, **environ)
        self.addCleanup(program.close)
        return program
