"""Configuration: etc/ as installed, overlaid key by key with what env2cfg wrote."""

from __future__ import annotations

from configparser import ConfigParser
from configparser import Error as ParserError
from pathlib import Path

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


def read(name: str) -> ConfigParser:
    """The effective content of one file; a file that does not exist has no sections."""
    parser = new_parser()
    for folder in (paths.etc_dir(), paths.config_dir()):
        read_into(parser, folder / name)
    return parser


def read_into(parser: ConfigParser, path: Path) -> None:
    """Merge one file into `parser`, if it exists."""
    try:
        with path.open(encoding="utf-8") as stream:
            parser.read_file(stream)
    except FileNotFoundError:
        return
    except (OSError, UnicodeDecodeError) as exc:
        raise ConfigError(f"{path} cannot be read: {getattr(exc, 'strerror', exc)}") from exc
    except ParserError as exc:
        raise ConfigError(f"{path} is not a valid INI file (line {_line(exc)})") from None


def new_parser() -> ConfigParser:
    """A parser that takes values literally: a % in a password is a %."""
    return ConfigParser(interpolation=None)


def sections() -> dict[str, list[str]]:
    """The section names of every file. Never keys or values, which may be secret."""
    return {name: read(name).sections() for name in FILES}


def _line(exc: ParserError) -> object:
    # The text of these errors quotes the line, which may hold a password.
    if errors := getattr(exc, "errors", None):
        return errors[0][0]
    return getattr(exc, "lineno", "?")
