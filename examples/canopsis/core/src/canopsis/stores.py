"""What the configuration says about the bus and the stores, and clients for them."""

from collections import namedtuple

from canopsis import config
from canopsis.config import ConfigError, is_number
from canopsis.urls import quote_plus


def _section(name, section):
    parser = config.read(name)
    if not parser.has_section(section):
        raise ConfigError("%s has no section [%s]" % (name, section))
    return parser[section]


def _port(section, default):
    port = section.get("port") or str(default)
    if not is_number(port) or int(port) > 65535:
        raise ConfigError(
            "[%s] port is '%s': a number from 0 to 65535 is expected" % (section.name, port)
        )
    return int(port)


def _flag(section, key):
    try:
        return section.getboolean(key, fallback=False)
    except ValueError:
        raise ConfigError("[%s] %s is neither true nor false" % (section.name, key))


class Bus(namedtuple("Bus", "host port exchange options")):
    """The message broker, and the exchange all events go through; `options` are kombu's (dict)."""

    __slots__ = ()


def bus():
    """The broker of amqp.conf (Bus)."""
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
        # With a context of its own the transport verifies the broker's certificate.
        "ssl": {"server_hostname": host, "context": {"check_hostname": True}} if tls else False,
        "connect_timeout": 2,
        "heartbeat": 30,
    }
    return Bus(host, port, section.get("exchange_name") or "canopsis", options)


def mongo_hosts():
    """The hosts of common/mongo_store.conf, each with its port."""
    section = _section("common/mongo_store.conf", "DATABASE")
    host = section.get("host") or "localhost"
    complete = "," in host or "%2F" in host or is_number(host.rpartition(":")[2])
    return host if complete else "%s:%d" % (host, _port(section, 27017))


def mongo_uri():
    """The address of common/mongo_store.conf as a mongodb:// URI."""
    section = _section("common/mongo_store.conf", "DATABASE")
    login = ""
    if section.get("user"):
        words = (section.get("user"), section.get("pwd") or "")
        login = "%s:%s@" % tuple(quote_plus(word) for word in words)
    options = section.get("options") or ""
    uri = "mongodb://%s%s/%s" % (login, mongo_hosts(), mongo_database())
    return "%s?%s" % (uri, options) if options else uri


def mongo_database():
    """The name of the database."""
    return _section("common/mongo_store.conf", "DATABASE").get("db") or "canopsis"


def mongo_client(timeout):
    """A client (pymongo.MongoClient) that gives up on finding a server after `timeout` seconds."""
    from pymongo import MongoClient

    milliseconds = int(timeout * 1000)
    return MongoClient(
        mongo_uri(),
        serverSelectionTimeoutMS=milliseconds,
        connectTimeoutMS=milliseconds,
        appname="canopsis",
    )


def redis_client():
    """The store of the heartbeats (redis.Redis), or None if no host is configured."""
    section = _section("redis/storage.conf", "DATABASE")
    if not section.get("host"):
        return None
    from redis import Redis

    number = section.get("db") or "0"
    if not is_number(number):
        raise ConfigError("redis/storage.conf: db is '%s', a number is expected" % number)
    return Redis(
        host=section.get("host"),
        port=_port(section, 6379),
        db=int(number),
        username=section.get("user") or None,
        password=section.get("pwd") or None,
        ssl=_flag(section, "ssl"),
        socket_connect_timeout=0.5,
        socket_timeout=0.5,
        decode_responses=True,
    )


class Influx(namedtuple("Influx", "url database auth")):
    """Where measurements are written; `auth` is a user and a password, or None."""

    __slots__ = ()


def influx():
    """The store of the measurements (Influx), or None if no host is configured."""
    section = _section("influx/storage.conf", "DATABASE")
    host = section.get("host")
    if not host:
        return None
    scheme = "https" if _flag(section, "ssl") else "http"
    shown = "[%s]" % host if ":" in host else host
    user = section.get("user")
    return Influx(
        url="%s://%s:%d/write" % (scheme, shown, _port(section, 8086)),
        database=section.get("db") or "canopsis",
        auth=(user, section.get("pwd") or "") if user else None,
    )
