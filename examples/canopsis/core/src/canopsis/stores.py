"""What the configuration says about the bus and the stores, and clients for them."""

from __future__ import annotations

from configparser import ConfigParser, SectionProxy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote_plus

from canopsis import config
from canopsis.config import ConfigError

if TYPE_CHECKING:
    from pymongo import MongoClient
    from redis import Redis


def _section(name: str, section: str) -> SectionProxy:
    parser: ConfigParser = config.read(name)
    if not parser.has_section(section):
        raise ConfigError(f"{name} has no section [{section}]")
    return parser[section]


def _port(section: SectionProxy, default: int) -> int:
    text = section.get("port") or str(default)
    if not text.isdecimal() or int(text) > 65535:
        raise ConfigError(
            f"[{section.name}] port is {text!r}: a number from 0 to 65535 is expected"
        )
    return int(text)


def _flag(section: SectionProxy, key: str) -> bool:
    try:
        return section.getboolean(key, fallback=False)
    except ValueError:
        raise ConfigError(f"[{section.name}] {key} is neither true nor false") from None


@dataclass(frozen=True)
class Bus:
    """The message broker, and the exchange all events go through."""

    host: str
    port: int
    exchange: str
    options: dict[str, Any]


def bus() -> Bus:
    """The broker of amqp.conf."""
    section = _section("amqp.conf", "master")
    tls = _flag(section, "ssl")
    host = section.get("host") or "localhost"
    port = _port(section, 5671 if tls else 5672)
    options = {
        "hostname": host,
        "port": port,
        "userid": section.get("userid") or "guest",
        "password": section.get("password") or "guest",
        "virtual_host": section.get("virtual_host") or "canopsis",
        # Given a name to check, the transport verifies the broker's certificate.
        "ssl": {"server_hostname": host} if tls else False,
        "connect_timeout": 2,
        "heartbeat": 30,
    }
    return Bus(host, port, section.get("exchange_name") or "canopsis", options)


def mongo_hosts() -> str:
    """The hosts of common/mongo_store.conf, each with its port."""
    section = _section("common/mongo_store.conf", "DATABASE")
    host = section.get("host") or "localhost"
    complete = "," in host or "%2F" in host or host.rpartition(":")[2].isdecimal()
    return host if complete else f"{host}:{_port(section, 27017)}"


def mongo_uri() -> str:
    """The address of common/mongo_store.conf as a mongodb:// URI."""
    section = _section("common/mongo_store.conf", "DATABASE")
    login = ""
    if user := section.get("user"):
        login = f"{quote_plus(user)}:{quote_plus(section.get('pwd') or '')}@"
    options = section.get("options") or ""
    uri = f"mongodb://{login}{mongo_hosts()}/{mongo_database()}"
    return f"{uri}?{options}" if options else uri


def mongo_database() -> str:
    """The name of the database."""
    return _section("common/mongo_store.conf", "DATABASE").get("db") or "canopsis"


def mongo_client(timeout: float) -> MongoClient[dict[str, Any]]:
    """A client that gives up on finding a server after `timeout` seconds."""
    from pymongo import MongoClient

    milliseconds = int(timeout * 1000)
    return MongoClient(
        mongo_uri(),
        serverSelectionTimeoutMS=milliseconds,
        connectTimeoutMS=milliseconds,
        appname="canopsis",
    )


def redis_client() -> Redis | None:
    """The store of the heartbeats, or None if no host is configured."""
    section = _section("redis/storage.conf", "DATABASE")
    if not (host := section.get("host")):
        return None
    from redis import Redis

    number = section.get("db") or "0"
    if not number.isdecimal():
        raise ConfigError(f"redis/storage.conf: db is {number!r}, a number is expected")
    return Redis(
        host=host,
        port=_port(section, 6379),
        db=int(number),
        username=section.get("user") or None,
        password=section.get("pwd") or None,
        ssl=_flag(section, "ssl"),
        socket_connect_timeout=0.5,
        socket_timeout=0.5,
        decode_responses=True,
    )


@dataclass(frozen=True)
class Influx:
    """Where measurements are written."""

    url: str
    database: str
    auth: tuple[str, str] | None


def influx() -> Influx | None:
    """The store of the measurements, or None if no host is configured."""
    section = _section("influx/storage.conf", "DATABASE")
    if not (host := section.get("host")):
        return None
    scheme = "https" if _flag(section, "ssl") else "http"
    shown = f"[{host}]" if ":" in host else host
    user = section.get("user")
    return Influx(
        url=f"{scheme}://{shown}:{_port(section, 8086)}/write",
        database=section.get("db") or "canopsis",
        auth=(user, section.get("pwd") or "") if user else None,
    )
