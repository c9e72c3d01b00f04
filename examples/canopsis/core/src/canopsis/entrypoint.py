"""The entrypoints of the images. They replace themselves: no parent process is left.

`canopsis-entrypoint` starts the web server or one engine, as the environment says;
`canopsis-entrypoint-prov` fills the database. Given arguments, both run those instead.
"""

import errno
import os
import sys

from canopsis import paths, process
from canopsis.compat import print_line, text

USAGE = 2

HELP = """\
usage: canopsis-entrypoint [shell [ARGS...] | COMMAND [ARGS...]]

Without arguments: writes the configuration that the CPS_*_URL variables describe, then
becomes the web server (CPS_WEBSERVER=1) or the engine of ENGINE_MODULE and ENGINE_NAME.
With arguments: becomes a shell, or that command.
"""

HELP_PROV = """\
usage: canopsis-entrypoint-prov [--OPTION... | shell [ARGS...] | COMMAND [ARGS...]]

Without arguments, or with options only: writes the configuration that the CPS_*_URL
variables describe, then becomes canopsisinit, which takes the options.
With other arguments: becomes a shell, or that command.
"""


class Refused(Exception):
    """A start that is not possible; one line for the operator, and the exit code."""

    def __init__(self, message, code=USAGE):
        """`message` is empty when it was said already."""
        super(Refused, self).__init__(message)
        self.code = code


def role(environ):
    """What the environment (dict) asks for: a program of canopsis and its arguments (list)."""
    if environ.get("CPS_WEBSERVER") == "1":
        return ["webserver"]  # its defaults: gevent, one worker, port 8082
    wanted = (
        ("ENGINE_MODULE", "the engine's Python module (such as canopsis.engines.cleaner)"),
        ("ENGINE_NAME", "the engine's name (such as cleaner_events)"),
    )
    missing = [
        "%s is %s: set it to %s" % (name, "empty" if name in environ else "not set", what)
        for name, what in wanted
        if not environ.get(name, "").strip()
    ]
    if missing:
        raise Refused("%s; or set CPS_WEBSERVER=1 for the web server" % ", ".join(missing))
    from canopsis import log

    try:
        level = log.default_level()
    except ValueError as exc:
        raise Refused(text(exc))
    module, name = environ["ENGINE_MODULE"].strip(), environ["ENGINE_NAME"].strip()
    return ["engine-launcher", "-e", module, "-n", name, "-w", "1", "-l", level]


def configure():
    """Run env2cfg, if there is a variable for it."""
    from canopsis import env2cfg

    code = env2cfg.run() if env2cfg.any_set() else 0
    if code:
        raise Refused("", code)


def become(arguments):
    """Replace this process with a program of canopsis, signals that come in now included."""
    path = str(paths.bin_dir() / arguments[0])
    # What is in bin/ is there to be run, not to be imported.
    os.environ.setdefault("PYTHONSAFEPATH", "1")
    process.hold_signals()
    try:
        os.execv(path, [path] + arguments[1:])
    except OSError as exc:
        raise Refused("%s cannot be run: %s" % (path, exc.strerror), 126)


def become_command(arguments):
    """Replace this process with any command, canopsis' own ones first."""
    if arguments[0] == "shell":
        arguments = ["bash"] + arguments[1:]
    os.environ["PATH"] = "%s:%s" % (paths.bin_dir(), os.environ.get("PATH") or os.defpath)
    absent = Refused("'%s': there is no such command" % arguments[0], 127)
    if "/" not in arguments[0] and not _is_in_path(arguments[0]):
        raise absent
    try:
        os.execvp(arguments[0], arguments)
    except OSError as exc:
        if exc.errno == errno.ENOENT:
            raise absent
        raise Refused("'%s' cannot be run: %s" % (arguments[0], exc.strerror), 126)


def _is_in_path(command):
    places = (os.path.join(folder, command) for folder in os.environ["PATH"].split(":"))
    return any(os.path.isfile(place) and os.access(place, os.X_OK) for place in places)


def start(arguments):
    """canopsis-entrypoint, up to the point where it is another program."""
    if arguments:
        become_command(arguments)
    configure()
    become(role(dict(os.environ)))


def start_prov(arguments):
    """canopsis-entrypoint-prov, up to the point where it is another program."""
    if arguments and not arguments[0].startswith("-"):
        become_command(arguments)
    configure()
    become(["canopsisinit"] + arguments)


def main():
    """The canopsis-entrypoint command."""
    arguments = sys.argv[1:]
    if arguments in (["-h"], ["--help"]):
        sys.stdout.write(HELP)
        return 0
    return _guard("canopsis-entrypoint", start, arguments)


def main_prov():
    """The canopsis-entrypoint-prov command."""
    arguments = sys.argv[1:]
    if arguments in (["-h"], ["--help"]):
        sys.stdout.write(HELP_PROV)
        return 0
    return _guard("canopsis-entrypoint-prov", start_prov, arguments)


def _guard(program, run, arguments):
    process.Stopper(interrupted=143).install()
    # The files under the prefix belong to the image or the package.
    os.environ.setdefault("PYTHONDONTWRITEBYTECODE", "1")
    os.environ.setdefault("HOME", str(paths.prefix()))
    try:
        run(arguments)
    except Refused as exc:
        if exc.args[0]:
            print_line("%s: %s" % (program, text(exc)), sys.stderr)
        return exc.code


if __name__ == "__main__":
    sys.exit(main())
