"""engine-launcher and engine-launcher-systemd: start one engine."""

import argparse
import importlib
import logging
import os
import pkgutil
import re
import sys

from canopsis import log, paths, process
from canopsis.compat import module_exists, print_line, text
from canopsis.config import ConfigError, is_number
from canopsis.engine import Engine
from canopsis.version import __version__

NAMESPACES = ("canopsis.engines", "canopsis_cat.engines")
USAGE = 2


class LaunchError(Exception):
    """An engine that cannot be started as asked; the text is for the operator."""


def available():
    """The engine modules that are installed (list of str)."""
    found = []
    for namespace in NAMESPACES:
        if not module_exists(namespace):
            continue
        package = importlib.import_module(namespace)
        names = (name for _, name, _ in pkgutil.iter_modules(package.__path__))
        found += ["%s.%s" % (namespace, name) for name in names]
    return sorted(found)


def load(module_name):
    """The class `Engine` of a module (a type derived from Engine)."""
    if not re.match(r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*\Z", module_name):
        raise LaunchError("'%s' is not the name of a Python module" % module_name)
    if not module_exists(module_name):
        known = ", ".join(available())
        raise LaunchError("there is no module %s (there are %s)" % (module_name, known))
    try:
        module = importlib.import_module(module_name)
    except Exception as exc:
        kind = type(exc).__name__
        raise LaunchError("%s cannot be loaded: %s: %s" % (module_name, kind, text(exc)))
    found = getattr(module, "Engine", None)
    if not (isinstance(found, type) and issubclass(found, Engine)) or found is Engine:
        raise LaunchError("%s has no engine: a class Engine is expected in it" % module_name)
    return found


def check_name(name):
    """An engine's name (str) becomes a queue's and a key's name."""
    if not re.match(r"[A-Za-z0-9][A-Za-z0-9_.-]*\Z", name):
        raise LaunchError(
            "'%s' is not a name for an engine: letters, digits, '_', '-' and '.' are" % name
        )
    return name


def _workers(number):
    if not is_number(number) or not 1 <= int(number) <= 64:
        raise argparse.ArgumentTypeError("'%s' is not a number from 1 to 64" % number)
    return int(number)


def main(argv=None):
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
        help="%s ($CPS_LOGGING_LEVEL, or info)" % ", ".join(log.LEVELS),
    )
    parser.add_argument("--version", action="version", version="canopsis %s" % __version__)
    options = parser.parse_args(argv)
    try:
        level = options.loglevel
        log.setup(log.check_level(level, "--loglevel") if level else log.default_level())
        name = check_name(options.name)
        engine_class = load(options.engine)
        from canopsis.runner import Runner

        runner = Runner(engine_class, name, options.workers, stopper)
    except (LaunchError, ConfigError, ValueError) as exc:
        print_line("engine-launcher: %s" % text(exc), sys.stderr)
        return USAGE
    except Exception as exc:
        logging.getLogger("canopsis.engine").exception("engine %s cannot start", options.name)
        print_line("engine-launcher: %s: %s" % (type(exc).__name__, text(exc)), sys.stderr)
        return 1
    return runner.run()


def split_instance(instance):
    """<module>-<name> (str), split at the first dash: the name may have more of them."""
    module, dash, name = instance.partition("-")
    if not (module and dash and name):
        raise LaunchError(
            "'%s' is not <module>-<name>, as in "
            "canopsis-engine@cleaner-cleaner_events.service" % instance
        )
    return module, name


USAGE_SYSTEMD = """\
usage: engine-launcher-systemd INSTANCE [NAMESPACE]

Becomes the engine-launcher of a unit's instance, <module>-<name> (cleaner-cleaner_events).
NAMESPACE is the package of the module (canopsis.engines). WORKERS (1) and CPS_LOGGING_LEVEL
(info) are read from the environment.
"""


def main_systemd(argv=None):
    """The engine-launcher-systemd command: turns a unit's instance into an engine."""
    # Not argparse: an instance may begin with a dash, and has to be refused as one.
    arguments = sys.argv[1:] if argv is None else argv
    if arguments in (["-h"], ["--help"]):
        sys.stdout.write(USAGE_SYSTEMD)
        return 0
    if len(arguments) not in (1, 2):
        sys.stderr.write(USAGE_SYSTEMD)
        return USAGE
    namespace = arguments[1] if len(arguments) == 2 else NAMESPACES[0]
    try:
        module, name = split_instance(arguments[0])
        check_name(name)
    except LaunchError as exc:
        print_line("engine-launcher-systemd: %s" % text(exc), sys.stderr)
        return USAGE
    launcher = str(paths.bin_dir() / "engine-launcher")
    workers = os.environ.get("WORKERS") or "1"
    options = ["-e", "%s.%s" % (namespace, module), "-n", name, "-w", workers]
    process.hold_signals()
    try:
        os.execv(launcher, [launcher] + options)
    except OSError as exc:
        print_line("engine-launcher-systemd: %s: %s" % (launcher, exc.strerror), sys.stderr)
        return 127


if __name__ == "__main__":
    sys.exit(main())
