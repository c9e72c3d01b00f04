"""Taking URLs apart, and quoting what goes into them, in Python 2.7 as in Python 3."""

import sys

if sys.version_info >= (3,):
    from urllib.parse import quote, quote_plus, unquote, urlsplit
else:
    import urllib

    from urlparse import urlsplit

    def quote(value, safe="/"):
        """The bytes of UTF-8 are quoted."""
        return urllib.quote(_encoded(value), safe)

    def quote_plus(value):
        """The bytes of UTF-8 are quoted, spaces as +."""
        return urllib.quote_plus(_encoded(value))

    def unquote(value):
        """The bytes are those of UTF-8."""
        return urllib.unquote(_encoded(value)).decode("utf-8", "replace")

    def _encoded(value):
        return value if isinstance(value, bytes) else value.encode("utf-8")


__all__ = ["quote", "quote_plus", "unquote", "urlsplit"]
