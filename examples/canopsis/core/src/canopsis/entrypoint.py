"""The entrypoints of the images. They replace themselves: no parent process is left.

`canopsis-entrypoint` starts the web server or one engine, as the environment says;
`canopsis-entrypoint-prov` fills the database. Given arguments, both run those instead.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, NoReturn

from canopsis import paths, process

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

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

    def __init__(self, message: str, code: int = USAGE) -> None:
        super().__init__(message)
        self.code = code


def role(environ: dict[str, str]) -> list[str]:
    """What the environment asks for: a program of canopsis and its arguments."""
    if environ.get("CPS_WEBSERVER") == "1":
        return ["webserver"]  # its defaults: gevent, one worker, port 8082
    wanted = {
        "ENGINE_MODULE": "the engine's Python module (such as canopsis.engines.cleaner)",
        "ENGINE_NAME": "the engine's name (such as cleaner_events)",
    }
    missing = [name for name in wanted if not environ.get(name, "").strip()]
    if missing:
        what = ", ".join(
            f"{name} is {'empty' if name in environ else 'not set'}: set it to {wanted[name]}"
            for name in missing
        )
        raise Refused(f"{what}; or set CPS_WEBSERVER=1 for the web server")
    from canopsis import log

    try:
        level = log.default_level()
    except ValueError as exc:
        raise Refused(str(exc)) from None
    module, name = environ["ENGINE_MODULE"].strip(), environ["ENGINE_NAME"].strip()
    return ["engine-launcher", "-e", module, "-n", name, "-w", "1", "-l", level]


def configure() -> None:
    """Run env2cfg, if there is a variable for it."""
    from canopsis import env2cfg

    if env2cfg.any_set() and (code := env2cfg.run()):
        raise Refused("", code)


def become(arguments: Sequence[str]) -> NoReturn:
    """Replace this process with a program of canopsis, signals that come in now included."""
    path = str(paths.bin_dir() / arguments[0])
    # What is in bin/ is there to be run, not to be imported.
    os.environ.setdefault("PYTHONSAFEPATH", "1")
    process.hold_signals()
    try:
        os.execv(path, [path, *arguments[1:]])
    except OSError as exc:
        raise Refused(f"{path} cannot be run: {exc.strerror}", 126) from exc


def become_command(arguments: Sequence[str]) -> NoReturn:
    """Replace this process with any command, canopsis' own ones first."""
    import shutil

    if arguments[0] == "shell":
        arguments = ["bash", *arguments[1:]]
    os.environ["PATH"] = f"{paths.bin_dir()}:{os.environ.get('PATH') or os.defpath}"
    if "/" not in arguments[0] and shutil.which(arguments[0]) is None:
        raise Refused(f"{arguments[0]!r}: there is no such command", 127)
    try:
        os.execvp(arguments[0], list(arguments))
    except FileNotFoundError:
        raise Refused(f"{arguments[0]!r}: there is no such command", 127) from None
    except OSError as exc:
        raise Refused(f"{arguments[0]!r} cannot be run: {exc.strerror}", 126) from exc


def start(arguments: Sequence[str]) -> NoReturn:
    """canopsis-entrypoint, up to the point where it is another program."""
    if arguments:
        become_command(arguments)
    configure()
    become(role(dict(os.environ)))


def start_prov(arguments: Sequence[str]) -> NoReturn:
    """canopsis-entrypoint-prov, up to the point where it is another program."""
    if arguments and not arguments[0].startswith("-"):
        become_command(arguments)
    configure()
    become(["canopsisinit", *arguments])


def main() -> int:
    """The canopsis-entrypoint command."""
    arguments = sys.argv[1:]
    if arguments in (["-h"], ["--help"]):
        print(HELP, end="")
        return 0
    return _guard("canopsis-entrypoint", start, arguments)


def main_prov() -> int:
    """The canopsis-entrypoint-prov command."""
    arguments = sys.argv[1:]
    if arguments in (["-h"], ["--help"]):
        print(HELP_PROV, end="")
        return 0
    return _guard("canopsis-entrypoint-prov", start_prov, arguments)


def _guard(program: str, run: Callable[[Sequence[str]], NoReturn], arguments: Sequence[str]) -> int:
    process.Stopper(interrupted=143).install()
    # The files under the prefix belong to the image or the package.
    os.environ.setdefault("PYTHONDONTWRITEBYTECODE", "1")
    os.environ.setdefault("HOME", str(paths.prefix()))
    try:
        run(arguments)
    except Refused as exc:
        if str(exc):
            print(f"{program}: {exc}", file=sys.stderr)
        return exc.code


if __name__ == "__main__":
    sys.exit(main())
