"""env2cfg: turn CPS_*_URL variables into configuration files.

The files go to the overlay (see `canopsis.paths.config_dir`), so the installed etc/ stays as
it is. A URL without a port means the usual one; a login, virtual host or database that it does
not name is not written, and comes from etc/.
"""

import argparse
import io
import os
import stat
import sys
import tempfile
from collections import namedtuple

from canopsis import config, paths, process
from canopsis.compat import print_line, text
from canopsis.config import ConfigError
from canopsis.urls import quote, unquote, urlsplit

MODE = 0o640
TLS = ("amqps", "rediss", "https")


class Target(namedtuple("Target", "file section keys")):
    """A section env2cfg fills in: which of its keys takes which part of the URL (dict)."""

    __slots__ = ()


class Variable(namedtuple("Variable", "name parse targets")):
    """An environment variable, how to read it (a function) and where its parts go (Targets)."""

    __slots__ = ()


# The functions that read a URL (str) give its parts, the settings (dict of str).


def parse_amqp(url):
    """amqp[s]://user:password@host:port/vhost"""
    parts, settings = _parse(url, {"amqp": 5672, "amqps": 5671})
    return _said(settings, virtual_host=unquote(parts.path[1:]))


def parse_redis(url):
    """redis[s]://user:password@host:port/number"""
    parts, settings = _parse(url, {"redis": 6379, "rediss": 6379})
    number = parts.path[1:]
    if number and not config.is_number(number):
        raise ValueError("the path must be the number of a database")
    return _said(settings, db=number)


def parse_influx(url):
    """influx://user:password@host:port/database, or http(s)://..."""
    parts, settings = _parse(url, {"influx": 8086, "influxdb": 8086, "http": 8086, "https": 8086})
    return _said(settings, db=unquote(parts.path[1:]))


def parse_mongo(url):
    """mongodb://user:password@host:port,host:port/database?options"""
    from pymongo.errors import PyMongoError
    from pymongo.uri_parser import parse_uri

    if not url.startswith("mongodb://"):
        raise ValueError("it must start with mongodb:// (list the hosts instead of an SRV name)")
    authority, _, query = url[len("mongodb://") :].partition("?")
    if "@" in query or "@" in authority.partition("/")[2]:
        raise ValueError("special characters in a user name or password must be %-encoded")
    try:
        parsed = parse_uri(url, warn=False)
    except (PyMongoError, ValueError) as exc:
        raise ValueError(text(exc))
    nodes = parsed["nodelist"]
    if len(nodes) == 1 and nodes[0][1] is not None:
        settings = {"host": _bracketed(nodes[0][0]), "port": text(nodes[0][1])}
    else:
        settings = {"host": ",".join(_node(host, port) for host, port in nodes)}
    if parsed["username"]:
        settings["user"] = parsed["username"]
        settings["password"] = parsed["password"] or ""
    return _said(settings, db=parsed["database"] or "", options=query)


def _node(host, port):
    # Without a port it is the path of a socket.
    return quote(host, safe="") if port is None else "%s:%d" % (_bracketed(host), port)


def _bracketed(host):
    return "[%s]" % host if ":" in host else host


def _parse(url, schemes):
    """What the URLs of all services but MongoDB have in common: the split URL, and settings.

    `schemes` (dict) holds the scheme names with their ports.
    """
    parts = urlsplit(url)
    if parts.scheme not in schemes or not url.startswith(parts.scheme + "://"):
        names = " or ".join(name + "://" for name in sorted(schemes))
        raise ValueError("it must start with " + names)
    # A bare / ? or # in a password ends the host early, and the rest looks like a path.
    if "@" in parts.path + parts.query + parts.fragment:
        raise ValueError("special characters in a user name or password must be %-encoded")
    if "," in parts.netloc.rpartition("@")[2]:
        raise ValueError("only one host is possible")
    port = _port_of(parts)
    settings = {
        "host": parts.hostname or "localhost",
        "port": text(schemes[parts.scheme] if port is None else port),
        "ssl": "true" if parts.scheme in TLS else "false",
    }
    if parts.username or parts.password:
        settings["user"] = unquote(parts.username or "")
        settings["password"] = unquote(parts.password or "")
    return parts, settings


