"""Asks the indexes which digests they tell for files, in a container that runs nothing else.

    python told.py QUESTIONS.json

QUESTIONS.json has the lists `files` (pairs: a file's name and its project's, normalised), `addresses` (of files that are required
by their address), `find_links`, `extra` and `trusted`, and `index` and `no_index`: what the requirements say of indexes. pip's
configuration and variables say the rest, as pip reads them. Where an index tells no SHA-256, the file is fetched, and its digest
is told.

Prints a line for each: `told: sha256 NAME HEX` once for each digest, `told: none NAME` for a file that nobody has, and
`told: failed NAME REASON`. Runs on Python 2.7 and 3.4 or newer, beside seed.py. Exit code: 0, or 1 where nothing could be asked.
"""

import hashlib
import json
import os
import re
import ssl
import sys
import threading
from contextlib import closing

from seed import (
    DEFAULT_INDEX,
    LARGEST_PAGE,
    Absent,
    Failure,
    HTTPSHandler,
    Index,
    Links,
    ParserError,
    RawConfigParser,
    Redirects,
    Request,
    build_opener,
    fetch,
    trust,
    unquote,
    urldefrag,
    urlsplit,
)

THREADS = 8
LARGEST_FILE = 4 << 30
PIECE = 1 << 20
DIGEST = re.compile(r"(?:.*&)?sha256=([0-9a-fA-F]{64})(?:&|\Z)")
ENDINGS = (".whl", ".tar.gz", ".zip", ".tar.bz2", ".tar.xz", ".tgz")
GLOBAL = ("/etc/xdg/pip/pip.conf", "/etc/pip.conf", os.path.join(sys.prefix, "pip.conf"))


def settings():
    """What pip is configured to (dict of str), later files and then the environment before earlier ones."""
    found = {}
    for path in GLOBAL + (os.environ.get("PIP_CONFIG_FILE") or "",):
        parser = RawConfigParser()
        try:
            parser.read([path] if path else [])
        except (ParserError, UnicodeDecodeError):
            raise Failure("%s cannot be read: is it a configuration file of pip?" % path)
        for section in ("global", "download"):
            for key, value in parser.items(section) if parser.has_section(section) else []:
                found[key.replace("_", "-")] = value
    for name, value in os.environ.items():
        if name.startswith("PIP_"):
            found[name[len("PIP_"):].lower().replace("_", "-")] = value
    return found


def is_on(value):
    """Does pip read this (str) as yes?"""
    return value.strip().lower() in ("1", "true", "yes", "on", "y", "t")


class Place(object):
    """A place where files are: an index, or a page of links."""

    def __init__(self, address, context, trusted):
        """address (str); context: TLS; trusted (set of str): hosts whose certificate does not count. Raises Failure."""
        parts = urlsplit(address)
        host = parts.netloc.rpartition("@")[2].lower()
        if host in trusted or host.partition(":")[0] in trusted:
            context = ssl._create_unverified_context()
        self.index = Index(address)
        # An index has a slash at its end, a page of links need not.
        self.address = self.index.address if parts.path.endswith("/") else self.index.address.rstrip("/")
        if parts.query:
            self.address += "?" + parts.query
        self.opener = build_opener(HTTPSHandler(context=context), Redirects(self.index))
        self._pages = {}
        self._lock = threading.Lock()

    def links(self, page):
        """The links (list of str) of a page (str), read once; none where there is no such page. Raises Failure."""
        with self._lock:
            known = self._pages.setdefault(page, [threading.Lock(), None])
        with known[0]:
            if known[1] is None:
                try:
                    content, final = fetch(self.opener, self.index, page, LARGEST_PAGE)
                    links = Links(final)
                    links.feed(content.decode("utf-8", "replace"))
                    known[1] = links.found
                except Absent:
                    known[1] = []
            return known[1]

    def digest(self, url):
        """The SHA-256 (str) of what is at an address. Raises Failure."""
        whole = hashlib.sha256()
        size = 0
        try:
            with closing(self.opener.open(Request(url, headers=self.index.headers(url)), timeout=60)) as answer:
                announced = answer.headers.get("Content-Length")
                while True:
                    piece = answer.read(PIECE)
                    if not piece:
                        break
                    size += len(piece)
                    if size > LARGEST_FILE:
                        raise Failure("larger than 4 GiB")
                    whole.update(piece)
        except Failure:
            raise
        except Exception as error:
            raise Failure(" ".join(str(error).split()) or type(error).__name__)
        if announced and announced.isdigit() and int(announced) != size:
            raise Failure("the answer ends early")
        return whole.hexdigest()


