"""env2cfg: turn CPS_*_URL variables into configuration files.

The files go to the overlay (see `canopsis.paths.config_dir`), so the installed etc/ stays as
it is. A URL without a port means the usual one; a login, virtual host or database that it does
not name is not written, and comes from etc/.
"""

from __future__ import annotations

import argparse
import os
import stat
import sys
import tempfile
from collections.abc import Callable, Mapping
from configparser import ConfigParser
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import SplitResult, quote, unquote, urlsplit

from canopsis import config, paths, process
from canopsis.config import ConfigError

MODE = 0o640
TLS = ("amqps", "rediss", "https")

Settings = dict[str, str]


@dataclass(frozen=True)
class Target:
    """A section env2cfg fills in: which of its keys takes which part of the URL."""

    file: str
    section: str
    keys: Mapping[str, str]


@dataclass(frozen=True)
class Variable:
    """An environment variable, how to read it and where its parts go."""

    name: str
    parse: Callable[[str], Settings]
    targets: tuple[Target, ...]


def parse_amqp(url: str) -> Settings:
    """amqp[s]://user:password@host:port/vhost"""
    parts, settings = _parse(url, {"amqp": 5672, "amqps": 5671})
    return _said(settings, virtual_host=unquote(parts.path[1:]))


def parse_redis(url: str) -> Settings:
    """redis[s]://user:password@host:port/number"""
    parts, settings = _parse(url, {"redis": 6379, "rediss": 6379})
    number = parts.path[1:]
    if number and not number.isdecimal():
        raise ValueError("the path must be the number of a database")
    return _said(settings, db=number)


def parse_influx(url: str) -> Settings:
    """influx://user:password@host:port/database, or http(s)://..."""
    parts, settings = _parse(url, {"influx": 8086, "influxdb": 8086, "http": 8086, "https": 8086})
    return _said(settings, db=unquote(parts.path[1:]))


def parse_mongo(url: str) -> Settings:
    """mongodb://user:password@host:port,host:port/database?options"""
    from pymongo.errors import PyMongoError
    from pymongo.uri_parser import parse_uri

    if not url.startswith("mongodb://"):
        raise ValueError("it must start with mongodb:// (list the hosts instead of an SRV name)")
    authority, _, query = url.removeprefix("mongodb://").partition("?")
    if "@" in query or "@" in authority.partition("/")[2]:
        raise ValueError("special characters in a user name or password must be %-encoded")
    try:
        parsed = parse_uri(url, warn=False)
    except (PyMongoError, ValueError) as exc:
        raise ValueError(str(exc)) from None
    nodes = parsed["nodelist"]
    if len(nodes) == 1 and nodes[0][1] is not None:
        settings = {"host": _bracketed(nodes[0][0]), "port": str(nodes[0][1])}
    else:
        settings = {"host": ",".join(_node(host, port) for host, port in nodes)}
    if parsed["username"]:
        settings |= {"user": parsed["username"], "password": parsed["password"] or ""}
    return _said(settings, db=parsed["database"] or "", options=query)


def _node(host: str, port: int | None) -> str:
    # Without a port it is the path of a socket.
    return quote(host, safe="") if port is None else f"{_bracketed(host)}:{port}"


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _parse(url: str, schemes: Mapping[str, int]) -> tuple[SplitResult, Settings]:
    """What the URLs of all services but MongoDB have in common; schemes with their ports."""
    parts = urlsplit(url)
    if parts.scheme not in schemes or not url.startswith(f"{parts.scheme}://"):
        raise ValueError("it must start with " + " or ".join(f"{name}://" for name in schemes))
    # A bare / ? or # in a password ends the host early, and the rest looks like a path.
    if "@" in parts.path + parts.query + parts.fragment:
        raise ValueError("special characters in a user name or password must be %-encoded")
    if "," in parts.netloc.rpartition("@")[2]:
        raise ValueError("only one host is possible")
    try:
        port = parts.port
    except ValueError:
        raise ValueError("the port is not a number from 0 to 65535") from None
    settings = {
        "host": parts.hostname or "localhost",
        "port": str(schemes[parts.scheme] if port is None else port),
        "ssl": "true" if parts.scheme in TLS else "false",
    }
    if parts.username or parts.password:
        settings["user"] = unquote(parts.username or "")
        settings["password"] = unquote(parts.password or "")
    return parts, settings


def _said(settings: Settings, **more: str) -> Settings:
    """The settings, with those of `more` that are not empty."""
    return settings | {key: value for key, value in more.items() if value}


_STORE = {"host": "host", "port": "port", "db": "db", "user": "user", "pwd": "password"}
_MONGO = {**_STORE, "options": "options"}