def _port_of(parts):
    """The port of a split URL, or None; the judgement of Python itself depends on its version."""
    written = parts.netloc.rpartition("@")[2].rpartition("]")[2].partition(":")[2]
    if not written:
        return None
    if not config.is_number(written) or int(written) > 65535:
        raise ValueError("the port is not a number from 0 to 65535")
    return int(written)


def _said(settings, **more):
    """The settings, with those of `more` that are not empty."""
    said = dict(settings)
    said.update((key, value) for key, value in more.items() if value)
    return said


_STORE = {"host": "host", "port": "port", "db": "db", "user": "user", "pwd": "password"}
_MONGO = dict(_STORE, options="options")

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
        (Target("redis/storage.conf", "DATABASE", dict(_STORE, ssl="ssl")),),
    ),
    Variable(
        "CPS_INFLUX_URL",
        parse_influx,
        (Target("influx/storage.conf", "DATABASE", dict(_STORE, ssl="ssl")),),
    ),
)


def any_set():
    """Is there anything for env2cfg to do?"""
    return any(variable.name in os.environ for variable in VARIABLES)


def apply(environ, require_all=False):
    """Read the variables of `environ` (dict), then write the files, and give their paths.

    Nothing is written if one of the variables is bad.
    """
    parsed = []
    for variable in VARIABLES:
        value = environ.get(variable.name)
        if value is None:
            if require_all:
                raise ConfigError("%s is not set" % variable.name)
            continue
        if not value.strip():
            raise ConfigError("%s is empty: give it a URL or leave it unset" % variable.name)
        try:
            settings = variable.parse(text(value).strip())
            _check(settings)
        except ValueError as exc:  # the text never holds the URL, which has a password
            raise ConfigError("%s cannot be used: %s" % (variable.name, text(exc)))
        parsed.append((variable, settings))
    return [
        _write(paths.config_dir() / target.file, target, settings)
        for variable, settings in parsed
        for target in variable.targets
    ]


def _check(settings):
    for name, value in settings.items():
        if value != value.strip() or any(ord(char) < 32 for char in value):
            raise ValueError("its %s has white space at an end, or a control character" % name)


def _write(path, target, settings):
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
    except EnvironmentError as exc:
        raise ConfigError(
            "%s cannot be written: %s (CPS_CONFIG_DIR chooses another folder)"
            % (path, exc.strerror)
        )
    return path


def _replace(path, parser):
    """Write a file under a temporary name, then give it its own."""
    _make_folder(path.parent)
    folder = path.parent.stat()
    mode = stat.S_IMODE(path.stat().st_mode) if path.exists() else MODE
    handle, temporary = tempfile.mkstemp(prefix=".%s." % path.name, dir=str(path.parent))
    try:
        with io.open(handle, "w", encoding="utf-8") as stream:
            os.fchmod(stream.fileno(), mode)
            if os.geteuid() == 0:  # run by root for the user who owns the folder
                os.fchown(stream.fileno(), folder.st_uid, folder.st_gid)
            parser.write(stream)
            stream.flush()
            os.fsync(stream.fileno())
        os.rename(temporary, str(path))
    except BaseException:
        os.unlink(temporary)
        raise


def _make_folder(path):
    """Make a folder and those above it, with the owner of the one they are in."""
    if path.is_dir():
        return
    _make_folder(path.parent)
    above = path.parent.stat()
    path.mkdir(mode=0o750, exist_ok=True)
    if os.geteuid() == 0:
        os.chown(str(path), above.st_uid, above.st_gid)


def main(argv=None):
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


def run(require_all=False):
    """Apply the environment and report; the exit code."""
    try:
        for path in apply(os.environ, require_all=require_all):
            print_line("env2cfg: wrote %s" % path)
    except ConfigError as exc:
        print_line("env2cfg: %s" % text(exc), sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
