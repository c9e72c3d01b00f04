"""Fetches the wheels that pip begins with, where a distribution has no pip that would do.

    python seed.py FOLDER NAME=SHA256...

Each NAME is a wheel of the index that pip's configuration file ($PIP_CONFIG_FILE) names with `index-url`, or of one of
its `extra-index-url`; of https://pypi.org/simple where it names none. Only a file with the digest is kept. Proxies come
from the environment, certificates from $PIP_CERT or $SSL_CERT_FILE, a login from the address of the index; it is sent
to that server only, and shown nowhere.

Runs on Python 2.7 and 3.4 or newer. Exit code: 0 all files are there, 1 one is not, 2 bad use.
"""

import base64
import hashlib
import os
import re
import socket
import ssl
import sys
import time

try:
    from configparser import Error as ParserError
    from configparser import RawConfigParser
    from html.parser import HTMLParser
    from http.client import HTTPException
    from urllib.error import HTTPError, URLError
    from urllib.parse import unquote, urldefrag, urljoin, urlsplit, urlunsplit
    from urllib.request import HTTPRedirectHandler, HTTPSHandler, Request, build_opener
except ImportError:
    from ConfigParser import Error as ParserError
    from ConfigParser import RawConfigParser
    from HTMLParser import HTMLParser
    from httplib import HTTPException
    from urllib import unquote
    from urllib2 import HTTPError, HTTPRedirectHandler, HTTPSHandler, Request, URLError, build_opener
    from urlparse import urldefrag, urljoin, urlsplit, urlunsplit

DEFAULT_INDEX = "https://pypi.org/simple"
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.]*-[A-Za-z0-9_.!+-]+\.whl\Z")
DIGEST = re.compile(r"[0-9a-f]{64}\Z")
LARGEST_PAGE = 32 << 20
LARGEST_WHEEL = 64 << 20
TIMEOUT = 30
PAUSES = (1, 2, 4, 8)  # seconds before a further attempt


class Failure(Exception):
    """Why a file cannot be had: one line for the user."""


class Absent(Failure):
    """The server says that there is no such thing."""


class Passing(Failure):
    """A fault that may be over soon."""


class Index(object):
    """A PEP 503 index: its address without the login, and the login."""

    def __init__(self, address):
        """address (str): as pip's configuration has it. Raises Failure when it is none."""
        parts = urlsplit(address)
        login, _, host = parts.netloc.rpartition("@")
        self.address = urlunsplit((parts.scheme, host, parts.path.rstrip("/") + "/", "", ""))
        if parts.scheme not in ("http", "https") or not host:
            raise Failure("`%s` is not the address of an index" % self.address)
        self.server = server_of(self.address)
        self.authorization = None
        if login:
            user, _, password = login.partition(":")
            plain = "%s:%s" % (unquote(user), unquote(password))
            encoded = plain if isinstance(plain, bytes) else plain.encode("utf-8")
            self.authorization = "Basic " + base64.b64encode(encoded).decode("ascii")

    def headers(self, url):
        """The headers (dict of str) for one address of this index or of elsewhere."""
        headers = {"Accept": "text/html, */*;q=0.1", "User-Agent": "factory-seed"}
        if self.authorization and server_of(url) == self.server:
            headers["Authorization"] = self.authorization
        return headers


class Redirects(HTTPRedirectHandler):
    """Follows to http and https only, never from https to http, and takes the login to its own server only."""

    def __init__(self, index):
        """index (Index): whose login it is."""
        self._index = index

    def redirect_request(self, req, fp, code, msg, headers, newurl):
        """The next request, or None. The arguments are those of urllib."""
        schemes = (urlsplit(req.get_full_url()).scheme, urlsplit(newurl).scheme)
        if schemes not in (("http", "http"), ("http", "https"), ("https", "https")):
            raise Failure("%s leads to an address that is not taken" % shown(req.get_full_url()))
        return Request(newurl, headers=self._index.headers(newurl))


class Links(HTMLParser, object):
    """The links of a project's page."""

    def __init__(self, page):
        """page (str): its address."""
        super(Links, self).__init__()
        self._base = page
        self.found = []

    def handle_starttag(self, tag, attrs):
        """Notes one tag. The arguments are those of HTMLParser."""
        href = dict(attrs).get("href")
        if href and tag == "base":
            self._base = urljoin(self._base, href)
        elif href and tag == "a":
            self.found.append(urljoin(self._base, href))


def server_of(url):
    """The scheme and the host (tuple) of an address (str), logins left out."""
    parts = urlsplit(url)
    return parts.scheme, parts.netloc.rpartition("@")[2].lower()


def shown(url):
    """An address (str) as it may be shown: no login, no query."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def configured(path):
    """The indexes (list of Index) of pip's configuration file, whose path (str) may be empty."""
    parser = RawConfigParser()
    try:
        parser.read([path] if path else [])
    except (ParserError, UnicodeDecodeError):
        raise Failure("%s cannot be read: is it a configuration file of pip?" % path)

    def words(key):
        return parser.get("global", key).split() if parser.has_option("global", key) else []

    return [Index(address) for address in (words("index-url") or [DEFAULT_INDEX]) + words("extra-index-url")]