# In the order the variables are checked.
VARIABLES = (
    Variable(
        "CPS_AMQP_URL",
        parse_amqp,
        (
            Target(
                "amqp.conf",
                "master",
                {
                    "host": "host",
                    "port": "port",
                    "userid": "user",
                    "password": "password",
                    "virtual_host": "virtual_host",
                    "ssl": "ssl",
                },
            ),
        ),
    ),
    Variable(
        "CPS_MONGO_URL",
        parse_mongo,
        (
            Target("common/mongo_store.conf", "DATABASE", _MONGO),
            Target("mongo/storage.conf", "DATABASE", _MONGO),
            Target(
                "cstorage.conf",
                "master",
                {
                    "host": "host",
                    "port": "port",
                    "userid": "user",
                    "password": "password",
                    "db": "db",
                    "options": "options",
                },
            ),
        ),
    ),
    Variable(
        "CPS_REDIS_URL",
        parse_redis,
        (Target("redis/storage.conf", "DATABASE", {**_STORE, "ssl": "ssl"}),),
    ),
    Variable(
        "CPS_INFLUX_URL",
        parse_influx,
        (Target("influx/storage.conf", "DATABASE", {**_STORE, "ssl": "ssl"}),),
    ),
)


def any_set() -> bool:
    """Is there anything for env2cfg to do?"""
    return any(variable.name in os.environ for variable in VARIABLES)


def apply(environ: Mapping[str, str], *, require_all: bool = False) -> list[Path]:
    """Read the variables, then write the files. Nothing is written if one of them is bad."""
    parsed: list[tuple[Variable, Settings]] = []
    for variable in VARIABLES:
        value = environ.get(variable.name)
        if value is None:
            if require_all:
                raise ConfigError(f"{variable.name} is not set")
            continue
        if not value.strip():
            raise ConfigError(f"{variable.name} is empty: give it a URL or leave it unset")
        try:
            settings = variable.parse(value.strip())
            _check(settings)
        except ValueError as exc:  # the text never holds the URL, which has a password
            raise ConfigError(f"{variable.name} cannot be used: {exc}") from None
        parsed.append((variable, settings))
    return [
        _write(paths.config_dir() / target.file, target, settings)
        for variable, settings in parsed
        for target in variable.targets
    ]


def _check(settings: Settings) -> None:
    for name, value in settings.items():
        if value != value.strip() or any(ord(char) < 32 for char in value):
            raise ValueError(f"its {name} has white space at an end, or a control character")


def _write(path: Path, target: Target, settings: Settings) -> Path:
    parser = config.new_parser()
    config.read_into(parser, path)
    if not parser.has_section(target.section):
        parser.add_section(target.section)
    for key, part in target.keys.items():
        # Also forget what an earlier URL said and this one does not.
        parser.remove_option(target.section, key)
        if part in settings:
            parser.set(target.section, key, settings[part])
    try:
        _replace(path, parser)
    except OSError as exc:
        raise ConfigError(
            f"{path} cannot be written: {exc.strerror} (CPS_CONFIG_DIR chooses another folder)"
        ) from exc
    return path


def _replace(path: Path, parser: ConfigParser) -> None:
    """Write a file under a temporary name, then give it its own."""
    _make_folder(path.parent)
    folder = path.parent.stat()
    mode = stat.S_IMODE(path.stat().st_mode) if path.exists() else MODE
    handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with open(handle, "w", encoding="utf-8") as stream:
            os.fchmod(stream.fileno(), mode)
            if os.geteuid() == 0:  # run by root for the user who owns the folder
                os.fchown(stream.fileno(), folder.st_uid, folder.st_gid)
            parser.write(stream)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def _make_folder(path: Path) -> None:
    """Make a folder and those above it, with the owner of the one they are in."""
    if path.is_dir():
        return
    _make_folder(path.parent)
    above = path.parent.stat()
    path.mkdir(mode=0o750, exist_ok=True)
    if os.geteuid() == 0:
        os.chown(path, above.st_uid, above.st_gid)


def main(argv: list[str] | None = None) -> int:
    """The env2cfg command."""
    process.Stopper(interrupted=143).install()
    parser = argparse.ArgumentParser(
        prog="env2cfg",
        description="Write the configuration that CPS_AMQP_URL, CPS_MONGO_URL, CPS_REDIS_URL and "
        "CPS_INFLUX_URL describe. Variables that are not set are left alone.",
    )
    parser.add_argument(
        "--require-all", action="store_true", help="it is an error if one of them is not set"
    )
    options = parser.parse_args(argv)
    return run(require_all=options.require_all)


def run(*, require_all: bool = False) -> int:
    """Apply the environment and report; the exit code."""
    try:
        for path in apply(os.environ, require_all=require_all):
            print(f"env2cfg: wrote {path}", flush=True)
    except ConfigError as exc:
        print(f"env2cfg: {exc}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
