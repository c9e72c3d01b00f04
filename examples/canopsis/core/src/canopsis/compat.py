"""What Python 2.7 lacks or spells differently. The rest of canopsis is written for both.

Some libraries of Python 3 come with requirements-py27.txt under their own names (configparser),
the others are given the name they have there.
"""

import sys

if sys.version_info >= (3,):
    import queue
    from importlib.metadata import PackageNotFoundError, version
    from importlib.util import find_spec
    from pathlib import Path
    from time import monotonic
    from urllib.parse import quote, quote_plus, unquote, urlsplit

    TEXT = str
    STRINGS = (str,)

    def module_exists(name):
        """Is there a module of that name (str)?"""
        try:
            return find_spec(name) is not None
        except ImportError:  # nor are there the packages it would be in
            return False

else:
    import pkgutil
    import Queue as queue
    import urllib

    from importlib_metadata import PackageNotFoundError, version
    from monotonic import monotonic
    from pathlib2 import Path
    from urlparse import urlsplit

    TEXT = type("".decode())
    STRINGS = (str, TEXT)

    def quote(value, safe="/"):
        """As in Python 3: the bytes of UTF-8 are quoted."""
        return urllib.quote(_encoded(value), safe)

    def quote_plus(value):
        """As in Python 3."""
        return urllib.quote_plus(_encoded(value))

    def unquote(value):
        """As in Python 3: the bytes are those of UTF-8."""
        return urllib.unquote(_encoded(value)).decode("utf-8", "replace")

    def module_exists(name):
        """Is there a module of that name (str)?"""
        try:
            return pkgutil.find_loader(name) is not None
        except ImportError:
            return False

    def _encoded(value):
        return value.encode("utf-8") if isinstance(value, TEXT) else value


__all__ = [
    "PackageNotFoundError",
    "Path",
    "is_text",
    "module_exists",
    "monotonic",
    "print_line",
    "queue",
    "quote",
    "quote_plus",
    "text",
    "unquote",
    "urlsplit",
    "version",
]

def is_text(value):
    """Is it a string, of either kind where there are two?"""
    return isinstance(value, STRINGS)


def text(value):
    """Any value as text (str of Python 3)."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    try:
        return TEXT(value)
    except UnicodeError:  # an exception of Python 2 that holds bytes
        return str(value).decode("utf-8", "replace")


def print_line(line, stream=None):
    """Print a line (str) at once; Python 2 would refuse what is not ASCII."""
    stream = stream or sys.stdout
    stream.write("%s\n" % (line if isinstance(line, str) else line.encode("utf-8")))
    stream.flush()