def trust():
    """The TLS context: the certificates of the environment, or the system's."""
    bundle = os.environ.get("PIP_CERT") or os.environ.get("SSL_CERT_FILE")
    try:
        return ssl.create_default_context(cafile=bundle or None)
    except AttributeError:
        raise Failure("this Python is too old to check the certificates of servers")
    except EnvironmentError as error:
        raise Failure("the certificates in %s cannot be read: %s" % (bundle, error))


def fetch(opener, index, url, largest):
    """The content (bytes) of an address, and the address it came from in the end (str). Raises Failure."""
    for pause in PAUSES:
        try:
            return attempt(opener, index, url, largest)
        except Passing as failure:
            say("%s, trying again in %d s" % (failure, pause))
            time.sleep(pause)
    return attempt(opener, index, url, largest)


def attempt(opener, index, url, largest):
    """As `fetch`, once. What may be over soon is a Passing."""
    try:
        answer = opener.open(Request(url, headers=index.headers(url)), timeout=TIMEOUT)
        try:
            announced = answer.headers.get("Content-Length")
            content = answer.read(largest + 1)
            final = answer.geturl()
        finally:
            answer.close()
    except HTTPError as error:
        error.close()
        if error.code in (404, 410):
            raise Absent("%s: there is no such page" % shown(url))
        kind = Passing if error.code in (408, 429) or error.code >= 500 else Failure
        raise kind("%s: the server answers %d" % (shown(url), error.code))
    except (URLError, HTTPException, socket.error, socket.timeout, ssl.SSLError) as error:
        reason = " ".join(str(getattr(error, "reason", "") or error or type(error).__name__).split())
        if "CERTIFICATE_VERIFY_FAILED" in reason or "certificate verify failed" in reason:
            raise Failure("%s: the certificate of the server is not trusted here" % shown(url))
        raise Passing("%s: %s" % (shown(url), reason))
    if len(content) > largest:
        raise Failure("%s: larger than %d MiB" % (shown(url), largest >> 20))
    if announced and announced.isdigit() and int(announced) != len(content):
        raise Passing("%s: the answer ends early" % shown(url))
    return content, final


def find(opener, index, name):
    """The address (str) of a file in an index, and the digest (str) told there, or None. Raises Failure."""
    project = re.sub("[-_.]+", "-", name.split("-")[0]).lower()
    page, final = fetch(opener, index, "%s%s/" % (index.address, project), LARGEST_PAGE)
    links = Links(final)
    links.feed(page.decode("utf-8", "replace"))
    for link in links.found:
        url, fragment = urldefrag(link)
        if unquote(urlsplit(url).path.rpartition("/")[2]) == name and urlsplit(url).scheme in ("http", "https"):
            digest = re.match("sha256=([0-9a-f]{64})", fragment)
            return str(url), digest and digest.group(1)
    raise Absent("the index has no such file")


def take(openers, name, digest):
    """The content (bytes) of the wheel of that name and digest, of the first index that has it. Raises Failure."""
    failure = None
    for index, opener in openers:
        try:
            url, told = find(opener, index, name)
            if told in (None, digest):
                content = fetch(opener, index, url, LARGEST_WHEEL)[0]
                told = hashlib.sha256(content).hexdigest()
            if told == digest:
                return content
            raise Failure("sha256 is %s, expected %s" % (told, digest))
        except Absent:
            failure = failure or Absent("the index has no such file")
        except Failure as error:
            failure = error
    raise failure


def has(path, digest):
    """Is there a file of that digest already?"""
    if not os.path.isfile(path):
        return False
    with open(path, "rb") as stream:
        return hashlib.sha256(stream.read()).hexdigest() == digest


def write(path, content):
    """Writes a file under its name when it is complete."""
    temporary = path + ".part"
    with open(temporary, "wb") as stream:
        stream.write(content)
    os.rename(temporary, path)


def say(line):
    """Tells the user."""
    sys.stderr.write("seed: %s\n" % line)
    sys.stderr.flush()


def wanted(arguments):
    """The names and digests (list of tuples) of the command line, or None when it is wrong."""
    pairs = [(name, digest.lower()) for name, _, digest in (argument.partition("=") for argument in arguments)]
    return pairs if all(NAME.match(name) and DIGEST.match(digest) for name, digest in pairs) else None


def main(arguments):
    """The command; the exit code."""
    pairs = wanted(arguments[1:])
    if not pairs:
        say("usage: seed.py FOLDER NAME.whl=SHA256...")
        return 2
    name = None
    try:
        context = trust()
        indexes = configured(os.environ.get("PIP_CONFIG_FILE"))
        openers = [(index, build_opener(HTTPSHandler(context=context), Redirects(index))) for index in indexes]
        if not os.path.isdir(arguments[0]):
            os.makedirs(arguments[0])
        for name, digest in pairs:
            path = os.path.join(arguments[0], name)
            if not has(path, digest):
                write(path, take(openers, name, digest))
    except Failure as failure:
        say("%s: %s" % (name, failure) if name else failure)
        return 1
    except EnvironmentError as error:
        say("%s cannot be written: %s" % (error.filename or arguments[0], error.strerror or error))
        return 1
    print("seed: %d wheels" % len(pairs))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
