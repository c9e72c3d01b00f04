"""engine-launcher and engine-launcher-systemd: start one engine."""

from __future__ import annotations

import argparse
import importlib
import logging
import os
import pkgutil
import re
import sys

from canopsis import log, paths, process
from canopsis.config import ConfigError
from canopsis.engine import Engine
from canopsis.version import __version__

NAMESPACES = ("canopsis.engines", "canopsis_cat.engines")
USAGE = 2


class LaunchError(Exception):
    """An engine that cannot be started as asked; the text is for the operator."""


def available() -> list[str]:
    """The engine modules that are installed."""
    found = []
    for namespace in NAMESPACES:
        try:
            package = importlib.import_module(namespace)
        except ModuleNotFoundError:
            continue
        found += [f"{namespace}.{module.name}" for module in pkgutil.iter_modules(package.__path__)]
    return sorted(found)


def load(module_name: str) -> type[Engine]:
    """The class `Engine` of a module."""
    if not re.fullmatch(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*", module_name, re.ASCII):
        raise LaunchError(f"{module_name!r} is not the name of a Python module")
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as exc:
        if exc.name and f"{module_name}.".startswith(f"{exc.name}."):
            known = ", ".join(available())
            raise LaunchError(f"there is no module {module_name} (there are {known})") from exc
        raise LaunchError(f"{module_name} needs a module that is missing: {exc.name}") from exc
    except Exception as exc:
        raise LaunchError(f"{module_name} cannot be loaded: {type(exc).__name__}: {exc}") from exc
    found = getattr(module, "Engine", None)
    if not (isinstance(found, type) and issubclass(found, Engine)) or found is Engine:
        raise LaunchError(f"{module_name} has no engine: a class Engine is expected in it")
    return found


def check_name(name: str) -> str:
    """An engine's name becomes a queue's and a key's name."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]*", name, re.ASCII):
        raise LaunchError(
            f"{name!r} is not a name for an engine: letters, digits, '_', '-' and '.' are"
        )
    return name


def _workers(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 64:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 to 64")
    return int(text)


def main(argv: list[str] | None = None) -> int:
    """The engine-launcher command."""
    stopper = process.Stopper()
    stopper.install()
    parser = argparse.ArgumentParser(prog="engine-launcher", description="Run one engine.")
    parser.add_argument(
        "-e",
        "--engine",
        required=True,
        metavar="MODULE",
        help="for example canopsis.engines.cleaner",
    )
    parser.add_argument(
        "-n", "--name", required=True, metavar="NAME", help="for example cleaner_events"
    )
    parser.add_argument(
        "-w",
        "--workers",
        type=_workers,
        default=1,
        metavar="N",
        help="threads that handle events (1)",
    )
    parser.add_argument(
        "-l",
        "--loglevel",
        metavar="LEVEL",
        help=f"{', '.join(log.LEVELS)} ($CPS_LOGGING_LEVEL, or info)",
    )
    parser.add_argument("--version", action="version", version=f"canopsis {__version__}")
    options = parser.parse_args(argv)
    try:
        level = options.loglevel
        log.setup(log.check_level(level, "--loglevel") if level else log.default_level())
        name = check_name(options.name)
        engine_class = load(options.engine)
        from canopsis.runner import Runner

        runner = Runner(engine_class, name, options.workers, stopper)
    except (LaunchError, ConfigError, ValueError) as exc:
        print(f"engine-launcher: {exc}", file=sys.stderr)
        return USAGE
    except Exception as exc:
        logging.getLogger("canopsis.engine").exception("engine %s cannot start", options.name)
        print(f"engine-launcher: {type(exc).__name__}: {exc}", file=sys.stderr)
        return 1
    return runner.run()


def split_instance(instance: str) -> tuple[str, str]:
    """<module>-<name>, split at the first dash: the name may have more of them."""
    module, dash, name = instance.partition("-")
    if not (module and dash and name):
        raise LaunchError(
            f"{instance!r} is not <module>-<name>, as in "
            "canopsis-engine@cleaner-cleaner_events.service"
        )
    return module, name


USAGE_SYSTEMD = f"""\
usage: engine-launcher-systemd INSTANCE [NAMESPACE]

Becomes the engine-launcher of a unit's instance, <module>-<name> (cleaner-cleaner_events).
NAMESPACE is the package of the module ({NAMESPACES[0]}). WORKERS (1) and CPS_LOGGING_LEVEL
(info) are read from the environment.
"""


def main_systemd(argv: list[str] | None = None) -> int:
    """The engine-launcher-systemd command: turns a unit's instance into an engine."""
    # Not argparse: an instance may begin with a dash, and has to be refused as one.
    arguments = sys.argv[1:] if argv is None else argv
    if arguments in (["-h"], ["--help"]):
        print(USAGE_SYSTEMD, end="")
        return 0
    if len(arguments) not in (1, 2):
        print(USAGE_SYSTEMD, end="", file=sys.stderr)
        return USAGE
    namespace = arguments[1] if len(arguments) == 2 else NAMESPACES[0]
    try:
        module, name = split_instance(arguments[0])
        check_name(name)
    except LaunchError as exc:
        print(f"engine-launcher-systemd: {exc}", file=sys.stderr)
        return USAGE
    launcher = str(paths.bin_dir() / "engine-launcher")
    workers = os.environ.get("WORKERS") or "1"
    options = ["-e", f"{namespace}.{module}", "-n", name, "-w", workers]
    process.hold_signals()
    try:
        os.execv(launcher, [launcher, *options])
    except OSError as exc:
        print(f"engine-launcher-systemd: {launcher}: {exc.strerror}", file=sys.stderr)
        return 127


if __name__ == "__main__":
    sys.exit(main())
