"""canopsisinit: wait for the database, then put the initial documents into it."""

import argparse
import json
import logging
import os
import sys
from collections import namedtuple

from canopsis import log, paths, process, schema, stores
from canopsis.compat import Path, print_line, text
from canopsis.config import ConfigError, is_number

UNREACHABLE = 1
FAILED = 2
ATTEMPT_TIMEOUT = 3.0

logger = logging.getLogger("canopsis.init")


class Batch(namedtuple("Batch", "file collection documents")):
    """The documents of one file (list of dict), for one collection."""

    __slots__ = ()


class Patience(namedtuple("Patience", "first delay retries")):
    """How long to wait for the database: seconds before the first try and between others."""

    __slots__ = ()


def read_patience(environ):
    """The CPS_INIT_* variables of `environ` (dict), or their defaults (Patience)."""

    def number(name, default):
        value = environ.get(name) or str(default)
        if not is_number(value):
            raise ConfigError("%s is '%s': a whole number is expected" % (name, value))
        return int(value)

    return Patience(
        first=number("CPS_INIT_WAIT_FIRST_ATTEMPT", 0),
        delay=number("CPS_INIT_RETRY_DELAY", 30),
        retries=number("CPS_INIT_MAX_RETRY", 10),
    )


def read_batches(folder):
    """All *.json files of a folder (Path) as Batches, in the order of their names."""
    from bson import json_util
    from bson.errors import BSONError

    if not folder.is_dir():
        raise ConfigError("%s is not a folder" % folder)
    batches = []
    for path in sorted(folder.glob("*.json")):
        try:
            written = path.read_text("utf-8")
            plain = json.loads(written)
        except (EnvironmentError, ValueError) as exc:
            raise ConfigError("%s cannot be read: %s" % (path, text(exc)))
        fault = schema.fault("load", plain)
        if fault:
            raise ConfigError("%s: %s" % (path, fault))
        try:
            content = json_util.loads(written)  # {"$date": ...} and the like
        except (BSONError, ValueError, TypeError, LookupError) as exc:
            raise ConfigError("%s is not extended JSON: %s" % (path, text(exc)))
        batches.append(Batch(path.name, content["collection"], content["documents"]))
    return batches


def load(database, batches, replace):
    """Upsert all documents into a pymongo Database.

    Those that exist are kept, unless `replace`.
    """
    from pymongo import ReplaceOne, UpdateOne

    for batch in batches:
        if not batch.documents:
            continue
        requests = [
            ReplaceOne({"_id": document["_id"]}, document, upsert=True)
            if replace
            else UpdateOne({"_id": document["_id"]}, {"$setOnInsert": document}, upsert=True)
            for document in batch.documents
        ]
        result = database[batch.collection].bulk_write(requests)
        logger.info(
            "%s: %d documents added to %s, %d %s",
            batch.file,
            result.upserted_count,
            batch.collection,
            result.matched_count,
            "replaced" if replace else "kept as they are",
        )


def provision(batches, patience, stopper, replace):
    """Wait for the database and load; the exit code."""
    from pymongo.errors import ConnectionFailure, PyMongoError

    if stopper.wait(patience.first):
        return stopper.interrupted
    try:
        logger.info("waiting for the database at %s", stores.mongo_hosts())
        with stores.mongo_client(ATTEMPT_TIMEOUT) as client:
            for attempt in range(patience.retries + 1):
                try:
                    client.admin.command("ping")
                    load(client[stores.mongo_database()], batches, replace=replace)
                    logger.info("the database is ready")
                    return 0
                except ConnectionFailure as exc:
                    left = patience.retries - attempt
                    logger.warning(
                        "the database is not reachable (%s)%s",
                        text(exc).partition(", Timeout:")[0],
                        ", next try in %g s, %d left" % (patience.delay, left) if left else "",
                    )
                    if left and stopper.wait(patience.delay):
                        return stopper.interrupted
    except (PyMongoError, ConfigError, ValueError) as exc:
        logger.error("the database cannot be filled: %s", exc)
        return FAILED
    logger.error("the database was never reachable, giving up")
    return UNREACHABLE


def main(argv=None):
    """The canopsisinit command."""
    stopper = process.Stopper(interrupted=143)
    stopper.install()
    parser = argparse.ArgumentParser(
        prog="canopsisinit",
        description="Wait for the database of common/mongo_store.conf, then load the documents "
        "of opt/mongodb/load.d. CPS_INIT_MAX_RETRY (10), CPS_INIT_RETRY_DELAY (30 seconds) and "
        "CPS_INIT_WAIT_FIRST_ATTEMPT (0 seconds) say how long to wait.",
        epilog="Exit code: 0 done, 1 the database was never reachable, 2 it could not be filled.",
    )
    parser.add_argument(
        "--authorize-reinit",
        action="store_true",
        help="replace documents that exist already (they are kept otherwise)",
    )
    parser.add_argument(
        "--load-dir", type=Path, metavar="DIR", help="instead of PREFIX/opt/mongodb/load.d"
    )
    options = parser.parse_args(argv)
    try:
        log.setup(log.default_level())
        patience = read_patience(dict(os.environ))
        batches = read_batches(options.load_dir or paths.load_dir())
    except (ConfigError, ValueError) as exc:
        print_line("canopsisinit: %s" % text(exc), sys.stderr)
        return FAILED
    return process.supervise(
        lambda: provision(batches, patience, stopper, replace=options.authorize_reinit), stopper
    )


if __name__ == "__main__":
    sys.exit(main())