def name_of(url):
    """The name (str) of the file at an address."""
    return unquote(urlsplit(url).path.rpartition("/")[2])


def digests(places, questions, name, project):
    """The digests (set of str) that are told for a file. Raises Failure."""
    candidates = []
    for kind, place in places:
        if kind == "file":
            candidates.append((place, place.url))
        elif kind == "links":
            candidates.extend((place, url) for url in place.links(place.address))
        else:
            candidates.extend((place, url) for url in place.links("%s%s/" % (place.index.address, project)))
    found = set()
    for place, link in candidates:
        url, fragment = urldefrag(link)[:2]
        if name_of(url) != name or urlsplit(url).scheme not in ("http", "https"):
            continue
        told = DIGEST.match(fragment)
        found.add(told.group(1).lower() if told else place.digest(str(url)))
    return found


def places_of(questions):
    """Every place (list of tuples) that files may come from. Raises Failure."""
    conf = settings()
    context = trust()
    try:
        # Where pip brings certificates of its own, and the system has none.
        from pip._vendor import certifi

        context.load_verify_locations(certifi.where())
    except Exception:
        pass
    trusted = set(host.lower() for host in conf.get("trusted-host", "").split() + questions["trusted"])
    words = lambda key: conf.get(key, "").split()
    index = [questions["index"]] if questions["index"] else words("index-url") or [DEFAULT_INDEX]
    index += words("extra-index-url") + questions["extra"]
    if questions["no_index"] or is_on(conf.get("no-index", "")):
        index = []
    found = [("index", Place(address.rstrip("/") + "/", context, trusted)) for address in index]
    for kind, addresses in (("links", words("find-links") + questions["find_links"]), ("file", questions["addresses"])):
        for address in addresses:
            if urlsplit(address).scheme not in ("http", "https"):
                continue
            place = Place(urldefrag(address)[0], context, trusted)
            is_file = kind == "file" or urlsplit(address).path.endswith(ENDINGS)
            place.url = place.address + ("#" + urldefrag(address)[1] if "#" in address else "")
            found.append(("file" if is_file else "links", place))
    return found


def say(line):
    """Tells the caller."""
    sys.stdout.write("told: %s\n" % line)
    sys.stdout.flush()


def work(places, questions, waiting, lock):
    """Answers questions until there are no more."""
    while True:
        with lock:
            if not waiting:
                return
            name, project = waiting.pop()
        try:
            found = sorted(digests(places, questions, name, project))
            lines = ["sha256 %s %s" % (name, digest) for digest in found] or ["none %s" % name]
        except Failure as failure:
            lines = ["failed %s %s" % (name, failure)]
        except Exception as error:
            lines = ["failed %s %s" % (name, " ".join(("%s: %s" % (type(error).__name__, error)).split()))]
        with lock:
            for line in lines:
                say(line)


def main(arguments):
    """The command; the exit code."""
    with open(arguments[1], "rb") as stream:
        questions = json.loads(stream.read().decode("utf-8"))
    # Python 2's addresses are bytes.
    plain = lambda value: value if isinstance(value, str) else value.encode("utf-8")
    for key in ("addresses", "find_links", "extra", "trusted"):
        questions[key] = [plain(value) for value in questions[key]]
    questions["index"] = plain(questions["index"])
    waiting = [(plain(name), plain(project)) for name, project in questions["files"]]
    try:
        places = places_of(questions)
    except Failure as failure:
        say("failed - %s" % failure)
        return 1
    lock = threading.Lock()
    threads = [
        threading.Thread(target=work, args=(places, questions, waiting, lock)) for _ in range(min(THREADS, len(waiting)))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
