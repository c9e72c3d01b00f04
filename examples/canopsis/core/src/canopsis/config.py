"""Configuration: etc/ as installed, overlaid key by key with what env2cfg wrote."""

import errno
import re
from collections import OrderedDict
from configparser import ConfigParser
from configparser import Error as ParserError

from canopsis import paths

FILES = (
    "amqp.conf",
    "common/mongo_store.conf",
    "cstorage.conf",
    "influx/storage.conf",
    "mongo/storage.conf",
    "probe.conf",
    "redis/storage.conf",
    "webserver.conf",
)


class ConfigError(Exception):
    """A configuration that cannot be used; the text is for the operator."""


def read(name):
    """The effective content (ConfigParser) of one file; one that does not exist has no sections."""
    parser = new_parser()
    for folder in (paths.etc_dir(), paths.config_dir()):
        read_into(parser, folder / name)
    return parser


def read_into(parser, path):
    """Merge one file (Path) into `parser`, if it exists."""
    try:
        with path.open(encoding="utf-8") as stream:
            parser.read_file(stream)
    except (EnvironmentError, UnicodeDecodeError) as exc:
        if getattr(exc, "errno", None) != errno.ENOENT:
            raise ConfigError("%s cannot be read: %s" % (path, getattr(exc, "strerror", exc)))
    except ParserError as exc:
        raise ConfigError("%s is not a valid INI file (line %s)" % (path, _line(exc)))


def new_parser():
    """A parser that takes values literally: a % in a password is a %."""
    return ConfigParser(interpolation=None)


def is_number(value):
    """Is it a whole number, in plain digits?"""
    return re.match(r"[0-9]+\Z", value) is not None


def sections():
    """The section names (list of str) by file. Never keys or values, which may be secret."""
    return OrderedDict((name, read(name).sections()) for name in FILES)


def _line(exc):
    # The text of these errors quotes the line, which may hold a password.
    errors = getattr(exc, "errors", None)
    return errors[0][0] if errors else getattr(exc, "lineno", "?")
